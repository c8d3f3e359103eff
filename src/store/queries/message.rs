//! Messages: one SMS each.

use crate::{
    ledger::{
        event::Event,
        kernel::{fingerprint::Fingerprint, id::MessageId, stream::Stream},
        message::{Message, digest_once},
    },
    store::{Reader, StoreError, database::sql::query, error::Attempt},
};

impl Reader {
    /// A message.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let fold = |message: Option<Message>, event: &Event| match event {
            Event::Message(event) => Message::evolve(message.as_ref(), event),
            _ => message,
        };
        self.folded(Stream::Message(id), fold).await
    }

    /// Whether the digest of a business day was queued.
    pub async fn has_digest(&self, day: &str) -> Result<bool, StoreError> {
        let row = query("select 1 from events where once = $1")
            .bind(digest_once(day))
            .first(&self.pool)
            .await
            .attempt("look for a digest")?;
        Ok(row.is_some())
    }

    /// The message that a gateway's reference names.
    pub async fn message_of_ref(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<MessageId>, StoreError> {
        let row = query("select message from message_refs where fingerprint = $1")
            .bind(fingerprint.as_slice())
            .first(&self.pool)
            .await
            .attempt("find a message")?;
        row.map(|row| row.parse(0, "message_refs", "message")).transpose()
    }
}
