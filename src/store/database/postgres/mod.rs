//! PostgreSQL: a row holds the end of the ledger, and whoever decides locks it first. So the order
//! of positions is the order of commits, whatever number of instances write. Full durability, or no
//! start.

use super::{
    failure::Failure,
    statement::{Param, Query, expand},
    words::{Column, Kind, WAS_USED, Words},
};
use crate::store::error::{Attempt, StoreError};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Column as _, Decode, PgPool, Postgres, Row as _, Type, TypeInfo as _,
    ValueRef as _,
    migrate::MigrateError,
    postgres::{PgArguments, PgColumn, PgConnectOptions, PgPoolOptions, PgRow},
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
    sqlx::migrate!("migrations/postgres").run(&pool).await.map_err(of_migration)?;
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

/// What a migration says. Which of them is missing or was edited helps nobody.
fn of_migration(source: MigrateError) -> StoreError {
    match source {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            StoreError::OtherVersion
        }
        source => StoreError::Migration(Box::new(source)),
    }
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

/// Opens a connection that folds projections beside the writer. Each fold is planned anew: a plan
/// from when the tables were empty halves what it takes in.
pub async fn folder(url: &str) -> Result<PgPool, StoreError> {
    let options = options(url)?.options([("plan_cache_mode", "force_custom_plan")]);
    pool(2).connect_with(options).await.attempt("open the database for projections")
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

/// A statement with its values bound: the arrays of its set first.
pub fn bound(query: Query<'_>) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let Some((text, kinds)) = expand(&query.text, set) else {
        return bind(sqlx::query(AssertSqlSafe(query.text.into_owned())), &query.params);
    };
    let rows = query.given.expect("a statement with a set is given its rows");
    let mut bound = sqlx::query(AssertSqlSafe(text));
    for (place, kind) in kinds.iter().enumerate() {
        let column = rows.iter().map(|row| &row[place]);
        bound = match kind {
            Kind::Text => bound.bind(column.map(text_of).collect::<Vec<_>>()),
            Kind::Number => bound.bind(column.map(number_of).collect::<Vec<_>>()),
            Kind::Bytes => bound.bind(column.map(bytes_of).collect::<Vec<_>>()),
        };
    }
    bind(bound, &query.params)
}

fn bind(
    mut bound: sqlx::query::Query<'static, Postgres, PgArguments>,
    params: &[Param<'_>],
) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    for param in params {
        bound = match param {
            Param::Null => bound.bind(None::<&str>),
            Param::Text(text) => bound.bind(&**text),
            Param::Number(number) => bound.bind(number),
            Param::Bytes(bytes) => bound.bind(&**bytes),
        };
    }
    bound
}

fn text_of<'p>(param: &'p Param<'_>) -> Option<&'p str> {
    match param {
        Param::Null => None,
        Param::Text(text) => Some(text),
        other => panic!("a set's text is {other:?}"),
    }
}

fn number_of(param: &Param<'_>) -> Option<i64> {
    match param {
        Param::Null => None,
        Param::Number(number) => Some(*number),
        other => panic!("a set's number is {other:?}"),
    }
}

fn bytes_of<'p>(param: &'p Param<'_>) -> Option<&'p [u8]> {
    match param {
        Param::Null => None,
        Param::Bytes(bytes) => Some(bytes),
        other => panic!("a set's bytes are {other:?}"),
    }
}

/// What PostgreSQL reads from a row.
pub trait Get<'r>: Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T: Decode<'r, Postgres> + Type<Postgres>> Get<'r> for T {}

/// The values of a row in order, by the names of their columns.
pub fn values_of(row: &PgRow) -> Result<Vec<(String, Value)>, Failure> {
    let value = |column: &PgColumn| {
        let (place, value) = (column.ordinal(), row.try_get_raw(column.ordinal())?);
        let value = match (value.is_null(), value.type_info().name()) {
            (true, _) => Value::Null,
            (false, "INT8") => row.try_get::<i64, _>(place)?.into(),
            (false, _) => match row.try_get::<String, _>(place) {
                Ok(text) => text.into(),
                Err(_) => return Err(Failure::OfAnotherType(column.name().to_owned())),
            },
        };
        Ok((column.name().to_owned(), value))
    };
    row.columns().iter().map(value).collect()
}
