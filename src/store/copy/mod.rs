//! Copies everything that cannot be made again out of a database, in pieces. `copy_in` loads the
//! pieces.
//!
//! Every table and column of the ledger is either in [`TABLES`] or in [`LEFT_OUT`] with its reason;
//! a test compares both with what the databases themselves say they hold. Projections are not
//! copied either: they are made from the events.

pub(super) mod copy_in;

use super::{
    Reader,
    error::{Attempt, StoreError},
};
use crate::{
    ledger::kernel::chain::hex,
    store::database::{
        sql::{Param, Row, Transaction, query},
        words::Kind,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many rows make a piece.
const PIECE_ROWS: i64 = 1_000;

/// How many of them where each may be as large as a message from outside, or a whole file.
const PIECE_MESSAGES: i64 = 100;
const PIECE_FILES: i64 = 1;

/// So many letters of rows make a piece too, however few they are: a piece is held in memory.
const PIECE_LETTERS: usize = 16 * 1024 * 1024;

/// A table, by what its rows are read in order, and its columns as
/// [`sql`](crate::store::database::sql) names sets.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Rows are read from here on; where no single column does, from the beginning each time.
    key: Option<(&'static str, Kind)>,
    pub(super) columns: &'static str,
}

pub(super) const EVENTS: &str = "events";
pub(super) const INBOX: &str = "inbox";

const fn table(
    name: &'static str,
    key: Option<(&'static str, Kind)>,
    columns: &'static str,
) -> Table {
    Table { name, key, columns }
}

const TEXT: Kind = Kind::Text;
const NUMBER: Kind = Kind::Number;
const BYTES: Kind = Kind::Bytes;

/// The events first: what stands beside them is looked at only when they are whole.
pub(super) const TABLES: [Table; 24] = [
    table(
        EVENTS,
        Some(("position", NUMBER)),
        "position bigint, stream text, version bigint, kind text, schema bigint, \
         recorded_at bigint, business_day text, correlation text, actor text, once text, \
         data text, hash bytes, site text, package text, amount_cents bigint",
    ),
    table("vault_keys", None, "purpose text, generation bigint, wrapped bytes, created_at bigint"),
    table("contacts", Some(("contact", TEXT)), "contact text, fingerprint bytes, sealed bytes"),
    table(
        "voucher_codes",
        Some(("voucher", TEXT)),
        "voucher text, fingerprint bytes, folded bytes, last_four bytes, sealed bytes, \
         shop_wide bytes",
    ),
    table("provider_refs", Some(("payment", TEXT)), "payment text, sealed bytes"),
    table("receipt_numbers", Some(("receipt", TEXT)), "receipt text, sealed bytes"),
    table("message_texts", Some(("message", TEXT)), "message text, sealed bytes"),
    table("message_refs", Some(("fingerprint", BYTES)), "fingerprint bytes, message text"),
    table("links", Some(("fingerprint", BYTES)), "fingerprint bytes, purchase text"),
    table(
        INBOX,
        Some(("row", NUMBER)),
        "source text, subject text, fingerprint bytes, sealed bytes, received_at bigint, \
         times bigint, outcome text, row bigint",
    ),
    table(
        "checkpoints",
        Some(("position", NUMBER)),
        "position bigint, hash bytes, at bigint, signature bytes",
    ),
    table("tries", Some(("subject", TEXT)), "subject text, times bigint"),
    table("staff", Some(("staff", TEXT)), "staff text, role text, disabled bigint"),
    table(
        "staff_secrets",
        Some(("staff", TEXT)),
        "staff text, fingerprint bytes, name bytes, password bytes",
    ),
    table("notes", Some(("subject", TEXT)), "subject text, sealed bytes"),
    table(
        "uploads",
        Some(("batch", TEXT)),
        "batch text, site text, staff text, sealed bytes, received_at bigint, choice text, \
         proof bytes",
    ),
    table(
        "sites",
        Some(("site", TEXT)),
        "site text, name text, router_login text, accent text, receiver text, reports bigint, \
         language text",
    ),
    table("packages", None, "site text, package text, data text"),
    table(
        "stock",
        Some(("voucher", TEXT)),
        "voucher text, site text, package text, since bigint, holder text, away bigint",
    ),
    table("stock_counts", None, "site text, package text, free bigint, held bigint, owed bigint"),
    table("open_purchases", None, "contact text, purchase text"),
    table(
        "owed",
        Some(("purchase", TEXT)),
        "purchase text, site text, package text, payment text, amount_cents bigint, since bigint",
    ),
    table(
        "prompts",
        Some(("payment", TEXT)),
        "payment text, contact text, at bigint, amount_cents bigint",
    ),
    table(
        "work",
        None,
        "kind text, subject text, since bigint, due_at bigint, attempt bigint, seen bigint",
    ),
];

/// The tables that no copy holds, and why.
pub const LEFT_OUT: [(&str, &str); 10] = [
    ("_sqlx_migrations", "the database that takes the copy in has its own"),
    ("backups", "another machine has places of its own"),
    ("breakdowns", "what broke down is tried again, and set aside again"),
    ("bookmarks", "projections are made from the events"),
    ("leases", "they belong to instances that run"),
    ("ledger_head", "it follows from the last event"),
    ("router_news", "a router tells again within a minute"),
    ("router_pieces", "a router tells again within the hour"),
    ("sessions", "whoever worked at the desk signs in again"),
    ("shared_secrets", "providers give them again"),
];

impl Table {
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        self.columns.split(',').map(|column| {
            let (name, kind) = column.trim().split_once(' ').expect("a column has a kind");
            let kind = match kind {
                "text" => Kind::Text,
                "bigint" => Kind::Number,
                _ => Kind::Bytes,
            };
            (name, kind)
        })
    }

    /// How many rows are read at a time.
    fn rows_at_once(&self) -> i64 {
        match self.name {
            "uploads" => PIECE_FILES,
            INBOX => PIECE_MESSAGES,
            _ => PIECE_ROWS,
        }
    }

    pub(super) fn names(&self) -> String {
        self.columns().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }
}

/// What stands in the last columns of a table, which copies made before they came do not have. The
/// numbers of the inbox are counted instead (`copy_in`).
pub(super) fn later(table: &str) -> Vec<Value> {
    match table {
        "sites" => vec![Value::Null, json!(0), json!("en")],
        "stock" => vec![json!(0)],
        "voucher_codes" | "uploads" => vec![Value::Null],
        _ => vec![],
    }
}

/// Gives a row of an older copy what it lacks of the last columns.
pub(super) fn fill_up(row: &mut Vec<Value>, width: usize, later: &[Value]) {
    let missing = width.saturating_sub(row.len());
    if let Some(from) = later.len().checked_sub(missing) {
        row.extend_from_slice(&later[from..]);
    }
}

/// How many letters the texts of a row have.
fn letters(row: &Value) -> usize {
    let values = row.as_array().map_or(&[][..], Vec::as_slice);
    values.iter().filter_map(Value::as_str).map(str::len).sum()
}

/// Takes so many rows off the front as make a piece: one in any case.
fn piece_of(rows: &mut Vec<Value>, letters_max: usize) -> Vec<Value> {
    let mut sum = 0;
    let large = rows.iter().position(|row| {
        sum += letters(row);
        sum > letters_max
    });
    let rest = rows.split_off(large.map_or(rows.len(), |at| at.max(1)));
    std::mem::replace(rows, rest)
}

/// Some rows of a table, each a JSON array in the order of its columns, bytes in hexadecimal
/// digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub table: String,
    pub rows: Vec<Value>,
}

/// Where the ledger ends that a copy was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub position: i64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// A copy on its way out: everything as it stood at one moment, while the shop goes on.
pub struct CopyOut {
    transaction: Transaction,
    table: usize,
    after: Option<Param<'static>>,
    skipped: i64,
    /// Rows that were read and are too large for one piece.
    rest: Vec<Value>,
    end: End,
}

impl Reader {
    /// Begins a copy.
    pub async fn copy_out(&self) -> Result<CopyOut, StoreError> {
        let begun = self.pool.begin(self.pool.words().begin_reading).await;
        let mut transaction = begun.attempt("begin a copy")?;
        let last = query("select position, hash from events order by position desc limit 1")
            .first(&mut transaction)
            .await
            .attempt("read the end of the ledger")?;
        let end = match last {
            Some(row) => End { position: row.get(0), hash: hex(&row.get::<Vec<u8>>(1)) },
            None => End { position: 0, hash: String::new() },
        };
        Ok(CopyOut { transaction, table: 0, after: None, skipped: 0, rest: vec![], end })
    }
}

impl CopyOut {
    /// Where the ledger ends that is copied.
    pub const fn end(&self) -> &End {
        &self.end
    }

    /// The next piece; `None` when all were given.
    pub async fn next(&mut self) -> Result<Option<Piece>, StoreError> {
        while let Some(table) = TABLES.get(self.table) {
            if self.rest.is_empty() {
                let rows = self.read(table).await?;
                self.rest = rows.iter().map(|row| as_json(table, row)).collect();
            }
            if !self.rest.is_empty() {
                let rows = piece_of(&mut self.rest, PIECE_LETTERS);
                return Ok(Some(Piece { table: table.name.to_owned(), rows }));
            }
            (self.table, self.after, self.skipped) = (self.table + 1, None, 0);
        }
        Ok(None)
    }

    async fn read(&mut self, table: &Table) -> Result<Vec<Row>, StoreError> {
        let (name, columns, limit) = (table.name, table.names(), table.rows_at_once());
        let asked = match (table.key, self.after.take()) {
            (Some((key, _)), None) => {
                query(format!("select {columns}, {key} from {name} order by {key} limit {limit}"))
            }
            (Some((key, _)), Some(after)) => query(format!(
                "select {columns}, {key} from {name} where {key} > $1
                 order by {key} limit {limit}"
            ))
            .bind(after),
            (None, _) => query(format!(
                "select {columns} from {name} order by {columns}
                 limit {limit} offset {}",
                self.skipped
            )),
        };
        let rows = asked.all(&mut self.transaction).await.attempt("copy a table")?;
        self.skipped += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if let (Some((_, kind)), Some(last)) = (table.key, rows.last()) {
            let at = table.columns().count();
            self.after = Some(match kind {
                Kind::Text => last.get::<String>(at).into(),
                Kind::Number => last.get::<i64>(at).into(),
                Kind::Bytes => last.get::<Vec<u8>>(at).into(),
            });
        }
        Ok(rows)
    }
}

fn as_json(table: &Table, row: &Row) -> Value {
    let value = |(at, (_, kind)): (usize, (&str, Kind))| match kind {
        Kind::Text => json!(row.get::<Option<String>>(at)),
        Kind::Number => json!(row.get::<Option<i64>>(at)),
        Kind::Bytes => json!(row.get::<Option<Vec<u8>>>(at).map(|bytes| hex(&bytes))),
    };
    table.columns().enumerate().map(value).collect()
}

/// The tables that are copied, and those that are not.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        cluster::cluster,
        database::{self, Database},
    };
    use std::collections::BTreeMap;

    /// Columns by table, each with what it holds, as a database's own catalogue tells them.
    type Catalogue = BTreeMap<String, Vec<(String, &'static str)>>;

    const IN_A_FILE: &str = "select tables.name, columns.name, lower(columns.type)
         from sqlite_master tables, pragma_table_xinfo(tables.name) columns
         where tables.type = 'table'";

    const IN_A_SCHEMA: &str = "select columns.table_name::text, columns.column_name::text,
           columns.data_type::text
         from information_schema.columns columns
         join information_schema.tables tables using (table_schema, table_name)
         where table_schema = current_schema() and tables.table_type = 'BASE TABLE'";

    /// What stands in a fresh database of either kind.
    async fn catalogues() -> [Catalogue; 2] {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("shop.db").display());
        let schema = cluster().url(&cluster().new_schema());
        let mut found = [(file, IN_A_FILE), (schema, IN_A_SCHEMA)].into_iter();
        let mut next = async || {
            let (url, asked) = found.next().unwrap();
            Database::open(&url).await.unwrap().close().await;
            let pool = database::readers(&url).await.unwrap();
            let rows = query(asked).all(&pool).await.unwrap();
            let mut catalogue = Catalogue::new();
            for row in rows {
                let (table, column): (String, String) = (row.get(0), row.get(1));
                let kind = match row.get::<String>(2).as_str() {
                    "text" => "text",
                    "integer" | "bigint" => "bigint",
                    "blob" | "bytea" => "bytes",
                    _ => "something that is not copied",
                };
                catalogue.entry(table).or_default().push((column, kind));
            }
            pool.close().await;
            catalogue
        };
        [next().await, next().await]
    }

    const WHAT_TO_DO: &str = "a migration brought it, and a shop that is restored from a copy \
        would lose it. Add the column behind the others of its table in TABLES (store/copy.rs) \
        and what older copies shall have there to `later`; or add the table to LEFT_OUT with the \
        reason why nobody misses it after a restore";

    #[tokio::test]
    async fn every_table_and_column_is_copied_or_left_out_for_a_reason() {
        for catalogue in catalogues().await {
            for (name, columns) in &catalogue {
                let left_out = LEFT_OUT.iter().any(|(table, _)| table == name);
                let copied = TABLES.iter().find(|table| table.name == name);
                assert!(left_out != copied.is_some(), "table {name}: {WHAT_TO_DO}");
                let Some(copied) = copied else { continue };
                let words = copied.columns.split(',').map(|column| column.trim().to_owned());
                let mut copied: Vec<String> = words.collect();
                let named = columns.iter().map(|(column, kind)| format!("{column} {kind}"));
                let mut named: Vec<String> = named.collect();
                named.sort();
                copied.sort();
                assert_eq!(copied, named, "the columns of {name} (left: copied): {WHAT_TO_DO}");
            }
            for table in &TABLES {
                assert!(catalogue.contains_key(table.name), "there is no table {}", table.name);
            }
        }
    }

    #[tokio::test]
    async fn what_is_left_out_is_there_and_has_a_reason() {
        let catalogues = catalogues().await;
        for (table, reason) in LEFT_OUT {
            assert!(catalogues.iter().any(|it| it.contains_key(table)), "{table} is gone");
            assert!(reason.split(' ').count() > 3, "{table}");
        }
    }

    #[test]
    fn large_rows_make_pieces_of_their_own() {
        let row = |letters: usize| json!([1, "x".repeat(letters), null]);
        let mut rows = vec![row(4), row(4), row(9), row(30), row(1)];
        let mut sizes = vec![];
        while !rows.is_empty() {
            sizes.push(piece_of(&mut rows, 10).iter().map(letters).collect::<Vec<_>>());
        }
        assert_eq!(sizes, [vec![4, 4], vec![9], vec![30], vec![1]]);
    }

    #[test]
    fn a_row_of_an_older_copy_gets_what_came_later() {
        let later = later("sites");
        let filled = |mut row: Vec<Value>| {
            fill_up(&mut row, 7, &later);
            row
        };
        let oldest = vec![json!("mtaa"), json!("Mtaa"), json!("http://10.5.50.1/"), Value::Null];
        let mut whole = oldest.clone();
        whole.extend([Value::Null, json!(0), json!("en")]);
        assert_eq!(filled(oldest.clone()), whole);
        assert_eq!(filled(whole[..6].to_vec()), whole);
        assert_eq!(filled(whole.clone()), whole);
        assert_eq!(filled(oldest[..2].to_vec()), oldest[..2], "refused for its width");
        let mut code = vec![json!("00"); 5];
        fill_up(&mut code, 6, &super::later("voucher_codes"));
        assert_eq!(code[5], Value::Null, "found anew when the store is opened");
    }
}
