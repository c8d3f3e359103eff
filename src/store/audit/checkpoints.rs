//! Taking checkpoints, and reading them.

use crate::{
    commands::keep_beside::KeepBeside,
    ledger::{
        catalogue::ShopEvent,
        checkpoint::{Checkpoint, PublicKey, SignedCheckpoint},
        command::VaultWrite,
        event::Event,
        kernel::{
            stream::Stream,
            time::{MINUTE, Micros},
        },
        key::Signers,
    },
    store::{
        CommandError, Reader, Store, StoredEvent,
        database::{
            Head,
            sql::{Row, query},
            to_hash,
        },
        error::{Attempt, StoreError},
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
        let written = self.history.written();
        let (head, last) = (self.read().head().await?, self.read().last_checkpoint().await?);
        written.is_reached_by(&head)?;
        let due = last.is_none_or(|last| {
            let new = head.position - last.checkpoint.position;
            new >= EVENTS_MAX || new > 0 && last.checkpoint.at.until(self.now()) >= EVERY
        });
        // While the history is in doubt nothing is signed; that was told when it was found.
        if !due || head.position == 0 || !self.hear_acceptance().await? {
            return Ok(false);
        }
        match self.take().await {
            Ok(_) => Ok(true),
            Err(StoreError::HistoryDoubted(_)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// The checkpoint of the ledger's end; `None` while it is empty.
    pub async fn take_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let (head, last) = (self.read().head().await?, self.read().last_checkpoint().await?);
        match last {
            Some(last) if last.checkpoint.position == head.position => Ok(Some(last)),
            _ if head.position == 0 => Ok(None),
            _ => self.take().await.map(Some),
        }
    }

    /// What stands at the ledger's end now, signed, for keeping outside; `None` while it is empty.
    pub async fn signed_head(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        if self.read().head().await?.position == 0 {
            return Ok(None);
        }
        self.sign().await.map(Some)
    }

    /// What stands at the ledger's end, unsigned and unproved; `None` while it is empty.
    pub async fn end_as_it_stands(&self) -> Result<Option<Checkpoint>, StoreError> {
        let Head { position, hash, recorded_at: at } = self.read().head().await?;
        Ok((position > 0).then_some(Checkpoint { position, hash, at }))
    }

    /// The keys that signed this ledger's checkpoints.
    pub async fn signers(&self) -> Result<Signers, StoreError> {
        self.read().signers_known_by(self.vault_now().await?.signing_key().public()).await
    }

    /// Signs what stands at the ledger's end, if it continues from all that is remembered of it.
    /// With the key that is in force after the end was read: a key says nothing of what came after
    /// it was changed.
    async fn sign(&self) -> Result<SignedCheckpoint, StoreError> {
        let head = self.follow_history().await?;
        let vault = self.vault_now().await?;
        Ok(vault.signing_key().sign(head.position, head.hash, self.now()))
    }

    async fn take(&self) -> Result<SignedCheckpoint, StoreError> {
        let signed = self.sign().await?;
        match self.execute(KeepBeside::vault([VaultWrite::Checkpoint(signed)])).await {
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

    /// The checkpoint that was taken last of those that say what the ledger says.
    pub async fn last_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let rows = query(
            "select checkpoints.position, checkpoints.hash, at, signature
             from checkpoints
             join events on events.position = checkpoints.position
               and events.hash = checkpoints.hash
             order by checkpoints.position desc
             limit 1",
        );
        let row = rows.first(&self.pool).await.attempt("read the last checkpoint")?;
        row.map(|row| signed(&row)).transpose()
    }

    /// The checkpoints behind a position that say something else than the ledger, in order.
    pub(in crate::store) async fn contradicting_checkpoints(
        &self,
        after: i64,
    ) -> Result<Vec<SignedCheckpoint>, StoreError> {
        let rows = query(
            "select checkpoints.position, checkpoints.hash, at, signature
             from checkpoints
             left join events on events.position = checkpoints.position
             where checkpoints.position > $1
               and (events.hash is null or events.hash <> checkpoints.hash)
             order by checkpoints.position",
        );
        let rows = rows.bind(after).all(&self.pool).await.attempt("compare checkpoints")?;
        rows.iter().map(signed).collect()
    }

    /// How many checkpoints stand.
    pub async fn checkpoint_count(&self) -> Result<i64, StoreError> {
        let row = query("select count(*) from checkpoints").one(&self.pool).await;
        Ok(row.attempt("count checkpoints")?.get(0))
    }

    /// All checkpoints, in order.
    pub async fn checkpoints(&self) -> Result<Vec<SignedCheckpoint>, StoreError> {
        let rows = query("select position, hash, at, signature from checkpoints order by position")
            .all(&self.pool)
            .await
            .attempt("read checkpoints")?;
        rows.iter().map(signed).collect()
    }
}

fn signed(row: &Row) -> Result<SignedCheckpoint, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "checkpoints", column: "signature" };
    let (hash, signature) = (to_hash(row.get(1))?, row.get::<Vec<u8>>(3));
    let checkpoint = Checkpoint { position: row.get(0), hash, at: Micros(row.get(2)) };
    let signature = signature.try_into().map_err(unreadable)?;
    Ok(SignedCheckpoint { checkpoint, signature })
}
