//! Whether the shop lives, and whether it can sell.

use super::Shop;
use axum::{extract::State, http::StatusCode};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex, time::timeout};

/// A writer that has not answered for so long does not sell.
const WRITER_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Asks the writer, one question at a time however many want to know.
#[derive(Debug, Default)]
pub struct Pulse {
    asked: AtomicU64,
    answered: Mutex<bool>,
}

impl Pulse {
    async fn beats(&self, shop: &Shop) -> bool {
        let before = self.asked.load(Ordering::Relaxed);
        let mut answered = self.answered.lock().await;
        // Somebody has asked while this one waited for its turn.
        if self.asked.load(Ordering::Relaxed) > before {
            return *answered;
        }
        let knock = timeout(WRITER_ANSWERS_WITHIN, shop.context.store.knock()).await;
        if let Ok(Err(failure)) = &knock {
            tracing::error!(error = ?failure, "the writer answers: {failure}");
        }
        *answered = matches!(knock, Ok(Ok(())));
        self.asked.fetch_add(1, Ordering::Relaxed);
        *answered
    }
}

/// The program runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, the writer carries out commands, and no process keeps panicking.
pub async fn ready(State(shop): State<Arc<Shop>>) -> (StatusCode, String) {
    let no = |why: String| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    if let Err(failure) = shop.context.store.last_position().await {
        tracing::error!(error = ?failure, "the database does not answer");
        return no("the database does not answer".into());
    }
    if !shop.pulse.beats(&shop).await {
        return no("the writer does not answer".into());
    }
    match shop.context.ailing.first() {
        Some(process) => no(format!("the process {process} keeps panicking")),
        // What is under way must be finished, so callbacks are still wanted.
        None if shop.context.store.history_doubt().is_some() => {
            (StatusCode::OK, "ok, but nothing is sold: the history is in doubt\n".into())
        }
        None => (StatusCode::OK, "ok\n".into()),
    }
}
