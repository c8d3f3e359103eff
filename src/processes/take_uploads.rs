//! Takes uploaded files of codes into stock, once a person said how.

use super::handle::{Thing as _, handle};
use crate::{
    processes::context::Context,
    services::stock::{import::ImportError, uploads},
    store::{BREAKDOWNS_MAX, CommandError, StoreError, UploadKept, Word},
};
use std::sync::Arc;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let mut done = 0;
    for upload in context.store.read().uploads().await? {
        let altered = upload.word(&context.store.vault()) == Word::Altered;
        if altered && uploads::is_kept(&context.store, &upload) {
            done += usize::from(set_aside(context, &upload).await?);
        } else if altered || upload.breakdowns < BREAKDOWNS_MAX {
            done += usize::from(handle(context, upload.handled(), take(context, &upload)).await?);
        }
    }
    Ok(done)
}

/// Leaves a file to a person, whatever is written on it; `false` where it waits already.
async fn set_aside(context: &Context, upload: &UploadKept) -> Result<bool, StoreError> {
    let (batch, waits) = (upload.batch, upload.breakdowns >= BREAKDOWNS_MAX);
    if !waits {
        tracing::error!(%batch, "what stands on file {batch} of codes is not what a person said of \
            it: it is not taken in, and waits at the desk; run `lango audit verify`");
    }
    for _ in upload.breakdowns..BREAKDOWNS_MAX {
        context.store.count_breakdown(&upload.item()).await?;
    }
    Ok(!waits)
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
