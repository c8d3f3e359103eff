//! Waiting for news of a purchase: answered at once when there is some, and after a while in any
//! case.

use super::visit::{self, Sent, field};
use crate::web::{Shop, page::error::Problem};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Duration};

/// Longer than this no proxy can be trusted to hold a request.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// `GET /p/{key}/wait?seen=N`: the newest version, as soon as it is not `N`.
pub async fn wait(
    State(shop): State<Arc<Shop>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    match newest(&shop, &key, &headers, field(&fields, "seen")).await {
        Ok(version) => ([(header::CACHE_CONTROL, "no-store")], version).into_response(),
        Err(Problem::Person(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(Problem::Failed(failure)) => {
            tracing::error!(error = ?failure, "waiting failed: {failure}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn newest(
    shop: &Shop,
    key: &str,
    headers: &HeaderMap,
    seen: &str,
) -> Result<String, Problem> {
    let first = visit::asked(shop, key, headers).await?;
    // A place is taken before looking again, so that nothing falls between.
    let mut place = shop.context.store.news().wait_for(first.view.id);
    let version = visit::asked(shop, key, headers).await?.view.position.to_string();
    if version != seen {
        return Ok(version);
    }
    let changed = tokio::time::timeout(WAIT_MAX, place.changed()).await;
    if changed.is_err() {
        return Ok(version);
    }
    Ok(visit::asked(shop, key, headers).await?.view.position.to_string())
}
