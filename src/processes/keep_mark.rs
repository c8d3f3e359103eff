//! Keeps the mark outside the database up to date, in every instance: each has a file of its own.

use crate::{context::Context, ledger::checkpoint::SignedCheckpoint, mark};
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

/// Writes the mark of the ledger's end.
pub async fn write(context: &Context) {
    let Some(path) = &context.settings.mark else { return };
    let written = match context.store.signed_head().await {
        Ok(Some(head)) => keep(path, &head),
        Ok(None) => Ok(()),
        Err(failure) => Err(failure.to_string()),
    };
    if let Err(failure) = written {
        tracing::error!("how far the ledger has come could not be noted outside it: {failure}");
    }
}

/// Never writes one that is behind the one there is: a database that was put back under a running
/// shop must not wipe out what is known of it.
fn keep(path: &Path, head: &SignedCheckpoint) -> Result<(), String> {
    let before = mark::read(path).map_err(|failure| failure.to_string())?;
    let (known, now) = (before.map(|mark| mark.checkpoint.position), head.checkpoint.position);
    if known > Some(now) {
        return Err(format!("the ledger went back to event {now}; stop and start `lango serve`"));
    }
    mark::write(path, head).map_err(|failure| failure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{checkpoint::SecretKey, time::Micros};

    #[test]
    fn a_mark_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lango.mark");
        let key = SecretKey::from_seed(&[1; 32]);
        let at = |position| key.sign(position, [2; 32], Micros(3));
        keep(&path, &at(5)).unwrap();
        assert!(keep(&path, &at(4)).unwrap_err().contains("went back to event 4"));
        assert_eq!(mark::read(&path).unwrap().unwrap().checkpoint.position, 5);
        keep(&path, &at(6)).unwrap();
    }
}
