//! SQLite: one connection that writes, a few that read. Full durability, or no start.

pub(super) mod connection;
mod migrate;
mod options;
pub(super) mod pool;

use super::words::{WAS_USED, Words};
use crate::store::{
    database::sqlite::{options::Options, pool::Pool},
    error::{Attempt, StoreError},
};
use rusqlite::OpenFlags;
use std::path::Path;

/// Pages are small; a few readers are plenty, and each costs memory.
const READERS_MAX: u32 = 4;

/// Page cache of the writer and of each reader, in KiB.
const WRITER_CACHE_KIB: i64 = 16_384;
const READER_CACHE_KIB: i64 = 2_048;

/// What SQLite says in its own way.
pub const WORDS: Words = Words {
    begin_reading: "begin",
    begin_writing: pool::BEGIN_WRITING,
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

/// Opens the writing connection and brings the schema up to date.
pub fn writer(url: &str) -> Result<Pool, StoreError> {
    // What is erased must not stay readable in the file: it is written over.
    let mut options = Options::of(url, WRITER_CACHE_KIB).with("pragma secure_delete = on;");
    options.flags |= OpenFlags::SQLITE_OPEN_CREATE;
    let connection = options.open().attempt("open the database")?;
    migrate::bring_up_to_date(&connection)?;
    let level: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .attempt("read the durability of the database")?;
    assert!(level >= 2, "the database is opened with full durability");
    Pool::of(1, options).attempt("open the database")
}

/// Opens a new file that is thrown away afterwards, by one connection that writes and reads. It
/// keeps no journal and waits for no disk: what it holds is worth nothing after a crash.
pub fn throwaway(file: &Path) -> Result<Pool, StoreError> {
    let options = Options {
        file: file.to_owned(),
        flags: OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        pragmas: format!(
            "pragma locking_mode = exclusive; pragma journal_mode = off; pragma synchronous = off;
             pragma foreign_keys = on; pragma cache_size = -{WRITER_CACHE_KIB};"
        ),
    };
    let connection = options.open().attempt("open a scratch database")?;
    migrate::bring_up_to_date(&connection)?;
    drop(connection);
    Pool::of(1, options).attempt("open a scratch database")
}

/// Whether there is a ledger: a file with a vault in it, or with events whose vault somebody
/// dropped. Changes nothing.
pub fn exists(url: &str) -> Result<bool, StoreError> {
    let options = reading(url);
    if !options.file.exists() {
        return Ok(false);
    }
    let connection = options.open().attempt("open the database for reading")?;
    let ask = |question: &str| connection.query_row(question, [], |row| row.get::<_, i64>(0));
    let tables = ask("select count(*) from sqlite_master where name in ('vault_keys', 'events')");
    let found = match tables {
        // Both, as migrated; one alone means that somebody dropped the other.
        Ok(2) => ask(WAS_USED),
        tables => tables,
    };
    Ok(found.attempt("look for a vault")? > 0)
}

fn reading(url: &str) -> Options {
    Options::of(url, READER_CACHE_KIB).with("pragma query_only = on;")
}

/// A connection beside the readers that may make temporary tables, and write nothing else.
pub fn scratch(readers: &Pool) -> Result<Pool, StoreError> {
    // `query_only` would refuse temporary tables too.
    let mut options = readers.options().clone().with("pragma query_only = off;");
    options.flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Pool::of(1, options).attempt("open the database for reading")
}

/// Opens the reading connections of a database that there is.
pub fn readers(url: &str) -> Result<Pool, StoreError> {
    let readers = Pool::of(READERS_MAX, reading(url));
    readers.attempt("open the database for reading")
}

/// Opens a connection that folds projections beside the writer.
pub fn folder(url: &str, writer: &Pool) -> Result<Pool, StoreError> {
    let folder = Pool::of(1, Options::of(url, READER_CACHE_KIB));
    Ok(folder.attempt("open the database for projections")?.in_turn_with(writer))
}
