//! One text for both databases. Statements and the reading of rows are written once; this file
//! hands them to whichever database is open. What differs is asked of `sqlite` and `postgres`.
//!
//! Rows go to a statement as one set, named where it is used:
//!
//! ```sql
//! insert into owed (purchase, since)
//! select purchase, since from {given: purchase text, since bigint}
//! ```
//!
//! A set is one JSON array on SQLite, where each call crosses a thread, and one array a column on
//! PostgreSQL: the fastest shape of each that we measured.

use super::{
    gate::{Deed, through},
    postgres, sqlite,
    words::{Column, Kind, Words},
};
use crate::store::error::{Attempt as _, StoreError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlx::{
    AssertSqlSafe, Column as _, ColumnIndex, Database, Decode, PgConnection, PgPool, Postgres,
    Row as _, Sqlite, SqliteConnection, SqlitePool, Type, TypeInfo as _, ValueRef as _,
    error::DatabaseError,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};
use std::{borrow::Cow, str::FromStr};

/// Connections to one of the two.
#[derive(Debug, Clone)]
pub enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction on a connection of its own; undone when dropped.
pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Where a statement is run.
pub enum On<'a> {
    SqlitePool(&'a SqlitePool),
    PostgresPool(&'a PgPool),
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl<'a> From<&'a Pool> for On<'a> {
    fn from(pool: &'a Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl<'a> From<&'a mut Transaction> for On<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        match transaction {
            Transaction::Sqlite(transaction) => Self::Sqlite(transaction),
            Transaction::Postgres(transaction) => Self::Postgres(transaction),
        }
    }
}

impl Pool {
    /// Closes the connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// The words that this database has of its own.
    pub fn words(&self) -> &'static Words {
        match self {
            Self::Sqlite(_) => &sqlite::WORDS,
            Self::Postgres(_) => &postgres::WORDS,
        }
    }

    /// Begins a transaction with one of [`Words`].
    pub async fn begin(&self, with: &'static str) -> Result<Transaction, sqlx::Error> {
        let begin = async {
            Ok(match self {
                Self::Sqlite(pool) => Transaction::Sqlite(pool.begin_with(with).await?),
                Self::Postgres(pool) => Transaction::Postgres(pool.begin_with(with).await?),
            })
        };
        through::<Result<_, sqlx::Error>>(Deed::Begin, begin).await
    }
}

impl Transaction {
    /// The words that this database has of its own.
    pub fn words(&self) -> &'static Words {
        match self {
            Self::Sqlite(_) => &sqlite::WORDS,
            Self::Postgres(_) => &postgres::WORDS,
        }
    }

    /// Makes it durable.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let commit = async {
            match self {
                Self::Sqlite(transaction) => transaction.commit().await,
                Self::Postgres(transaction) => transaction.commit().await,
            }
        };
        through(Deed::Commit, commit).await
    }

    /// Undoes it now rather than when the connection is used next. A failure here is followed by
    /// the failure of the next statement, which is told.
    pub async fn rollback(self) {
        let rollback = async {
            match self {
                Self::Sqlite(transaction) => transaction.rollback().await,
                Self::Postgres(transaction) => transaction.rollback().await,
            }
        };
        let _ = through(Deed::Rollback, rollback).await;
    }
}

/// A value for a statement.
#[derive(Debug)]
pub enum Param {
    Text(String),
    MaybeText(Option<String>),
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Option<String>> for Param {
    fn from(text: Option<String>) -> Self {
        Self::MaybeText(text)
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&[u8]> for Param {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_owned())
    }
}

/// A statement with its values.
pub struct Query {
    text: Cow<'static, str>,
    given: Option<Vec<Value>>,
    params: Vec<Param>,
}

/// A statement, from a text of ours.
pub fn query(text: impl Into<Cow<'static, str>>) -> Query {
    Query { text: text.into(), given: None, params: vec![] }
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
type PostgresQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

impl Query {
    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, param: impl Into<Param>) -> Self {
        self.params.push(param.into());
        self
    }

    /// Gives the set: JSON arrays, a value for each of its columns.
    #[must_use]
    pub fn given(mut self, rows: Vec<Value>) -> Self {
        self.given = Some(rows);
        self
    }

    /// All rows.
    pub async fn all(self, on: impl Into<On<'_>>) -> Result<Vec<Row>, sqlx::Error> {
        let on = on.into();
        let all = async {
            Ok(match on {
                On::SqlitePool(on) => sqlite_rows(self.sqlite().fetch_all(on).await?),
                On::Sqlite(on) => sqlite_rows(self.sqlite().fetch_all(on).await?),
                On::PostgresPool(on) => postgres_rows(self.postgres().fetch_all(on).await?),
                On::Postgres(on) => postgres_rows(self.postgres().fetch_all(on).await?),
            })
        };
        through::<Result<_, sqlx::Error>>(Deed::Read, all).await
    }

    /// The first row.
    pub async fn first(self, on: impl Into<On<'_>>) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.all(on).await?.into_iter().next())
    }

    /// The only row.
    pub async fn one(self, on: impl Into<On<'_>>) -> Result<Row, sqlx::Error> {
        self.first(on).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Runs it; tells how many rows it changed.
    pub async fn run(self, on: impl Into<On<'_>>) -> Result<u64, sqlx::Error> {
        let on = on.into();
        let run = async {
            Ok(match on {
                On::SqlitePool(on) => self.sqlite().execute(on).await?.rows_affected(),
                On::Sqlite(on) => self.sqlite().execute(on).await?.rows_affected(),
                On::PostgresPool(on) => self.postgres().execute(on).await?.rows_affected(),
                On::Postgres(on) => self.postgres().execute(on).await?.rows_affected(),
            })
        };
        through::<Result<_, sqlx::Error>>(Deed::Write, run).await
    }

    fn sqlite(self) -> SqliteQuery {
        let (text, columns) = expand(&self.text, sqlite::set);
        let mut query = sqlx::query(AssertSqlSafe(text));
        if columns.is_some() {
            let rows = self.given.expect("a statement with a set is given its rows");
            query = query.bind(Value::Array(rows).to_string());
        }
        for param in self.params {
            query = match param {
                Param::Text(text) => query.bind(text),
                Param::MaybeText(text) => query.bind(text),
                Param::Number(number) => query.bind(number),
                Param::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }

    fn postgres(self) -> PostgresQuery {
        let (text, columns) = expand(&self.text, postgres::set);
        let mut query = sqlx::query(AssertSqlSafe(text));
        if let Some(kinds) = columns {
            let rows = self.given.expect("a statement with a set is given its rows");
            query = postgres::bind_set(query, &kinds, rows);
        }
        for param in self.params {
            query = match param {
                Param::Text(text) => query.bind(text),
                Param::MaybeText(text) => query.bind(text),
                Param::Number(number) => query.bind(number),
                Param::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }
}

/// Puts a set in the place of `{given: name kind, …}`, and tells the kinds of its columns.
fn expand(text: &str, set: fn(&[Column<'_>]) -> String) -> (String, Option<Vec<Kind>>) {
    let Some((before, rest)) = text.split_once("{given:") else { return (text.to_owned(), None) };
    let (inside, after) = rest.split_once('}').expect("a set ends with a brace");
    let column = |word: &'_ str| {
        let (name, kind) = word.trim().split_once(' ').expect("a column has a name and a kind");
        let kind = match kind {
            "text" => Kind::Text,
            "bigint" => Kind::Number,
            "bytes" => Kind::Bytes,
            other => panic!("a set has no columns of {other}"),
        };
        (name.to_owned(), kind)
    };
    let named: Vec<_> = inside.split(',').map(column).collect();
    let columns: Vec<Column<'_>> = named.iter().map(|(name, kind)| (&**name, *kind)).collect();
    let kinds = columns.iter().map(|(_, kind)| *kind).collect();
    (format!("{before}{}{after}", set(&columns)), Some(kinds))
}

/// A row of either.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

fn sqlite_rows(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

fn postgres_rows(rows: Vec<PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Postgres).collect()
}

impl Row {
    /// The whole row, read by the names of its columns.
    pub fn read<T: DeserializeOwned>(&self, table: &'static str) -> Result<T, StoreError> {
        let row = self.as_map().attempt("read a row")?;
        let unreadable = |_| StoreError::BadRow { table, column: "of its own" };
        serde_json::from_value(Value::Object(row)).map_err(unreadable)
    }

    /// An id or name that we wrote ourselves, read from its text.
    pub fn parse<T: FromStr>(
        &self,
        at: usize,
        table: &'static str,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let text: &str = self.get(at);
        text.parse().map_err(|_| StoreError::BadRow { table, column })
    }

    /// The value at a place.
    ///
    /// # Panics
    ///
    /// When there is none of that type: statements are written in our own source.
    pub fn get<'r, T>(&'r self, at: usize) -> T
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.get(at),
            Self::Postgres(row) => row.get(at),
        }
    }

    /// The values in order, by the names of their columns: numbers as JSON numbers, text as
    /// strings.
    pub fn values(&self) -> Result<Vec<(String, Value)>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => values_of(row, "INTEGER"),
            Self::Postgres(row) => values_of(row, "INT8"),
        }
    }

    /// The same as a map.
    pub fn as_map(&self) -> Result<Map<String, Value>, sqlx::Error> {
        Ok(self.values()?.into_iter().collect())
    }
}

fn values_of<R: sqlx::Row>(row: &R, number: &str) -> Result<Vec<(String, Value)>, sqlx::Error>
where
    usize: ColumnIndex<R>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    String: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    let value = |column: &<R::Database as Database>::Column| {
        let (place, value) = (column.ordinal(), row.try_get_raw(column.ordinal())?);
        let value = match (value.is_null(), value.type_info().name()) {
            (true, _) => Value::Null,
            (false, kind) if kind == number => row.try_get::<i64, _>(place)?.into(),
            (false, _) => row.try_get::<String, _>(place)?.into(),
        };
        Ok((column.name().to_owned(), value))
    };
    row.columns().iter().map(value).collect()
}

/// Whether a failure is the statement's own, such as a broken constraint, and not the database's.
pub fn blames_statement(failure: &sqlx::Error) -> bool {
    let Some(code) = failure.as_database_error().and_then(DatabaseError::code) else {
        // A value that cannot be read is of the wrong type: the statement's own.
        return matches!(failure, sqlx::Error::ColumnDecode { .. });
    };
    // SQLSTATE has five letters or digits; SQLite's results are numbers of up to four digits.
    if code.len() == 5 {
        postgres::blames_statement(&code)
    } else {
        sqlite::blames_statement(&code)
    }
}
