//! A town with one hotspot: the real shop over HTTP, a real ledger, and simulators of
//! M-PESA and two SMS gateways. Time stands still unless a story moves it, and the processes run
//! only when a story lets things settle, so every story is told the same way each time.
//!
//! A story ends with [`Town::close`], which checks what every story owes; a town that is dropped
//! without it fails its test.

pub mod checks;
mod clerk;
mod clock;
mod customer;
mod fragile;
mod home;
mod instance;
mod ledger;

pub use clerk::{Clerk, PASSWORD};
pub use clock::ManualClock;
pub use customer::Customer;
pub use home::{Home, new_schema, on_postgres, sql};
pub use instance::{Instance, MASTER, Plan};
pub use ledger::Ledger;

use self::{fragile::Bugs, instance::Wiring};
use jiff::civil::date;
use lango::{
    adapters::{
        http,
        mpesa::{C2bAddresses, Registered},
    },
    app::{
        self,
        telemetry::{self, Captured},
    },
    commands::catalogue::{DefinePackage, OpenShop, RegisterSite},
    ledger::{
        catalogue::{LedgerPurpose, Package},
        kernel::{
            id::{PackageKey, PurchaseId, Slug},
            money::Cents,
            phone::Phone,
            time::SECOND,
        },
        refusal::Refusal,
    },
    ports::{Clock, SystemRandom},
    services::{acting::Acting, stock::import::Import},
    simulators::{
        daraja::{self, Daraja, Faults},
        sms_gateway::{Family, SmsCenter},
    },
    store::{CommandError, Exception, PurchaseView, SOURCE_C2B, SOURCE_PAYMENT, Store},
};
use std::{fmt::Write as _, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// The only site of the town.
pub const SITE: &str = "mtaa";

/// The gateways' ids, the preferred one first.
pub const GATEWAYS: [&str; 2] = ["first", "second"];

/// Longer than any page may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// What the shop sells: short name, price in KES, seconds.
const PACKAGES: [(&str, i64, u64); 2] = [("hourly", 10, 3_600), ("daily", 50, 86_400)];

/// The town.
pub struct Town {
    /// The time of day.
    pub clock: Arc<ManualClock>,
    /// M-PESA.
    pub mpesa: Daraja,
    /// The SMS gateways, the preferred one first.
    pub sms: [SmsCenter; 2],
    /// The shop; `None` while it is down.
    instance: Option<Instance>,
    address: SocketAddr,
    wiring: Wiring,
    /// The way to the shop, for everybody; a client each would take longer to make than to use.
    client: reqwest::Client,
    /// Every code that stock was made of.
    codes: Vec<String>,
    /// Numbers, devices and the like, in every form that must be found nowhere.
    secrets: Vec<String>,
    /// Whether messages about money lie or are forged, so that M-PESA's books cannot agree.
    pub callbacks_lie: bool,
    log: Captured,
    log_from: usize,
    simulators: JoinSet<()>,
    home: Home,
    closed: bool,
}

impl Town {
    /// A town in which everything works, on the evening of 22 November 2026 at six.
    pub async fn open() -> Self {
        Self::open_as(Plan::default()).await
    }

    /// A town to a plan.
    pub async fn open_as(plan: Plan) -> Self {
        let log = telemetry::init_captured();
        let log_from = log.mark();
        let six = date(2026, 11, 22).at(18, 0, 0, 0).to_zoned(app::nairobi()).unwrap();
        let clock = Arc::new(ManualClock::at(six.timestamp().as_microsecond()));
        let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
        let mpesa = Daraja::new(as_clock(), Arc::new(SystemRandom));
        let sms = GATEWAYS.map(|_| SmsCenter::new(as_clock(), Arc::new(SystemRandom)));
        let mut simulators = JoinSet::new();
        let mpesa_at = serve(&mut simulators, mpesa.router()).await;
        let sms_at = [
            serve(&mut simulators, sms[0].router()).await,
            serve(&mut simulators, sms[1].router()).await,
        ];
        let home = Home::new();
        let wiring = Wiring {
            url: home.url(),
            clock: Arc::clone(&clock),
            mpesa_at,
            sms_at,
            callbacks: plan.callbacks,
            patience_ms: plan.patience_ms,
            till: plan.till,
            digest: plan.digest,
            backups: plan.backups,
            bugs: Bugs::default(),
            scratch: Arc::new(tempfile::tempdir().unwrap()),
        };
        let instance = Instance::start(&wiring, None).await;
        let address = instance.address;
        fill(instance.store()).await;
        let town = Self {
            clock,
            mpesa,
            sms,
            instance: Some(instance),
            address,
            wiring,
            client: http::client(PATIENCE).unwrap(),
            codes: vec![],
            secrets: vec![],
            callbacks_lie: false,
            log,
            log_from,
            simulators,
            home,
            closed: false,
        };
        town.wire_reports();
        town
    }

    fn wire_reports(&self) {
        for (center, id) in self.sms.iter().zip(GATEWAYS) {
            let secret = self.store().vault().report_secret(id);
            let address = format!("http://{}/hooks/m/{id}/{secret}", self.address);
            center.report_to(Family::AfricasTalking, address.parse().unwrap());
        }
    }

    /// The shop as it runs.
    pub fn shop(&self) -> &Instance {
        self.instance.as_ref().expect("the shop is open")
    }

    /// The ledger of the running shop.
    pub fn store(&self) -> &Store {
        self.shop().store()
    }

    /// The owner, at the command line.
    pub fn acting(&self) -> Acting<'_> {
        Acting::at_command_line(self.store(), &SystemRandom)
    }

    /// An address of the shop.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The owner has Safaricom tell of all money on the shop's number.
    pub async fn registers(&self) -> Registered {
        let payments = instance::payments(&self.wiring);
        payments.register(daraja::SHORT_CODE, &self.c2b_addresses()).await
    }

    /// Where Safaricom is to tell of it.
    pub fn c2b_addresses(&self) -> C2bAddresses {
        app::c2b_addresses(self.store(), &self.url("").parse().unwrap())
    }

    /// What panics in the shop.
    pub fn bugs(&self) -> &Bugs {
        &self.wiring.bugs
    }

    /// Changes what goes wrong at M-PESA, from now on.
    pub fn mpesa_will(&self, change: impl FnOnce(&mut Faults)) {
        self.mpesa.set_faults(change);
    }

    /// Brings codes of a package into stock and returns them. They never repeat.
    pub async fn stock(&mut self, package: &str, count: usize) -> Vec<String> {
        let from = self.codes.len();
        let codes: Vec<String> = (from..from + count).map(code).collect();
        let mut list = "/ip hotspot user\n".to_owned();
        for code in &codes {
            writeln!(list, "add name={code} password={code} profile={package}").unwrap();
        }
        assert_eq!(self.imports(&list).await, count, "every code is new");
        self.codes.extend(codes.iter().cloned());
        codes
    }

    /// Imports a list as a router exports it; tells how many codes were new.
    pub async fn imports(&self, list: &str) -> usize {
        let site = Slug::parse(SITE).unwrap();
        self.acting().import(&Import::to(site), list.as_bytes()).await.unwrap().taken
    }

    /// Carries out SQL behind the shop's back.
    pub async fn tampers(&self, sql: &str) {
        home::sql(&self.home.url(), sql).await.unwrap();
    }

    /// Free and held codes of a package, as the shop page sees them.
    pub async fn stock_of(&self, package: &str) -> (i64, i64) {
        let offers = self.store().read().offers(&Slug::parse(SITE).unwrap()).await.unwrap();
        let offer = offers.into_iter().find(|offer| offer.key() == key(package)).unwrap();
        (offer.free, offer.held)
    }

    /// Somebody with a phone, who joins the Wi-Fi.
    pub fn customer(&mut self, name: &str, phone: &str) -> Customer {
        let phone = Phone::parse(phone).expect("the story gives a number");
        let number = self.secrets.len();
        let mac = format!("02:5A:6C:{:02X}:{:02X}:7E", number / 256, number % 256);
        self.keep_secret(&phone);
        let forms = [mac.to_lowercase(), mac.replace(':', "-"), mac.replace(':', "%3A")];
        self.secrets.extend(forms.into_iter().chain([mac.clone()]));
        Customer::new(name, phone, mac, (self.address, self.client.clone()), &self.mpesa)
    }

    fn keep_secret(&mut self, phone: &Phone) {
        let local = phone.local();
        let spaced = format!("{} {} {}", &local[..4], &local[4..7], &local[7..]);
        self.secrets.extend([phone.msisdn()[3..].to_owned(), spaced]);
    }

    /// The same person on another device.
    pub fn other_device(&mut self, customer: &Customer) -> Customer {
        let phone = customer.phone.local();
        self.customer(&format!("{} again", customer.name), &phone)
    }

    /// Runs the shop's processes and the simulators until nothing happens any more.
    pub async fn settle(&self) {
        self.settle_with(&[self.shop()]).await;
    }

    /// The same with several instances of the shop, side by side.
    pub async fn settle_with(&self, shops: &[&Instance]) {
        loop {
            let before = shops[0].store().read().last_position().await.unwrap();
            let settling: JoinSet<()> = shops.iter().map(|shop| shop.settling()).collect();
            settling.join_all().await;
            self.mpesa.tick();
            self.mpesa.idle().await;
            let after = shops[0].store().read().last_position().await.unwrap();
            let mut inbox = vec![];
            for source in [SOURCE_PAYMENT, SOURCE_C2B] {
                inbox.extend(shops[0].store().read().inbox_undecided(source, 1).await.unwrap());
            }
            if before == after && inbox.is_empty() {
                return;
            }
        }
    }

    /// Lets time pass, in steps that miss nothing which falls due on the way.
    pub async fn passes(&self, seconds: i64) {
        let longest = if seconds > 900 { seconds / 60 } else { 15 };
        let mut left = seconds;
        while left > 0 {
            let due = self.store().read().next_due().await.unwrap();
            let until_due = due.map_or(longest, |due| self.clock.now().until(due) / SECOND);
            let step = until_due.clamp(5, longest).min(left);
            self.clock.advance(step);
            left -= step;
            self.settle().await;
        }
    }

    /// Chooses, and lets the shop ask for the money.
    pub async fn asks(&self, customer: &mut Customer, package: &str) {
        customer.chooses(package).await;
        self.settle().await;
    }

    /// The buyer enters the PIN, and M-PESA tells the shop.
    pub async fn pays(&self, customer: &Customer) {
        customer.enters_pin();
        self.settle().await;
    }

    /// The purchase that a customer's browser remembers.
    pub async fn purchase_of(&self, customer: &Customer) -> PurchaseId {
        let token = customer.link_token().expect("the browser remembers a purchase");
        self.store().purchase_of_link(&token).await.unwrap().expect("the link is known")
    }

    /// That purchase as it stands.
    pub async fn view_of(&self, customer: &Customer) -> PurchaseView {
        let id = self.purchase_of(customer).await;
        self.store().read().purchase(id).await.unwrap().unwrap()
    }

    /// The kinds of the events of that purchase, in order.
    pub async fn events_of(&self, customer: &Customer) -> Vec<String> {
        let id = self.purchase_of(customer).await;
        let events = self.store().read().events_of(id).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    /// Whether that purchase's events end in these.
    pub async fn ends_in(&self, customer: &Customer, kinds: &[&str]) {
        let all = self.events_of(customer).await;
        let end = &all[all.len().saturating_sub(kinds.len())..];
        assert_eq!(end, kinds, "all of them: {all:?}");
    }

    /// How often an event of a kind stands in the whole ledger.
    pub async fn count(&self, kind: &str) -> usize {
        Ledger::read(self.store()).await.count(kind)
    }

    /// Posts bytes to an address, as anybody can; status and body of the answer.
    pub async fn posts(&self, url: &str, body: &str) -> (u16, String) {
        let request = self.client.post(url).header("Content-Type", "application/json");
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What M-PESA has told the shop of prompts: how often the same, and what was decided.
    pub async fn callbacks(&self) -> Vec<(i64, String)> {
        self.kept_of(SOURCE_PAYMENT).await
    }

    /// What it has told of money on the shop's number, or asked.
    pub async fn c2b_messages(&self) -> Vec<(i64, String)> {
        self.kept_of(SOURCE_C2B).await
    }

    async fn kept_of(&self, source: &str) -> Vec<(i64, String)> {
        let kept = self.store().read().inbox_kept().await.unwrap().into_iter();
        kept.filter(|row| row.source == source)
            .map(|row| (row.times, row.outcome.unwrap_or_default()))
            .collect()
    }

    /// What a person must look at: kind and reason.
    pub async fn exceptions(&self) -> Vec<String> {
        let shown = self.store().read().exceptions().await.unwrap();
        let reason = |line: &Exception| line.reason.clone().unwrap_or_else(|| "-".to_owned());
        shown.iter().map(|line| format!("{} {}", line.kind.word(), reason(line))).collect()
    }

    /// Every SMS on a customer's phone, whichever gateway brought it.
    pub fn texts(&self, customer: &Customer) -> Vec<String> {
        let inboxes = self.sms.iter().flat_map(|sms| sms.inbox(customer.phone.msisdn()));
        inboxes.map(|text| text.text).collect()
    }

    /// The power fails: every task of the shop ends where it stands, and the shop starts again.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// The power fails.
    pub async fn stop(&mut self) {
        self.instance.take().expect("the shop is open").die().await;
    }

    /// The power is back.
    pub async fn start(&mut self) {
        self.instance = Some(Instance::start(&self.wiring, Some(self.address)).await);
    }

    /// The shop, which is down, starts again with another ledger.
    pub async fn moves_to(&mut self, home: Home) {
        self.wiring.url = home.url();
        self.home = home;
        self.start().await;
    }

    /// Another instance of the shop on the same ledger.
    pub async fn second_instance(&self) -> Instance {
        Instance::start(&self.wiring, None).await
    }

    /// Ends a story in which somebody wrote into the ledger: what it owed can be asked no longer.
    pub async fn leave(mut self) {
        self.closed = true;
        self.stop().await;
        self.simulators.shutdown().await;
    }

    /// Ends the story: checks what every story owes.
    pub async fn close(mut self) {
        self.closed = true;
        self.settle().await;
        let secrets = checks::run(&self).await;
        self.stop().await;
        checks::no_secret_on_disk(&self, &secrets);
        self.simulators.shutdown().await;
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        assert!(self.closed || std::thread::panicking(), "the story ends with town.close().await");
    }
}

/// The full name of a package.
pub fn key(package: &str) -> PackageKey {
    PackageKey { site: Slug::parse(SITE).unwrap(), package: Slug::parse(package).unwrap() }
}

/// The `number`th code: eight letters and digits that follow no pattern.
fn code(number: usize) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    // Odd, so that every number below 32^8 gives another code.
    let mut rest = (number + 1) * 0x6A09_E667_F3BD % (1 << 40);
    let mut text = String::new();
    for _ in 0..8 {
        text.push(char::from(LETTERS[rest % 32]));
        rest /= 32;
    }
    text
}

async fn serve(tasks: &mut JoinSet<()>, router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

async fn fill(store: &Store) {
    let open = OpenShop { purpose: LedgerPurpose::Demo, timezone: "Africa/Nairobi".into() };
    store.execute(open).await.unwrap();
    let site = Slug::parse(SITE).unwrap();
    let (name, router_login) = ("Mtaa Wi-Fi".into(), "http://10.5.50.1/login".into());
    store.execute(RegisterSite::new(site, name, router_login)).await.unwrap();
    for (id, price, validity_seconds) in PACKAGES {
        offer(store, id, 1, price, validity_seconds).await.unwrap();
    }
}

/// Offers a package, or changes its price.
pub async fn offer(
    store: &Store,
    id: &str,
    version: u32,
    price: i64,
    validity_seconds: u64,
) -> Result<(), Refusal> {
    let PackageKey { site, package } = key(id);
    let package = Package {
        site,
        package,
        version,
        name: format!("The {id}"),
        price_cents: Cents::from_kes(price),
        validity_seconds,
        profile: id.into(),
        devices: 1,
        rate_kbps_down: None,
        rate_kbps_up: None,
        data_bytes_max: None,
        name_sw: None,
        place: None,
        retired: false,
    };
    match store.execute(DefinePackage { package }).await {
        Ok(_) => Ok(()),
        Err(CommandError::Refused(refusal)) => Err(refusal),
        Err(CommandError::Failed(failure)) => panic!("{failure}"),
    }
}
