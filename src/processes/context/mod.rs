//! What processes and pages work with: store, providers, clock, and the bell that wakes the
//! processes.

mod ailing;
mod calls;

pub use ailing::Ailing;
pub use calls::Calls;

use crate::{
    commands::by::By,
    ledger::{
        kernel::{
            phone::Phone,
            time::{MINUTE, Micros},
        },
        purchase::Language,
    },
    phrases::Phrases,
    ports::{PaymentGateway, Random, SmsGateway},
    services::{acting::Acting, backup::Nightly},
    store::Store,
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::{civil::Time, tz::TimeZone};
use std::{
    num::NonZeroU32,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};
use tokio::sync::watch;
use url::Url;

/// How many status queries a second the whole shop asks at most: M-PESA arrests spikes.
const QUERIES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// For so long after a failure pages say that M-PESA is slow, unless it answers well before.
const SLOW_FOR: i64 = 2 * MINUTE;

/// What the owner decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address that providers can reach; `None` where callbacks are off and only queries tell.
    pub callbacks: Option<Url>,
    pub shop_name: String,
    /// What the owner is told in the evening; `None` nothing.
    pub digest: Option<Digest>,
    /// The nightly backup, where one is wanted.
    pub nightly: Option<Arc<Nightly>>,
    /// The file outside the database that says how far the ledger has come.
    pub mark: Option<PathBuf>,
}

/// The owner's evening digest.
#[derive(Debug, Clone)]
pub struct Digest {
    pub phone: Phone,
    /// Not before this local time.
    pub at: Time,
    pub language: Language,
    /// By which zone days and times go.
    pub zone: TimeZone,
}

/// What processes and pages work with.
pub struct Context {
    pub store: Store,
    pub payments: Arc<dyn PaymentGateway>,
    /// How messages leave, the preferred one first.
    pub sms: Vec<Arc<dyn SmsGateway>>,
    pub random: Arc<dyn Random>,
    pub phrases: Arc<Phrases>,
    pub settings: Settings,
    pub calls: Calls,
    pub ailing: Ailing,
    /// Status queries, for the whole shop.
    pub query_limit: DefaultDirectRateLimiter,
    /// Held by whatever is handled alone, because it broke down before.
    pub alone: tokio::sync::Mutex<()>,
    told: watch::Sender<u64>,
    slow_until: AtomicI64,
    closing: AtomicBool,
}

impl Context {
    /// A context; nothing runs yet.
    pub fn new(
        store: Store,
        payments: Arc<dyn PaymentGateway>,
        sms: Vec<Arc<dyn SmsGateway>>,
        random: Arc<dyn Random>,
        settings: Settings,
    ) -> Self {
        Self {
            store,
            payments,
            sms,
            random,
            phrases: Arc::new(Phrases::built_in()),
            settings,
            calls: Calls::default(),
            ailing: Ailing::default(),
            query_limit: RateLimiter::direct(Quota::per_second(QUERIES_PER_SECOND)),
            alone: tokio::sync::Mutex::new(()),
            told: watch::Sender::new(0),
            slow_until: AtomicI64::new(0),
            closing: AtomicBool::new(false),
        }
    }

    /// Tells the processes that something came from outside.
    pub fn tell(&self) {
        self.told.send_modify(|times| *times += 1);
    }

    /// Tells the processes to end once they have finished what they look at.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.tell();
    }

    /// Whether the processes are to end.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Returns when the processes are to end.
    pub async fn closed(&self) {
        let mut told = self.told();
        while !self.is_closing() {
            // It is told for as long as there is a context.
            let _ = told.changed().await;
        }
    }

    /// Changes whenever something came from outside.
    pub fn told(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// Now.
    pub fn now(&self) -> Micros {
        self.store.now()
    }

    /// A new id.
    pub fn id(&self) -> uuid::Uuid {
        self.random.id(self.now())
    }

    /// Somebody acts.
    pub fn acting(&self, by: By) -> Acting<'_> {
        Acting { store: &self.store, random: self.random.as_ref(), by }
    }

    /// Whether M-PESA is failing, so that buyers are told not to pay twice.
    pub fn is_payment_slow(&self) -> bool {
        self.now().0 < self.slow_until.load(Ordering::Relaxed)
    }

    /// Notes whether the payment provider itself answered well.
    pub fn note_provider(&self, well: bool) {
        let until = if well { 0 } else { self.now().plus(SLOW_FOR).0 };
        self.slow_until.store(until, Ordering::Relaxed);
    }
}
