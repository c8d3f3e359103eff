//! What a database says when a statement, a transaction or a connection fails.

use super::{postgres, sqlite};

/// Why a call to a database failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    /// A statement that gives one row gave none.
    #[error("the statement gave no row")]
    NoRow,
    /// A column holds a value of another sort than every one of ours.
    #[error("column {0} holds a value of another type")]
    OfAnotherType(String),
    /// The connections were closed.
    #[error("the connections to the database are closed")]
    Closed,
}

impl Failure {
    /// Whether a failure is the statement's own, such as a broken constraint, and not the
    /// database's.
    pub fn blames_statement(&self) -> bool {
        match self {
            Self::Sqlite(failure) => sqlite::blames_statement(failure),
            Self::Postgres(failure) => postgres::blames_statement(failure),
            Self::OfAnotherType(_) => true,
            Self::NoRow | Self::Closed => false,
        }
    }
}
