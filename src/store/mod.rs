//! The store: ledger, vault and decision tables in one database, behind one writer. The only module
//! that knows SQL; what differs between databases stands in a folder of its own.

mod append;
mod changes;
#[cfg(test)]
#[path = "../../tests/it/cluster.rs"]
mod cluster;
mod copy;
mod database;
mod decisions;
mod error;
mod inbox;
mod instances;
mod news;
mod postgres;
mod projecting;
mod projections;
mod queries;
mod read;
mod rebuild;
mod sql;
mod sqlite;
mod vault;
mod views;
mod work;
mod writer;

pub use changes::INTERRUPTED_SECONDS;
pub use copy::{CopyError, CopyIn, CopyOut, End, Piece};
pub use error::{CommandError, StoreError};
pub use inbox::{
    C2B_CONFIRMATION, C2B_VALIDATION, RawMessage, SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT,
};
pub use news::{News, Place};
pub use projections::Difference;
pub use queries::{Offer, Reader, Sealed, StoredEvent};
pub use rebuild::DecisionDifference;
pub use vault::{BackupKey, DoesNotOpen, Key, Vault};
pub use views::{PaymentView, PurchaseView, VoucherCode};
pub use work::{Inbox, Kept, Owed, Work};

use crate::{
    ledger::{
        catalog::{LedgerPurpose, ShopEvent},
        chain::{GENESIS, Hash},
        decision::{Answer, Command},
        event::{Event, typed_columns},
        time::Micros,
    },
    ports::{Clock, Random, SteadyClock},
};
use database::{Database, Head};
use error::Attempt;
use jiff::tz::TimeZone;
use std::{ops::Deref, sync::Arc};
use tokio::sync::watch;

/// What to open, and with what.
pub struct Opening {
    /// `sqlite:lango.db` or `postgres://…`.
    pub url: String,
    /// The key that wraps the vault's keys.
    pub master: Key,
    /// The shop's time zone, for business days.
    pub zone: TimeZone,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}

/// The store. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    sender: writer::Sender,
    vault: Arc<Vault>,
    position: watch::Sender<i64>,
    news: News,
    projecting: projecting::Projecting,
    clock: Arc<SteadyClock>,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Store {
    /// Opens a store, bringing its schema up to date and making the vault's keys for an empty
    /// ledger.
    pub async fn open(opening: Opening) -> Result<Self, StoreError> {
        let database = Database::open(&opening.url).await?;
        let (vault, head) = open_vault(&database, &opening).await?;
        let projecting = projecting::Projecting::open(&opening.url).await?;
        let reader = database::readers(&opening.url).await?;
        let position = watch::Sender::new(head.position);
        let news = News::after(head.position);
        let clock = Arc::new(SteadyClock::new(Arc::clone(&opening.clock)));
        clock.not_before(head.recorded_at);
        let writer = writer::Writer {
            database,
            clock: Arc::clone(&clock),
            zone: opening.zone,
            position: position.clone(),
            news: news.clone(),
            memory: writer::Memory::default(),
        };
        Ok(Self {
            reader,
            sender: writer.start(),
            vault: Arc::new(vault),
            position,
            news,
            projecting,
            clock,
        })
    }

    /// Now, by the one clock of writer, processes and pages: never before what the ledger says.
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Whether a database holds a vault already; an empty one does not. Changes nothing but its
    /// schema.
    pub async fn has_keys(url: &str) -> Result<bool, StoreError> {
        let database = Database::open(url).await?;
        let (mut transaction, _) = database.begin().await?;
        let keys = transaction.wrapped_keys().await;
        transaction.rollback().await;
        database.close().await;
        Ok(!keys?.is_empty())
    }

    /// Has a command carried out; returns after its events are durable.
    pub async fn execute(&self, command: impl Command + 'static) -> Result<Answer, CommandError> {
        self.sender.execute(Arc::new(command)).await
    }

    /// The vault's keys.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Who waits for news of a purchase.
    pub fn news(&self) -> &News {
        &self.news
    }

    /// The last position that this instance knows of; changes with each of its commits, and when it
    /// hears of others.
    pub fn position(&self) -> watch::Receiver<i64> {
        self.position.subscribe()
    }

    /// Opens a sealed text of the vault; `None` when there is none.
    pub async fn open_sealed(&self, what: Sealed) -> Result<Option<String>, StoreError> {
        let Some(sealed) = self.sealed(what).await? else { return Ok(None) };
        Ok(Some(self.vault.unseal_text(&what.context(), &sealed)?))
    }

    /// What the first event says the ledger is: purpose and time zone.
    pub async fn purpose(&self) -> Result<Option<(LedgerPurpose, String)>, StoreError> {
        let first = self.events_after(0, 1).await?;
        let Some(first) = first.first() else { return Ok(None) };
        match first.decode()?.1 {
            Event::Shop(ShopEvent::Opened { purpose, timezone, .. }) => {
                Ok(Some((purpose, timezone)))
            }
            _ => Err(StoreError::WrongLedger("the first event does not open a shop".into())),
        }
    }

    /// Walks the whole chain and compares the typed columns with the data; tells the first place
    /// that does not hold.
    pub async fn verify(&self, mut progress: impl FnMut(i64)) -> Result<Verified, StoreError> {
        let (mut position, mut hash) = (0, GENESIS);
        loop {
            let page = self.events_after(position, VERIFY_PAGE).await?;
            if page.is_empty() {
                return Ok(Verified::Whole { events: position, hash });
            }
            for event in page {
                if let Some(broken) = check(&event, position, &hash) {
                    return Ok(broken);
                }
                position = event.position;
                hash = event.hash;
            }
            progress(position);
        }
    }

    /// Takes new events into the projections; tells how many.
    pub async fn project(&self) -> Result<usize, StoreError> {
        self.projecting.fold().await
    }

    /// Builds every projection anew; `progress` is told a projection and how far it is.
    pub async fn rebuild_projections(
        &self,
        progress: impl FnMut(&'static str, i64),
    ) -> Result<(), StoreError> {
        self.projecting.rebuild(progress).await
    }

    /// The first difference of each projection from what the ledger gives.
    pub async fn compare_projections(&self) -> Result<Vec<Difference>, StoreError> {
        self.projecting.compare().await
    }

    /// Waits until all connections are closed.
    pub async fn close(self) {
        self.reader.close().await;
        self.projecting.close().await;
    }
}

/// How many events are verified at a time.
const VERIFY_PAGE: i64 = 5_000;

/// What verifying the chain came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every event follows from the one before it.
    Whole {
        /// How many there are.
        events: i64,
        /// The last hash.
        hash: Hash,
    },
    /// The first place that does not hold.
    Broken {
        /// Where.
        position: i64,
        /// What is wrong there.
        why: &'static str,
    },
}

fn check(event: &StoredEvent, before: i64, hash: &Hash) -> Option<Verified> {
    let broken = |why| Some(Verified::Broken { position: before + 1, why });
    if event.position != before + 1 {
        return broken("an event is missing");
    }
    if event.link().hash(hash) != event.hash {
        return broken("the event, or one before it, was changed");
    }
    let data = serde_json::from_str(&event.data).unwrap_or_default();
    let copies = (event.site.clone(), event.package.clone(), event.amount_cents);
    if typed_columns(&data) != copies {
        return broken("site, package or amount beside the event was changed");
    }
    None
}

/// Opens the vault, or makes it, while nobody else can.
async fn open_vault(database: &Database, opening: &Opening) -> Result<(Vault, Head), StoreError> {
    let (mut transaction, head) = database.begin().await?;
    let wrapped = transaction.wrapped_keys().await?;
    let random = Arc::clone(&opening.random);
    if wrapped.is_empty() {
        let (vault, wrapped) = Vault::create(&opening.master, random);
        for (purpose, sealed) in vault::Purpose::ALL.iter().zip(&wrapped) {
            transaction.keep_key(purpose.word(), sealed, opening.clock.now()).await?;
        }
        transaction.commit().await.attempt("keep the vault's keys")?;
        return Ok((vault, head));
    }
    transaction.rollback().await;
    let ordered = vault::Purpose::ALL
        .iter()
        .filter_map(|purpose| wrapped.iter().find(|(word, _)| word == purpose.word()))
        .map(|(_, sealed)| sealed.clone())
        .collect::<Vec<_>>();
    let vault = Vault::open(&opening.master, &ordered, random).map_err(|_| {
        StoreError::WrongLedger("the master key is not the one this ledger was made with".into())
    })?;
    Ok((vault, head))
}
