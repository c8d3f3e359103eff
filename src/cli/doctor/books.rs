//! Whether ledger, tables and read models are what Lango recorded.

use super::{
    finding::{Finding, fail, pass, warn},
    span,
};
use crate::{
    app::{self, config::Config},
    ledger::kernel::time::Micros,
    store::{ProjectionState, Store},
};

/// A read model further behind, in events, is not being kept up to date.
pub(super) const EVENTS_BEHIND_MAX: i64 = 5_000;

pub(super) fn clock(now: Micros, last: Micros) -> Finding {
    if now < last {
        let behind = span(now.until(last));
        return fail(format!("it is {behind} behind the last event; set it right"));
    }
    pass("not before the last event")
}

/// Follows the whole chain.
pub(super) async fn chain(store: &Store) -> anyhow::Result<Finding> {
    let audit = store.verify().await?;
    if let Some(at) = audit.broken_at() {
        return Ok(fail(format!("broken at event {at}; run `lango audit verify`")));
    }
    if audit.signed_to.is_none() && store.read().checkpoint_count().await? > 0 {
        return Ok(fail("no checkpoint agrees with it; run `lango audit verify`"));
    }
    if !audit.is_good() {
        return Ok(fail("not what was recorded and signed; run `lango audit verify`"));
    }
    let signed = audit.signed_to.map_or_else(
        || "none signed: `lango serve` signs each minute".to_owned(),
        |signed| format!("signed up to {}", signed.position),
    );
    Ok(pass(format!("whole, {} events, {signed}", audit.events)))
}

/// Holds what stands beside the ledger to it.
pub(super) async fn tables(store: &Store) -> anyhow::Result<Finding> {
    let beside = store.read().verify_beside(Some(&*store.vault_now().await?)).await?;
    let mut tables: Vec<&str> = beside.findings.iter().map(|found| found.table).collect();
    tables.dedup();
    if tables.is_empty() {
        return Ok(pass("they say what the ledger says, and everything in the vault opens"));
    }
    let tables = tables.join(", ");
    Ok(fail(format!("not what the ledger says: {tables}; run `lango audit verify`")))
}

/// Whether the ledger is the one that the mark and the checkpoints know. It was compared when it
/// was opened.
pub(super) async fn history(config: &Config, store: &Store) -> anyhow::Result<Finding> {
    if let Some(doubt) = store.history_doubt() {
        return Ok(fail(format!("{doubt}; run `lango audit accept` to see what to do")));
    }
    let Some(mark) = app::read_mark(config)? else {
        return Ok(pass("nothing is known outside the database yet; `lango serve` notes it"));
    };
    let missing = mark.checkpoints - store.read().checkpoint_count().await?;
    if missing > 0 {
        return Ok(fail(format!(
            "{missing} checkpoints that stood beside the ledger were deleted; the events agree \
             with what is known. Who can write the database? `lango audit accept` settles it"
        )));
    }
    let position = mark.head.checkpoint.position;
    Ok(pass(format!("the one that is known outside the database, at event {position}")))
}

pub(super) fn read_models(states: &[ProjectionState], head: i64) -> Finding {
    for ProjectionState { name, failure, .. } in states {
        if let Some(why) = failure {
            return fail(format!("{name} is parked: {why}; try `lango projections rebuild`"));
        }
    }
    let behind = states.iter().map(|state| head - state.position).max().unwrap_or_default();
    if behind > EVENTS_BEHIND_MAX {
        return warn(format!("{behind} events behind; does `lango serve` run?"));
    }
    pass(format!("{} of them, up to date", states.len()))
}
