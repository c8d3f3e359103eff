//! Handles one thing so that a panic over it ends nothing else. The first breakdown is counted when
//! it is seen: when a panic is caught, or the writer has ended. A thing that broke down before is a
//! suspect: it is counted first and then handled alone. So even one that ends the program is left
//! to a person the second time, and its neighbours are not.

use crate::{
    processes::{caught::caught, context::Context},
    store::{CommandError, Inbox, Item, Owed, StoreError, UploadKept, Work},
};
use std::{future::Future, sync::Arc};

/// What can be handled.
pub(super) trait Thing {
    /// Itself, as its breakdowns are counted.
    fn item(&self) -> Item;

    /// Whether it broke down before.
    fn is_suspect(&self) -> bool;

    fn handled(&self) -> Handled {
        Handled { item: self.item(), suspect: self.is_suspect() }
    }
}

/// A thing, as it is handled.
pub(super) struct Handled {
    pub item: Item,
    pub suspect: bool,
}

impl Thing for Work {
    fn item(&self) -> Item {
        self.item()
    }

    fn is_suspect(&self) -> bool {
        self.suspect
    }
}

impl Thing for Inbox {
    fn item(&self) -> Item {
        self.item()
    }

    fn is_suspect(&self) -> bool {
        self.suspect
    }
}

impl Thing for Owed {
    fn item(&self) -> Item {
        self.item()
    }

    fn is_suspect(&self) -> bool {
        self.suspect
    }
}

impl Thing for UploadKept {
    fn item(&self) -> Item {
        self.item()
    }

    fn is_suspect(&self) -> bool {
        self.breakdowns > 0
    }
}

/// Handles a thing; `false` where nothing was done, or it broke down.
pub(super) async fn handle(
    context: &Context,
    Handled { item, suspect }: Handled,
    deed: impl Future<Output = Result<bool, StoreError>>,
) -> Result<bool, StoreError> {
    let _alone = if suspect { Some(context.alone.lock().await) } else { None };
    if suspect {
        if context.store.has_writer_ended() {
            return Err(StoreError::Stopped);
        }
        context.store.count_breakdown(&item).await?;
    }
    let done = match caught(deed).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Panicked),
    };
    let broke_down = matches!(done, Err(StoreError::Panicked | StoreError::Stopped));
    match (broke_down, suspect) {
        (true, false) => {
            context.store.count_breakdown(&item).await?;
            tracing::error!(kind = item.kind, subject = item.subject, "it broke down");
        }
        (true, true) => {
            tracing::error!(
                kind = item.kind,
                subject = item.subject,
                "it broke down a second time and waits for a person: see `stuck` at the desk"
            );
        }
        (false, true) => {
            context.store.forget_breakdowns(item.kind, &item.subject).await?;
        }
        (false, false) => {}
    }
    match done {
        Err(StoreError::Panicked) => Ok(false),
        done => done,
    }
}

/// What commands came to; a refusal says that nothing is to be done any more: another instance was
/// quicker, say.
pub(super) fn done<T>(outcome: Result<T, CommandError>) -> Result<bool, StoreError> {
    match outcome {
        Ok(_) => Ok(true),
        Err(CommandError::Refused(_)) => Ok(false),
        Err(CommandError::Failed(failure)) => Err(failure),
    }
}

/// Handles a thing beside its process, which goes on. Of all suspects of a sort one at a time.
pub(super) fn handle_beside<T: Thing + Send + Sync + 'static, F>(
    context: &Arc<Context>,
    sort: &'static str,
    thing: T,
    deed: impl FnOnce(Arc<Context>, T) -> F,
) where
    F: Future<Output = Result<bool, StoreError>> + Send + 'static,
{
    let handled = thing.handled();
    let subject = handled.item.subject.clone();
    let name = format!("{sort}:{}", if handled.suspect { "suspect" } else { &subject });
    let deed = deed(Arc::clone(context), thing);
    let beside = Arc::clone(context);
    context.calls.make(&name, async move {
        if let Err(failure) = handle(&beside, handled, deed).await {
            tracing::error!(subject, error = ?failure, "{sort} {subject}: {failure}");
        }
    });
}
