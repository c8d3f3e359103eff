//! Serves buyers who paid when there was no code, as soon as there is one.

use super::handle::{Thing as _, done, handle};
use crate::{
    commands::sale::serve_owed::ServeOwed, ledger::kernel::id::MessageId,
    processes::context::Context, store::StoreError,
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let mut served = 0;
    for owed in context.store.read().owed_and_in_stock().await? {
        let serve = ServeOwed { purchase: owed.purchase, message: MessageId(context.id()) };
        let serve = async { done(context.store.execute(serve).await) };
        served += usize::from(handle(context, owed.handled(), serve).await?);
    }
    Ok(served)
}
