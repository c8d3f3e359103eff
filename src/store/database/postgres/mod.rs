//! PostgreSQL: a row holds the end of the ledger, and whoever decides locks it first. So the order
//! of positions is the order of commits, whatever number of instances write. Full durability, or no
//! start.

use super::words::{Column, Kind, WAS_USED, Words};
use crate::store::error::{Attempt, StoreError};
use serde_json::Value;
use sqlx::{
    PgPool, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions},
    query::Query,
};
use std::{str::FromStr, time::Duration};

/// How long to wait for a connection, while PostgreSQL restarts for example, before a command or a
/// page fails.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pages are small; a few readers are plenty, and each costs PostgreSQL a process.
const READERS_MAX: u32 = 6;

/// What PostgreSQL says in its own way.
pub const WORDS: Words = Words {
    begin_reading: "begin isolation level repeatable read",
    begin_writing: "begin",
    head: "select position, hash, recorded_at from ledger_head for update",
    move_head: Some(
        "with moved as (
           update ledger_head set position = $16, hash = $17, recorded_at = $18
         )",
    ),
    lock_projections: Some("select 1 from leases where name = 'projections' for update"),
    empty_log: None,
    tables: "select tablename::text from pg_tables where schemaname = current_schema()",
    objects: include_str!("objects.sql"),
    schema: include_str!("../../../../migrations/postgres/schema.txt"),
    count_columns: "select count(*) from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped",
    ledger_page: "select max(position), convert_to(string_agg(
           position || ',' || version || ',' || schema || ',' || recorded_at || ',' ||
           coalesce(amount_cents::text, '') || ',' ||
           octet_length(stream) || ':' || stream ||
           octet_length(kind) || ':' || kind ||
           octet_length(business_day) || ':' || business_day ||
           coalesce(octet_length(correlation) || ':' || correlation, '-:') ||
           octet_length(actor) || ':' || actor ||
           coalesce(octet_length(once) || ':' || once, '-:') ||
           octet_length(data) || ':' || data ||
           coalesce(octet_length(site) || ':' || site, '-:') ||
           coalesce(octet_length(package) || ':' || package, '-:') ||
           octet_length(hash) || ':' || encode(hash, 'hex'), '' order by position), 'UTF8')
         from (select * from events where position > $1 order by position limit $2) as page",
};

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url).attempt("read the database's address")?;
    // Compiling a statement to machine code takes longer than any of ours runs.
    Ok(options.application_name("lango").options([("jit", "off")]))
}

fn pool(connections: u32) -> PgPoolOptions {
    // Connections are tried out before they are used, so a restarted server is found by itself.
    PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE)
}

/// The writer and pages look rows up by key and nothing else. A plan made while the tables were
/// small must not go on reading them from end to end once they have grown.
fn by_key(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("enable_seqscan", "off")])
}

/// Opens the writing connection and brings the schema up to date.
pub async fn writer(url: &str) -> Result<PgPool, StoreError> {
    let pool = pool(1).connect_with(by_key(options(url)?)).await.attempt("open the database")?;
    sqlx::migrate!("migrations/postgres").run(&pool).await.map_err(StoreError::of_migration)?;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&pool)
            .await
            .attempt("read the durability of the database")?;
        if value == "off" {
            return Err(StoreError::NotDurable(setting));
        }
    }
    Ok(pool)
}

/// Whether there is a ledger: a schema with a vault in it, or with events whose vault somebody
/// dropped. Changes nothing.
pub async fn exists(url: &str) -> Result<bool, StoreError> {
    let pool = readers(url).await?;
    let tables: Result<i64, _> = sqlx::query_scalar(
        "select num_nonnulls(to_regclass('vault_keys'), to_regclass('events'))::bigint",
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

/// A connection beside the readers that may make temporary tables.
pub async fn scratch(readers: &PgPool) -> Result<PgPool, StoreError> {
    // Whole ranges are read here, and a reading transaction could make no table at all.
    let own = [("enable_seqscan", "on"), ("default_transaction_read_only", "off")];
    let options = (*readers.connect_options()).clone().options(own);
    pool(1).connect_with(options).await.attempt("open the database for reading")
}

/// Opens the reading connections.
pub async fn readers(url: &str) -> Result<PgPool, StoreError> {
    let options = by_key(options(url)?).options([("default_transaction_read_only", "on")]);
    pool(READERS_MAX).connect_with(options).await.attempt("open the database for reading")
}

/// Opens a connection that folds projections beside the writer.
pub async fn folder(url: &str) -> Result<PgPool, StoreError> {
    pool(2).connect_with(options(url)?).await.attempt("open the database for projections")
}

/// A set of rows: `$1`, `$2` … are arrays, one a column.
pub fn set(columns: &[Column<'_>]) -> String {
    let array = |(place, (_, kind)): (usize, &Column<'_>)| match kind {
        Kind::Text => format!("${}::text[]", place + 1),
        Kind::Number => format!("${}::bigint[]", place + 1),
        Kind::Bytes => format!("${}::bytea[]", place + 1),
    };
    let arrays: Vec<String> = columns.iter().enumerate().map(array).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    format!("unnest({}) as given ({})", arrays.join(", "), names.join(", "))
}

/// Binds the arrays of a set.
pub fn bind_set(
    mut query: Query<'static, Postgres, PgArguments>,
    kinds: &[Kind],
    rows: Vec<Value>,
) -> Query<'static, Postgres, PgArguments> {
    let mut columns: Vec<Vec<Value>> =
        kinds.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        let Value::Array(values) = row else { panic!("the row of a set is an array: {row}") };
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    for (kind, column) in kinds.iter().zip(columns) {
        query = match kind {
            Kind::Text => query.bind(column.into_iter().map(text).collect::<Vec<_>>()),
            Kind::Number => query.bind(column.into_iter().map(number).collect::<Vec<_>>()),
            Kind::Bytes => query.bind(column.into_iter().map(bytes).collect::<Vec<_>>()),
        };
    }
    query
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => panic!("a set's text is {other}"),
    }
}

fn number(value: Value) -> Option<i64> {
    match value {
        Value::Null => None,
        other => Some(other.as_i64().unwrap_or_else(|| panic!("a set's number is {other}"))),
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    let digits = text(value)?;
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let read: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
    Some(read.expect("a set's bytes are hexadecimal digits"))
}

/// Whether an SQLSTATE is the statement's own fault: a feature that is not there, data, a
/// constraint, a cursor's misuse, syntax or a name.
pub fn blames_statement(code: &str) -> bool {
    ["0A", "21", "22", "23", "42", "P0"].iter().any(|class| code.starts_with(class))
}
