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
//! PostgreSQL is told all rows at once, one array a column. SQLite stands in this process, and runs
//! the statement once for each row; so a statement must mean the same either way. One that reads
//! may order its rows by the columns of its set alone, and what is behind them.

use super::{
    failure::Failure,
    gate::{Deed, through},
    postgres, sqlite,
    words::Words,
};
use crate::store::error::{Attempt as _, StoreError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool, Postgres};
use std::str::FromStr;

pub(in crate::store) use super::statement::set_row;
pub use super::statement::{Param, Query, SetRow, query};

/// Connections to one of the two.
#[derive(Debug, Clone)]
pub enum Pool {
    Sqlite(sqlite::pool::Pool),
    Postgres(PgPool),
}

/// A transaction on a connection of its own; undone when dropped.
pub enum Transaction {
    Sqlite(sqlite::pool::Transaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Where a statement is run.
pub enum On<'a> {
    SqlitePool(&'a sqlite::pool::Pool),
    PostgresPool(&'a PgPool),
    Sqlite(&'a mut sqlite::connection::Connection),
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
    pub async fn begin(&self, with: &'static str) -> Result<Transaction, Failure> {
        let begin = async {
            Ok(match self {
                Self::Sqlite(pool) => Transaction::Sqlite(pool.begin(with).await?),
                Self::Postgres(pool) => Transaction::Postgres(pool.begin_with(with).await?),
            })
        };
        through::<Result<_, Failure>>(Deed::Begin, begin).await
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
    pub async fn commit(self) -> Result<(), Failure> {
        let commit = async {
            match self {
                Self::Sqlite(transaction) => Ok(transaction.commit()?),
                Self::Postgres(transaction) => Ok(transaction.commit().await?),
            }
        };
        through(Deed::Commit, commit).await
    }

    /// Undoes it now rather than when the connection is used next. A failure here is followed by
    /// the failure of the next statement, which is told.
    pub async fn rollback(self) {
        let rollback = async {
            match self {
                Self::Sqlite(transaction) => drop(transaction),
                Self::Postgres(transaction) => drop(transaction.rollback().await),
            }
        };
        through(Deed::Rollback, rollback).await;
    }
}

impl Query<'_> {
    /// All rows.
    pub async fn all(self, on: impl Into<On<'_>>) -> Result<Vec<Row>, Failure> {
        let on = on.into();
        let all = async {
            Ok(match on {
                On::SqlitePool(pool) => sqlite_rows(pool.all(&self).await?),
                On::Sqlite(on) => sqlite_rows(on.all(&self)?),
                On::PostgresPool(on) => postgres_rows(postgres::bound(self).fetch_all(on).await?),
                On::Postgres(on) => postgres_rows(postgres::bound(self).fetch_all(on).await?),
            })
        };
        through::<Result<_, Failure>>(Deed::Read, all).await
    }

    /// The first row.
    pub async fn first(self, on: impl Into<On<'_>>) -> Result<Option<Row>, Failure> {
        Ok(self.all(on).await?.into_iter().next())
    }

    /// The only row.
    pub async fn one(self, on: impl Into<On<'_>>) -> Result<Row, Failure> {
        self.first(on).await?.ok_or(Failure::NoRow)
    }

    /// Runs it; tells how many rows it changed.
    pub async fn run(self, on: impl Into<On<'_>>) -> Result<u64, Failure> {
        let on = on.into();
        let run = async {
            Ok(match on {
                On::SqlitePool(pool) => pool.run(&self).await?,
                On::Sqlite(on) => on.run(&self)?,
                On::PostgresPool(on) => postgres::bound(self).execute(on).await?.rows_affected(),
                On::Postgres(on) => postgres::bound(self).execute(on).await?.rows_affected(),
            })
        };
        through::<Result<_, Failure>>(Deed::Write, run).await
    }
}

/// A row of either.
pub enum Row {
    Sqlite(sqlite::connection::Row),
    Postgres(sqlx::postgres::PgRow),
}

fn sqlite_rows(rows: Vec<sqlite::connection::Row>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

fn postgres_rows(rows: Vec<sqlx::postgres::PgRow>) -> Vec<Row> {
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
        T: sqlite::connection::Get<'r> + postgres::Get<'r>,
    {
        match self {
            Self::Sqlite(row) => row.get(at),
            Self::Postgres(row) => sqlx::Row::get(row, at),
        }
    }

    /// The values in order, by the names of their columns: numbers as JSON numbers, text as
    /// strings.
    pub fn values(&self) -> Result<Vec<(String, Value)>, Failure> {
        match self {
            Self::Sqlite(row) => row.values(),
            Self::Postgres(row) => postgres::values_of(row),
        }
    }

    /// The same as a map.
    pub fn as_map(&self) -> Result<Map<String, Value>, Failure> {
        Ok(self.values()?.into_iter().collect())
    }
}
