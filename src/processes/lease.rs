//! Which of several instances runs the processes: one for all of them, because they hand work to
//! one another and share one rate limit towards the provider. Every instance serves pages and takes
//! callbacks; the holder hears of what they recorded.
//!
//! The lease saves work and is no guard: should two instances hold it for a moment, what is on
//! record keeps each call from being made twice.

use crate::{ledger::kernel::time::SECOND, processes::context::Context};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// For so long the lease stands unless it is kept; a dead holder's work rests meanwhile.
const LEASE_SECONDS: i64 = 10;

/// How often it is kept, or asked for.
const KEEP_EVERY: Duration = Duration::from_secs(3);

/// How often an instance looks for what others recorded; a page that waits for another instance's
/// news is so much behind at most.
const HEAR_EVERY: Duration = Duration::from_millis(200);

/// Keeps or seeks the lease for an instance.
pub(super) struct Keeper {
    instance: String,
    ours: watch::Sender<bool>,
}

/// Whether the lease is ours.
#[derive(Clone)]
pub(super) struct Lease {
    ours: watch::Receiver<bool>,
}

/// The lease as an instance sees it, not ours yet.
pub(super) fn of(instance: &str) -> (Keeper, Lease) {
    let (ours, seen) = watch::channel(false);
    (Keeper { instance: instance.to_owned(), ours }, Lease { ours: seen })
}

impl Lease {
    /// Whether it is ours.
    pub fn is_ours(&mut self) -> bool {
        *self.ours.borrow_and_update()
    }

    /// Returns when it was taken or lost.
    pub async fn changed(&mut self) {
        // Its keeper runs until the processes end.
        let _ = self.ours.changed().await;
    }
}

impl Keeper {
    /// Keeps or seeks the lease until the processes are to end.
    pub async fn run(self, context: Arc<Context>) {
        let mut told = context.told();
        while !context.is_closing() {
            let until = context.now().plus(LEASE_SECONDS * SECOND);
            match context.store.lead(&self.instance, until).await {
                Ok(ours) => self.note(ours),
                // Nobody else can have taken it where the database is away.
                Err(failure) => {
                    tracing::warn!(error = ?failure, "the lease was not kept: {failure}");
                }
            }
            let next = tokio::time::sleep(KEEP_EVERY);
            tokio::pin!(next);
            while !context.is_closing() {
                tokio::select! {
                    () = &mut next => break,
                    _ = told.changed() => {}
                }
            }
        }
    }

    fn note(&self, ours: bool) {
        let changed = self.ours.send_if_modified(|before| std::mem::replace(before, ours) != ours);
        match (changed, ours) {
            (false, _) => {}
            (true, true) => tracing::info!("this instance runs the processes"),
            (true, false) => tracing::warn!("another instance runs the processes now"),
        }
    }
}

/// Hears what other instances recorded, for the pages that wait here and for the processes.
pub(super) async fn hear_others(context: Arc<Context>) {
    let mut well = true;
    while !context.is_closing() {
        let heard = context.store.hear_others().await;
        // Said once, not with every look.
        if let (true, Err(failure)) = (well, &heard) {
            tracing::warn!(error = ?failure, "other instances cannot be heard: {failure}");
        }
        well = heard.is_ok();
        tokio::time::sleep(HEAR_EVERY).await;
    }
}
