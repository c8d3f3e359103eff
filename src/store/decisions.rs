//! The decision tables as they stand, row by row, for comparing them with the ledger.

use super::{
    error::{Attempt, StoreError},
    queries::Reader,
    sql::{Row, query},
};
use serde_json::Value;

/// Each decision table, and what of its rows is compared.
const TABLES: [(&str, &str); 9] = [
    ("sites", "select site, name, router_login, accent, receiver, reports, language from sites"),
    ("packages", "select site, package, data from packages"),
    ("staff", "select staff, role, disabled from staff"),
    ("stock", "select voucher, site, package, since, holder, away from stock"),
    ("stock_counts", "select site, package, free, held, owed from stock_counts"),
    ("open_purchases", "select purchase, contact from open_purchases"),
    ("owed", "select purchase, site, package, payment, amount_cents, since from owed"),
    ("prompts", "select contact, at, amount_cents, payment from prompts"),
    ("work", "select kind, subject, since from work"),
];

impl Reader {
    /// The rows of a decision table as JSON arrays, in no order.
    ///
    /// # Panics
    ///
    /// When there is no such table: names are written in our own source.
    pub async fn decision_rows(&self, table: &str) -> Result<Vec<String>, StoreError> {
        let known = TABLES.iter().find(|(name, _)| *name == table);
        let (_, statement) = known.expect("the tables that are compared are listed here");
        let rows = query(*statement).all(&self.pool).await.attempt("read a decision table")?;
        let as_array = |row: &Row| {
            let values = row.values().attempt("read a row of a decision table")?;
            Ok(Value::Array(values.into_iter().map(|(_, value)| value).collect()).to_string())
        };
        rows.iter().map(as_array).collect()
    }
}
