//! Makes the nightly backup where one is configured, beside everything else. What came of it is
//! noted in the store, so that of several instances any knows, and `lango doctor` too.

use crate::{
    backup::{Nightly, Place},
    context::Context,
    ledger::time::MINUTE,
    store::{BackupMade, BackupRecord, StoreError},
};
use std::sync::Arc;

/// Two at a time would only fight over the disk.
const SUBJECT: &str = "backup:nightly";

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let now = context.now();
    let Some(nightly) = context.settings.nightly.as_ref() else { return Ok(0) };
    if nightly.rests(now) {
        return Ok(0);
    }
    if context.calls.under_way(SUBJECT) {
        nightly.rest_until(now.plus(MINUTE));
        return Ok(0);
    }
    let known = context.store.backups().await?;
    let due = |place: &Place| nightly.due(record(&known, place), now);
    if let Some(place) = nightly.places.iter().find(|place| due(place) <= now) {
        let before = record(&known, place).and_then(|record| record.cause.clone());
        let (context, place) = (Arc::clone(context), place.clone());
        let nightly = Arc::clone(nightly);
        let calls = context.calls.clone();
        nightly.rest_until(now.plus(MINUTE));
        calls.make(SUBJECT, async move {
            tokio::select! {
                () = back_up(&context, &nightly, &place, before) => {
                    nightly.rest_until(context.now());
                }
                // A copy that is not whole is none; the next start makes it.
                () = context.closed() => {}
            }
        });
    } else if let Some(next) = nightly.places.iter().map(due).min() {
        nightly.rest_until(next);
    }
    Ok(0)
}

fn record<'a>(known: &'a [BackupRecord], place: &Place) -> Option<&'a BackupRecord> {
    let name = place.name();
    known.iter().find(|record| record.place == name)
}

async fn back_up(context: &Context, nightly: &Nightly, place: &Place, before: Option<String>) {
    let (store, name) = (&context.store, place.name());
    let named = (name.as_str(), place.is_off_box());
    let keys = (&nightly.key, context.random.as_ref());
    let noted = match place.back_up(store, keys, |_| {}).await {
        Ok(delivered) => {
            let (position, bytes) = (delivered.end.position, delivered.bytes);
            tracing::info!(position, bytes, "backed up to event {position}");
            store.note_backup(named, BackupMade { at: context.now(), position, bytes }).await
        }
        Err(failure) => {
            let cause = failure.cause();
            // Said once for each cause, not with every try.
            if before.as_deref() == Some(cause.as_str()) {
                tracing::debug!("the backup failed again: {cause}");
            } else {
                tracing::error!("the backup failed and is tried again: {cause}");
            }
            store.note_backup_failure(named, &cause).await
        }
    };
    if let Err(failure) = noted {
        tracing::error!(error = ?failure, "{failure}");
    }
}
