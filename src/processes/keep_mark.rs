//! Keeps the mark outside the database up to date, in every instance: each has a file of its own.

use crate::{context::Context, mark};
use std::{sync::Arc, time::Duration};

/// How long a mark may be behind the ledger; what is sold meanwhile is not noticed to be missing
/// when the database is put back. A disk's cells wear out with every write.
const EVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(context: Arc<Context>) {
    let mut position = context.store.position();
    while !context.is_closing() {
        position.borrow_and_update();
        write(&context).await;
        tokio::select! {
            () = context.closed() => {}
            () = async {
                tokio::time::sleep(EVERY).await;
                // An error means that the store is gone.
                let _ = position.changed().await;
            } => {}
        }
    }
}

/// Writes the mark of the ledger's end.
pub async fn write(context: &Context) {
    let Some(path) = &context.settings.mark else { return };
    let written = match context.store.signed_head().await {
        Ok(Some(head)) => mark::write(path, &head).map_err(|failure| failure.to_string()),
        Ok(None) => Ok(()),
        Err(failure) => Err(failure.to_string()),
    };
    if let Err(failure) = written {
        tracing::error!("how far the ledger has come could not be noted outside it: {failure}");
    }
}
