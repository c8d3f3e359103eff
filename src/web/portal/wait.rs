//! Waiting for news of a purchase: answered at once when there is some, and after a while in any
//! case.

use super::visit::Visit;
use crate::web::{page::Result, state::TheShop};
use axum::{
    extract::{Path, State},
    http::{HeaderName, header},
};
use std::time::Duration;

/// Longer than this no proxy can be trusted to hold a request.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// `GET /p/{key}/wait?seen=N`: the newest version, as soon as it is not `N`.
pub async fn wait(
    State(shop): TheShop,
    Path(key): Path<String>,
    visit: Visit,
) -> Result<([(HeaderName, &'static str); 1], String)> {
    let first = visit.asked(&shop, &key).await?;
    // A place is taken before looking again, so that nothing falls between.
    let mut place = shop.context.store.news().wait_for(first.view.id);
    let mut version = visit.asked(&shop, &key).await?.view.position;
    if version.to_string() == visit.fields.get("seen")
        && tokio::time::timeout(WAIT_MAX, place.changed()).await.is_ok()
    {
        version = visit.asked(&shop, &key).await?.view.position;
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], version.to_string()))
}
