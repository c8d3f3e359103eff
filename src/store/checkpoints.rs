//! Taking checkpoints, and reading them.

use super::{
    CommandError, Reader, Store, StoredEvent,
    database::{Head, to_hash},
    error::{Attempt, StoreError},
    sql::query,
};
use crate::{
    commands::keep_checkpoint::KeepCheckpoint,
    ledger::{
        catalog::ShopEvent,
        checkpoint::{Checkpoint, PublicKey, SignedCheckpoint},
        event::Event,
        key::Signers,
        stream::Stream,
        time::{MINUTE, Micros},
    },
};

/// So many new events are due a checkpoint, however soon.
const EVENTS_MAX: i64 = 1_000;

/// After so long, in µs, any new event is.
const EVERY: i64 = MINUTE;

impl Store {
    /// Takes a checkpoint when one is due: after a thousand events, or a minute if there is any new
    /// one. Tells whether it did.
    pub async fn take_due_checkpoint(&self) -> Result<bool, StoreError> {
        let (head, last) = (self.head().await?, self.last_checkpoint().await?);
        let due = last.is_none_or(|last| {
            let new = head.position - last.checkpoint.position;
            new >= EVENTS_MAX || new > 0 && last.checkpoint.at.until(self.now()) >= EVERY
        });
        if !due || head.position == 0 {
            return Ok(false);
        }
        self.take(&head).await.map(|_| true)
    }

    /// The checkpoint of the ledger's end; `None` while it is empty.
    pub async fn take_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let (head, last) = (self.head().await?, self.last_checkpoint().await?);
        match last {
            Some(last) if last.checkpoint.position == head.position => Ok(Some(last)),
            _ if head.position == 0 => Ok(None),
            _ => self.take(&head).await.map(Some),
        }
    }

    /// What stands at the ledger's end now, signed, for keeping outside; `None` while it is empty.
    pub async fn signed_head(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let head = self.head().await?;
        if head.position == 0 {
            return Ok(None);
        }
        self.sign(&head).await.map(Some)
    }

    /// The keys that signed this ledger's checkpoints.
    pub async fn signers(&self) -> Result<Signers, StoreError> {
        self.signers_known_by(self.vault_now().await?.signing_key().public()).await
    }

    /// Signs with the key that is in force after the head was read: a key says nothing of what came
    /// after it was changed.
    async fn sign(&self, head: &Head) -> Result<SignedCheckpoint, StoreError> {
        let vault = self.vault_now().await?;
        Ok(vault.signing_key().sign(head.position, head.hash, self.now()))
    }

    async fn take(&self, head: &Head) -> Result<SignedCheckpoint, StoreError> {
        let signed = self.sign(head).await?;
        match self.execute(KeepCheckpoint(signed)).await {
            Ok(_) => Ok(signed),
            Err(CommandError::Failed(failure)) => Err(failure),
            Err(CommandError::Refused(refusal)) => unreachable!("never refused: {refusal}"),
        }
    }
}

impl Reader {
    /// The keys that signed this ledger's checkpoints, from one that is known.
    pub async fn signers_known_by(&self, known: PublicKey) -> Result<Signers, StoreError> {
        let events = self.stream_events(&Stream::Shop).await?;
        let succession = |event: &StoredEvent| match event.decode() {
            Ok((_, Event::Shop(ShopEvent::KeyChanged { succession, .. }))) => {
                Some((event.position, succession?))
            }
            // What was altered behind our back is for the walk along the chain to find.
            _ => None,
        };
        let successions: Vec<_> = events.iter().filter_map(succession).collect();
        Ok(Signers::known_by(known, &successions))
    }

    /// The checkpoint that was taken last.
    pub async fn last_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        Ok(self.checkpoints(1).await?.pop())
    }

    /// So many checkpoints, those taken last, in order.
    pub async fn checkpoints(&self, limit: i64) -> Result<Vec<SignedCheckpoint>, StoreError> {
        let rows = query(
            "select position, hash, at, signature from checkpoints
             order by position desc
             limit $1",
        )
        .bind(limit)
        .all(&self.pool)
        .await
        .attempt("read checkpoints")?;
        let unreadable = |_| StoreError::BadRow { table: "checkpoints", column: "signature" };
        let signed = rows.iter().rev().map(|row| {
            let (hash, signature) = (to_hash(row.get(1))?, row.get::<Vec<u8>>(3));
            let checkpoint = Checkpoint { position: row.get(0), hash, at: Micros(row.get(2)) };
            let signature = signature.try_into().map_err(unreadable)?;
            Ok(SignedCheckpoint { checkpoint, signature })
        });
        signed.collect()
    }
}
