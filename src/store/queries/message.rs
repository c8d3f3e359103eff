//! Messages: one SMS each.

use crate::{
    ledger::{
        event::Event,
        kernel::{fingerprint::Fingerprint, id::MessageId, stream::Stream},
        message::{Message, digest_once},
    },
    store::{Reader, StoreError, database::sql::query, error::Attempt},
};

/// A message that a gateway has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referenced {
    pub message: MessageId,
    /// Whether its text is forgotten.
    pub forgotten: bool,
}

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
    ) -> Result<Option<Referenced>, StoreError> {
        let row = query(
            "select message, sealed from message_refs left join message_texts using (message)
             where fingerprint = $1",
        )
        .bind(fingerprint.as_slice())
        .first(&self.pool)
        .await
        .attempt("find a message")?;
        let Some(row) = row else { return Ok(None) };
        let message = row.parse(0, "message_refs", "message")?;
        let text: Option<&[u8]> = row.get(1);
        Ok(Some(Referenced { message, forgotten: text.is_some_and(<[u8]>::is_empty) }))
    }
}
