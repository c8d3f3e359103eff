//! What a database says when a statement, a transaction or a connection fails.

use sqlx::error::DatabaseError;

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
            Self::Sqlite(failure) => is_of_sqlite_statement(failure),
            Self::Postgres(failure) => is_of_postgres_statement(failure),
            Self::OfAnotherType(_) => true,
            Self::NoRow | Self::Closed => false,
        }
    }
}

/// Whether a failure is the statement's own fault.
fn is_of_sqlite_statement(failure: &rusqlite::Error) -> bool {
    const OWN: [i32; 5] = [1, 18, 19, 20, 25]; // error, too big, constraint, mismatch, range
    // The low byte is the kind of result, the rest only refines it.
    let (rusqlite::Error::SqliteFailure(error, _) | rusqlite::Error::SqlInputError { error, .. }) =
        failure
    else {
        return false;
    };
    OWN.contains(&(error.extended_code & 0xff))
}

/// Whether a failure is the statement's own fault: a feature that is not there, data, a constraint,
/// a cursor's misuse, syntax or a name.
fn is_of_postgres_statement(failure: &sqlx::Error) -> bool {
    let code = failure.as_database_error().and_then(DatabaseError::code);
    let own = |code: &str| ["0A", "21", "22", "23", "42", "P0"].contains(&&code[..2]);
    code.is_some_and(|code| own(&code))
}
