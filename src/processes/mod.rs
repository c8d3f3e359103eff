//! Processes: reconcilers that make the world what the ledger says it should be.
//!
//! Each takes no input. Woken by a commit, by a message from outside or by a tick, it reads from a
//! decision table what is to be done, does it, and records what came of it; so there is one code
//! path for the normal case, for a restart and for a second instance. Before a call leaves,
//! *submitted* is in the ledger: whoever records it makes the call, and a prompt that was cut
//! off is never asked for again blindly. Calls run beside, so that a provider that hangs holds up
//! nobody else. Of several instances one has the lease and runs them all (`lease`); two at a
//! time do no harm.

mod backup;
pub mod caught;
mod checkpoint;
mod collect_payment;
mod compose_text;
pub mod context;
mod follow_history;
mod fulfil;
mod handle;
mod keep_mark;
mod lease;
mod read_inbox;
mod release_holds;
mod send_messages;
mod take_uploads;
mod tell_owner;

pub use collect_payment::start_purchase;
pub use keep_mark::{note as note_mark, write as write_mark};
pub use read_inbox::take_in;

use crate::{
    ledger::command::WorkKind,
    processes::{caught::caught, context::Context},
    store::{Chore, Store, StoreError, on_another_thread},
};
use handle::{Thing, handle};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};

/// How often a process looks for work that no signal told it of.
const TICK: Duration = Duration::from_millis(500);

/// How long those rest who only follow the ledger, projections and checkpoints; pages that read
/// projections are so much behind at most.
const FOLLOW_PAUSE: Duration = Duration::from_millis(200);

/// A process that panics looks again after a pause, which doubles.
const PANIC_PAUSE: Duration = Duration::from_secs(1);
const PANIC_PAUSE_MAX: Duration = Duration::from_secs(30);

/// After so many panics in a row without one good look a process keeps panicking. One that finds
/// out about money ends the program: a shop that takes money and gives nothing for it must not stay
/// up. Without any other the shop sells on, and `/readyz` names the process.
const PANICS_MAX: u32 = 5;

/// How much one look takes on at most.
const WORK_PER_LOOK: i64 = 256;

/// The processes, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Process {
    ReadInbox,
    SubmitPayments,
    SettlePayments,
    Fulfil,
    SendMessages,
    ReleaseHolds,
    Project,
    Checkpoint,
    TellOwner,
    BackUp,
    TakeUploads,
}

impl Process {
    const ALL: [Self; 11] = [
        Self::ReadInbox,
        Self::SubmitPayments,
        Self::SettlePayments,
        Self::Fulfil,
        Self::SendMessages,
        Self::ReleaseHolds,
        Self::Project,
        Self::Checkpoint,
        Self::TellOwner,
        Self::BackUp,
        Self::TakeUploads,
    ];

    /// Looks once; tells how much was done.
    async fn look(self, context: &Arc<Context>) -> Result<usize, StoreError> {
        match self {
            Self::ReadInbox => read_inbox::look(context).await,
            Self::SubmitPayments => collect_payment::submit(context).await,
            Self::SettlePayments => collect_payment::settle(context).await,
            Self::Fulfil => fulfil::look(context).await,
            Self::SendMessages => send_messages::look(context).await,
            Self::ReleaseHolds => release_holds::look(context).await,
            Self::Project => context.store.project().await,
            Self::Checkpoint => checkpoint::look(context).await,
            Self::TellOwner => tell_owner::look(context).await,
            Self::BackUp => backup::look(context).await,
            Self::TakeUploads => {
                let context = Arc::clone(context);
                on_another_thread(async move { take_uploads::look(&context).await }).await
            }
        }
    }

    async fn run(self, context: Arc<Context>, mut lease: lease::Lease) {
        let mut bell = self.bell(&context.store);
        let mut told = context.told();
        let mut panics = 0;
        while !context.is_closing() {
            if !lease.is_ours() {
                tokio::select! {
                    () = lease.changed() => {}
                    _ = told.changed() => {}
                }
                continue;
            }
            bell.heard();
            told.borrow_and_update();
            let Ok(looked) = caught(Box::pin(self.look(&context))).await else {
                panics += 1;
                if self.ends_after(panics, &context).await {
                    return;
                }
                continue;
            };
            panics = 0;
            context.ailing.well(self.name());
            if matches!(self, Self::Project | Self::Checkpoint | Self::TellOwner) {
                // Each look costs the writer time: fewer and larger ones serve everybody better.
                tokio::time::sleep(FOLLOW_PAUSE).await;
            }
            match looked {
                Ok(0) => {}
                Ok(_) => continue,
                // Nothing can be written any more, and the shop that starts again knows why.
                Err(failure @ StoreError::WentBack { .. }) => {
                    tracing::error!("{failure}");
                    return;
                }
                Err(failure) => {
                    tracing::error!(process = ?self, error = ?failure, "{self:?}: {failure}");
                }
            }
            tokio::select! {
                () = bell.rings() => {}
                _ = told.changed() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }
}

/// What wakes a process beside its tick and what comes from outside.
enum Bell {
    /// Commits that give it something to do.
    Chore(watch::Receiver<()>),
    /// Every commit.
    Ledger(watch::Receiver<i64>),
    /// No commit.
    None,
}

impl Bell {
    /// Notes that all that rang so far is being looked at.
    fn heard(&mut self) {
        match self {
            Self::Chore(bell) => bell.mark_unchanged(),
            Self::Ledger(bell) => bell.mark_unchanged(),
            Self::None => {}
        }
    }

    /// Returns when it rings; never, where its store is gone.
    async fn rings(&mut self) {
        let rang = match self {
            Self::Chore(bell) => bell.changed().await,
            Self::Ledger(bell) => bell.changed().await,
            Self::None => return std::future::pending().await,
        };
        if rang.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Process {
    const fn name(self) -> &'static str {
        match self {
            Self::ReadInbox => "read_inbox",
            Self::SubmitPayments => "submit_payments",
            Self::SettlePayments => "settle_payments",
            Self::Fulfil => "fulfil",
            Self::SendMessages => "send_messages",
            Self::ReleaseHolds => "release_holds",
            Self::Project => "project",
            Self::Checkpoint => "checkpoint",
            Self::TellOwner => "tell_owner",
            Self::BackUp => "back_up",
            Self::TakeUploads => "take_uploads",
        }
    }

    /// Which commits give it something to do at once.
    fn bell(self, store: &Store) -> Bell {
        let chore = |chore| Bell::Chore(store.stirred(chore));
        match self {
            Self::SubmitPayments => chore(Chore::Work(WorkKind::SubmitPayment)),
            Self::SettlePayments => chore(Chore::Work(WorkKind::SettlePayment)),
            Self::ReleaseHolds => chore(Chore::Work(WorkKind::ExpirePurchase)),
            Self::SendMessages => chore(Chore::Work(WorkKind::SendMessage)),
            Self::Fulfil => chore(Chore::ServeOwed),
            Self::Project | Self::Checkpoint | Self::TellOwner => Bell::Ledger(store.position()),
            Self::ReadInbox => chore(Chore::ReadInbox),
            Self::BackUp | Self::TakeUploads => Bell::None,
        }
    }

    /// Whether a shop without it would take money and give nothing for it.
    const fn is_vital(self) -> bool {
        matches!(self, Self::ReadInbox | Self::SettlePayments | Self::Fulfil)
    }

    /// After so many panics in a row: a pause that grows, and then what is said in `PANICS_MAX`.
    async fn ends_after(self, panics: u32, context: &Context) -> bool {
        let name = self.name();
        tracing::error!(process = name, panics, "the process {name} panicked: a bug in Lango");
        if panics >= PANICS_MAX {
            if self.is_vital() {
                return true;
            }
            context.ailing.ill(name);
        }
        let pause = (PANIC_PAUSE * 2u32.pow(panics.min(6) - 1)).min(PANIC_PAUSE_MAX);
        tokio::select! {
            () = context.closed() => {}
            () = tokio::time::sleep(pause) => {}
        }
        false
    }
}

/// Does the same for each item at once, so that their commands share commits; tells how many were
/// done. Those that broke down before come after the others, and one by one.
async fn each<T, F, D>(
    context: &Arc<Context>,
    items: Vec<T>,
    mut deed: D,
) -> Result<usize, StoreError>
where
    T: Thing,
    F: Future<Output = Result<bool, StoreError>> + Send + 'static,
    D: FnMut(Arc<Context>, T) -> F,
{
    let mut under_way = JoinSet::new();
    let (suspects, sound): (Vec<T>, Vec<T>) = items.into_iter().partition(Thing::is_suspect);
    for item in sound {
        let (handled, context) = (item.handled(), Arc::clone(context));
        let done = deed(Arc::clone(&context), item);
        under_way.spawn(async move { handle(&context, handled, done).await });
    }
    let (mut done, mut failed) = (0, None);
    // All are heard to the end: one that was dropped here may have recorded that its call leaves.
    while let Some(outcome) = under_way.join_next().await {
        match outcome {
            Ok(Ok(true)) => done += 1,
            Ok(Ok(false)) => {}
            Ok(Err(failure)) => failed = Some(failure),
            Err(panic) => tracing::error!(error = %panic, "a piece of work broke down"),
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    for item in suspects {
        let again = handle(context, item.handled(), deed(Arc::clone(context), item));
        done += usize::from(again.await?);
    }
    Ok(done)
}

/// Starts all processes of an instance; they end when the set is dropped.
pub fn start(context: &Arc<Context>, instance: &str) -> JoinSet<()> {
    let mut running = JoinSet::new();
    let (keeper, lease) = lease::of(instance);
    running.spawn(keeper.run(Arc::clone(context)));
    running.spawn(lease::hear_others(Arc::clone(context)));
    running.spawn(keep_mark::run(Arc::clone(context)));
    running.spawn(follow_history::run(Arc::clone(context)));
    for process in Process::ALL {
        running.spawn(process.run(Arc::clone(context), lease.clone()));
    }
    running
}

/// Looks again and again until nothing is left to do now and no call is under way.
pub async fn settle(context: &Arc<Context>) -> Result<(), StoreError> {
    loop {
        let mut done = 0;
        for process in Process::ALL {
            done += process.look(context).await?;
        }
        let waited = context.calls.idle().await;
        if done == 0 && !waited {
            return Ok(());
        }
    }
}
