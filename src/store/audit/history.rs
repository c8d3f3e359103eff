//! Checks that the ledger continues from the remembered history, and stops sales where it does not.
//!
//! Whoever can write the database can change an event and hash all later ones anew; nothing in the
//! database shows it but the signed checkpoints, and those can be deleted. So this instance keeps
//! two places in memory: where its writer left the ledger, and up to where it has followed the
//! chain itself. Together with the mark outside the database and the checkpoints that stand, they
//! are what a new signature must continue from. Otherwise the history is in doubt: nothing is
//! signed and no sale begins, what is under way is finished and recorded, and the owner decides
//! (`lango audit accept`).

use crate::{
    commands::books::MindBooks,
    ledger::{
        catalogue::ShopEvent,
        checkpoint::Kept,
        event::Event,
        history::{Acceptance, Doubt, HashText, Witness},
        kernel::{
            chain::{GENESIS, Hash},
            stream::Stream,
        },
        key::{Signature, Signers},
    },
    store::{
        CommandError, Reader, Store,
        database::{
            Head,
            sql::{On, Transaction, query},
            to_hash,
        },
        error::{Attempt, StoreError},
    },
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many events are followed at a time.
const PAGE: i64 = 1_000;

/// An event by its place and hash; the beginning of every ledger is position 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    position: i64,
    hash: Hash,
}

const BEGINNING: Place = Place { position: 0, hash: GENESIS };

impl From<&Head> for Place {
    fn from(head: &Head) -> Self {
        Self { position: head.position, hash: head.hash }
    }
}

/// What this instance remembers of the ledger. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::store) struct History(Arc<Mutex<Remembered>>);

#[derive(Debug)]
struct Remembered {
    /// Where our writer left the ledger.
    left: Place,
    /// Up to where the chain was followed from what was signed.
    followed: Place,
    doubt: Option<Doubt>,
}

/// How far the ledger was brought.
pub(in crate::store) struct Written(i64);

impl Written {
    /// A ledger that has become shorter is neither written to nor signed: codes that it calls free
    /// may be sold.
    pub fn is_reached_by(&self, head: &Head) -> Result<(), StoreError> {
        let known = self.0;
        if head.position < known { Err(StoreError::WentBack { known }) } else { Ok(()) }
    }
}

impl Default for History {
    fn default() -> Self {
        let remembered = Remembered { left: BEGINNING, followed: BEGINNING, doubt: None };
        Self(Arc::new(Mutex::new(remembered)))
    }
}

impl History {
    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // Each change is a single assignment, so a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the history is in doubt; `None` while it is not.
    pub fn doubt(&self) -> Option<Doubt> {
        self.lock().doubt
    }

    /// Notes a doubt; the first one stands, and is told once.
    fn note(&self, doubt: Doubt) {
        let mut remembered = self.lock();
        if remembered.doubt.is_none() {
            remembered.doubt = Some(doubt);
            tracing::error!(
                position = doubt.position,
                "{doubt}. No sale begins and nothing is signed until the owner decides: run \
                 `lango audit verify`, then `lango audit accept`"
            );
        }
    }

    /// The writer has brought the ledger so far.
    pub fn wrote(&self, head: &Head) {
        self.lock().left = head.into();
    }

    /// How far our writer has brought the ledger. Asked before the end of the ledger is read, so
    /// that an end behind it has gone back.
    pub fn written(&self) -> Written {
        Written(self.lock().left.position)
    }

    /// Whether the end of the ledger that the writer meets continues from where it left it.
    pub async fn meet(&self, on: &mut Transaction, head: &Head) -> Result<(), StoreError> {
        self.written().is_reached_by(head)?;
        let (left, doubt) = {
            let remembered = self.lock();
            (remembered.left, remembered.doubt)
        };
        // Where it differs another instance has written, or somebody has rewritten.
        if doubt.is_none() && left != Place::from(head) && !stands(on, left).await? {
            let (witness, position, last) = (Witness::Memory, left.position, head.position);
            self.note(Doubt { witness, position, last });
        }
        Ok(())
    }
}

/// Whether an event that is remembered is the one that stands in the ledger. One that is gone is a
/// failure of its own.
async fn stands(on: impl Into<On<'_>>, place: Place) -> Result<bool, StoreError> {
    match hash_at(on, place.position).await? {
        Some(hash) => Ok(hash == place.hash),
        None => Err(StoreError::WentBack { known: place.position }),
    }
}

/// The hash at a position; `None` where there is no event.
async fn hash_at(on: impl Into<On<'_>>, position: i64) -> Result<Option<Hash>, StoreError> {
    if position == 0 {
        return Ok(Some(GENESIS));
    }
    let row = query("select hash from events where position = $1")
        .bind(position)
        .first(on)
        .await
        .attempt("look for an event that is remembered")?;
    row.map(|row| to_hash(row.get(0))).transpose()
}

impl Store {
    /// Why the history is in doubt; `None` while it is not.
    pub fn history_doubt(&self) -> Option<Doubt> {
        self.history.doubt()
    }

    /// Compares the ledger with the checkpoints that stand beside it, when it is opened: the chain
    /// is followed from the last one that agrees.
    pub(in crate::store) async fn recall_checkpoints(&self) -> Result<(), StoreError> {
        let signers = self.signers().await?;
        let accepted = self.read().acceptances(&signers).await?.last().copied();
        let after = accepted.map_or(0, |accepted| accepted.known_position);
        let last = self.read().last_position().await?;
        // All that disagree are looked at: one that nobody signed says nothing.
        for signed in self.read().contradicting_checkpoints(after).await? {
            if signers.signed(&signed) {
                let (witness, position) = (Witness::Checkpoint, signed.checkpoint.position);
                self.history.note(Doubt { witness, position, last });
                break;
            }
        }
        let agreeing = self.read().last_checkpoint().await?.filter(|signed| signers.signed(signed));
        if let Some(signed) = agreeing {
            let (position, hash) = (signed.checkpoint.position, signed.checkpoint.hash);
            self.history.lock().followed = Place { position, hash };
        }
        Ok(())
    }

    /// Compares the ledger with what is known of it elsewhere; tells how many events are missing at
    /// least.
    pub async fn compare_with(&self, witness: Witness, known: &Kept) -> Result<i64, StoreError> {
        let (position, last) = (known.position(), self.read().last_position().await?);
        let found = hash_at(&self.reader.pool, position).await?;
        if !found.is_some_and(|hash| known.agrees(&hash)) {
            self.history.note(Doubt { witness, position, last });
        }
        Ok(if found.is_some() { 0 } else { (position - last).max(1) })
    }

    /// Whether the chain is broken anywhere, which is a doubt from then on: an event altered before
    /// the last checkpoint is found by nothing else.
    pub async fn find_broken(&self) -> Result<Option<Doubt>, StoreError> {
        let audit = self.verify().await?;
        let (witness, last) = (Witness::Chain, audit.events);
        let broken = audit.broken_at().map(|position| Doubt { witness, position, last });
        if let Some(doubt) = broken {
            self.history.note(doubt);
        }
        Ok(broken)
    }

    /// Follows the chain to the end of the ledger, which is returned: it continues from all that is
    /// remembered.
    pub(in crate::store) async fn follow_history(&self) -> Result<Head, StoreError> {
        if !self.hear_acceptance().await? {
            return Err(self.doubted());
        }
        // Read before the end of the ledger, so that the end cannot be behind them.
        let (left, followed) = {
            let remembered = self.history.lock();
            (remembered.left, remembered.followed)
        };
        let head = self.read().head().await?;
        let last = head.position;
        for known in [left, followed] {
            if !stands(&self.reader.pool, known).await? {
                return Err(self.doubt_memory(known.position, last));
            }
        }
        let at = self.follow(followed, last).await?;
        if at != Place::from(&head) {
            self.history.note(Doubt { witness: Witness::Chain, position: at.position + 1, last });
            return Err(self.doubted());
        }
        self.history.lock().followed = at;
        Ok(head)
    }

    /// Follows the chain from one event to another, or up to the last that follows.
    async fn follow(&self, from: Place, to: i64) -> Result<Place, StoreError> {
        let mut at = from;
        while at.position < to {
            let events = self.read().events_after(at.position, PAGE.min(to - at.position)).await?;
            let before = at;
            for event in &events {
                let (position, hash) = (event.position, event.link().hash(&at.hash));
                if position != at.position + 1 || hash != event.hash {
                    return Ok(at);
                }
                at = Place { position, hash };
            }
            if at == before {
                return Ok(at);
            }
        }
        Ok(at)
    }

    fn doubt_memory(&self, position: i64, last: i64) -> StoreError {
        self.history.note(Doubt { witness: Witness::Memory, position, last });
        self.doubted()
    }

    fn doubted(&self) -> StoreError {
        let doubt = self.history.doubt().expect("it was noted just now");
        StoreError::HistoryDoubted(doubt)
    }

    /// Whether the owner has accepted the history since it came into doubt; then it is not in doubt
    /// any more.
    pub async fn hear_acceptance(&self) -> Result<bool, StoreError> {
        let Some(doubt) = self.history.doubt() else { return Ok(true) };
        let accepted = self.read().acceptances(&self.signers().await?).await?.last().copied();
        let Some(accepted) = accepted.filter(|accepted| accepted.position >= doubt.last) else {
            return Ok(false);
        };
        let mut remembered = self.history.lock();
        let place = Place { position: accepted.position, hash: accepted.hash.0 };
        (remembered.left, remembered.followed, remembered.doubt) = (place, place, None);
        tracing::warn!("the owner accepted the history up to event {}", place.position);
        Ok(true)
    }

    /// Goes on with the history as it stands, on the owner's word. What may have been sold in a
    /// history that is lost is kept out of sale; tells how many codes that are.
    pub async fn accept_history(&self, doubt: &Doubt) -> Result<usize, CommandError> {
        let fenced = self.fence_stock().await?;
        let head = self.read().head().await?;
        let vault = self.vault_now().await?;
        let known_position = self.furthest_known(doubt).await?;
        let (position, hash) = (head.position, head.hash);
        let text = Acceptance::text(known_position, position, &hash);
        let signature = Signature(vault.signing_key().sign_bytes(&text));
        let hash = HashText(hash);
        let acceptance = Acceptance { known_position, position, hash, signature };
        self.execute(MindBooks::AcceptHistory(acceptance)).await?;
        self.hear_acceptance().await?;
        Ok(fenced)
    }

    /// The furthest event that anything remembers: also checkpoints of events that are gone.
    async fn furthest_known(&self, doubt: &Doubt) -> Result<i64, StoreError> {
        let row = query("select coalesce(max(position), 0) from checkpoints")
            .one(&self.reader.pool)
            .await
            .attempt("look for the last checkpoint")?;
        Ok(doubt.position.max(row.get(0)))
    }
}

impl Reader {
    /// What the owner accepted, in order: signed, and of this very history.
    pub(in crate::store) async fn acceptances(
        &self,
        signers: &Signers,
    ) -> Result<Vec<Acceptance>, StoreError> {
        let mut accepted = vec![];
        for event in self.stream_events(&Stream::Shop).await? {
            // What cannot be read was altered: the walk along the chain tells of it.
            let Ok((_, Event::Shop(ShopEvent::HistoryAccepted(acceptance)))) = event.decode()
            else {
                continue;
            };
            let Acceptance { position, hash: HashText(hash), .. } = acceptance;
            let before = position < event.position;
            if before
                && acceptance.holds(signers)
                && hash_at(&self.pool, position).await? == Some(hash)
            {
                accepted.push(acceptance);
            }
        }
        Ok(accepted)
    }
}
