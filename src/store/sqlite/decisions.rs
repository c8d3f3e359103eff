//! The decision tables as they stand, row by row, for comparing them with the ledger.

use super::{
    super::error::{Attempt, StoreError},
    queries::Reader,
};

/// Each decision table, and how its rows are written as JSON arrays.
const TABLES: [(&str, &str); 8] = [
    ("sites", "select json_array(site, name, router_login) from sites"),
    ("packages", "select json_array(site, package, data) from packages"),
    ("stock", "select json_array(voucher, site, package, since, holder) from stock"),
    ("stock_counts", "select json_array(site, package, free, held, owed) from stock_counts"),
    ("open_purchases", "select json_array(purchase, contact) from open_purchases"),
    ("owed", "select json_array(purchase, site, package, payment, amount_cents, since) from owed"),
    ("prompts", "select json_array(contact, at, amount_cents, payment) from prompts"),
    ("work", "select json_array(kind, subject, since) from work"),
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
        sqlx::query_scalar(*statement).fetch_all(&self.pool).await.attempt("read a decision table")
    }
}
