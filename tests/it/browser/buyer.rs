//! A person with a phone on the demo's Wi-Fi: taps, types, pays, and leaves only after the books
//! were checked.

use crate::browser::chromium::{Chromium, until};
use lango::{
    app,
    commands::catalogue::{DefinePackage, OpenShop, RegisterSite},
    ledger::{
        catalogue::{LedgerPurpose, Package},
        kernel::{
            id::Slug,
            money::Cents,
            time::{Micros, SECOND},
        },
    },
    ports::{Clock, Random, SystemClock, SystemRandom},
    processes,
    services::{acting::Acting, stock::import::Import},
    simulators::{
        hotspot::LoginMethod,
        town::world::{Addresses, Plan, World},
    },
    store::{Opening, Store},
};
use reqwest::{Proxy, StatusCode};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::oneshot;

/// The page that the phone asks for first; the router intercepts it.
pub const OUTSIDE: &str = "http://news.example/today";

/// The buyer's number, as typed.
const NUMBER: &str = "0712 345 678";

/// The same as M-PESA writes it.
pub const MSISDN: &str = "254712345678";

/// The phone, as the router sees it.
pub const ROUTER_PHONE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where the shop stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Callbacks arrive.
    Public,
    /// Behind the router: plain http by fixed address, payments confirmed by queries alone.
    Local,
}

/// The machine's clock, which can be put forward.
#[derive(Default)]
pub struct LeapingClock(AtomicI64);

impl LeapingClock {
    /// So many seconds pass at once.
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * SECOND, Ordering::Relaxed);
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Micros {
        SystemClock.now().plus(self.0.load(Ordering::Relaxed))
    }
}

/// A buyer in a world of their own.
pub struct Buyer {
    /// The phone's browser.
    pub browser: Chromium,
    /// Everything else.
    pub world: World,
    /// The world's clock.
    pub clock: Arc<LeapingClock>,
    placement: Placement,
    stop: Option<oneshot::Sender<()>>,
    _folder: tempfile::TempDir,
}

/// The world of the demo, with its shop closed, and the folder of its ledger.
pub async fn world(clock: Arc<dyn Clock>, callbacks: bool) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let machine: (Arc<dyn Clock>, Arc<dyn Random>) = (clock, Arc::new(SystemRandom));
    let opening = Opening {
        url: format!("sqlite:{}", folder.path().join("shop.db").display()),
        master: [7; 32],
        zone: app::nairobi(),
        clock: Arc::clone(&machine.0),
        random: Arc::clone(&machine.1),
    };
    let store = Store::open(opening).await.unwrap();
    let timezone = "Africa/Nairobi".to_owned();
    store.execute(OpenShop { purpose: LedgerPurpose::Demo, timezone }).await.unwrap();
    let plan = Plan { addresses: Addresses::any(), callbacks, machine };
    (World::open(store, plan).await.unwrap(), folder)
}

impl Buyer {
    /// A buyer near an open shop.
    pub async fn at(placement: Placement) -> Self {
        let mut buyer = Self::at_a_closed_shop(placement).await;
        buyer.opens_shop();
        buyer
    }

    /// A buyer near a shop that takes connections and never answers, until it opens.
    pub async fn at_a_closed_shop(placement: Placement) -> Self {
        let clock = Arc::new(LeapingClock::default());
        let callbacks = placement == Placement::Public;
        let (world, folder) = world(clock.clone(), callbacks).await;
        // With the router's own cookie a kicked phone would be back before it sees a page.
        world.hotspot.configure(|router| router.login_by = [LoginMethod::HttpChap].into());
        let browser = Chromium::start(world.addresses.router).await;
        Self { browser, world, clock, placement, stop: None, _folder: folder }
    }

    /// Opens the shop, once.
    pub fn opens_shop(&mut self) {
        if self.stop.is_none() {
            let (stop, stopped) = oneshot::channel();
            let stopping = async move {
                let _ = stopped.await;
            };
            self.world.start(stopping).expect("the shop is opened once");
            self.stop = Some(stop);
        }
    }

    /// Closes it: from now on nobody listens.
    pub async fn closes_shop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
            self.world.stopped().await;
        }
    }

    /// An address of the shop.
    pub fn shop(&self, path: &str) -> String {
        format!("http://{}{path}", self.world.addresses.shop)
    }

    /// An address of the router.
    pub fn router(&self, path: &str) -> String {
        format!("http://{}{path}", self.world.addresses.router)
    }

    /// Opens any page and is led to the shop, by way of the router's own page.
    pub async fn joins(&self) {
        self.browser.open(OUTSIDE).await;
        let shop = self.shop("/s/mtaa?mac=");
        until("the shop", async || self.browser.address().await.starts_with(&shop)).await;
        self.browser.until_it_says("KSh\u{a0}50").await;
    }

    /// Chooses a package and gives the number.
    pub async fn orders(&self, package: &str) {
        self.browser.tap(&format!("label[for=p-{package}]")).await;
        self.browser.type_into("#phone", NUMBER).await;
        self.browser.tap("#pay").await;
    }

    /// Enters the PIN when the phone asks for it.
    pub async fn pays(&self) {
        let prompt = self.world.daraja.wait_for_prompt(MSISDN).await;
        self.world.daraja.enter_pin(prompt.id).unwrap();
        if self.placement == Placement::Local {
            // The first question is asked ten seconds after the prompt.
            self.clock.forward(11);
        }
    }

    /// The code that the page shows.
    pub async fn code(&self) -> String {
        self.browser.property("#the-code", "textContent").await
    }

    /// Whether the phone's own check says so.
    pub async fn is_online(&self) -> bool {
        let proxy = Proxy::http(self.router("/")).unwrap();
        let client = reqwest::Client::builder().proxy(proxy).build().unwrap();
        let probe = client.get("http://connectivitycheck.gstatic.com/generate_204");
        probe.send().await.unwrap().status() == StatusCode::NO_CONTENT
    }

    /// Opens a second site with one package and one code.
    pub async fn stocks_one_code(&self, site: &str, code: &str) {
        let store = &self.world.shop.context.store;
        let site = Slug::parse(site).unwrap();
        let register = RegisterSite::new(site.clone(), "Duka Wi-Fi".into(), self.router("/login"));
        store.execute(register).await.unwrap();
        let package = Package {
            site: site.clone(),
            package: Slug::parse("daily").unwrap(),
            version: 1,
            name: "One day".into(),
            price_cents: Cents::from_kes(50),
            validity_seconds: 86_400,
            profile: "daily".into(),
            devices: 1,
            rate_kbps_down: None,
            rate_kbps_up: None,
            data_bytes_max: None,
            name_sw: None,
            place: None,
            retired: false,
        };
        store.execute(DefinePackage { package }).await.unwrap();
        let list =
            format!("/ip hotspot user\nadd name={code} password={code} profile=daily server=all\n");
        let acting = Acting::at_command_line(store, &SystemRandom);
        let report = acting.import(&Import::to(site), list.as_bytes()).await.unwrap();
        assert_eq!(report.taken, 1);
    }

    /// Checks what every story owes, and closes the shop.
    pub async fn leaves(mut self) {
        assert_eq!(self.browser.complaints().await, [] as [&str; 0]);
        let context = Arc::clone(&self.world.shop.context);
        processes::settle(&context).await.unwrap();
        let audit = context.store.verify().await.unwrap();
        assert_eq!(audit.findings, [], "the chain is broken");
        assert!(context.store.compare_projections().await.unwrap().is_empty());
        // Somebody may have sent one again.
        let sent = self.world.sms.inbox(MSISDN).len();
        assert!(self.world.daraja.books().len() <= sent, "a payment without its text");
        self.closes_shop().await;
    }
}
