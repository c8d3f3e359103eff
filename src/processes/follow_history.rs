//! Follows the whole chain of hashes, in every instance: each of them sells, so each must know that
//! an event from before the last checkpoint was altered.

use crate::{processes::context::Context, store::on_another_thread};
use std::{sync::Arc, time::Duration};

/// A million events take seconds.
const EVERY: Duration = Duration::from_hours(6);

/// How soon it is tried again where the ledger could not be read.
const AGAIN: Duration = Duration::from_mins(1);

pub(super) async fn run(context: Arc<Context>) {
    while !context.is_closing() {
        let store = context.store.clone();
        let found = on_another_thread(async move { store.find_broken().await }).await;
        let next = match found {
            Ok(_) => EVERY,
            Err(failure) => {
                tracing::error!(error = ?failure, "the history could not be followed: {failure}");
                AGAIN
            }
        };
        tokio::select! {
            () = context.closed() => {}
            () = tokio::time::sleep(next) => {}
        }
    }
}
