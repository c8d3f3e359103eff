//! A small world on this machine: M-PESA, an SMS gateway, a router with its pages, a phone, and a
//! shop that does not know that they are simulated.

use super::{phone::Phone, terminal::Terminal};
use crate::{
    adapters::{
        mpesa::{self, Mpesa},
        routeros::pages::{self, SitePages},
        sms,
    },
    app::{self, Parts},
    commands::catalogue::{DefinePackage, RegisterSite},
    ledger::{
        accent::Accent,
        catalogue::Package,
        kernel::{id::Slug, money::Cents},
        purchase::Language,
        refusal::Refusal,
    },
    ports::{Clock, PaymentGateway, Random, SmsGateway},
    services::{acting::Acting, catalogue::Receivers, stock::import::Import},
    simulators::{
        daraja::{self, Daraja},
        hotspot::{Hotspot, HotspotSettings, console::Value, garden::Garden, users::Profile},
        sms_gateway::{Family, SmsCenter},
    },
    store::{CommandError, Store},
    web::{DeskSettings, Shop, WebSettings},
};
use anyhow::Context as _;
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use url::Url;

/// The hotspot users of the simulated router, as RouterOS exports them. The shop imports the same
/// file.
pub const EXPORT: &str = include_str!("../vouchers.rsc");

const SITE: &str = "mtaa";

const SITE_NAME: &str = "Mtaa Wi-Fi";
const SUPPORT_PHONE: &str = "0700 000 000";

/// Where the parts listen; port 0 takes any.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub shop: SocketAddr,
    pub staff: SocketAddr,
    pub router: SocketAddr,
    pub phone: SocketAddr,
}

impl Addresses {
    pub const fn any() -> Self {
        let any = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self { shop: any, staff: any, router: any, phone: any }
    }
}

/// The running world.
pub struct World {
    pub shop: Arc<Shop>,
    pub daraja: Daraja,
    pub sms: SmsCenter,
    pub hotspot: Hotspot,
    pub addresses: Addresses,
    listeners: Option<(TcpListener, TcpListener)>,
    simulators: JoinSet<()>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
}

/// How the world is to be.
pub struct Plan {
    pub addresses: Addresses,
    pub callbacks: bool,
    pub machine: (Arc<dyn Clock>, Arc<dyn Random>),
}

/// What the demo sells.
fn packages() -> [Package; 4] {
    [
        package("hourly", ["One hour", "Saa moja"], 10, 3600, [3000, 1000]),
        package("daily", ["One day", "Siku moja"], 50, 86_400, [5000, 2000]),
        package("weekly", ["One week", "Wiki moja"], 250, 604_800, [5000, 2000]),
        package("monthly", ["One month", "Siku thelathini"], 800, 2_592_000, [8000, 4000]),
    ]
}

fn package(
    id: &str,
    [name, name_sw]: [&str; 2],
    price_kes: i64,
    validity_seconds: u64,
    [down, up]: [u32; 2],
) -> Package {
    Package {
        site: Slug::parse(SITE).expect("the demo's site has a good name"),
        package: Slug::parse(id).expect("the demo's packages have good names"),
        version: 1,
        name: name.into(),
        price_cents: Cents::from_kes(price_kes),
        validity_seconds,
        profile: id.into(),
        devices: 1,
        rate_kbps_down: Some(down),
        rate_kbps_up: Some(up),
        data_bytes_max: None,
        name_sw: Some(name_sw.into()),
        place: None,
        retired: false,
    }
}

impl World {
    /// Opens a world around a store: listens, fills the shop, starts the simulators.
    pub async fn open(store: Store, plan: Plan) -> anyhow::Result<Self> {
        let (clock, random) = plan.machine.clone();
        let mut simulators = JoinSet::new();
        let daraja = Daraja::new(Arc::clone(&clock), Arc::clone(&random));
        let sms = SmsCenter::new(Arc::clone(&clock), Arc::clone(&random));
        let any = Addresses::any().shop;
        let (mpesa_at, sms_at) = (listen(any).await?, listen(any).await?);
        let (payments, gateway) = providers(&clock, mpesa_at.local_addr()?, sms_at.local_addr()?)?;
        let shop_at = listen(plan.addresses.shop).await?;
        let staff_at = listen(plan.addresses.staff).await?;
        let router_at = listen(plan.addresses.router).await?;
        let phone_at = listen(plan.addresses.phone).await?;
        let addresses = Addresses {
            shop: shop_at.local_addr()?,
            staff: staff_at.local_addr()?,
            router: router_at.local_addr()?,
            phone: phone_at.local_addr()?,
        };
        let shop_url = Url::parse(&format!("http://{}", addresses.shop))?;
        fill(&store, random.as_ref(), addresses.router).await?;
        let shop = app::build(Parts {
            store,
            payments,
            sms: vec![gateway],
            random: Arc::clone(&random),
            callbacks: plan.callbacks,
            digest: None,
            nightly: None,
            mark: None,
            web: WebSettings {
                public_url: shop_url.clone(),
                shop_name: daraja::SHOP_NAME.into(),
                support_phone: Some(SUPPORT_PHONE.into()),
                zone: app::nairobi(),
                receivers: Receivers::default(),
                accent: Accent::default(),
                desk: DeskSettings::default(),
            },
        });
        let secret = shop.context.store.vault().report_secret(GATEWAY);
        let reports = shop_url.join(&format!("/hooks/m/{GATEWAY}/{secret}"))?;
        sms.report_to(Family::AfricasTalking, reports);
        sms.report_automatically(true);
        let hotspot = router(addresses.router, shop_url.clone(), clock, random);
        let phone = Phone::new(daraja.clone(), sms.clone(), hotspot.clone(), addresses.router);
        spawn(&mut simulators, mpesa_at, daraja.router());
        spawn(&mut simulators, sms_at, sms.router());
        spawn(&mut simulators, router_at, hotspot.router());
        let terminal = Terminal::new(hotspot.clone(), Arc::clone(&shop), Slug::parse(SITE)?);
        spawn(&mut simulators, phone_at, phone.router().merge(terminal.router()));
        let listeners = Some((shop_at, staff_at));
        Ok(Self { shop, daraja, sms, hotspot, addresses, listeners, simulators, serving: None })
    }

    /// Starts the shop, which runs until `stop`; can be called once.
    pub fn start(&mut self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let listeners = self.listeners.take().context("the shop is started already")?;
        self.simulators.spawn(self.daraja.clone().run());
        self.simulators.spawn(self.hotspot.clone().keep_time());
        let (shop, (public, staff)) = (Arc::clone(&self.shop), listeners);
        self.serving = Some(tokio::spawn(app::serve(shop, public, staff, stop)));
        Ok(())
    }

    pub async fn stopped(&mut self) {
        if let Some(serving) = self.serving.take() {
            match serving.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the shop ended"),
                Err(error) => tracing::error!(%error, "the shop broke down"),
            }
        }
    }
}

const GATEWAY: &str = "demo";

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: is another demo running?"))
}

fn spawn(tasks: &mut JoinSet<()>, listener: TcpListener, router: axum::Router) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "a simulator ended");
        }
    });
}

type Providers = (Arc<dyn PaymentGateway>, Arc<dyn SmsGateway>);

fn providers(
    clock: &Arc<dyn Clock>,
    mpesa_at: SocketAddr,
    sms_at: SocketAddr,
) -> anyhow::Result<Providers> {
    let settings = mpesa::Settings {
        base_url: Url::parse(&format!("http://{mpesa_at}"))?,
        consumer_key: daraja::CONSUMER_KEY.to_owned().into(),
        consumer_secret: daraja::CONSUMER_SECRET.to_owned().into(),
        short_code: daraja::SHORT_CODE.into(),
        till: None,
        passkey: daraja::PASSKEY.to_owned().into(),
        timeout_ms: 30_000,
        connect_timeout_ms: 10_000,
    };
    let gateway: sms::Settings = serde_json::from_value(serde_json::json!({
        "kind": "africas_talking",
        "id": GATEWAY,
        "username": crate::simulators::sms_gateway::USERNAME,
        "api_key": crate::simulators::sms_gateway::API_KEY,
        "base_url": format!("http://{sms_at}"),
    }))?;
    let payments = Arc::new(Mpesa::new(settings, Arc::clone(clock))?);
    Ok((payments, Arc::from(sms::gateway(gateway)?)))
}

/// Registers the site, offers the packages, and imports what the router exported. Harmless to
/// repeat.
async fn fill(store: &Store, random: &dyn Random, router: SocketAddr) -> anyhow::Result<()> {
    let site = Slug::parse(SITE)?;
    let change = store.read().site(&site).await?.is_some();
    let router_login = format!("http://{router}/login");
    let register = RegisterSite::new(site.clone(), SITE_NAME.into(), router_login);
    let register = RegisterSite { change, ..register };
    unless_nothing_new(store.execute(register).await)?;
    for package in packages() {
        unless_nothing_new(store.execute(DefinePackage { package }).await)?;
    }
    let acting = Acting::at_command_line(store, random);
    acting.import(&Import::to(site), EXPORT.as_bytes()).await?;
    Ok(())
}

fn unless_nothing_new<T>(outcome: Result<T, CommandError>) -> Result<(), CommandError> {
    match outcome {
        Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn router(
    at: SocketAddr,
    shop_url: Url,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Hotspot {
    let site = SitePages {
        shop_url,
        site: SITE.into(),
        site_name: SITE_NAME.into(),
        support_phone: SUPPORT_PHONE.into(),
        accent: Accent::default().css(),
        language: Language::En,
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let files =
        pages::render(&site).into_iter().map(|page| (page.name.to_owned(), page.bytes)).collect();
    let settings = HotspotSettings {
        address: at.to_string(),
        garden: Garden::with_host(&at.ip().to_string()),
        ..HotspotSettings::default()
    };
    let hotspot = Hotspot::new(settings, files, clock, random);
    for package in packages() {
        let mut profile = Profile::named(&package.profile);
        let [up, down] =
            [package.rate_kbps_up, package.rate_kbps_down].map(Option::unwrap_or_default);
        profile.set("rate-limit", &Value::text(format!("{up}k/{down}k")));
        hotspot.add_profile(profile);
    }
    hotspot.import(EXPORT);
    hotspot
}
