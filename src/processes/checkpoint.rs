//! Signs the end of the ledger, every thousand events or every minute. Whoever cuts the ledger off
//! or hashes it anew later contradicts this signature.

use crate::{processes::context::Context, store::StoreError};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    context.store.take_due_checkpoint().await.map(usize::from)
}
