//! SQLite: one connection that writes, a few that read. Full durability, or no start.

use super::words::{Column, Kind, WAS_USED, Words};
use crate::store::error::{Attempt, StoreError};
use sqlx::{
    SqlitePool,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};
use std::{path::Path, str::FromStr, time::Duration};

/// How long a writer waits for another one, such as the command line beside a running shop.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages are small; a few readers are plenty, and each costs memory.
const READERS_MAX: u32 = 4;

/// Page cache of the writer and of each reader, in KiB.
const WRITER_CACHE_KIB: i64 = 16_384;
const READER_CACHE_KIB: i64 = 2_048;

/// How many rows that thread reads ahead.
const ROWS_AHEAD: usize = 1_024;

/// What SQLite says in its own way.
pub const WORDS: Words = Words {
    begin_reading: "begin",
    // At once for writing: a transaction that becomes a writer later may find itself overtaken.
    begin_writing: "begin immediate",
    head: "select position, hash, recorded_at from events order by position desc limit 1",
    move_head: None,
    lock_projections: None,
    empty_log: Some("pragma wal_checkpoint(truncate)"),
    tables: "select name from sqlite_master where type = 'table'",
    // Left out is what SQLite makes for itself, each with its kind: a name can be borrowed. It
    // puts quotes around the names of what was renamed once.
    objects: "select tbl_name, type, name, replace(coalesce(sql, ''), char(34), '')
         from sqlite_master
         where not (type = 'index' and sql is null)
           and not (
             type = 'table' and name in ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4')
           )",
    schema: include_str!("../../../../migrations/sqlite/schema.txt"),
    count_columns: "select count(*) from pragma_table_info($1)",
    ledger_page: "select max(position), cast(string_agg(
           position || ',' || version || ',' || schema || ',' || recorded_at || ',' ||
           coalesce(amount_cents, '') || ',' ||
           octet_length(stream) || ':' || stream ||
           octet_length(kind) || ':' || kind ||
           octet_length(business_day) || ':' || business_day ||
           coalesce(octet_length(correlation) || ':' || correlation, '-:') ||
           octet_length(actor) || ':' || actor ||
           coalesce(octet_length(once) || ':' || once, '-:') ||
           octet_length(data) || ':' || data ||
           coalesce(octet_length(site) || ':' || site, '-:') ||
           coalesce(octet_length(package) || ':' || package, '-:') ||
           octet_length(hash) || ':' || hex(hash), '') as blob)
         from (select * from events where position > $1 order by position limit $2)",
};

fn options(url: &str, cache_kib: i64) -> Result<SqliteConnectOptions, StoreError> {
    Ok(SqliteConnectOptions::from_str(url)
        .attempt("read the database's address")?
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose acknowledged commits on power loss (sqlite.org/pragma.html), and a lost
        // sale makes a delivered code free again.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Rows come from a thread of SQLite's own, which would stop at every fiftieth.
        .row_buffer_size(ROWS_AHEAD)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", (-cache_kib).to_string()))
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // A file does not hang up: connections are neither tried out nor renewed.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Opens the writing connection and brings the schema up to date.
pub async fn writer(url: &str) -> Result<SqlitePool, StoreError> {
    let options = options(url, WRITER_CACHE_KIB)?
        .create_if_missing(true)
        // What is erased must not stay readable in the file: it is written over.
        .pragma("secure_delete", "on");
    let pool = pool(1).connect_with(options).await.attempt("open the database")?;
    sqlx::migrate!("migrations/sqlite").run(&pool).await.map_err(StoreError::of_migration)?;
    let level: i64 = sqlx::query_scalar("pragma synchronous")
        .fetch_one(&pool)
        .await
        .attempt("read the durability of the database")?;
    assert!(level >= 2, "the database is opened with full durability");
    Ok(pool)
}

/// Opens a new file that is thrown away afterwards, by one connection that writes and reads. It
/// keeps no journal and waits for no disk: what it holds is worth nothing after a crash.
pub async fn throwaway(file: &Path) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .locking_mode(SqliteLockingMode::Exclusive)
        .foreign_keys(true)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("cache_size", (-WRITER_CACHE_KIB).to_string());
    let pool = pool(1).connect_with(options).await.attempt("open a scratch database")?;
    sqlx::migrate!("migrations/sqlite").run(&pool).await.map_err(StoreError::of_migration)?;
    Ok(pool)
}

/// Whether there is a ledger: a file with a vault in it, or with events whose vault somebody
/// dropped. Changes nothing.
pub async fn exists(url: &str) -> Result<bool, StoreError> {
    if !options(url, READER_CACHE_KIB)?.get_filename().exists() {
        return Ok(false);
    }
    let pool = readers(url).await?;
    let tables: Result<i64, _> = sqlx::query_scalar(
        "select count(*) from sqlite_master where name in ('vault_keys', 'events')",
    )
    .fetch_one(&pool)
    .await;
    let found = match tables {
        // Both, as migrated; one alone means that somebody dropped the other.
        Ok(2) => sqlx::query_scalar(WAS_USED).fetch_one(&pool).await,
        tables => tables.map(|tables| tables > 0),
    };
    pool.close().await;
    found.attempt("look for a vault")
}

/// A connection beside the readers that may make temporary tables, and write nothing else.
pub async fn scratch(readers: &SqlitePool) -> Result<SqlitePool, StoreError> {
    let options = (*readers.connect_options()).clone();
    pool(1)
        // `query_only` would refuse temporary tables too.
        .connect_with(options.read_only(true).pragma("query_only", "off"))
        .await
        .attempt("open the database for reading")
}

/// Opens the reading connections of a database that there is.
pub async fn readers(url: &str) -> Result<SqlitePool, StoreError> {
    pool(READERS_MAX)
        .connect_with(options(url, READER_CACHE_KIB)?.pragma("query_only", "on"))
        .await
        .attempt("open the database for reading")
}

/// Opens a connection that folds projections beside the writer.
pub async fn folder(url: &str) -> Result<SqlitePool, StoreError> {
    pool(1)
        .connect_with(options(url, READER_CACHE_KIB)?)
        .await
        .attempt("open the database for projections")
}

/// A set of rows: `$1` is a JSON array of arrays.
pub fn set(columns: &[Column<'_>]) -> String {
    let column = |(place, (name, kind)): (usize, &Column<'_>)| match kind {
        Kind::Text | Kind::Number => format!("value->>{place} as {name}"),
        Kind::Bytes => format!("unhex(value->>{place}) as {name}"),
    };
    let columns: Vec<String> = columns.iter().enumerate().map(column).collect();
    format!("(select {} from json_each($1)) as given", columns.join(", "))
}

/// Whether a result code is the statement's own fault.
pub fn blames_statement(code: &str) -> bool {
    const OWN: [i32; 5] = [1, 18, 19, 20, 25]; // error, too big, constraint, mismatch, range
    // The low byte is the kind of result, the rest only refines it.
    code.parse::<i32>().is_ok_and(|code| OWN.contains(&(code & 0xff)))
}
