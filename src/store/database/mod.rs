//! The database that the writer works on, whichever it is: transactions that begin with the end of
//! the ledger held, and a commit in doubt that is cleared up before anything else.

pub(super) mod failure;
pub(super) mod gate;
pub(super) mod pages;
pub(super) mod postgres;
pub(super) mod sql;
pub(super) mod sqlite;
pub(super) mod statement;
pub(super) mod threads;
pub(super) mod words;

use super::error::{Attempt, StoreError};
use crate::{
    ledger::kernel::{
        chain::{GENESIS, Hash},
        time::Micros,
    },
    store::database::{
        gate::{Deed, through},
        sql::{Pool, Transaction, query},
    },
};
use std::path::Path;

/// The end of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 while there is none.
    pub position: i64,
    pub hash: Hash,
    /// When the last event was recorded: no later one is earlier.
    pub recorded_at: Micros,
}

/// The connection that writes; it is made anew when it was lost.
pub struct Database {
    pool: Pool,
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres")
}

/// Opens the reading connections.
pub async fn readers(url: &str) -> Result<Pool, StoreError> {
    let open = async {
        Ok(if is_postgres(url) {
            Pool::Postgres(postgres::readers(url).await?)
        } else {
            Pool::Sqlite(sqlite::readers(url)?)
        })
    };
    through::<Result<_, StoreError>>(Deed::Connect, open).await
}

/// Whether there is a ledger at an address. Changes nothing.
pub async fn exists(url: &str) -> Result<bool, StoreError> {
    if is_postgres(url) { postgres::exists(url).await } else { sqlite::exists(url) }
}

/// A connection beside the readers that may make temporary tables.
pub async fn scratch(readers: &Pool) -> Result<Pool, StoreError> {
    let open = async {
        Ok(match readers {
            Pool::Postgres(pool) => Pool::Postgres(postgres::scratch(pool).await?),
            Pool::Sqlite(pool) => Pool::Sqlite(sqlite::scratch(pool)?),
        })
    };
    through::<Result<_, StoreError>>(Deed::Connect, open).await
}

/// Opens connections that fold projections beside the writer.
pub async fn folder(url: &str, writer: &Database) -> Result<Pool, StoreError> {
    let open = async {
        Ok(match &writer.pool {
            Pool::Postgres(_) => Pool::Postgres(postgres::folder(url).await?),
            Pool::Sqlite(writer) => Pool::Sqlite(sqlite::folder(url, writer)?),
        })
    };
    through::<Result<_, StoreError>>(Deed::Connect, open).await
}

/// Takes what was written over out of the log of changes, where there is one beside the tables;
/// `false` while somebody still reads what stood before.
pub async fn empty_log(pool: &Pool) -> Result<bool, StoreError> {
    let Some(statement) = pool.words().empty_log else { return Ok(true) };
    let row = query(statement).one(pool).await.attempt("empty the log of changes")?;
    Ok(row.get::<i64>(0) == 0)
}

impl Database {
    /// Opens the writing connection and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let open = async {
            Ok(if is_postgres(url) {
                Pool::Postgres(postgres::writer(url).await?)
            } else {
                Pool::Sqlite(sqlite::writer(url)?)
            })
        };
        Ok(Self { pool: through::<Result<_, StoreError>>(Deed::Connect, open).await? })
    }

    /// Opens a new file that is thrown away afterwards, with the schema of today.
    pub fn throwaway(file: &Path) -> Result<Self, StoreError> {
        Ok(Self { pool: Pool::Sqlite(sqlite::throwaway(file)?) })
    }

    /// Goes on reading with the same connection.
    pub fn into_pool(self) -> Pool {
        self.pool
    }

    /// Begins a transaction in which nobody else moves the end of the ledger; waits for whoever
    /// does.
    pub async fn begin(&self) -> Result<(Transaction, Head), StoreError> {
        let words = self.pool.words();
        let begun = self.pool.begin(words.begin_writing).await;
        let mut transaction = begun.map_err(|source| StoreError::out_of_reach(&source))?;
        let head = query(words.head).first(&mut transaction).await;
        let Some(row) = head.attempt("read the end of the ledger")? else {
            let head = Head { position: 0, hash: GENESIS, recorded_at: Micros::default() };
            return Ok((transaction, head));
        };
        let head = Head {
            position: row.get(0),
            hash: to_hash(row.get(1))?,
            recorded_at: Micros(row.get(2)),
        };
        Ok((transaction, head))
    }

    /// Whether a commit in doubt has happened: whether its last event stands in the ledger. Asked
    /// with the end of the ledger held, so that a commit still under way is waited for.
    pub async fn has(&self, position: i64, hash: &Hash) -> Result<bool, StoreError> {
        let (mut transaction, _) = self.begin().await?;
        let row = query("select hash from events where position = $1")
            .bind(position)
            .first(&mut transaction)
            .await
            .attempt("look for a commit in doubt")?;
        transaction.rollback().await;
        Ok(row.is_some_and(|row| row.get::<Vec<u8>>(0) == hash))
    }

    /// Has the database let go of what was written over; see [`empty_log`].
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        empty_log(&self.pool).await
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A hash as it stands in a row.
pub fn to_hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "events", column: "hash" };
    bytes.try_into().map_err(unreadable)
}
