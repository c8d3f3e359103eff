//! One running shop, in a runtime of its own, so that a story can end it as a power cut would: all
//! tasks at once, wherever they stand.

use super::{
    GATEWAYS, ManualClock,
    fragile::{Bugs, FragileGateway, FragileRandom},
};
use crate::address::free_address;
use lango::{
    adapters::{
        mpesa::{self, Mpesa},
        sms,
    },
    app::{self, Parts},
    ledger::accent::Accent,
    ports::{Clock, PaymentGateway, Random, SmsGateway, SystemRandom},
    processes::{
        self,
        context::{Context, Digest},
    },
    services::{
        backup::{Nightly, Place, Prover},
        catalogue::Receivers,
    },
    simulators::{daraja, sms_gateway},
    store::{Opening, Store},
    web::{self, DeskSettings, Shop, WebSettings},
};
use serde_json::json;
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

/// The town's master key.
pub const MASTER: [u8; 32] = [0x5A; 32];

/// How a town is to be.
pub struct Plan {
    /// Whether M-PESA can call back.
    pub callbacks: bool,
    /// How long a call to a provider may take, in ms of real time.
    pub patience_ms: u64,
    /// Whether money goes to a till.
    pub till: bool,
    /// What the owner is told in the evening.
    pub digest: Option<Digest>,
    /// Where backups go every night.
    pub backups: Vec<Place>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { callbacks: true, patience_ms: 10_000, till: false, digest: None, backups: vec![] }
    }
}

/// What a shop is connected to.
#[derive(Clone)]
pub struct Wiring {
    pub url: String,
    pub clock: Arc<ManualClock>,
    pub mpesa_at: SocketAddr,
    pub sms_at: [SocketAddr; 2],
    pub callbacks: bool,
    pub patience_ms: u64,
    pub till: bool,
    /// What the owner is told in the evening.
    pub digest: Option<Digest>,
    pub backups: Vec<Place>,
    /// What panics.
    pub bugs: Bugs,
    /// Where they are tried out.
    pub scratch: Arc<TempDir>,
}

/// A running shop.
pub struct Instance {
    /// The shop.
    pub shop: Arc<Shop>,
    /// Where it listens for buyers.
    pub address: SocketAddr,
    /// Where it listens for staff.
    pub desk: SocketAddr,
    runtime: Option<Runtime>,
}

impl Instance {
    /// Starts a shop, at an address or at any.
    pub async fn start(wiring: &Wiring, at: Option<SocketAddr>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let opening = open(wiring.clone(), at);
        let (shop, address, desk) = runtime.spawn(opening).await.expect("the shop opens");
        Self { shop, address, desk, runtime: Some(runtime) }
    }

    /// Its ledger.
    pub fn store(&self) -> &Store {
        &self.shop.context.store
    }

    /// Its context.
    pub fn context(&self) -> Arc<Context> {
        Arc::clone(&self.shop.context)
    }

    /// Settles its processes; what they start runs in its own runtime.
    pub fn settling(&self) -> impl Future<Output = ()> + Send + 'static {
        let context = self.context();
        let runtime = self.runtime.as_ref().expect("it runs until it dies");
        let settled = runtime.spawn(async move { processes::settle(&context).await });
        async move { settled.await.expect("processes do not panic").expect("processes work") }
    }

    /// Ends it, all tasks at once.
    pub async fn die(mut self) {
        let runtime = self.runtime.take().expect("it dies once");
        let patience = Duration::from_secs(10);
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(patience)).await.unwrap();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn open(wiring: Wiring, at: Option<SocketAddr>) -> (Arc<Shop>, SocketAddr, SocketAddr) {
    let listener = TcpListener::bind(at.unwrap_or_else(free_address)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock: Arc<dyn Clock> = wiring.clock.clone();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let opening = Opening {
        url: wiring.url.clone(),
        master: MASTER,
        zone: app::nairobi(),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
    };
    let store = Store::open(opening).await.unwrap();
    let payments: Arc<dyn PaymentGateway> = Arc::new(FragileGateway {
        sound: Arc::new(payments(&wiring).sharing(store.clone())),
        bugs: wiring.bugs.clone(),
    });
    let random: Arc<dyn Random> = Arc::new(FragileRandom(wiring.bugs.clone()));
    let shop = app::build(Parts {
        payments,
        store,
        sms: GATEWAYS.iter().zip(wiring.sms_at).map(|(id, at)| gateway(&wiring, id, at)).collect(),
        random,
        callbacks: wiring.callbacks,
        digest: wiring.digest.clone(),
        nightly: nightly(&wiring).map(Arc::new),
        mark: None,
        web: WebSettings {
            public_url: format!("http://{address}").parse().unwrap(),
            shop_name: daraja::SHOP_NAME.into(),
            support_phone: Some("0700 000 000".into()),
            zone: app::nairobi(),
            receivers: receivers(&wiring),
            accent: Accent::default(),
            desk: DeskSettings::default(),
        },
    });
    let router = web::public(Arc::clone(&shop));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let listener = TcpListener::bind(free_address()).await.unwrap();
    let desk = listener.local_addr().unwrap();
    let router = web::staff(Arc::clone(&shop));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (shop, address, desk)
}

/// The nightly backup at three, where the town wants one.
fn nightly(wiring: &Wiring) -> Option<Nightly> {
    let places = wiring.backups.clone();
    let three = jiff::civil::Time::constant(3, 0, 0, 0);
    let scratch = wiring.scratch.path().to_owned();
    let prover = Arc::new(Prover::new(MASTER, scratch, Arc::new(SystemRandom)));
    (!places.is_empty()).then(|| Nightly::new(places, three, app::nairobi(), prover))
}

/// The tills and paybills that sites may be paid by.
fn receivers(wiring: &Wiring) -> Receivers {
    let own = if wiring.till { daraja::TILL } else { daraja::SHORT_CODE };
    let configured = [own, daraja::OTHER_SHORT_CODE].map(str::to_owned).into();
    Receivers { configured, tills: wiring.till }
}

/// The shop's gateway to M-PESA, with a paybill beside its own.
pub fn payments(wiring: &Wiring) -> Mpesa {
    let clock: Arc<dyn Clock> = wiring.clock.clone();
    let settings = mpesa::Settings {
        base_url: format!("http://{}", wiring.mpesa_at).parse().unwrap(),
        consumer_key: daraja::CONSUMER_KEY.to_owned().into(),
        consumer_secret: daraja::CONSUMER_SECRET.to_owned().into(),
        short_code: daraja::SHORT_CODE.into(),
        till: wiring.till.then(|| daraja::TILL.into()),
        passkey: daraja::PASSKEY.to_owned().into(),
        timeout_ms: wiring.patience_ms,
        connect_timeout_ms: wiring.patience_ms,
    };
    let other = mpesa::Settings {
        short_code: daraja::OTHER_SHORT_CODE.into(),
        till: None,
        passkey: daraja::OTHER_PASSKEY.to_owned().into(),
        ..settings.clone()
    };
    Mpesa::new(settings, clock).unwrap().beside(other).unwrap()
}

fn gateway(wiring: &Wiring, id: &str, at: SocketAddr) -> Arc<dyn SmsGateway> {
    let settings = json!({
        "kind": "africas_talking",
        "id": id,
        "username": sms_gateway::USERNAME,
        "api_key": sms_gateway::API_KEY,
        "base_url": format!("http://{at}"),
        "timeout_ms": wiring.patience_ms,
    });
    Arc::from(sms::gateway(serde_json::from_value(settings).unwrap()).unwrap())
}
