//! Puts the parts together: the one place that knows everybody. The tests build their shops here
//! too.

use crate::{
    commands::catalogue::OpenShop,
    config::{self, Config},
    context::{self, Context, Digest},
    ledger::{
        catalog::LedgerPurpose, chain::hex, checkpoint::PublicKey, phone::Phone, purchase::Language,
    },
    mpesa,
    ports::{Clock, PaymentGateway, Random, SmsGateway, SystemClock, SystemRandom},
    processes, sms,
    store::{C2B_CONFIRMATION, C2B_VALIDATION, Key, Opening, Reader, Store, StoreError},
    web::{self, Shop, WebSettings},
};
use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use std::{future::Future, io::Write as _, net::SocketAddr, path::Path, sync::Arc};
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
    match (store.purpose().await?, purpose) {
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
    there_is_a_ledger(config).await?;
    let store = open_as_it_is(config, false).await?;
    let Some((_, timezone)) = store.purpose().await? else { bail!(empty(config)) };
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
    let random = machine().1;
    let url = config.database.url.expose();
    let (master, _) = master_key(&config.secrets.master_key_file, url, random.as_ref()).await?;
    Ok(books.open_vault(&master, random).await?.signing_key().public())
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
    let (master, new) = master_key(file, &url, random.as_ref()).await?;
    if new && sheet {
        eprintln!("{}", recovery_sheet(file));
    }
    let zone = config.shop.timezone.clone();
    let opened = Store::open(Opening { url, master, zone, clock, random }).await;
    opened.map_err(|error| wrong_key(error, config))
}

/// Reads the master key, or makes one for a ledger that has none yet; tells whether it is new.
async fn master_key(file: &Path, url: &str, random: &dyn Random) -> anyhow::Result<(Key, bool)> {
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let key = parse_key(text.trim()).with_context(|| {
                format!("{} does not hold a master key of 64 hexadecimal digits", file.display())
            })?;
            Ok((key, false))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if Store::exists(url).await? {
                bail!(
                    "the master key {} is missing, and without it the codes in this ledger cannot \
                     be read; put the key from the recovery sheet there",
                    file.display()
                );
            }
            Ok((make_key(file, random)?, true))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The master key, which must be there: no new one opens what an old one sealed.
pub fn known_master_key(config: &Config) -> anyhow::Result<Key> {
    let file = &config.secrets.master_key_file;
    let text = std::fs::read_to_string(file).with_context(|| {
        format!(
            "cannot read the master key {}; put the one of the recovery sheet there",
            file.display()
        )
    })?;
    parse_key(text.trim()).with_context(|| {
        format!("{} does not hold a master key of 64 hexadecimal digits", file.display())
    })
}

/// The master key in a text of 64 hexadecimal digits.
pub fn parse_key(text: &str) -> Option<Key> {
    let mut key = Key::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Puts the key in a file, or a new one made there, in the place of the ledger's master key. The
/// file is on the disk before anything changes: at no moment does the only key stand nowhere.
pub async fn change_master(config: &Config, file: &Path) -> anyhow::Result<()> {
    there_is_a_ledger(config).await?;
    let old = known_master_key(config)?;
    let (_, random) = machine();
    let new = key_to_be(file, random.as_ref())?;
    if new == old {
        bail!("{} holds the key that is in use already; name another file", file.display());
    }
    let changed = Store::change_master(config.database.url.expose(), &old, &new, random).await;
    changed.map_err(|error| wrong_key(error, config))
}

/// The key in a file, or a new one made there.
fn key_to_be(file: &Path, random: &dyn Random) -> anyhow::Result<Key> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    if !text.is_empty() {
        return parse_key(text.trim()).with_context(|| {
            format!(
                "{} is there and holds no key of 64 hexadecimal digits; name another file",
                file.display()
            )
        });
    }
    // What is there and empty was left by an attempt that was cut off.
    if let Err(error) = std::fs::remove_file(file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("cannot write {}", file.display()));
    }
    make_key(file, random)
}

/// Says where the right key belongs.
fn wrong_key(error: StoreError, config: &Config) -> anyhow::Error {
    let file = config.secrets.master_key_file.display();
    let hint = if config.database.url.is_postgres() {
        "does PostgreSQL run there, and may this user make tables in the schema?"
    } else {
        "does its folder exist, and may Lango write there?"
    };
    let what = format!("cannot open the ledger {}: {hint}", config.database.url);
    match error {
        StoreError::WrongLedger(why) => {
            anyhow::anyhow!("{why}; put the key from the recovery sheet in {file}")
        }
        error => anyhow::Error::from(error).context(what),
    }
}

fn make_key(file: &Path, random: &dyn Random) -> anyhow::Result<Key> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut key = Key::default();
    random.fill(&mut key);
    let attempt = || format!("cannot write the new master key to {}", file.display());
    let mut opened = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(attempt)?;
    writeln!(opened, "{}", hex(&key)).and_then(|()| opened.sync_all()).with_context(attempt)?;
    // The name too must be on the disk before anything is sealed with it.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder =
        std::fs::File::open(folder.unwrap_or_else(|| Path::new("."))).with_context(attempt)?;
    folder.sync_all().with_context(attempt)?;
    Ok(key)
}

/// What the owner is told of a new master key.
pub fn recovery_sheet(file: &Path) -> String {
    format!(
        "\nRECOVERY SHEET\n\
         A new master key stands in {}.\n\
         Without it nobody, you included, can read the voucher codes and phone numbers of this\n\
         ledger. Copy that file to paper or to a safe place that is not this machine, now.\n",
        file.display()
    )
}

/// What a shop is made of.
pub struct Parts {
    /// Ledger, vault and decision tables.
    pub store: Store,
    /// Where money comes from.
    pub payments: Arc<dyn PaymentGateway>,
    /// How messages leave.
    pub sms: Vec<Arc<dyn SmsGateway>>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
    /// Whether the provider calls back at the public address.
    pub callbacks: bool,
    /// What the owner is told in the evening.
    pub digest: Option<Digest>,
    /// What pages need.
    pub web: WebSettings,
}

/// Puts a shop together; it serves nobody yet.
pub fn build(parts: Parts) -> Arc<Shop> {
    let settings = context::Settings {
        callbacks: parts.callbacks.then(|| parts.web.public_url.clone()),
        shop_name: parts.web.shop_name.clone(),
        digest: parts.digest,
    };
    let context = Context::new(parts.store, parts.payments, parts.sms, parts.random, settings);
    Arc::new(Shop::new(Arc::new(context), parts.web))
}

/// Whether the configuration describes a shop, before any ledger is touched.
pub fn check(config: &Config) -> anyhow::Result<()> {
    account(config)?;
    config.sms.gateways.iter().try_for_each(|entry| gateway(entry).map(drop))
}

/// The shop that the configuration describes, with the real providers.
pub fn from_config(config: &Config, store: Store) -> anyhow::Result<Arc<Shop>> {
    let account = account(config)?;
    let (clock, random) = machine();
    let payments = gateway_to(account, &clock)?.sharing(Arc::new(store.clone()));
    let gateways = config.sms.gateways.iter().map(gateway).collect::<anyhow::Result<Vec<_>>>()?;
    if gateways.is_empty() {
        tracing::warn!("no SMS gateway is configured: buyers see codes on the page only");
    }
    Ok(build(Parts {
        store,
        payments: Arc::new(payments),
        sms: gateways,
        random,
        callbacks: account.callbacks == config::OnOff::On,
        digest: digest(config)?,
        web: web_settings(config, config.http.listen)?,
    }))
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

/// The M-PESA account that the configuration describes; commands about M-PESA need one.
pub fn account(config: &Config) -> anyhow::Result<&config::Mpesa> {
    config
        .mpesa
        .as_ref()
        .context("no M-PESA account is configured; see mpesa.* in docs/reference/configuration.md")
}

/// The gateway to an M-PESA account; connects to nobody yet.
pub fn gateway_to(account: &config::Mpesa, clock: &Arc<dyn Clock>) -> anyhow::Result<mpesa::Mpesa> {
    Ok(mpesa::Mpesa::new(daraja(account), Arc::clone(clock))?)
}

fn daraja(account: &config::Mpesa) -> mpesa::Settings {
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    mpesa::Settings {
        base_url: account.base_url.clone(),
        consumer_key: account.consumer_key.clone(),
        consumer_secret: account.consumer_secret.clone(),
        short_code: account.short_code.clone(),
        till: account.till.clone(),
        passkey: account.passkey.clone(),
        timeout_ms: millis(account.timeout),
        connect_timeout_ms: millis(account.connect_timeout),
    }
}

fn gateway(entry: &config::Gateway) -> anyhow::Result<Arc<dyn SmsGateway>> {
    let value = serde_json::Value::Object(entry.entry.clone());
    let settings: sms::Settings = serde_json::from_value(value)
        .with_context(|| format!("the SMS gateway {} is not understood", entry.id))?;
    Ok(Arc::from(sms::gateway(settings)?))
}

/// What the owner is told in the evening, if anything.
fn digest(config: &Config) -> anyhow::Result<Option<Digest>> {
    let shop = &config.shop;
    let Some(phone) = &shop.owner_phone else { return Ok(None) };
    let Some(phone) = Phone::parse(phone) else {
        bail!("shop.owner_phone: {phone} is no Kenyan mobile number; write \"0712 000 001\"");
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
    })
}

/// The time zone that simulators and tests keep.
pub fn nairobi() -> TimeZone {
    TimeZone::get("Africa/Nairobi").expect("the time zones are built in")
}

/// Serves both listeners and runs the processes until `stop`.
pub async fn serve(
    shop: Arc<Shop>,
    (public, staff): (TcpListener, TcpListener),
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
    tokio::select! {
        served = async { tokio::try_join!(async { buyers.await }, async { people.await }) } => {
            served?;
        }
        // None ends by itself. A shop that takes money and does nothing about it must not stay up.
        _ = processes.join_next() => bail!("a process broke down; start the shop again"),
    }
    // First nobody begins anything new, then what is under way ends.
    shop.context.close();
    while processes.join_next().await.is_some() {}
    shop.context.calls.idle().await;
    if let Err(failure) = shop.context.store.hand_over(&instance).await {
        tracing::warn!(error = ?failure, "the lease runs out by itself: {failure}");
    }
    Ok(())
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
