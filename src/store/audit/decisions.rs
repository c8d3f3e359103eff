//! Reads the decision tables row by row, to compare them with the ledger.

use crate::store::{
    database::sql::{Row, Transaction, query},
    error::{Attempt, StoreError},
};
use serde_json::Value;

/// A decision table: what of its rows is compared, by what they are told apart.
pub(in crate::store) struct DecisionTable {
    pub name: &'static str,
    /// The first of them name the row.
    pub columns: &'static [&'static str],
    pub keys: usize,
}

const fn table(name: &'static str, keys: usize, columns: &'static [&'static str]) -> DecisionTable {
    DecisionTable { name, columns, keys }
}

const TABLES: [DecisionTable; 9] = [
    table(
        "sites",
        1,
        &["site", "name", "router_login", "accent", "receiver", "reports", "language"],
    ),
    table("packages", 2, &["site", "package", "data"]),
    table("staff", 1, &["staff", "role", "disabled"]),
    table("stock", 1, &["voucher", "site", "package", "since", "holder", "away"]),
    table("stock_counts", 2, &["site", "package", "free", "held", "owed"]),
    table("open_purchases", 2, &["purchase", "contact"]),
    table("owed", 1, &["purchase", "site", "package", "payment", "amount_cents", "since"]),
    table("prompts", 1, &["payment", "contact", "at", "amount_cents"]),
    table("work", 2, &["kind", "subject", "since"]),
];

/// A decision table by its name.
///
/// # Panics
///
/// When there is no such table: names are written in our own source.
pub(in crate::store) fn decision_table(name: &str) -> &'static DecisionTable {
    TABLES.iter().find(|table| table.name == name).expect("the tables compared are listed here")
}

impl Transaction {
    /// The rows of a decision table as JSON arrays, in no order.
    pub(in crate::store) async fn decision_rows(
        &mut self,
        name: &str,
    ) -> Result<Vec<String>, StoreError> {
        let columns = decision_table(name).columns.join(", ");
        let rows = query(format!("select {columns} from {name}")).all(self).await;
        let rows = rows.attempt("read a decision table")?;
        let as_array = |row: &Row| {
            let values = row.values().attempt("read a row of a decision table")?;
            Ok(Value::Array(values.into_iter().map(|(_, value)| value).collect()).to_string())
        };
        rows.iter().map(as_array).collect()
    }
}
