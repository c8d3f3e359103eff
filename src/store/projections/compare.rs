//! Compares the live tables with what the ledger says: the proof that a projection is only a view.

use super::{Trouble, find_bookmark, run, savepoint};
use crate::store::{
    database::sql::{Pool, Transaction, query},
    error::{Attempt, StoreError},
    projections::folder::{LIVE, Projection},
};
use serde_json::Value;

/// Events taken in at once where nobody waits.
const EVENTS_PER_COMPARISON_MAX: i64 = 50_000;

/// What the names of the tables of a comparison begin with; they are temporary.
const COMPARED: &str = "compared_";

/// A live table that is not what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub projection: &'static str,
    /// The first row that differs, or why there was nothing to compare.
    pub first: String,
}

/// Folds the ledger from the first event into temporary tables, up to each bookmark, and compares
/// them with the live ones. Empty when every projection is what the ledger says.
pub async fn compare(pool: &Pool, set: &[Projection]) -> Result<Vec<Difference>, StoreError> {
    // One reading transaction: bookmarks, events and rows are of the same moment. Writing temporary
    // tables takes no lock, and rolling back removes them.
    let mut transaction =
        pool.begin(pool.words().begin_reading).await.attempt("begin a comparison")?;
    let mut differences = vec![];
    for projection in set {
        if let Some(first) = first_difference(&mut transaction, projection).await? {
            differences.push(Difference { projection: projection.name, first });
        }
    }
    transaction.rollback().await;
    Ok(differences)
}

async fn first_difference(
    transaction: &mut Transaction,
    projection: &Projection,
) -> Result<Option<String>, StoreError> {
    let Some(mark) = find_bookmark(&mut *transaction, projection.name).await? else {
        return Ok(Some("it was never built".into()));
    };
    if let Some(reason) = mark.failure {
        return Ok(Some(format!("it is parked: {reason}")));
    }
    if mark.fingerprint != projection.fingerprint() {
        return Ok(Some("its files have changed and it is still to be rebuilt".into()));
    }
    savepoint(transaction, "savepoint projection").await?;
    match compare_tables(transaction, projection, mark.position).await {
        Ok(difference) => Ok(difference),
        Err(Trouble::Own(reason)) => {
            savepoint(transaction, "rollback to projection").await?;
            Ok(Some(format!("it cannot be folded: {reason}")))
        }
        Err(Trouble::World(failure)) => Err(failure),
    }
}

async fn compare_tables(
    transaction: &mut Transaction,
    projection: &Projection,
    head: i64,
) -> Result<Option<String>, Trouble> {
    let temporary = |sql: String| sql.replacen("create table", "create temp table", 1);
    let tables = projection.table_statements(COMPARED).into_iter().map(temporary).collect();
    run(transaction, tables, None).await?;
    let mut from = 0;
    while from < head {
        let to = head.min(from + EVENTS_PER_COMPARISON_MAX);
        run(transaction, projection.fold_statements(COMPARED), Some((from, to))).await?;
        from = to;
    }
    for name in projection.table_names() {
        let (told, live) = (format!("{COMPARED}{name}"), format!("{LIVE}{name}"));
        let missing = first_only_in(transaction, &told, &live).await?;
        let surplus = first_only_in(transaction, &live, &told).await?;
        if missing.is_none() && surplus.is_none() {
            continue;
        }
        let row = |row: Option<String>| row.unwrap_or_else(|| "no such row".into());
        let (missing, surplus) = (row(missing), row(surplus));
        return Ok(Some(format!("{live}: the ledger says {missing}, the table says {surplus}")));
    }
    Ok(None)
}

/// The first row, by its columns in order, that stands in one table and not in the other.
async fn first_only_in(
    transaction: &mut Transaction,
    one: &str,
    other: &str,
) -> Result<Option<String>, Trouble> {
    let columns = query(transaction.words().count_columns)
        .bind(one)
        .one(&mut *transaction)
        .await
        .attempt("count the columns of a table")?;
    let columns: i64 = columns.get(0);
    let order: Vec<String> = (1..=columns).map(|column| column.to_string()).collect();
    let only = format!("select * from {one} except select * from {other}");
    // Both are names of tables from files of ours.
    let sql = format!("select * from ({only}) as differing order by {} limit 1", order.join(", "));
    let row = query(sql).first(transaction).await.map_err(Trouble::of)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Value::Object(row.as_map().attempt("read a projection's row")?).to_string()))
}
