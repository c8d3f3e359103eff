//! Projections as they stood at a position: folded anew, into tables that only this transaction
//! sees and that vanish with it. What they tell comes from the ledger alone, whoever edited the
//! live tables.

use super::{LIVE, Trouble, run};
use crate::store::{
    Reader,
    database::{
        self,
        sql::{Param, Query, Transaction, query},
    },
    error::{Attempt, StoreError},
    projections::folder::{self, Projection},
};
use serde_json::{Map, Value};

/// What the names of the tables begin with.
const PAST: &str = "past_";

/// Events taken in at once: few enough to bound the memory.
const EVENTS_PER_PIECE_MAX: i64 = 50_000;

/// Some projections, as they stood.
pub struct Past {
    transaction: Transaction,
}

impl Reader {
    /// The projections of these names as they stood at a position.
    pub async fn past(&self, names: &[&str], position: i64) -> Result<Past, StoreError> {
        let pool = database::scratch(&self.pool).await?;
        let begun = pool.begin(pool.words().begin_reading).await;
        let mut transaction = begun.attempt("begin to fold what is past")?;
        for name in names {
            let projection = find(name);
            fold(&mut transaction, projection, position).await.map_err(
                |trouble| match trouble {
                    Trouble::World(failure) => failure,
                    Trouble::Own(why) => StoreError::Projection { name: projection.name, why },
                },
            )?;
        }
        Ok(Past { transaction })
    }
}

impl Past {
    /// Asks a named query, as [`super::ask`] does.
    pub async fn ask(
        &mut self,
        projection: &str,
        name: &str,
        params: Vec<Param<'_>>,
    ) -> Result<Vec<Map<String, Value>>, StoreError> {
        let asked = find(projection).query(name).expect("queries are named in our own source");
        let question = query(asked.sql.replace(LIVE, PAST));
        let question = params.into_iter().fold(question, Query::bind);
        let rows = question.all(&mut self.transaction).await.attempt("ask what is past")?;
        rows.iter().map(|row| row.as_map().attempt("read what is past")).collect()
    }
}

fn find(name: &str) -> &'static Projection {
    folder::find(name).expect("projections are named in our own source")
}

async fn fold(
    transaction: &mut Transaction,
    projection: &Projection,
    position: i64,
) -> Result<(), Trouble> {
    let temporary = |sql: String| sql.replacen("create table", "create temporary table", 1);
    let tables = projection.table_statements(PAST).into_iter().map(temporary).collect();
    run(transaction, tables, None).await?;
    let mut from = 0;
    while from < position {
        let to = position.min(from + EVENTS_PER_PIECE_MAX);
        run(transaction, projection.fold_statements(PAST), Some((from, to))).await?;
        from = to;
    }
    Ok(())
}
