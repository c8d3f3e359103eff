//! Ends the waiting for purchases whose time is over.

use super::{WORK_PER_LOOK, each, handle::done};
use crate::{
    commands::sale::expire_purchase::ExpirePurchase,
    ledger::{command::WorkKind, kernel::id::PurchaseId},
    processes::context::Context,
    store::{StoreError, Work},
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let due = context.store.read().work_due(WorkKind::ExpirePurchase, context.now(), WORK_PER_LOOK);
    each(context, due.await?, |context, work| async move {
        let purchase: PurchaseId = subject(&work)?;
        done(context.store.execute(ExpirePurchase { purchase }).await)
    })
    .await
}

/// The id that a piece of work is about.
pub(super) fn subject<T: std::str::FromStr>(work: &Work) -> Result<T, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "work", column: "subject" };
    work.subject.parse().map_err(unreadable)
}
