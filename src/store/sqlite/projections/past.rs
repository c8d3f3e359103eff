//! Projections as they stood at a position: folded anew, into tables that only this connection sees
//! and that vanish with it. What they tell comes from the ledger alone, whoever edited the live
//! tables, and the database is opened so that it cannot be written.

use super::{LIVE, Param, Trouble, ask, run};
use crate::{
    projections::{self, Projection},
    store::{
        error::{Attempt, StoreError},
        sqlite::Reader,
    },
};
use serde_json::{Map, Value};
use sqlx::{ConnectOptions as _, SqliteConnection};

/// What the names of the tables begin with.
const PAST: &str = "past_";

/// Events taken in at once: few enough to bound the memory.
const EVENTS_PER_PIECE_MAX: i64 = 50_000;

/// Some projections, as they stood.
pub struct Past {
    connection: SqliteConnection,
}

impl Reader {
    /// The projections of these names as they stood at a position.
    pub async fn past(&self, names: &[&str], position: i64) -> Result<Past, StoreError> {
        // `query_only` would refuse temporary tables too; `read_only` refuses all others.
        let options = (*self.pool.connect_options()).clone().read_only(true);
        let options = options.pragma("query_only", "off");
        let mut connection = options.connect().await.attempt("open the database for reading")?;
        for name in names {
            let projection = find(name);
            fold(&mut connection, projection, position).await.map_err(|trouble| match trouble {
                Trouble::World(failure) => failure,
                Trouble::Own(why) => StoreError::Projection { name: projection.name, why },
            })?;
        }
        Ok(Past { connection })
    }
}

impl Past {
    /// Asks a named query, as [`super::query`] does.
    pub async fn query(
        &mut self,
        projection: &str,
        name: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Map<String, Value>>, StoreError> {
        let sql = find(projection).query(name).expect("queries are named in our own source").sql;
        ask(&mut self.connection, &sql.replace(LIVE, PAST), params).await
    }
}

fn find(name: &str) -> &'static Projection {
    projections::find(name).expect("projections are named in our own source")
}

async fn fold(
    connection: &mut SqliteConnection,
    projection: &Projection,
    position: i64,
) -> Result<(), Trouble> {
    let temporary = |sql: String| sql.replacen("create table", "create temporary table", 1);
    let tables = projection.table_statements(PAST).into_iter().map(temporary).collect();
    run(connection, tables, None).await?;
    let mut from = 0;
    while from < position {
        let to = position.min(from + EVENTS_PER_PIECE_MAX);
        run(connection, projection.fold_statements(PAST), Some((from, to))).await?;
        from = to;
    }
    Ok(())
}
