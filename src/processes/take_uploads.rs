//! Takes files of codes into stock, once somebody said how.

use super::handle::{Thing, handle};
use crate::{
    context::Context,
    import::ImportError,
    store::{BREAKDOWNS_MAX, CommandError, StoreError, UploadKept},
    uploads,
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let mut done = 0;
    for upload in context.store.uploads().await? {
        if upload.breakdowns < BREAKDOWNS_MAX {
            let item = (upload.item(), upload.is_suspect());
            done += usize::from(handle(context, item, take(context, &upload)).await?);
        }
    }
    Ok(done)
}

async fn take(context: &Context, upload: &UploadKept) -> Result<bool, StoreError> {
    match uploads::take(&context.store, context.random.as_ref(), upload).await {
        Ok(done) => Ok(done),
        Err(ImportError::Store(failure) | ImportError::Command(CommandError::Failed(failure))) => {
            Err(failure)
        }
        Err(other) => unreachable!("a file that cannot be taken in is put back: {other}"),
    }
}
