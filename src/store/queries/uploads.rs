//! Files of codes on their way into stock.

use crate::{
    ledger::{
        command::{Note, UploadWrite, VaultWrite},
        kernel::{
            id::{BatchId, Slug, StaffId},
            time::Micros,
        },
    },
    store::{
        Reader,
        database::sql::{Row, Transaction, query, set_row},
        error::{Attempt, StoreError},
        vault::Vault,
        work::breakdowns::Item,
    },
};

/// Whether what stands beside a file was said by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Lango wrote it, as a person said.
    Proven,
    /// It is from before there was a proof: nothing is decided, and nothing is believed of it.
    FromBefore,
    Altered,
}

/// A file that somebody brought, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadKept {
    /// What its batch will be.
    pub batch: BatchId,
    /// Where its codes are valid.
    pub site: Slug,
    /// Who brought it, or said how to take it in.
    pub staff: StaffId,
    pub received_at: Micros,
    choice: Option<String>,
    proof: Option<Vec<u8>>,
    /// How often taking it in broke down.
    pub breakdowns: i64,
}

impl UploadKept {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            batch: row.parse(0, "uploads", "batch")?,
            site: row.parse(1, "uploads", "site")?,
            staff: row.parse(2, "uploads", "staff")?,
            received_at: Micros(row.get(3)),
            choice: row.get(4),
            proof: row.get(5),
            breakdowns: row.get(6),
        })
    }

    /// Whether a person said what stands here.
    pub fn word(&self, vault: &Vault) -> Word {
        match (&self.proof, &self.choice) {
            (None, None) => Word::FromBefore,
            (Some(proof), choice) => {
                let choice = choice.as_deref();
                let own = vault.upload_proof(self.batch, &self.site, self.staff, choice);
                if own[..] == *proof { Word::Proven } else { Word::Altered }
            }
            (None, Some(_)) => Word::Altered,
        }
    }

    /// How to take it in, as JSON; `None` until a person says. What nobody said is no choice,
    /// whatever the row holds.
    pub fn choice(&self, vault: &Vault) -> Option<&str> {
        self.choice.as_deref().filter(|_| self.word(vault) == Word::Proven)
    }

    /// Itself, as its breakdowns are counted.
    pub fn item(&self) -> Item {
        Item { kind: "upload", subject: self.batch.to_string() }
    }
}

const KEPT: &str = "insert into uploads (batch, site, staff, sealed, received_at, proof)
     select batch, site, staff, sealed, received_at, proof
     from {given: batch text, site text, staff text, sealed bytes, received_at bigint,
       proof bytes}";

const CHOSEN: &str = "update uploads
     set choice = given.choice, staff = given.said_by, proof = given.proof
     from {given: chosen text, said_by text, choice text, proof bytes}
     where uploads.batch = given.chosen";

const GONE: &str = "delete from uploads where batch in (select batch from {given: batch text})";

const UNNAMED: &str =
    "delete from notes where subject in (select subject from {given: subject text})";

impl Transaction {
    /// The files of which something is written that nobody said, by their batches.
    pub(in crate::store) async fn altered_uploads(
        &mut self,
        vault: &Vault,
    ) -> Result<Vec<String>, StoreError> {
        let rows = query(format!("{FILES} order by batch")).all(&mut *self).await;
        let altered = |row: &&Row| {
            // One that cannot be read was not written by Lango.
            UploadKept::of(row).map_or(true, |upload| upload.word(vault) == Word::Altered)
        };
        let rows = rows.attempt("read what was uploaded")?;
        Ok(rows.iter().filter(altered).map(|row| row.get(0)).collect())
    }

    /// Writes what becomes of files that were uploaded.
    pub(in crate::store) async fn keep_uploads(
        &mut self,
        writes: &[VaultWrite],
        now: Micros,
    ) -> Result<(), StoreError> {
        let (mut kept, mut chosen, mut gone, mut unnamed) = (vec![], vec![], vec![], vec![]);
        for write in writes {
            let VaultWrite::Upload(write) = write else { continue };
            match write {
                UploadWrite::Kept { batch, site, staff, sealed, proof } => {
                    kept.push(set_row![batch, site, staff, sealed, now, proof]);
                }
                UploadWrite::Chosen { batch, staff, choice, proof } => {
                    chosen.push(set_row![batch, staff, choice, proof]);
                }
                UploadWrite::Taken(batch) => gone.push(set_row![batch]),
                UploadWrite::Dropped(batch) => {
                    gone.push(set_row![batch]);
                    unnamed.push(set_row![Note::Batch(*batch).to_string()]);
                }
            }
        }
        self.run(KEPT, kept, "keep a file of codes").await?;
        self.run(CHOSEN, chosen, "note how to take a file in").await?;
        self.run(GONE, gone, "let go of a file of codes").await?;
        self.run(UNNAMED, unnamed, "let go of the name of a file").await
    }
}

/// A file without its bytes, as [`UploadKept::of`] reads it.
const FILES: &str =
    "select batch, site, staff, received_at, choice, proof, coalesce(times, 0) from uploads
     left join breakdowns on kind = 'upload' and subject = batch";

impl Reader {
    /// All files that are not in stock yet, oldest first.
    pub async fn uploads(&self) -> Result<Vec<UploadKept>, StoreError> {
        let rows = query(format!("{FILES} order by batch")).all(&self.pool).await;
        rows.attempt("read what was uploaded")?.iter().map(UploadKept::of).collect()
    }

    /// One of them.
    pub async fn upload(&self, batch: BatchId) -> Result<Option<UploadKept>, StoreError> {
        let asked = query(format!("{FILES} where batch = $1")).bind(batch.to_string());
        let row = asked.first(&self.pool).await.attempt("read what was uploaded")?;
        row.as_ref().map(UploadKept::of).transpose()
    }
}
