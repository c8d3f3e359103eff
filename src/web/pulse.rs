//! Whether the writer answers.

use crate::store::Store;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, time::timeout};

/// A writer that has not answered for this long does not sell.
const WRITER_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Asks the writer, one question at a time however many callers wait.
#[derive(Debug, Default)]
pub struct Pulse {
    asked: AtomicU64,
    answered: Mutex<bool>,
}

impl Pulse {
    /// Whether the writer answers now, or did to somebody who asked a moment ago.
    pub async fn beats(&self, store: &Store) -> bool {
        let before = self.asked.load(Ordering::Relaxed);
        let mut answered = self.answered.lock().await;
        // Another caller asked while this one waited for its turn.
        if self.asked.load(Ordering::Relaxed) > before {
            return *answered;
        }
        let knock = timeout(WRITER_ANSWERS_WITHIN, store.knock()).await;
        if let Ok(Err(failure)) = &knock {
            tracing::error!(error = ?failure, "the writer answers: {failure}");
        }
        *answered = matches!(knock, Ok(Ok(())));
        self.asked.fetch_add(1, Ordering::Relaxed);
        *answered
    }
}
