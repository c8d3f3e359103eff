//! Serves those who paid when there was no code, as soon as there is one.

use crate::{
    commands::serve_owed::ServeOwed,
    context::Context,
    ledger::id::MessageId,
    store::{CommandError, StoreError},
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let mut done = 0;
    for owed in context.store.owed_and_in_stock().await? {
        let serve = ServeOwed {
            purchase: owed.purchase,
            payment: owed.payment,
            amount: owed.amount,
            message: MessageId(context.id()),
        };
        match context.store.execute(serve).await {
            Ok(_) => done += 1,
            // Served by another instance, or the last code went to one owed longer.
            Err(CommandError::Refused(_)) => {}
            Err(CommandError::Failed(failure)) => return Err(failure),
        }
    }
    Ok(done)
}
