//! Takes files of codes into stock, once somebody said how.

use crate::{
    context::Context,
    import::ImportError,
    store::{CommandError, StoreError},
    uploads,
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let store = &context.store;
    match uploads::take(store, context.random.as_ref()).await {
        Ok(done) => Ok(done),
        Err(ImportError::Store(failure) | ImportError::Command(CommandError::Failed(failure))) => {
            Err(failure)
        }
        Err(other) => unreachable!("a file that cannot be taken in is put back: {other}"),
    }
}
