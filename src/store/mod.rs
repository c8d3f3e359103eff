//! The store: ledger, vault and decision tables in one database, behind one writer. The only module
//! that knows SQL; what differs between databases stands in a folder of its own.

mod changes;
mod error;
mod inbox;
mod news;
mod rebuild;
mod sqlite;
mod vault;
mod views;
mod writer;

pub use changes::INTERRUPTED_SECONDS;
pub use error::{CommandError, StoreError};
pub use inbox::{
    C2B_CONFIRMATION, C2B_VALIDATION, RawMessage, SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT,
};
pub use news::{News, Place};
pub use rebuild::DecisionDifference;
pub use sqlite::projections::Difference;
pub use sqlite::{Inbox, Kept, Offer, Owed, Reader, Sealed, StoredEvent, Work};
pub use vault::{DoesNotOpen, Key, Vault};
pub use views::{PaymentView, PurchaseView, VoucherCode};

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
use jiff::tz::TimeZone;
use sqlite::Sqlite;
use std::{ops::Deref, sync::Arc};
use tokio::sync::watch;

/// What to open, and with what.
pub struct Opening {
    /// `sqlite:lango.db`.
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
    position: watch::Receiver<i64>,
    news: News,
    projecting: sqlite::Projecting,
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
        let mut database = Sqlite::open(&opening.url).await?;
        let vault = open_vault(&mut database, &opening).await?;
        let projecting = sqlite::Projecting::open(&opening.url).await?;
        let reader = Sqlite::readers(&opening.url).await?;
        let head = database.head().await?;
        let (sender, position) = watch::channel(head.position);
        let news = News::default();
        let clock = Arc::new(SteadyClock::new(Arc::clone(&opening.clock)));
        clock.not_before(head.recorded_at);
        let writer = writer::Writer {
            database,
            clock: Arc::clone(&clock),
            zone: opening.zone,
            position: sender,
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
        Ok(!Sqlite::open(url).await?.wrapped_keys().await?.is_empty())
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

    /// The last position that this instance committed; changes with each commit.
    pub fn position(&self) -> watch::Receiver<i64> {
        self.position.clone()
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

async fn open_vault(database: &mut Sqlite, opening: &Opening) -> Result<Vault, StoreError> {
    let wrapped = database.wrapped_keys().await?;
    if !wrapped.is_empty() {
        let ordered = vault::Purpose::ALL
            .iter()
            .filter_map(|purpose| wrapped.iter().find(|(word, _)| word == purpose.word()))
            .map(|(_, sealed)| sealed.clone())
            .collect::<Vec<_>>();
        let random = Arc::clone(&opening.random);
        return Vault::open(&opening.master, &ordered, random).map_err(|_| {
            StoreError::WrongLedger(
                "the master key is not the one this ledger was made with".into(),
            )
        });
    }
    let (vault, wrapped) = Vault::create(&opening.master, Arc::clone(&opening.random));
    database.keep_keys(&wrapped, opening.clock.now()).await?;
    Ok(vault)
}

impl Sqlite {
    async fn head(&mut self) -> Result<sqlite::Head, StoreError> {
        let mut transaction = self.begin().await?;
        let head = transaction.head().await;
        transaction.rollback().await;
        head
    }

    async fn wrapped_keys(&mut self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut transaction = self.begin().await?;
        let keys = transaction.wrapped_keys().await;
        transaction.rollback().await;
        keys
    }

    async fn keep_keys(&mut self, wrapped: &[Vec<u8>], now: Micros) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for (purpose, sealed) in vault::Purpose::ALL.iter().zip(wrapped) {
            transaction.keep_key(purpose.word(), sealed, now).await?;
        }
        transaction.commit().await
    }
}
