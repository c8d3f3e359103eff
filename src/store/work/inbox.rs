//! What comes from outside, as the vault keeps it.

use crate::{
    ledger::command::{InboxRow, VaultWrite},
    store::{
        Reader, Store,
        database::sql::{Query, query},
        error::{Attempt, StoreError},
    },
};
use serde::{Deserialize, Serialize};

/// A payment's callback.
pub const SOURCE_PAYMENT: &str = "payment";

/// A provider's message about money on the shop's number.
pub const SOURCE_C2B: &str = "c2b";

/// The subject of a C2B message about money that came.
pub const C2B_CONFIRMATION: &str = "confirmation";

/// The subject of a C2B message that asks whether money may come: nothing has moved yet.
pub const C2B_VALIDATION: &str = "validation";

/// An SMS gateway's delivery report.
pub const SOURCE_REPORT: &str = "report";

/// A message from outside as it came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawMessage {
    /// What the sender called the body.
    pub content_type: String,
    /// The sender's address; a hint for people, never a proof.
    pub from: String,
    pub body: Vec<u8>,
}

impl RawMessage {
    /// The context under which it is sealed.
    pub fn context(source: &str, subject: &str) -> String {
        format!("inbox:{source}:{subject}")
    }
}

const SAME: &str = "select row from inbox where source = $1 and subject = $2 and fingerprint = $3";

impl Reader {
    /// Whether the same bytes came before.
    pub async fn is_kept(&self, row: &InboxRow) -> Result<bool, StoreError> {
        let found = same(row).first(&self.pool).await.attempt("look for a message")?;
        Ok(found.is_some())
    }
}

fn same(row: &InboxRow) -> Query<'_> {
    query(SAME).bind(row.source).bind(&row.subject).bind(row.fingerprint)
}

impl Store {
    /// Keeps a message without the writer, which has ended: its sender will not send it again.
    /// Tells the row.
    pub async fn keep_without_writer(&self, row: InboxRow) -> Result<i64, StoreError> {
        let pool = self.projecting.pool();
        let begun = pool.begin(pool.words().begin_writing).await;
        let mut transaction = begun.attempt("begin to keep a message")?;
        // Rows are numbered one after another, whichever instance keeps them.
        let head = query(pool.words().head).first(&mut transaction).await;
        head.map(drop).attempt("read the end of the ledger")?;
        let kept = VaultWrite::Inbox(row.clone());
        transaction.keep(&[kept], self.now()).await?;
        let row = same(&row).one(&mut transaction).await.attempt("find a message that was kept")?;
        transaction.commit().await.attempt("keep a message")?;
        Ok(row.get(0))
    }
}
