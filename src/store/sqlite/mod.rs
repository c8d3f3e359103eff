//! SQLite: one connection that writes, a few that read. Full durability, or no start.

mod append;
mod decisions;
mod pages;
mod projecting;
pub mod projections;
mod queries;
mod read;
mod search;
mod work;

pub use pages::*;
pub use projecting::Projecting;
pub use queries::*;
pub use work::*;

use super::error::{Attempt, StoreError};
use crate::ledger::{
    chain::{GENESIS, Hash},
    time::Micros,
};
use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{str::FromStr, time::Duration};

/// How long a writer waits for another one, such as the command line beside a running shop.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages are small; a few readers are plenty, and each costs memory.
const READERS_MAX: u32 = 4;

/// Page cache of the writer and of each reader, in KiB.
const WRITER_CACHE_KIB: i64 = 16_384;
const READER_CACHE_KIB: i64 = 2_048;

/// The end of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 while there is none.
    pub position: i64,
    /// The last hash.
    pub hash: Hash,
    /// When the last event was recorded: no later one is earlier.
    pub recorded_at: Micros,
}

/// The connection that writes.
pub struct Sqlite {
    connection: SqliteConnection,
}

/// One transaction of it.
pub struct Transaction<'a> {
    connection: &'a mut SqliteConnection,
}

fn options(url: &str, cache_kib: i64) -> Result<SqliteConnectOptions, StoreError> {
    Ok(SqliteConnectOptions::from_str(url)
        .attempt("read the database's address")?
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose acknowledged commits on power loss, and a lost sale makes a delivered
        // code free again (`facts/ledger.md`, section 0).
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", (-cache_kib).to_string()))
}

impl Sqlite {
    /// Opens the writing connection and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = options(url, WRITER_CACHE_KIB)?.create_if_missing(true);
        let mut connection =
            SqliteConnection::connect_with(&options).await.attempt("open the database")?;
        sqlx::migrate!("migrations/sqlite")
            .run_direct(None, &mut connection, false)
            .await
            .map_err(StoreError::Migration)?;
        let level: i64 = sqlx::query_scalar("pragma synchronous")
            .fetch_one(&mut connection)
            .await
            .attempt("read the durability of the database")?;
        assert!(level >= 2, "the database is opened with full durability");
        Ok(Self { connection })
    }

    /// Whether there is a ledger: a database that holds a vault. Changes nothing.
    pub async fn exists(url: &str) -> Result<bool, StoreError> {
        let options = options(url, READER_CACHE_KIB)?;
        if !options.get_filename().exists() {
            return Ok(false);
        }
        let mut connection =
            SqliteConnection::connect_with(&options).await.attempt("open the database")?;
        sqlx::query_scalar("select count(*) > 0 from sqlite_master where name = 'vault_keys'")
            .fetch_one(&mut connection)
            .await
            .attempt("look for a vault")
    }

    /// Opens the reading connections of a database that there is.
    pub async fn readers(url: &str) -> Result<Reader, StoreError> {
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .connect_with(options(url, READER_CACHE_KIB)?.pragma("query_only", "on"))
            .await
            .attempt("open the database for reading")?;
        Ok(Reader { pool })
    }

    /// Opens a connection that folds projections beside the writer.
    pub(super) async fn folder(url: &str) -> Result<sqlx::SqlitePool, StoreError> {
        SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options(url, READER_CACHE_KIB)?)
            .await
            .attempt("open the database for projections")
    }

    /// Begins a transaction that may write; waits for any other writer.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        sqlx::query("begin immediate")
            .execute(&mut self.connection)
            .await
            .attempt("begin a transaction")?;
        Ok(Transaction { connection: &mut self.connection })
    }

    /// The hash at a position, where there is one.
    pub async fn hash_at(&mut self, position: i64) -> Result<Option<Hash>, StoreError> {
        let hash: Option<Vec<u8>> =
            sqlx::query_scalar("select hash from events where position = $1")
                .bind(position)
                .fetch_optional(&mut self.connection)
                .await
                .attempt("look for a commit in doubt")?;
        hash.map(to_hash).transpose()
    }
}

impl Transaction<'_> {
    /// The end of the ledger.
    pub async fn head(&mut self) -> Result<Head, StoreError> {
        let last = sqlx::query(
            "select position, hash, recorded_at from events order by position desc limit 1",
        )
        .fetch_optional(&mut *self.connection)
        .await
        .attempt("read the end of the ledger")?;
        let Some(row) = last else {
            return Ok(Head { position: 0, hash: GENESIS, recorded_at: Micros::default() });
        };
        Ok(Head {
            position: row.get(0),
            hash: to_hash(row.get(1))?,
            recorded_at: Micros(row.get(2)),
        })
    }

    /// The wrapped keys of the vault, by purpose.
    pub async fn wrapped_keys(&mut self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        sqlx::query_as("select purpose, wrapped from vault_keys")
            .fetch_all(&mut *self.connection)
            .await
            .attempt("read the vault's keys")
    }

    /// Keeps a wrapped key of the vault.
    pub async fn keep_key(
        &mut self,
        purpose: &'static str,
        wrapped: &[u8],
        now: Micros,
    ) -> Result<(), StoreError> {
        sqlx::query("insert into vault_keys (purpose, wrapped, created_at) values ($1, $2, $3)")
            .bind(purpose)
            .bind(wrapped)
            .bind(now.0)
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
            .attempt("keep the vault's keys")
    }

    /// Makes it durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        let committed = sqlx::query("commit").execute(&mut *self.connection).await;
        if committed.is_err() {
            self.rollback().await;
        }
        committed.map(|_| ()).attempt("commit")
    }

    /// Undoes it. A failure here is followed by the failure of the next `begin`, which is told.
    pub async fn rollback(self) {
        let _ = sqlx::query("rollback").execute(&mut *self.connection).await;
    }
}

pub(super) fn to_hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "events", column: "hash" };
    bytes.try_into().map_err(unreadable)
}
