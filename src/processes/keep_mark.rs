//! Keeps the mark outside the database up to date, in every instance: each has a file of its own.

use crate::{
    processes::context::Context,
    services::books::mark::{self, Mark},
    store::{Store, StoreError},
};
use std::{path::Path, sync::Arc, time::Duration};

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

/// Writes the mark of the ledger's end. While the history is in doubt the mark stays as it is: it
/// is what is known of the other one.
pub async fn write(context: &Context) {
    let Some(path) = &context.settings.mark else { return };
    let written = match note(&context.store).await {
        Ok(Some(mark)) => keep(path, mark),
        Ok(None) | Err(StoreError::HistoryDoubted(_)) => Ok(()),
        Err(failure) => Err(failure.to_string()),
    };
    if let Err(failure) = written {
        tracing::error!("how far the ledger has come could not be noted outside it: {failure}");
    }
}

/// What is to be known of the ledger outside it; `None` while it is empty.
pub async fn note(store: &Store) -> Result<Option<Mark>, StoreError> {
    let Some(head) = store.signed_head().await? else { return Ok(None) };
    Ok(Some(Mark { head, checkpoints: store.read().checkpoint_count().await? }))
}

/// Never writes one that knows less than the one there is: a database that was put back under a
/// running shop, or whose checkpoints were deleted, must not wipe out what is known of it.
fn keep(path: &Path, mark: Mark) -> Result<(), String> {
    let before = mark::read(path).map_err(|failure| failure.to_string())?;
    let now = mark.head.checkpoint.position;
    if before.is_some_and(|before| before.head.checkpoint.position > now) {
        return Err(format!("the ledger went back to event {now}; start `lango serve` again"));
    }
    mark::write(path, &mark.counting(before)).map_err(|failure| failure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{checkpoint::SecretKey, kernel::time::Micros};

    #[test]
    fn a_mark_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lango.mark");
        let key = SecretKey::from_seed(&[1; 32]);
        let at = |position, checkpoints| {
            let head = key.sign(position, [2; 32], Micros(3));
            Mark { head, checkpoints }
        };
        keep(&path, at(5, 2)).unwrap();
        assert!(keep(&path, at(4, 2)).unwrap_err().contains("went back to event 4"));
        assert_eq!(mark::read(&path).unwrap(), Some(at(5, 2)));
        keep(&path, at(6, 1)).unwrap();
        assert_eq!(mark::read(&path).unwrap(), Some(at(6, 2)), "one is missing, and stays so");
    }
}
