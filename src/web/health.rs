//! Whether the shop lives, and whether it can sell.

use super::Shop;
use axum::{extract::State, http::StatusCode};
use std::sync::Arc;

/// The program runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers.
pub async fn ready(State(shop): State<Arc<Shop>>) -> (StatusCode, &'static str) {
    match shop.context.store.last_position().await {
        // What is under way must be finished, so callbacks are still wanted.
        Ok(_) if shop.context.store.history_doubt().is_some() => {
            (StatusCode::OK, "ok, but nothing is sold: the history is in doubt\n")
        }
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(failure) => {
            tracing::error!(error = ?failure, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
