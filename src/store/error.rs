//! Failures: the database said no. The operator reads them once, where they are handled.

use super::vault::DoesNotOpen;
use crate::ledger::{event::Undecodable, history::Doubt, refusal::Refusal, world::Illegal};
use crate::store::database::failure::Failure;

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed while trying to {attempt}")]
    Database {
        attempt: &'static str,
        #[source]
        source: Failure,
    },
    /// There is no connection to the database.
    #[error("the database cannot be reached")]
    OutOfReach,
    /// The database was lost while it committed and has not come back.
    #[error("the database was lost during a commit; it is not known whether it committed")]
    InDoubt,
    /// The database may forget what it has confirmed.
    #[error("the database may lose what it has confirmed: its setting {0} is off")]
    NotDurable(&'static str),
    #[error("the database could not be brought up to date")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database went through migrations that this program does not have.
    #[error(
        "another version of Lango made this ledger, and this version cannot open it: start that \
         version again; to change to this one, run `lango backup` there and `lango restore` here"
    )]
    OtherVersion,
    /// An event cannot be read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// Events do not follow one another.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// Something in the vault does not open.
    #[error(transparent)]
    Sealed(#[from] DoesNotOpen),
    /// A row holds what none of ours can hold.
    #[error("table {table} holds an unreadable {column}")]
    BadRow { table: &'static str, column: &'static str },
    /// A projection cannot be folded.
    #[error("the projection {name} cannot be folded: {why}")]
    Projection {
        name: &'static str,
        /// What its SQL came to.
        why: String,
    },
    /// Something was sealed with a key that was changed for another meanwhile.
    #[error("the vault's keys were changed meanwhile")]
    KeysChanged,
    /// The command panicked, and nothing of it was recorded.
    #[error("the command panicked: a bug in Lango")]
    Panicked,
    /// The writer has stopped, or did not live to see the commit.
    #[error("the writer has stopped")]
    Stopped,
    /// The ledger does not continue from what is remembered of it, so nothing is signed.
    #[error("nothing is signed while the history is in doubt: {0}")]
    HistoryDoubted(Doubt),
    /// An event does not follow from the one before it.
    #[error(
        "event {0} does not follow from the one before it: something was altered, inserted or \
         removed; run `lango audit verify`"
    )]
    ChainBroken(i64),
    /// The ledger has become shorter under a running shop.
    #[error(
        "event {known} is gone from the ledger: an older copy was put in its place, or it was cut \
         off; start the shop again"
    )]
    WentBack {
        /// The last event that this instance knows.
        known: i64,
    },
    /// The ledger is not what this command may open.
    #[error("{0}")]
    WrongLedger(String),
}

impl StoreError {
    /// Whether the same may succeed a moment later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Database { .. }
            | Self::OutOfReach
            | Self::InDoubt
            | Self::KeysChanged
            | Self::Stopped => true,
            Self::Migration(_)
            | Self::OtherVersion
            | Self::Undecodable(_)
            | Self::Illegal(_)
            | Self::Sealed(_)
            | Self::BadRow { .. }
            | Self::Panicked
            | Self::Projection { .. }
            | Self::NotDurable(_)
            | Self::HistoryDoubted(_)
            | Self::ChainBroken(_)
            | Self::WentBack { .. }
            | Self::WrongLedger(_) => false,
        }
    }

    /// A connection that did not come about, its cause told here once.
    pub(super) fn out_of_reach(source: &Failure) -> Self {
        tracing::error!(error = ?source, "the database cannot be reached: {source}");
        Self::OutOfReach
    }
}

/// Names what was tried when a database call fails.
pub(super) trait Attempt<T> {
    fn attempt(self, attempt: &'static str) -> Result<T, StoreError>;
}

impl<T, E: Into<Failure>> Attempt<T> for Result<T, E> {
    fn attempt(self, attempt: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Database { attempt, source: source.into() })
    }
}

/// What a command returns when it is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The business says no. Tell the person; nothing was recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The world said no. Tell the operator; it may be tried again.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

impl CommandError {
    /// The refusal, where it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Failed(_) => None,
        }
    }
}
