//! All that cannot be made again, row by row: out of one database, and into an empty one of either
//! kind. What comes in is verified as it comes; either all of it is there in the end, or nothing.
//!
//! Projections are not copied: they are made from the events. What running instances share is not:
//! leases, sessions, and tokens that providers give again. Nor is what became of backups: another
//! machine has places of its own.

use super::{
    Reader,
    database::{Database, Head},
    error::{Attempt, StoreError},
    keyring::wrapped_keys,
    read::parse,
    sql::{Kind, Param, Row, Transaction, query},
    writer::{Terms, decide, write},
};
use crate::{
    commands::fence::FenceStock,
    ledger::{
        chain::{Link, hex},
        decision::Command,
        event::typed_columns,
        id::VoucherId,
        time::Micros,
        world::World,
    },
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// How many rows make a piece.
const PIECE_ROWS: i64 = 1_000;

/// A table, by what its rows are read in order, and its columns as [`super::sql`] names sets.
struct Table {
    name: &'static str,
    /// Rows are read from here on; where no single column does, from the beginning each time.
    key: Option<(&'static str, Kind)>,
    columns: &'static str,
}

const EVENTS: &str = "events";

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
const TABLES: [Table; 24] = [
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
    // Its rows are numbered anew, in the same order.
    table(
        "inbox",
        Some(("row", NUMBER)),
        "source text, subject text, fingerprint bytes, sealed bytes, received_at bigint, \
         times bigint, outcome text",
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
        "batch text, site text, staff text, sealed bytes, received_at bigint, choice text",
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

impl Table {
    fn columns(&self) -> impl Iterator<Item = (&'static str, Kind)> {
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

    fn names(&self) -> String {
        self.columns().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }
}

/// What stands in the last columns of a table, which copies made before they came do not have.
fn later(table: &str) -> Vec<Value> {
    match table {
        "sites" => vec![Value::Null, json!(0), json!("en")],
        "stock" => vec![json!(0)],
        "voucher_codes" => vec![Value::Null],
        _ => vec![],
    }
}

/// Gives a row of an older copy what it lacks of the last columns.
fn fill_up(row: &mut Vec<Value>, width: usize, later: &[Value]) {
    let missing = width.saturating_sub(row.len());
    if let Some(from) = later.len().checked_sub(missing) {
        row.extend_from_slice(&later[from..]);
    }
}

/// Some rows of a table, each a JSON array in the order of its columns, bytes in hexadecimal
/// digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Which table.
    pub table: String,
    /// The rows.
    pub rows: Vec<Value>,
}

/// Where the ledger ends that a copy was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The last position.
    pub position: i64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// A copy on its way out: everything as it stood at one moment, while the shop goes on.
pub struct CopyOut {
    transaction: Transaction,
    table: usize,
    after: Option<Param>,
    skipped: i64,
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
        Ok(CopyOut { transaction, table: 0, after: None, skipped: 0, end })
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
            let rows = self.read(table).await?;
            if !rows.is_empty() {
                let rows = rows.iter().map(|row| as_json(table, row)).collect();
                return Ok(Some(Piece { table: table.name.to_owned(), rows }));
            }
            (self.table, self.after, self.skipped) = (self.table + 1, None, 0);
        }
        Ok(None)
    }

    async fn read(&mut self, table: &Table) -> Result<Vec<Row>, StoreError> {
        let (name, columns) = (table.name, table.names());
        let asked = match (table.key, self.after.take()) {
            (Some((key, _)), None) => query(format!(
                "select {columns}, {key} from {name} order by {key} limit {PIECE_ROWS}"
            )),
            (Some((key, _)), Some(after)) => query(format!(
                "select {columns}, {key} from {name} where {key} > $1
                 order by {key} limit {PIECE_ROWS}"
            ))
            .bind(after),
            (None, _) => query(format!(
                "select {columns} from {name} order by {columns}
                 limit {PIECE_ROWS} offset {}",
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
                Kind::Bytes => last.get::<Vec<u8>>(at).as_slice().into(),
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

/// Why a copy cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a ledger already.
    #[error("the database already holds a ledger; restore into an empty one")]
    NotEmpty,
    /// A row is none of ours.
    #[error("the copy names the table {0}, or rows of it, that this version does not know")]
    Unknown(String),
    /// An event does not follow from the one before it.
    #[error("the copy breaks at event {position}: {why}")]
    Broken {
        /// Where.
        position: i64,
        /// What is wrong there.
        why: &'static str,
    },
}

/// A copy on its way in. Nothing of it is there until [`CopyIn::finish`].
pub struct CopyIn {
    database: Database,
    transaction: Transaction,
    head: Head,
}

impl CopyIn {
    /// Begins, in an empty database.
    pub async fn begin(url: &str) -> Result<Self, CopyError> {
        let database = Database::open(url).await?;
        let (mut transaction, head) = database.begin().await?;
        if head.position > 0 || !wrapped_keys(&mut transaction).await?.is_empty() {
            return Err(CopyError::NotEmpty);
        }
        Ok(Self { database, transaction, head })
    }

    /// Takes a piece in.
    pub async fn take(&mut self, mut piece: Piece) -> Result<(), CopyError> {
        let name = piece.table.clone();
        let unknown = || CopyError::Unknown(name.clone());
        let table = TABLES.iter().find(|table| table.name == piece.table).ok_or_else(unknown)?;
        let width = table.columns().count();
        for row in piece.rows.iter_mut().filter_map(Value::as_array_mut) {
            fill_up(row, width, &later(table.name));
        }
        if piece.rows.iter().any(|row| row.as_array().map(Vec::len) != Some(width)) {
            return Err(unknown());
        }
        if table.name == EVENTS {
            self.follow(&piece.rows)?;
            return Ok(self.transaction.append_rows(piece.rows, &self.head).await?);
        }
        let (name, names, columns) = (table.name, table.names(), table.columns);
        let text = format!("insert into {name} ({names}) select {names} from {{given: {columns}}}");
        let written = query(text).given(piece.rows).run(&mut self.transaction).await;
        Ok(written.map(drop).attempt("copy into a table")?)
    }

    /// Whether each event follows from the one before it, and its copies agree with its data.
    fn follow(&mut self, rows: &[Value]) -> Result<(), CopyError> {
        for row in rows {
            let position = self.head.position + 1;
            let broken = |why| CopyError::Broken { position, why };
            let link = link_of(row).ok_or_else(|| broken("it cannot be read"))?;
            let hash = link.hash(&self.head.hash);
            if link.position != position || row[11].as_str() != Some(&hex(&hash)) {
                return Err(broken("it, or one before it, was changed or is missing"));
            }
            let data = serde_json::from_str(link.data).unwrap_or_default();
            let text = |at: usize| row[at].as_str().map(str::to_owned);
            if typed_columns(&data) != (text(12), text(13), row[14].as_i64()) {
                return Err(broken("site, package or amount beside it was changed"));
            }
            self.head = Head { position, hash, recorded_at: Micros(link.recorded_at) };
        }
        Ok(())
    }

    /// Whether it ends where it should.
    pub fn ends(&self, end: &End) -> Result<(), CopyError> {
        let Head { position, hash, .. } = self.head;
        if end.position != position || (position > 0 && end.hash != hex(&hash)) {
            let why = "the copy ends here and should go on";
            return Err(CopyError::Broken { position, why });
        }
        Ok(())
    }

    /// Keeps every code out of sale that may have been sold since the copy was made; tells how
    /// many.
    pub async fn fence(&mut self, now: Micros, zone: &TimeZone) -> Result<usize, CopyError> {
        let rows = query("select voucher from stock").all(&mut self.transaction).await;
        let rows = rows.attempt("list the stock")?;
        let voucher = |row: &Row| parse(row, 0, "stock", "voucher");
        let vouchers = rows.iter().map(voucher).collect::<Result<Vec<VoucherId>, _>>()?;
        let count = vouchers.len();
        let command: Arc<dyn Command> = Arc::new(FenceStock { vouchers });
        let now = now.max(self.head.recorded_at);
        let known = (World::default(), self.head);
        let terms = Terms { now, zone, vault: None };
        let decided = decide(&mut self.transaction, &[command], known, terms).await?;
        write(&mut self.transaction, &decided.0.whole()?, now).await?;
        Ok(count)
    }

    /// Makes everything durable.
    pub async fn finish(self) -> Result<(), CopyError> {
        self.transaction.commit().await.attempt("commit a copy")?;
        self.database.close().await;
        Ok(())
    }
}

fn link_of(row: &Value) -> Option<Link<'_>> {
    Some(Link {
        position: row[0].as_i64()?,
        stream: row[1].as_str()?,
        version: row[2].as_i64()?,
        kind: row[3].as_str()?,
        schema: row[4].as_i64()?,
        recorded_at: row[5].as_i64()?,
        business_day: row[6].as_str()?,
        correlation: row[7].as_str(),
        actor: row[8].as_str()?,
        once: row[9].as_str(),
        data: row[10].as_str()?,
    })
}

/// The tables that are copied, and those that are not.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{cluster::cluster, database};

    #[tokio::test]
    async fn every_table_is_copied_or_can_be_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("shop.db").display());
        let schema = cluster().url(&cluster().new_schema());
        let made_again = [
            "backups",
            "bookmarks",
            "breakdowns",
            "leases",
            "router_news",
            "router_pieces",
            "sessions",
            "shared_secrets",
            "ledger_head",
            "_sqlx_migrations",
        ];
        for url in [file, schema] {
            Database::open(&url).await.unwrap().close().await;
            let reader = database::readers(&url).await.unwrap();
            let tables = query(reader.pool.words().tables).all(&reader.pool).await.unwrap();
            for row in tables {
                let name: String = row.get(0);
                let copied = TABLES.iter().any(|table| table.name == name);
                assert!(copied != made_again.contains(&name.as_str()), "table {name}");
            }
        }
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
