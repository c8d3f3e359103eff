//! Which processes a commit gives something to do. A process that is woken for nothing reads for
//! nothing, and most commits give something to one of them at most.

use super::changes::Changes;
use crate::ledger::{command::WorkKind, kernel::time::Micros};
use tokio::sync::watch;

/// What processes do that follows from commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    Work(WorkKind),
    /// Serve a buyer who is owed a code.
    ServeOwed,
    /// Decide about a message from outside.
    ReadInbox,
}

impl Chore {
    const ALL: [Self; 6] = [
        Self::Work(WorkKind::SubmitPayment),
        Self::Work(WorkKind::SettlePayment),
        Self::Work(WorkKind::ExpirePurchase),
        Self::Work(WorkKind::SendMessage),
        Self::ServeOwed,
        Self::ReadInbox,
    ];

    /// Whether a commit at `now` gives this to do at once.
    fn is_in(self, changes: &Changes, now: Micros) -> bool {
        match self {
            Self::Work(kind) => changes
                .work
                .iter()
                .any(|((of, _), row)| *of == kind && row.is_some_and(|row| row.due_at <= now)),
            Self::ServeOwed => {
                changes.counts.values().any(|(free, _, owed)| *free > 0 && *owed > 0)
            }
            // Whoever kept it says so.
            Self::ReadInbox => false,
        }
    }
}

/// Wakes those who wait for a chore.
#[derive(Debug, Clone)]
pub struct Stir([watch::Sender<()>; Chore::ALL.len()]);

impl Stir {
    pub(in crate::store) fn new() -> Self {
        Self(Chore::ALL.map(|_| watch::Sender::new(())))
    }

    /// Changes when there may be something of a chore to do.
    pub fn of(&self, chore: Chore) -> watch::Receiver<()> {
        self.sender(chore).subscribe()
    }

    /// Wakes whoever does a chore.
    pub(in crate::store) fn for_chore(&self, chore: Chore) {
        self.sender(chore).send_replace(());
    }

    fn sender(&self, chore: Chore) -> &watch::Sender<()> {
        let place = Chore::ALL.iter().position(|other| *other == chore);
        &self.0[place.expect("all chores are listed")]
    }

    /// Wakes those to whom a commit gives something to do.
    pub(in crate::store) fn for_changes(&self, changes: &Changes, now: Micros) {
        for (chore, sender) in Chore::ALL.into_iter().zip(&self.0) {
            if chore.is_in(changes, now) {
                sender.send_replace(());
            }
        }
    }

    /// Wakes everybody: others have committed, and nobody knows what.
    pub(in crate::store) fn for_all(&self) {
        for sender in &self.0 {
            sender.send_replace(());
        }
    }
}
