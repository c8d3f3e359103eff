//! Makes and proves the nightly backup where one is configured, beside everything else. The store
//! notes the outcome, so that every instance knows it, and `lango doctor` too.

use crate::{
    ledger::kernel::time::MINUTE,
    processes::context::Context,
    services::backup::{self, BackupError, Nightly, Place, Proof},
    store::{BackupRecord, StoreError, on_another_thread},
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
    let known = context.store.read().backups().await?;
    let due = |place: &Place| nightly.due(record(&known, place), now);
    let next = nightly.places.iter().map(due).min();
    let to_do = nightly.places.iter().find_map(|place| {
        let record = record(&known, place);
        let awaits_proof = record.is_some_and(|record| record.awaits_proof().is_some());
        match (due(place) <= now, place) {
            (true, _) => Some((place, record, ToDo::BackUp)),
            (false, Place::Folder { .. }) if awaits_proof => Some((place, record, ToDo::Prove)),
            (false, _) => None,
        }
    });
    if let Some((place, record, to_do)) = to_do {
        let (context, place, record) = (Arc::clone(context), place.clone(), record.cloned());
        let nightly = Arc::clone(nightly);
        let calls = context.calls.clone();
        nightly.rest_until(now.plus(MINUTE));
        let work = async move {
            let done = async {
                match to_do {
                    ToDo::BackUp => back_up(&context, &nightly, &place, record).await,
                    ToDo::Prove => prove_again(&context, &nightly, &place, record).await,
                }
            };
            tokio::select! {
                done = done => {
                    if let Err(failure) = done {
                        tracing::error!(error = ?failure, "{failure}");
                    }
                    nightly.rest_until(context.now());
                }
                // A copy that is not whole is none, and one that is half proved is not proved: the
                // next start does both again.
                () = context.closed() => {}
            }
        };
        calls.make(SUBJECT, on_another_thread(work));
    } else if let Some(next) = next {
        nightly.rest_until(next);
    }
    Ok(0)
}

/// What a place needs now.
enum ToDo {
    BackUp,
    /// The proof of its last copy was cut off.
    Prove,
}

fn record<'a>(known: &'a [BackupRecord], place: &Place) -> Option<&'a BackupRecord> {
    let name = place.name();
    known.iter().find(|record| record.place == name)
}

async fn back_up(
    context: &Context,
    nightly: &Nightly,
    place: &Place,
    record: Option<BackupRecord>,
) -> Result<(), StoreError> {
    let (store, prover) = (&context.store, &nightly.prover);
    // Read once a night, not with every try.
    if let Some(record) = record.as_ref().filter(|record| record.failures == 0)
        && let Some(wrong) = backup::read_again(store, prover, place, record).await?
    {
        tracing::error!("the last backup is no longer good; see `lango doctor`: {wrong}");
    }
    let before = record.and_then(|record| record.cause);
    match backup::carry_out(store, prover, place, |_| {}).await {
        Ok(outcome) => {
            let (position, bytes) = (outcome.delivered.end.position, outcome.delivered.bytes);
            tracing::info!(position, bytes, "backed up to event {position}");
            tell(&outcome.proof);
        }
        Err(failure) => {
            let cause = failure.cause();
            // Said once for each cause, not with every try.
            if before.as_deref() == Some(cause.as_str()) {
                tracing::debug!("the backup failed again: {cause}");
            } else {
                tracing::error!("the backup failed and is tried again: {cause}");
            }
        }
    }
    Ok(())
}

async fn prove_again(
    context: &Context,
    nightly: &Nightly,
    place: &Place,
    record: Option<BackupRecord>,
) -> Result<(), StoreError> {
    let Some(record) = record else { return Ok(()) };
    let proof = backup::prove_again(&context.store, &nightly.prover, place, &record).await?;
    if let Some(proof) = &proof {
        tell(proof);
    }
    Ok(())
}

fn tell(proof: &Result<Proof, BackupError>) {
    match proof {
        Ok(proof) => {
            let position = proof.end.position;
            tracing::info!(position, "the backup to event {position} was proved");
        }
        Err(failure) => {
            let cause = failure.cause();
            tracing::error!("the backup was made and not proved; see `lango doctor`: {cause}");
        }
    }
}
