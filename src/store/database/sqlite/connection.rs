//! A connection to a SQLite file. Statements run on the thread that asks: SQLite stands in this
//! process, and any hand-off costs more than most statements.

use crate::store::database::{
    failure::Failure,
    statement::{Param, Query, SetRow, expand},
    words::Column,
};
use rusqlite::{
    CachedStatement, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use serde_json::Value;
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// How many statements a connection keeps ready.
const STATEMENTS_KEPT: usize = 128;

/// A connection.
#[derive(Debug)]
pub struct Connection {
    inner: rusqlite::Connection,
    /// Statements of our source as SQLite reads them, by where their text stands.
    spelt: HashMap<(usize, usize), Arc<str>>,
}

/// A row that was read.
#[derive(Debug)]
pub struct Row {
    values: Vec<rusqlite::types::Value>,
    names: Arc<[String]>,
}

/// A value that can be read from a row.
pub trait Get<'r>: Sized {
    /// `None` for a value of another type.
    fn get(value: &'r rusqlite::types::Value) -> Option<Self>;
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Connection {
    /// Takes over an open connection.
    pub fn of(inner: rusqlite::Connection) -> Self {
        inner.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Self { inner, spelt: HashMap::new() }
    }

    /// All rows; those of a set one after another. A set has no row twice and no order, so neither
    /// has what is found: it comes in the order of the set's values, sorted.
    pub fn all(&mut self, query: &Query<'_>) -> Result<Vec<Row>, Failure> {
        let rows = query.given.as_ref().map(|rows| {
            let mut rows: Vec<&SetRow<'_>> = rows.iter().collect();
            rows.sort_unstable();
            rows.dedup();
            rows
        });
        let mut found = vec![];
        self.each(query, rows, |statement| {
            let names: Vec<String> =
                statement.column_names().into_iter().map(str::to_owned).collect();
            let (names, columns): (Arc<[String]>, _) = (names.into(), statement.column_count());
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let value = |at| row.get(at);
                let values = (0..columns).map(value).collect::<rusqlite::Result<_>>()?;
                found.push(Row { values, names: Arc::clone(&names) });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Runs it, once for each row of its set; tells how many rows it changed.
    pub fn run(&mut self, query: &Query<'_>) -> Result<u64, Failure> {
        let mut changed = 0;
        let rows = query.given.as_ref().map(|rows| rows.iter().collect());
        self.each(query, rows, |statement| {
            if statement.column_count() > 0 {
                // A pragma that answers, which nobody reads.
                let mut rows = statement.raw_query();
                while rows.next()?.is_some() {}
                return Ok(());
            }
            changed += statement.raw_execute()? as u64;
            Ok(())
        })?;
        Ok(changed)
    }

    fn each(
        &mut self,
        query: &Query<'_>,
        rows: Option<Vec<&SetRow<'_>>>,
        mut step: impl FnMut(&mut CachedStatement<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), Failure> {
        let text = self.spelt_out(query);
        let mut statement = self.inner.prepare_cached(&text)?;
        let Some(rows) = rows else {
            bind(&mut statement, &query.params)?;
            return Ok(step(&mut statement)?);
        };
        for row in rows {
            bind(&mut statement, row.iter().chain(&query.params))?;
            step(&mut statement)?;
        }
        Ok(())
    }

    /// A statement's text as SQLite reads it.
    fn spelt_out(&mut self, query: &Query<'_>) -> Arc<str> {
        let Cow::Borrowed(own) = query.text else { return spell(&query.text) };
        let place = (own.as_ptr().addr(), own.len());
        Arc::clone(self.spelt.entry(place).or_insert_with(|| spell(own)))
    }

    /// Runs statements that take no values and answer nothing.
    pub fn batch(&self, statements: &str) -> Result<(), rusqlite::Error> {
        self.inner.execute_batch(statements)
    }

    /// Whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }
}

/// Spells a set out, and numbers values by `?`: a `$1` would be a name to SQLite, numbered by where
/// it comes first.
fn spell(text: &str) -> Arc<str> {
    let expanded = expand(text, set).map(|(text, _)| text);
    let text = expanded.as_deref().unwrap_or(text);
    let mut spelt = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        spelt += before;
        spelt.push(if after.starts_with(|letter: char| letter.is_ascii_digit()) {
            '?'
        } else {
            '$'
        });
        rest = after;
    }
    spelt += rest;
    spelt.into()
}

/// A set of rows: `$1`, `$2` … are the values of one of them, for the statement is run for each.
fn set(columns: &[Column<'_>]) -> String {
    let column = |(place, (name, _)): (usize, &Column<'_>)| format!("${} as {name}", place + 1);
    let columns: Vec<String> = columns.iter().enumerate().map(column).collect();
    format!("(select {}) as given", columns.join(", "))
}

fn bind<'p>(
    statement: &mut CachedStatement<'_>,
    params: impl IntoIterator<Item = &'p Param<'p>>,
) -> rusqlite::Result<()> {
    // A statement may use fewer values than it is given.
    for (place, param) in (1..=statement.parameter_count()).zip(params) {
        statement.raw_bind_parameter(place, param)?;
    }
    Ok(())
}

impl Row {
    /// The value at a place.
    ///
    /// # Panics
    ///
    /// When there is none of that type.
    pub fn get<'r, T: Get<'r>>(&'r self, at: usize) -> T {
        let value = &self.values[at];
        let Some(value) = T::get(value) else {
            panic!("column {} holds a value of type {}", self.names[at], value.data_type());
        };
        value
    }

    /// The values in order, by the names of their columns.
    pub fn values(&self) -> Result<Vec<(String, Value)>, Failure> {
        use rusqlite::types::Value as Kept;
        let value = |(name, value): (&String, &Kept)| {
            let value = match value {
                Kept::Null => Value::Null,
                Kept::Integer(number) => (*number).into(),
                Kept::Text(text) => text.as_str().into(),
                Kept::Real(_) | Kept::Blob(_) => return Err(Failure::OfAnotherType(name.clone())),
            };
            Ok((name.clone(), value))
        };
        self.names.iter().zip(&self.values).map(value).collect()
    }
}

macro_rules! get {
    ($($type:ty: $pattern:pat => $value:expr),* $(,)?) => {
        $(impl<'r> Get<'r> for $type {
            fn get(value: &'r rusqlite::types::Value) -> Option<Self> {
                match value {
                    $pattern => Some($value),
                    _ => None,
                }
            }
        })*
    };
}

get! {
    i64: rusqlite::types::Value::Integer(number) => *number,
    &'r str: rusqlite::types::Value::Text(text) => text,
    String: rusqlite::types::Value::Text(text) => text.clone(),
    &'r [u8]: rusqlite::types::Value::Blob(bytes) => bytes,
    Vec<u8>: rusqlite::types::Value::Blob(bytes) => bytes.clone(),
}

impl<'r, T: Get<'r>> Get<'r> for Option<T> {
    fn get(value: &'r rusqlite::types::Value) -> Option<Self> {
        match value {
            rusqlite::types::Value::Null => Some(None),
            value => T::get(value).map(Some),
        }
    }
}
