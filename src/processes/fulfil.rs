//! Serves those who paid when there was no code, as soon as there is one.

use super::handle::handle;
use crate::{
    commands::sale::serve_owed::ServeOwed,
    ledger::kernel::id::MessageId,
    processes::context::Context,
    store::{CommandError, Owed, StoreError},
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let mut done = 0;
    for owed in context.store.owed_and_in_stock().await? {
        let item = (owed.item(), owed.suspect);
        done += usize::from(handle(context, item, serve(context, &owed)).await?);
    }
    Ok(done)
}

async fn serve(context: &Context, owed: &Owed) -> Result<bool, StoreError> {
    let serve = ServeOwed { purchase: owed.purchase, message: MessageId(context.id()) };
    match context.store.execute(serve).await {
        Ok(_) => Ok(true),
        // Served by another instance, or the last code went to one owed longer.
        Err(CommandError::Refused(_)) => Ok(false),
        Err(CommandError::Failed(failure)) => Err(failure),
    }
}
