//! Whole sales over HTTP, with the simulators and the load in this process.

use crate::{place, rate};
use lango::{
    adapters::http,
    app,
    commands::catalogue::{DefinePackage, RegisterSite},
    ledger::{
        catalogue::Package,
        kernel::{id::Slug, money::Cents},
    },
    services::{acting::Acting, stock::import::Import},
    simulators::town::world::{Addresses, Plan, World},
    store::Store,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How many buy at once.
pub const BUYERS_AT_ONCE: usize = 64;
const SITES: usize = 200;
const SALES: usize = 4_000;
const SELLING_MAX: Duration = Duration::from_mins(3);

/// Whole sales a second: POST, prompt, PIN, callback, code, SMS queued and sent.
pub async fn sales(url: &str) -> f64 {
    let store = place::open(url).await;
    let sold = || place::count(url, "purchase_fulfilled");
    let before = sold().await;
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
    let client = http::client(Duration::from_secs(30)).expect("a client");
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
    loop {
        let count = usize::try_from(sold().await - before).expect("a count");
        if count >= SALES {
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
    let (_, random) = app::machine();
    for n in 0..SITES {
        let site = Slug::parse(&format!("bench-{n}")).expect("a short name");
        let register =
            RegisterSite::new(site.clone(), "Bench".into(), "http://10.5.50.1/login".into());
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
            name_sw: None,
            place: None,
            retired: false,
        };
        store.execute(DefinePackage { package }).await.expect("a package is added");
        let codes: Vec<String> = (0..2 * SALES / SITES).map(|i| format!("C{n}X{i:06}")).collect();
        let daily = Slug::parse("daily").expect("a short name");
        let import = Import { package: Some(daily), ..Import::to(site) };
        let acting = Acting::at_command_line(store, random.as_ref());
        acting.import(&import, codes.join("\n").as_bytes()).await.expect("codes come in");
    }
}
