//! Figures, each beside its yardstick in one run: `make bench`. Nothing here is asserted; the
//! numbers go to `docs/developer/performance.md` by hand.

use lango::{
    app,
    commands::{
        catalogue::{DefinePackage, RegisterSite},
        import_vouchers::RecordBatch,
    },
    demo::world::{Addresses, Plan, World},
    http_client,
    import::{self, Import},
    ledger::{
        catalog::{BatchEvent, Package},
        chain::GENESIS,
        id::{BatchId, Slug},
        money::Cents,
    },
    store::{Opening, Store},
};
use sqlx::{Connection as _, Row as _};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const CALLERS: usize = 256;
const APPEND_SECONDS: u64 = 3;
const SITES: usize = 200;
const SALES: usize = 4_000;
const BUYERS_AT_ONCE: usize = 64;
const SELLING_MAX: Duration = Duration::from_mins(3);

#[tokio::main]
async fn main() {
    // Cargo calls benches with `--bench`, and with `--test` when it only wants them built and
    // started.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let raw = raw_inserts(&folder.path().join("raw.db")).await;
    let ledger = folder.path().join("append.db");
    let (store, append) = append(&ledger).await;
    let (verified, hashed) = verify(&store).await;
    println!("append, {CALLERS} callers, full fsync, SQLite   {append:>9.0} events/s");
    println!("raw inserts, 128 rows a transaction            {raw:>9.0} events/s");
    println!("ratio                                          {:>9.2}", append / raw);
    println!("verify, SQLite                                 {verified:>9.0} events/s");
    println!("SHA-256 of the same links alone                {hashed:>9.0} events/s");
    let sale = sales(&folder.path().join("sale.db")).await;
    println!("whole sale, {BUYERS_AT_ONCE} buyers at once, M-PESA beside   {sale:>9.0} sales/s");
}

async fn open(file: &Path) -> Store {
    let (clock, random) = app::machine();
    let mut master = [0; 32];
    random.fill(&mut master);
    let url = format!("sqlite:{}", file.display());
    let opening = Opening { url, master, zone: app::nairobi(), clock, random };
    Store::open(opening).await.expect("a new ledger opens")
}

fn batch_event() -> BatchEvent {
    BatchEvent::Imported {
        site: Slug::parse("mtaa").expect("a short name"),
        format: "x".repeat(300),
        file: "f".repeat(64),
        accepted: 1,
        set_aside: 0,
        left_out: 0,
    }
}

/// Events a second through the writer: chained, with all checks.
async fn append(file: &Path) -> (Store, f64) {
    let store = open(file).await;
    let (clock, random) = app::machine();
    let done = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (store, done) = (store.clone(), Arc::clone(&done));
        let (clock, random) = (Arc::clone(&clock), Arc::clone(&random));
        callers.spawn(async move {
            while begun.elapsed() < Duration::from_secs(APPEND_SECONDS) {
                let batch = BatchId(random.id(clock.now()));
                let command = RecordBatch { batch, imported: batch_event() };
                store.execute(command).await.expect("an append works");
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    callers.join_all().await;
    let rate = rate(done.load(Ordering::Relaxed), begun);
    (store, rate)
}

/// Events a second that are read from the file and verified; beside it hashing alone, in memory.
async fn verify(store: &Store) -> (f64, f64) {
    let begun = Instant::now();
    let audit = store.verify().await.expect("the ledger is read");
    let verified = rate(usize::try_from(audit.events).expect("a count"), begun);
    assert!(audit.is_good(), "{:?}", audit.findings);
    let events = store.events_after(0, 10_000).await.expect("the ledger is read");
    let (begun, mut hash, rounds) = (Instant::now(), GENESIS, 20);
    for _ in 0..rounds {
        hash = events.iter().fold(hash, |hash, event| event.link().hash(&hash));
    }
    (verified, rate(events.len() * rounds, begun))
}

/// The yardstick: the same table, indexes and triggers, no chain, no reading, no deciding.
async fn raw_inserts(file: &Path) -> f64 {
    open(file).await.close().await;
    let url = format!("sqlite:{}", file.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("it opens");
    sqlx::query("pragma synchronous = full").execute(&mut connection).await.expect("it is set");
    let row = sqlx::query("select coalesce(max(position), 0) from events");
    let row = row.fetch_one(&mut connection).await.expect("it is read");
    let (mut position, begun) = (row.get::<i64, _>(0), Instant::now());
    let (clock, random) = app::machine();
    let data = serde_json::to_string(&batch_event()).expect("plain data");
    let first = position;
    while begun.elapsed() < Duration::from_secs(APPEND_SECONDS) {
        let rows: Vec<_> = (1..=128)
            .map(|n| {
                let stream = format!("batch-{}", random.id(clock.now()).simple());
                serde_json::json!([position + n, stream, data])
            })
            .collect();
        position += 128;
        sqlx::query(
            "insert into events (position, stream, version, kind, schema, recorded_at,
               business_day, actor, data, hash)
             select value->>0, value->>1, 1, 'batch_imported', 1, 1, '2026-11-22', 'bench',
               value->>2, zeroblob(32)
             from json_each($1)",
        )
        .bind(serde_json::Value::Array(rows).to_string())
        .execute(&mut connection)
        .await
        .expect("an insert works");
    }
    rate(usize::try_from(position - first).expect("a count"), begun)
}

fn rate(count: usize, begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}

/// Whole sales a second: POST, prompt, PIN, callback, code, SMS queued and sent, over HTTP, with
/// the simulators and the load in this process.
async fn sales(file: &Path) -> f64 {
    let store = open(file).await;
    let plan = Plan { addresses: Addresses::any(), callbacks: true, machine: app::machine() };
    let mut world = World::open(store.clone(), plan).await.expect("the world opens");
    stock(&store).await;
    world.daraja.set_faults(|faults| faults.pin_after_ms = Some(0));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    world
        .start(async move {
            let _ = stopped.await;
        })
        .expect("the shop starts");
    let client = http_client::client(Duration::from_secs(30)).expect("a client");
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut buyers = tokio::task::JoinSet::new();
    for _ in 0..BUYERS_AT_ONCE {
        let (client, next, shop) = (client.clone(), Arc::clone(&next), world.addresses.shop);
        buyers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= SALES {
                    break;
                }
                buy(&client, shop, n).await;
            }
        });
    }
    buyers.join_all().await;
    let sold = "select count(*) from events where kind = 'purchase_fulfilled'";
    let url = format!("sqlite:{}", file.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("it opens");
    loop {
        let count: i64 =
            sqlx::query_scalar(sold).fetch_one(&mut connection).await.expect("it counts");
        if usize::try_from(count).expect("a count") >= SALES {
            break;
        }
        assert!(begun.elapsed() < SELLING_MAX, "only {count} of {SALES} were sold");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let rate = rate(SALES, begun);
    drop(stop);
    world.stopped().await;
    rate
}

async fn buy(client: &reqwest::Client, shop: std::net::SocketAddr, n: usize) {
    let form = [
        ("package", "daily".to_owned()),
        ("version.daily", "1".to_owned()),
        ("phone", format!("07{n:08}")),
        ("nonce", format!("bench-{n}")),
    ];
    let to = format!("http://{shop}/s/bench-{}/buy", n % SITES);
    let response = client.post(to).form(&form).send().await.expect("the shop answers");
    assert_eq!(response.status().as_u16(), 303, "sale {n}");
}

async fn stock(store: &Store) {
    let (clock, random) = app::machine();
    for n in 0..SITES {
        let site = Slug::parse(&format!("bench-{n}")).expect("a short name");
        let register = RegisterSite {
            site: site.clone(),
            name: "Bench".into(),
            router_login: "http://10.5.50.1/login".into(),
            change: false,
        };
        store.execute(register).await.expect("a site is added");
        let package = Package {
            site: site.clone(),
            package: Slug::parse("daily").expect("a short name"),
            version: 1,
            name: "Daily".into(),
            price_cents: Cents::from_kes(50),
            validity_seconds: 86_400,
            profile: "daily".into(),
            devices: 1,
            rate_kbps_down: None,
            rate_kbps_up: None,
            data_bytes_max: None,
            retired: false,
        };
        store.execute(DefinePackage { package }).await.expect("a package is added");
        let codes: Vec<String> = (0..2 * SALES / SITES).map(|i| format!("C{n}X{i:06}")).collect();
        let import = Import {
            site,
            package: Some(Slug::parse("daily").expect("a short name")),
            set_aside_comments: vec![],
            dry_run: false,
        };
        let machine = (clock.as_ref(), random.as_ref());
        import::run(store, machine, &import, codes.join("\n").as_bytes())
            .await
            .expect("codes come in");
    }
}
