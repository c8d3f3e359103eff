//! Puts the parts together: the one place that knows everybody. The tests build their shops here
//! too.

pub mod config;
mod keys;
mod outside;
pub mod telemetry;

pub use keys::{
    change_key, change_master, known_master_key, mend, parse_key, recovery_sheet, retire_key,
};

pub use outside::{guard, keep_mark, read_mark};

use crate::{
    adapters::{mpesa, sms},
    app::config::Config,
    commands::catalogue::OpenShop,
    ledger::{
        accent::Accent, catalogue::LedgerPurpose, checkpoint::PublicKey, kernel::phone::Phone,
        purchase::Language,
    },
    ports::{Clock, PaymentGateway, Random, SmsGateway, SystemClock, SystemRandom},
    processes::{
        self,
        context::{self, Context, Digest},
    },
    services::{
        backup::{self, Address, Nightly, Place, Prover},
        catalogue::Receivers,
    },
    store::{C2B_CONFIRMATION, C2B_VALIDATION, Opening, Reader, Store, Vault},
    web::{self, DeskSettings, Shop, WebSettings},
};
use anyhow::{Context as _, anyhow, bail};
use jiff::tz::TimeZone;
use std::{future::Future, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use url::Url;

/// The clock and the randomness of the machine.
pub fn machine() -> (Arc<dyn Clock>, Arc<dyn Random>) {
    (Arc::new(SystemClock), Arc::new(SystemRandom))
}

/// Opens the configured ledger, making it where there is none. With a `purpose`, a ledger of the
/// other purpose is refused and an empty one becomes that.
pub async fn open(config: &Config, purpose: Option<LedgerPurpose>) -> anyhow::Result<Store> {
    let store = open_as_it_is(config, purpose != Some(LedgerPurpose::Demo)).await?;
    match (store.read().purpose().await?, purpose) {
        (None, wanted) => {
            let purpose = wanted.unwrap_or(LedgerPurpose::Shop);
            store.execute(OpenShop { purpose, timezone: zone_name(config) }).await?;
        }
        (Some((LedgerPurpose::Demo, _)), Some(LedgerPurpose::Shop)) => {
            bail!("this ledger is a demo's; a shop needs one of its own (database.url)");
        }
        (Some((LedgerPurpose::Shop, _)), Some(LedgerPurpose::Demo)) => {
            bail!("this ledger is a shop's; the demo never touches it (unset database.url)");
        }
        (Some((_, timezone)), _) => same_zone(config, &timezone)?,
    }
    Ok(store)
}

/// Opens the configured ledger, which there must be: what only looks, or adds to a shop, must not
/// make a new one in a wrong folder.
pub async fn open_existing(config: &Config) -> anyhow::Result<Store> {
    let store = open_restored(config).await?;
    outside::compare_with_mark(config, &store).await?;
    Ok(store)
}

/// The same of a ledger that the owner has just put in place: what was known of the one before is
/// not asked.
pub async fn open_restored(config: &Config) -> anyhow::Result<Store> {
    there_is_a_ledger(config).await?;
    let store = open_as_it_is(config, false).await?;
    let Some((_, timezone)) = store.read().purpose().await? else { bail!(empty(config)) };
    same_zone(config, &timezone)?;
    Ok(store)
}

/// Opens the configured ledger for reading what is no secret, without the master key: for an
/// auditor.
pub async fn open_books(config: &Config) -> anyhow::Result<Reader> {
    there_is_a_ledger(config).await?;
    Ok(Reader::open(config.database.url.expose()).await?)
}

/// The key that checks the ledger's checkpoints, from its vault.
pub async fn public_key(config: &Config, books: &Reader) -> anyhow::Result<PublicKey> {
    Ok(vault_of(config, books).await?.signing_key().public())
}

/// The keys of the ledger's vault.
pub async fn vault_of(config: &Config, books: &Reader) -> anyhow::Result<Vault> {
    let random = machine().1;
    let url = config.database.url.expose();
    let (master, _) =
        keys::master_key(&config.secrets.master_key_file, url, random.as_ref()).await?;
    Ok(books.open_vault(&master, random).await?)
}

/// The time zone by which a ledger keeps its days.
pub async fn zone_of(config: &Config, books: &Reader) -> anyhow::Result<TimeZone> {
    let Some((_, timezone)) = books.purpose().await? else { bail!(empty(config)) };
    TimeZone::get(&timezone)
        .with_context(|| format!("the ledger keeps its days by {timezone}, which is unknown"))
}

async fn there_is_a_ledger(config: &Config) -> anyhow::Result<()> {
    if !Store::exists(config.database.url.expose()).await? {
        bail!(
            "there is no ledger {}; go to its folder or name it with --database (`lango site add` \
             makes a new one)",
            config.database.url
        );
    }
    Ok(())
}

fn empty(config: &Config) -> String {
    format!("the ledger {} is empty; begin with `lango site add`", config.database.url)
}

fn zone_name(config: &Config) -> String {
    config.shop.timezone.iana_name().unwrap_or("UTC").to_owned()
}

fn same_zone(config: &Config, timezone: &str) -> anyhow::Result<()> {
    if timezone != zone_name(config) {
        bail!("this ledger keeps its days by {timezone}; set shop.timezone to that again");
    }
    Ok(())
}

/// Brings the configured database up to date. An empty one stays empty: whether it becomes a shop
/// or a demo is not decided yet.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    open_as_it_is(config, true).await?.close().await;
    Ok(())
}

/// Opens the configured ledger; `sheet` prints the recovery sheet of a new key.
async fn open_as_it_is(config: &Config, sheet: bool) -> anyhow::Result<Store> {
    let (clock, random) = machine();
    let url = config.database.url.expose().to_owned();
    let file = &config.secrets.master_key_file;
    let (master, new) = keys::master_key(file, &url, random.as_ref()).await?;
    if new && sheet {
        eprintln!("{}", recovery_sheet(file));
    }
    let zone = config.shop.timezone.clone();
    let opened = Store::open(Opening { url, master, zone, clock, random }).await;
    opened.map_err(|error| keys::wrong_key(error, config))
}

/// What a shop is made of.
pub struct Parts {
    /// Ledger, vault and decision tables.
    pub store: Store,
    pub payments: Arc<dyn PaymentGateway>,
    pub sms: Vec<Arc<dyn SmsGateway>>,
    pub random: Arc<dyn Random>,
    /// Whether the provider calls back at the public address.
    pub callbacks: bool,
    /// What the owner is told in the evening.
    pub digest: Option<Digest>,
    /// The nightly backup, where one is wanted.
    pub nightly: Option<Arc<Nightly>>,
    /// The file outside the database that says how far the ledger has come.
    pub mark: Option<PathBuf>,
    pub web: WebSettings,
}

/// Puts a shop together; it serves nobody yet.
pub fn build(parts: Parts) -> Arc<Shop> {
    let settings = context::Settings {
        callbacks: parts.callbacks.then(|| parts.web.public_url.clone()),
        shop_name: parts.web.shop_name.clone(),
        digest: parts.digest,
        nightly: parts.nightly,
        mark: parts.mark,
    };
    let context = Context::new(parts.store, parts.payments, parts.sms, parts.random, settings);
    Arc::new(Shop::new(Arc::new(context), parts.web))
}

/// Whether the configuration describes a shop, before any ledger is touched.
pub fn check(config: &Config) -> anyhow::Result<()> {
    mpesa_of(config)?;
    backup_places(config)?;
    config.sms.gateways.iter().try_for_each(|entry| gateway(entry).map(drop))
}

/// The shop that the configuration describes, with the real providers.
pub fn from_config(config: &Config, store: Store) -> anyhow::Result<Arc<Shop>> {
    let mpesa = mpesa_of(config)?;
    let (clock, random) = machine();
    let payments = gateway_to(mpesa, &clock)?.sharing(store.clone());
    let gateways = config.sms.gateways.iter().map(gateway).collect::<anyhow::Result<Vec<_>>>()?;
    if gateways.is_empty() {
        tracing::warn!("no SMS gateway is configured: buyers see codes on the page only");
    }
    Ok(build(Parts {
        store,
        payments: Arc::new(payments),
        sms: gateways,
        random,
        callbacks: mpesa.callbacks == config::OnOff::On,
        digest: digest(config)?,
        nightly: nightly(config)?,
        mark: Some(config.secrets.mark_file.clone()),
        web: web_settings(config, config.http.listen)?,
    }))
}

/// Where backups go by themselves.
pub fn backup_places(config: &Config) -> anyhow::Result<Vec<Place>> {
    let wanted = &config.backup;
    let folder = wanted.folder.clone().map(|path| Place::Folder {
        path,
        keep: Some(wanted.keep),
        off_box: wanted.off_box,
    });
    let server = wanted.url().map(|url| backup_server(config, url)).transpose();
    Ok(folder.into_iter().chain(server.context("backup.address cannot be used")?).collect())
}

/// A server that backups are sent to. The configured authorization goes to no other host than the
/// configured one.
pub fn backup_server(config: &Config, url: Url) -> anyhow::Result<Place> {
    let ours = config.backup.url().is_none_or(|known| known.origin() == url.origin());
    let authorization = config.backup.authorization.clone().filter(|_| ours);
    let address = Address::new(url, authorization, config.backup.timeout)?;
    Ok(Place::Server { address, through: config::scratch_folder() })
}

fn nightly(config: &Config) -> anyhow::Result<Option<Arc<Nightly>>> {
    // What a proof of before left behind when it was cut off.
    backup::sweep(&config::scratch_folder());
    let places = backup_places(config)?;
    if places.is_empty() {
        tracing::warn!("no backup is configured: a broken disk would be the end of the shop");
        return Ok(None);
    }
    let zone = config.shop.timezone.clone();
    let prover = Arc::new(prover(config)?);
    Ok(Some(Arc::new(Nightly::new(places, config.backup.at, zone, prover))))
}

/// What seals copies, opens them and tries them out.
pub fn prover(config: &Config) -> anyhow::Result<Prover> {
    let master = known_master_key(config)?;
    Ok(Prover::new(master, config::scratch_folder(), machine().1))
}

/// Where the provider tells of money on the shop's number, for a shop that is reached at
/// `public_url`. No word of the provider stands in the addresses: some are banned there.
pub fn c2b_addresses(store: &Store, public_url: &Url) -> mpesa::C2bAddresses {
    let address = |sort: &str| {
        let mut address = public_url.clone();
        address.set_path(&format!("/hooks/c/{sort}/{}", store.vault().c2b_secret(sort)));
        address
    };
    mpesa::C2bAddresses {
        confirmation: address(C2B_CONFIRMATION),
        validation: address(C2B_VALIDATION),
    }
}

/// How the configuration reaches M-PESA; commands about M-PESA need that.
pub fn mpesa_of(config: &Config) -> anyhow::Result<&config::Mpesa> {
    config
        .mpesa
        .as_ref()
        .context("no M-PESA account is configured; see mpesa.* in docs/reference/configuration.md")
}

/// The gateway to M-PESA, for all accounts; connects to nobody yet.
pub fn gateway_to(config: &config::Mpesa, clock: &Arc<dyn Clock>) -> anyhow::Result<mpesa::Mpesa> {
    let own = mpesa::Mpesa::new(daraja(config, &config.own), Arc::clone(clock))?;
    let mut others = config.others.iter().map(|account| daraja(config, account));
    Ok(others.try_fold(own, mpesa::Mpesa::beside)?)
}

/// The tills and paybills that a site's buyers may be asked to pay.
pub fn receivers(config: &Config) -> Receivers {
    let Some(mpesa) = &config.mpesa else { return Receivers::default() };
    let accounts = std::iter::once(&mpesa.own).chain(&mpesa.others);
    let configured = accounts.map(|account| account.receiver().to_owned()).collect();
    Receivers { configured, tills: mpesa.own.till.is_some() }
}

fn daraja(config: &config::Mpesa, account: &config::Account) -> mpesa::Settings {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    mpesa::Settings {
        base_url: config.base_url.clone(),
        consumer_key: account.consumer_key.clone(),
        consumer_secret: account.consumer_secret.clone(),
        short_code: account.short_code.clone(),
        till: account.till.clone(),
        passkey: account.passkey.clone(),
        timeout_ms: millis(config.timeout),
        connect_timeout_ms: millis(config.connect_timeout),
    }
}

fn gateway(entry: &config::Gateway) -> anyhow::Result<Arc<dyn SmsGateway>> {
    let value = serde_json::Value::Object(entry.entry.clone());
    let settings: sms::Settings = serde_json::from_value(value)
        .with_context(|| format!("the SMS gateway {} cannot be used", entry.id))?;
    Ok(Arc::from(sms::gateway(settings)?))
}

/// What the owner is told in the evening, if anything.
fn digest(config: &Config) -> anyhow::Result<Option<Digest>> {
    let shop = &config.shop;
    let Some(phone) = &shop.owner_phone else { return Ok(None) };
    let Some(phone) = Phone::parse(phone) else {
        bail!("shop.owner_phone: {phone} is not a Kenyan mobile number; write \"0712 000 001\"");
    };
    let language = Language::parse(&shop.owner_language).unwrap_or_default();
    Ok(Some(Digest { phone, at: shop.digest_at, language, zone: shop.timezone.clone() }))
}

/// What pages need, for a shop that listens on `listen`.
pub fn web_settings(config: &Config, listen: SocketAddr) -> anyhow::Result<WebSettings> {
    let local = || Url::parse(&format!("http://{listen}"));
    Ok(WebSettings {
        public_url: config.http.public_url.clone().map_or_else(local, Ok)?,
        shop_name: config.shop.name.clone(),
        support_phone: config.shop.support_phone.clone(),
        zone: config.shop.timezone.clone(),
        receivers: receivers(config),
        accent: Accent::parse(&config.shop.accent).expect("no other colour is taken"),
        desk: DeskSettings {
            networks: config.admin.management_network.clone(),
            public_url: config.admin.public_url.clone(),
        },
    })
}

/// Where staff find the desk.
pub fn desk_url(config: &Config) -> String {
    match &config.admin.public_url {
        Some(url) => format!("{url}admin"),
        None => format!("http://{}/admin", config.admin.listen),
    }
}

/// The time zone that simulators and tests keep.
pub fn nairobi() -> TimeZone {
    TimeZone::get("Africa/Nairobi").expect("the time zones are built in")
}

/// After a breakdown, so long may take what is under way.
const BREAKDOWN_GRACE: Duration = Duration::from_secs(5);

/// Serves both listeners and runs the processes until `stop`, or until something broke down without
/// which the shop must not go on.
pub async fn serve(
    shop: Arc<Shop>,
    public: TcpListener,
    staff: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let instance = instance(public.local_addr()?);
    let mut processes = processes::start(&shop.context, &instance);
    let (ending, ended) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        ending.send_replace(true);
    });
    let until = |mut ended: tokio::sync::watch::Receiver<bool>| async move {
        // An error means that nobody can say stop any more, which is as good.
        let _ = ended.wait_for(|stop| *stop).await;
    };
    let with_address =
        |router: axum::Router| router.into_make_service_with_connect_info::<SocketAddr>();
    let buyers = axum::serve(public, with_address(web::public(Arc::clone(&shop))))
        .with_graceful_shutdown(until(ended.clone()));
    let people = axum::serve(staff, with_address(web::staff(Arc::clone(&shop))))
        .with_graceful_shutdown(until(ended));
    let ended = tokio::select! {
        served = async { tokio::try_join!(async { buyers.await }, async { people.await }) } => {
            served.map(drop).map_err(anyhow::Error::from)
        }
        // None ends by itself. A shop that takes money and does nothing about it must not stay up.
        _ = processes.join_next() => Err(anyhow!("a process broke down; start the shop again")),
        () = shop.context.store.writer_ended() => {
            Err(anyhow!("the writer broke down; start the shop again"))
        }
    };
    // First nobody begins anything new, then what is under way ends.
    shop.context.close();
    let rest = async {
        while processes.join_next().await.is_some() {}
        shop.context.calls.idle().await;
        processes::write_mark(&shop.context).await;
    };
    if ended.is_ok() {
        rest.await;
    } else {
        // What waits for something that is gone is cut off; what broke down is counted by then.
        let _ = tokio::time::timeout(BREAKDOWN_GRACE, rest).await;
        processes.shutdown().await;
    }
    let handed_over = shop.context.store.hand_over(&instance);
    match tokio::time::timeout(BREAKDOWN_GRACE, handed_over).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => {
            tracing::warn!(error = ?failure, "the lease runs out by itself: {failure}");
        }
        Err(_) => tracing::warn!("the lease runs out by itself: the database does not answer"),
    }
    ended
}

/// What this instance is called beside others: the same again after a restart, which takes its own
/// lease back at once.
fn instance(listen: SocketAddr) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} {listen}", host.trim())
}

/// Returns when the program is asked to stop.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
