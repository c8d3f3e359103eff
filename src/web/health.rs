//! Whether the shop lives, and whether it can sell.

use super::state::TheShop;
use axum::{extract::State, http::StatusCode};

/// The program runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, the writer carries out commands, and no process keeps panicking.
pub async fn ready(State(shop): TheShop) -> (StatusCode, String) {
    let no = |why: String| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    if let Err(failure) = shop.context.store.read().last_position().await {
        tracing::error!(error = ?failure, "the database does not answer");
        return no("the database does not answer".into());
    }
    if !shop.pulse.beats(&shop.context.store).await {
        return no("the writer does not answer".into());
    }
    match shop.context.ailing.first() {
        Some(process) => no(format!("the process {process} keeps panicking")),
        // Purchases under way are finished, so callbacks must still arrive.
        None if shop.context.store.history_doubt().is_some() => {
            (StatusCode::OK, "ok, but nothing is sold: the history is in doubt\n".into())
        }
        None => (StatusCode::OK, "ok\n".into()),
    }
}
