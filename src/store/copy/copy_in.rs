//! Loads a copy into an empty database of either kind, verifying as it goes: in the end all of it
//! is there, or nothing.

use crate::{
    commands::stock::fence::FenceStock,
    ledger::{
        command::Command,
        event::typed_columns,
        kernel::{
            chain::{Link, hex, unhex},
            id::VoucherId,
            time::Micros,
        },
        world::World,
    },
    store::{
        Reader,
        copy::{EVENTS, End, INBOX, Piece, TABLES, Table, fill_up, later},
        database::{
            Database, Head,
            sql::{Param, Row, SetRow, Transaction, query},
            words::Kind,
        },
        error::{Attempt, StoreError},
        vault::keyring::wrapped_keys,
        writer::{Terms, decide, write},
    },
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// Why a copy cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a ledger already.
    #[error("the database already holds a ledger; restore into an empty one")]
    NotEmpty,
    /// A row is none of ours.
    #[error("the copy has the table {0}, or rows of it, which this version does not know")]
    Unknown(String),
    /// An event does not follow from the one before it.
    #[error("the copy breaks at event {position}: {why}")]
    Broken { position: i64, why: &'static str },
}

/// A copy on its way in. Nothing of it is there until [`CopyIn::finish`].
pub struct CopyIn {
    database: Database,
    transaction: Transaction,
    head: Head,
    /// How many rows of the inbox were taken in.
    messages: i64,
}

impl CopyIn {
    /// Begins, in an empty database.
    pub async fn begin(url: &str) -> Result<Self, CopyError> {
        Self::begin_in(Database::open(url).await?).await
    }

    /// Begins in a new file that is thrown away afterwards: written faster, and lost when the power
    /// fails.
    pub async fn try_out(file: &Path) -> Result<Self, CopyError> {
        Self::begin_in(Database::throwaway(file)?).await
    }

    async fn begin_in(database: Database) -> Result<Self, CopyError> {
        let (mut transaction, head) = database.begin().await?;
        if head.position > 0 || !wrapped_keys(&mut transaction).await?.is_empty() {
            return Err(CopyError::NotEmpty);
        }
        Ok(Self { database, transaction, head, messages: 0 })
    }

    /// Takes a piece in.
    pub async fn take(&mut self, mut piece: Piece) -> Result<(), CopyError> {
        let name = piece.table.clone();
        let unknown = || CopyError::Unknown(name.clone());
        let table = TABLES.iter().find(|table| table.name == piece.table).ok_or_else(unknown)?;
        let width = table.columns().count();
        if table.name == INBOX {
            self.number(&mut piece.rows, table.columns().position(|(name, _)| name == "row"));
        }
        for row in piece.rows.iter_mut().filter_map(Value::as_array_mut) {
            fill_up(row, width, &later(table.name));
        }
        if piece.rows.iter().any(|row| row.as_array().map(Vec::len) != Some(width)) {
            return Err(unknown());
        }
        if table.name == EVENTS {
            self.follow(&piece.rows)?;
            let rows = params_of(table, &piece.rows)?;
            return Ok(self.transaction.append_rows(rows, &self.head).await?);
        }
        let (name, names, columns) = (table.name, table.names(), table.columns);
        let text = format!("insert into {name} ({names}) select {names} from {{given: {columns}}}");
        let rows = params_of(table, &piece.rows)?;
        let written = query(text).given(rows).run(&mut self.transaction).await;
        Ok(written.map(drop).attempt("copy into a table")?)
    }

    /// Copies of old do not say how the rows of the inbox were numbered: they are numbered anew, in
    /// the same order.
    fn number(&mut self, rows: &mut [Value], place: Option<usize>) {
        for row in rows.iter_mut().filter_map(Value::as_array_mut) {
            self.messages += 1;
            if Some(row.len()) == place {
                row.push(json!(self.messages));
            }
        }
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
        let voucher = |row: &Row| row.parse(0, "stock", "voucher");
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
        self.into_reader().await?.close().await;
        Ok(())
    }

    /// Makes it as durable as the database is, and goes on reading there.
    pub async fn into_reader(self) -> Result<Reader, CopyError> {
        self.transaction.commit().await.attempt("commit a copy")?;
        Ok(Reader { pool: self.database.into_pool() })
    }
}

/// Rows of a piece as values for a statement.
fn params_of<'p>(table: &Table, rows: &'p [Value]) -> Result<Vec<SetRow<'p>>, CopyError> {
    let unreadable = || CopyError::Unknown(table.name.to_owned());
    let param = |(kind, value): (Kind, &'p Value)| match (kind, value) {
        (_, Value::Null) => Some(Param::Null),
        (Kind::Text, value) => value.as_str().map(Param::from),
        (Kind::Number, value) => value.as_i64().map(Param::from),
        (Kind::Bytes, value) => value.as_str().and_then(unhex).map(Param::from),
    };
    let row = |row: &'p Value| {
        let values = row.as_array().into_iter().flatten();
        let kinds = table.columns().map(|(_, kind)| kind);
        kinds.zip(values).map(param).collect::<Option<SetRow<'p>>>().ok_or_else(unreadable)
    };
    rows.iter().map(row).collect()
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
