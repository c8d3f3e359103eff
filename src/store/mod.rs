//! The store: ledger, vault and decision tables in one database, behind one writer. The only module
//! that knows SQL; what differs between databases stands in a folder of its own.

mod audit;
#[cfg(test)]
#[path = "../../tests/it/cluster.rs"]
mod cluster;
mod copy;
mod database;
mod error;
pub mod projections;
mod queries;
mod vault;
mod work;
mod writer;

pub use audit::astray::{Astray, Wrong};
pub use audit::beside::Beside;
pub use audit::rebuild::DecisionDifference;
pub use audit::schema::{SchemaFault, SchemaFinding};
pub use audit::verify::{Audit, Finding, Outside};
pub use copy::copy_in::{CopyError, CopyIn};
pub use copy::{CopyOut, End, LEFT_OUT, Piece};
pub use database::gate::{Deed, Gate, guard_this_thread};
pub use database::pages::{LedgerPage, PageEvent};
pub use database::statement::Param;
pub use database::threads::on_another_thread;
pub use error::{CommandError, StoreError};
pub use projections::{Difference, Past, Rebuilt, Step};
pub use queries::{
    Reader,
    backups::{BackupMade, BackupRecord, CopyStanding},
    catalogue::Offer,
    events::{ProjectionState, StoredEvent},
    message::Referenced,
    money::{Earned, Exception, ExceptionKind},
    router::{AtRouter, RouterNews, ToldOfCode, UsageCounts},
    sale::{PaymentView, PurchaseView, VoucherCode},
    sales::{ListedSale, SaleStatus, SalesWanted},
    staff::{Session, StaffMember},
    stock::{BatchStanding, Handout, OnShelf, Standing, StockLine},
    uploads::{UploadKept, Word},
};
pub use vault::keys::SealsOpened;
pub use vault::sealed::Sealed;
pub use vault::{BackupKey, DoesNotOpen, Key, Vault, lookup::Lookup};
pub use work::breakdowns::{BREAKDOWNS_MAX, Item, Stuck};
pub use work::inbox::{
    C2B_CONFIRMATION, C2B_VALIDATION, RawMessage, SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT,
};
pub use work::{Inbox, Kept, Owed, Work};
pub use writer::changes::INTERRUPTED_SECONDS;
pub use writer::news::{News, Place};
pub use writer::stir::{Chore, Stir};

use crate::{
    commands::{keep_beside::KeepBeside, stock::fence::FenceStock},
    ledger::{
        catalogue::{LedgerPurpose, ShopEvent},
        command::{Answer, Command},
        event::Event,
        kernel::time::Micros,
    },
    ports::{Clock, Random, SteadyClock},
};
use database::{Database, Head};
use error::Attempt;
use jiff::tz::TimeZone;
use std::sync::Arc;
use tokio::sync::watch;
use vault::keyring::{Keyring, wrapped_keys};

/// What to open, and with what.
pub struct Opening {
    /// `sqlite:lango.db` or `postgres://…`.
    pub url: String,
    /// The key that wraps the vault's keys.
    pub master: Key,
    /// The shop's time zone, for business days.
    pub zone: TimeZone,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// The store. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    sender: writer::queue::Sender,
    keyring: Arc<Keyring>,
    position: watch::Sender<i64>,
    news: News,
    stir: Stir,
    projecting: projections::projecting::Projecting,
    history: audit::history::History,
    clock: Arc<SteadyClock>,
}

impl Store {
    /// What can be read of it.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Opens a store, bringing its schema up to date and making the vault's keys for an empty
    /// ledger.
    pub async fn open(opening: Opening) -> Result<Self, StoreError> {
        let database = Database::open(&opening.url).await?;
        let (keyring, head) = open_keyring(&database, &opening).await?;
        let keyring = Arc::new(keyring);
        let projecting = projections::projecting::Projecting::open(&opening.url, &database).await?;
        let reader = Reader { pool: database::readers(&opening.url).await? };
        reader.fill_shop_wide(&database, &keyring).await?;
        let position = watch::Sender::new(head.position);
        let (news, stir) = (News::after(head.position), Stir::new());
        let clock = Arc::new(SteadyClock::new(Arc::clone(&opening.clock)));
        clock.not_before(head.recorded_at);
        let history = audit::history::History::default();
        let writer = writer::Writer {
            database,
            clock: Arc::clone(&clock),
            zone: opening.zone,
            keyring: Arc::clone(&keyring),
            position: position.clone(),
            news: news.clone(),
            stir: stir.clone(),
            memory: writer::Memory::default(),
            history: history.clone(),
        };
        let sender = writer.start();
        let store =
            Self { reader, sender, keyring, position, news, stir, projecting, history, clock };
        store.recall_checkpoints().await?;
        Ok(store)
    }

    /// Now, by the one clock of writer, processes and pages: never before what the ledger says.
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Whether there is a ledger at `url`. Changes nothing.
    pub async fn exists(url: &str) -> Result<bool, StoreError> {
        database::exists(url).await
    }

    /// Has a command carried out; returns after its events are durable.
    pub async fn execute(&self, command: impl Command + 'static) -> Result<Answer, CommandError> {
        self.sender.execute(Arc::new(command)).await
    }

    /// Returns when the writer has ended. Nothing can be sold any more, and only a new start helps.
    pub async fn writer_ended(&self) {
        self.sender.ended().await;
    }

    /// Whether the writer has ended.
    pub fn has_writer_ended(&self) -> bool {
        self.sender.has_ended()
    }

    /// Asks the writer for nothing: it answers as soon as it has had its turn with the database.
    pub async fn knock(&self) -> Result<(), CommandError> {
        self.execute(KeepBeside::default()).await.map(drop)
    }

    /// Keeps every code on hand out of sale, in one commit: any may have been sold. Tells how many.
    pub async fn fence_stock(&self) -> Result<usize, CommandError> {
        let vouchers = self.read().on_hand().await?;
        let count = vouchers.len();
        self.execute(FenceStock { vouchers }).await?;
        Ok(count)
    }

    /// Whether the master key with which this was opened still opens the ledger.
    pub async fn has_its_master_key(&self) -> Result<bool, StoreError> {
        Ok(self.keyring.opens(&wrapped_keys(&self.reader.pool).await?))
    }

    /// The vault's keys, as they were last seen. What is sealed with one that was changed meanwhile
    /// is not taken ([`StoreError::KeysChanged`]).
    pub fn vault(&self) -> Arc<Vault> {
        self.keyring.vault()
    }

    /// The vault's keys as they stand in the database.
    pub async fn vault_now(&self) -> Result<Arc<Vault>, StoreError> {
        self.keyring.as_of(&self.reader.pool).await
    }

    /// Who waits for news of a purchase.
    pub fn news(&self) -> &News {
        &self.news
    }

    /// Changes when a commit, or another instance, may have given something of a chore to do.
    pub fn stirred(&self, chore: Chore) -> watch::Receiver<()> {
        self.stir.of(chore)
    }

    /// Says that there may be something of a chore to do.
    pub fn stir(&self, chore: Chore) {
        self.stir.for_chore(chore);
    }

    /// The last position that this instance knows of; changes with each of its commits, and when it
    /// hears of others.
    pub fn position(&self) -> watch::Receiver<i64> {
        self.position.subscribe()
    }

    /// Opens a sealed text of the vault; `None` when there is none, or it is forgotten.
    pub async fn open_sealed(&self, what: Sealed) -> Result<Option<String>, StoreError> {
        let sealed = self.read().sealed(&what).await?.filter(|sealed| !sealed.is_empty());
        let Some(sealed) = sealed else { return Ok(None) };
        self.unseal_text(&what.context(), &sealed).await.map(Some)
    }

    /// Opens a sealed text, whichever of the keys sealed it.
    pub async fn unseal_text(&self, context: &str, sealed: &[u8]) -> Result<String, StoreError> {
        let plain = self.unseal(context, sealed).await?;
        String::from_utf8(plain).map_err(|_| DoesNotOpen.into())
    }

    /// Opens what was sealed, whichever of the keys sealed it.
    pub async fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        match self.vault().unseal(context, sealed) {
            Ok(plain) => Ok(plain),
            // Another instance may have sealed it with a key that we have not seen.
            Err(_) => Ok(self.vault_now().await?.unseal(context, sealed)?),
        }
    }

    /// Verifies everything with the ledger's own key.
    pub async fn verify(&self) -> Result<Audit, StoreError> {
        let key = self.vault().signing_key().public();
        self.read().verify_with(key, &Outside::default(), |_| {}).await
    }

    /// Takes new events into the projections; tells how many.
    pub async fn project(&self) -> Result<usize, StoreError> {
        let projecting = self.projecting.clone();
        on_another_thread(async move { projecting.fold().await }).await
    }

    /// Has the database let go of what was erased, where it keeps a log of changes beside its
    /// tables; `false` while somebody still reads what stood before.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        database::empty_log(self.projecting.pool()).await
    }

    /// Builds every projection anew; `progress` is told how far it is.
    pub async fn rebuild_projections(
        &self,
        progress: impl FnMut(Step),
    ) -> Result<Vec<(&'static str, Rebuilt)>, StoreError> {
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

/// Opens the vault, or makes it, while nobody else can.
async fn open_keyring(
    database: &Database,
    opening: &Opening,
) -> Result<(Keyring, Head), StoreError> {
    let (mut transaction, head) = database.begin().await?;
    let mut wrapped = wrapped_keys(&mut transaction).await?;
    let random = Arc::clone(&opening.random);
    if wrapped.is_empty() {
        wrapped = Vault::create(Arc::clone(&random)).wrapped(&opening.master);
        for key in &wrapped {
            transaction.keep_key(key, opening.clock.now()).await?;
        }
        transaction.commit().await.attempt("keep the vault's keys")?;
    } else {
        transaction.rollback().await;
    }
    Ok((Keyring::open(opening.master, &wrapped, random)?, head))
}

impl Reader {
    /// Opens a ledger for reading what is no secret; writes nothing.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self { pool: database::readers(url).await? })
    }

    /// The vault's keys.
    pub async fn open_vault(
        &self,
        master: &Key,
        random: Arc<dyn Random>,
    ) -> Result<Vault, StoreError> {
        vault::keyring::unwrap(&wrapped_keys(&self.pool).await?, master, random)
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
}
