//! Files of codes on their way into stock.

use super::{
    Reader,
    breakdowns::Item,
    error::{Attempt, StoreError},
    read::parse,
    sql::{Row, Transaction, query},
};
use crate::ledger::{
    chain::hex,
    decision::{Note, UploadWrite, VaultWrite},
    id::{BatchId, Slug, StaffId},
    time::Micros,
};
use serde_json::json;

/// A file that somebody brought, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadKept {
    /// What its batch will be.
    pub batch: BatchId,
    /// Where its codes are valid.
    pub site: Slug,
    /// Who brought it.
    pub staff: StaffId,
    /// When.
    pub received_at: Micros,
    /// How to take it in, as JSON; `None` until somebody says.
    pub choice: Option<String>,
    /// How often taking it in broke down.
    pub breakdowns: i64,
}

impl UploadKept {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            batch: parse(row, 0, "uploads", "batch")?,
            site: parse(row, 1, "uploads", "site")?,
            staff: parse(row, 2, "uploads", "staff")?,
            received_at: Micros(row.get(3)),
            choice: row.get(4),
            breakdowns: row.get(5),
        })
    }

    /// Itself, as its breakdowns are counted.
    pub fn item(&self) -> Item {
        Item { kind: "upload", subject: self.batch.to_string() }
    }
}

const KEPT: &str = "insert into uploads (batch, site, staff, sealed, received_at)
     select batch, site, staff, sealed, received_at
     from {given: batch text, site text, staff text, sealed bytes, received_at bigint}";

const CHOSEN: &str = "update uploads set choice = given.choice
     from {given: chosen text, choice text}
     where uploads.batch = given.chosen";

const GONE: &str = "delete from uploads where batch in (select batch from {given: batch text})";

const UNNAMED: &str =
    "delete from notes where subject in (select subject from {given: subject text})";

impl Transaction {
    /// Writes what becomes of files that were uploaded.
    pub(super) async fn keep_uploads(
        &mut self,
        writes: &[VaultWrite],
        now: Micros,
    ) -> Result<(), StoreError> {
        let (mut kept, mut chosen, mut gone, mut unnamed) = (vec![], vec![], vec![], vec![]);
        for write in writes {
            let VaultWrite::Upload(write) = write else { continue };
            match write {
                UploadWrite::Kept { batch, site, staff, sealed } => {
                    kept.push(json!([batch, site, staff, hex(sealed), now]));
                }
                UploadWrite::Chosen { batch, choice } => chosen.push(json!([batch, choice])),
                UploadWrite::Taken(batch) => gone.push(json!([batch])),
                UploadWrite::Dropped(batch) => {
                    gone.push(json!([batch]));
                    unnamed.push(json!([Note::Batch(*batch).to_string()]));
                }
            }
        }
        self.run(KEPT, kept, "keep a file of codes").await?;
        self.run(CHOSEN, chosen, "note how to take a file in").await?;
        self.run(GONE, gone, "let go of a file of codes").await?;
        self.run(UNNAMED, unnamed, "let go of the name of a file").await
    }
}

impl Reader {
    /// All files that are not in stock yet, oldest first.
    pub async fn uploads(&self) -> Result<Vec<UploadKept>, StoreError> {
        let rows = query(
            "select batch, site, staff, received_at, choice, coalesce(times, 0) from uploads
                 left join breakdowns on kind = 'upload' and subject = batch
                 order by batch",
        )
        .all(&self.pool)
        .await
        .attempt("read what was uploaded")?;
        rows.iter().map(UploadKept::of).collect()
    }

    /// One of them.
    pub async fn upload(&self, batch: BatchId) -> Result<Option<UploadKept>, StoreError> {
        let row = query(
            "select batch, site, staff, received_at, choice, coalesce(times, 0) from uploads
                 left join breakdowns on kind = 'upload' and subject = batch
                 where batch = $1",
        )
        .bind(batch.to_string())
        .first(&self.pool)
        .await
        .attempt("read what was uploaded")?;
        row.as_ref().map(UploadKept::of).transpose()
    }
}
