//! Whole sales over HTTP: POST, prompt, PIN, callback, code, the text with the code. The shop runs
//! in its own process; load and simulators run in this one.

use crate::{
    browser::Browser,
    machine::Process,
    place::Place,
    providers::{Arrivals, Providers},
    shop::{Binary, Ledger, SITES, Serving},
    statistics::latencies,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};

/// A sale that takes longer is missing.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// How much is sold, and how.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub sales: usize,
    /// How many buy at once; each waits for the text before the next sale.
    pub buyers: usize,
}

/// Sells from a copy of a ledger, and tells what that took.
pub async fn sell(binary: &Binary, place: &Place, ledger: &Ledger, load: Load) -> Value {
    let providers = Providers::start(load.sales).await;
    let ledger = ledger.copy(place);
    let serving = Serving::start(binary, &ledger, &providers);
    let sample = sell_at(&serving, place, &providers, load).await;
    if sample["missing"] != 0 {
        report_missing(binary, &ledger, &providers.arrivals, load);
        serving.stop();
        println!("kept: {}, {}", ledger.folder.display(), ledger.database.url());
        return sample;
    }
    serving.stop();
    ledger.remove();
    sample
}

/// Prints the events of sales that did not end.
fn report_missing(binary: &Binary, ledger: &Ledger, arrivals: &Arrivals, load: Load) {
    let missing = (0..load.sales).filter(|sale| arrivals.of_sale(*sale).is_none());
    for sale in missing.take(5) {
        println!("sale {sale} is missing after {} s:", ENDS_WITHIN.as_secs());
        println!("{}", binary.run(ledger, &["audit", "show", &format!("07{sale:08}")]));
    }
}

/// Sells at a shop that runs, and tells what that took.
pub async fn sell_at(serving: &Serving, place: &Place, providers: &Providers, load: Load) -> Value {
    let used = || [serving.process().used(), Process::this().used(), place.used()];
    let before = used();
    let posted = buy_all(serving.shop, &providers.arrivals, load, true).await;
    // What follows a text, such as its delivery report, belongs to the sale too.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = used();
    let of_sale = |sale| providers.arrivals.of_sale(sale);
    let last = (0..load.sales).filter_map(of_sale).max().unwrap_or_default();
    let took = last.saturating_sub(posted.iter().min().copied().unwrap_or_default());
    let wait = |sale: usize| Some(of_sale(sale)?.saturating_sub(posted[sale]));
    let waits: Vec<_> = (0..load.sales).filter_map(wait).collect();
    let sales = f64::from(u32::try_from(load.sales).expect("a count"));
    let each = |which: usize| after[which].since(before[which]).each(sales);
    let shop = each(0);
    let mut found = json!({
        "missing": load.sales - waits.len(),
        "sales_per_second": sales / took.as_secs_f64(),
        "shop_cpu_ms": shop.cpu_ms,
        "shop_switches": shop.switches,
        "shop_io_calls": shop.calls,
        "load_cpu_ms": each(1).cpu_ms,
        "postgres_cpu_ms": each(2).cpu_ms,
        "start_ms": serving.start.as_secs_f64() * 1e3,
        "shop_mib": serving.process().mib("VmRSS:"),
    });
    found.as_object_mut().expect("it is one").extend(latencies("sale", waits));
    found
}

/// Buys all, each sale by the next buyer who is free, who may wait for its text; tells when each
/// was posted.
pub async fn buy_all(
    shop: SocketAddr,
    arrivals: &Arc<Arrivals>,
    load: Load,
    wait: bool,
) -> Vec<Duration> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut buyers = JoinSet::new();
    for _ in 0..load.buyers {
        let (next, arrivals) = (Arc::clone(&next), Arc::clone(arrivals));
        buyers.spawn(async move {
            let (mut browser, mut posted) = (Browser::of(shop), vec![]);
            loop {
                let sale = next.fetch_add(1, Ordering::Relaxed);
                if sale >= load.sales {
                    return posted;
                }
                posted.push((sale, arrivals.now()));
                buy(&mut browser, sale).await;
                if wait {
                    // Who is left without one is reported at the end.
                    let _ = timeout(ENDS_WITHIN, arrivals.wait_for(sale)).await;
                }
            }
        });
    }
    let mut posted = buyers.join_all().await.concat();
    posted.sort_unstable();
    posted.into_iter().map(|(_, at)| at).collect()
}

async fn buy(browser: &mut Browser, sale: usize) {
    let to = format!("/s/bench-{}/buy", sale % SITES);
    let form = format!("package=daily&version.daily=1&phone=07{sale:08}&nonce=bench-{sale}");
    let answer = browser.post(&to, &form).await;
    assert_eq!(answer.status, 303, "sale {sale} at {to}");
}
