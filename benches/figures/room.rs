//! Memory and disk: what an idle shop takes, what a day of sales adds, and which table and index
//! takes how much of it.

use crate::{
    place::Place,
    providers::Providers,
    sale::{Load, sell_at},
    shop::{Binary, Ledger, Serving},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// A day of load.
pub const SALES: u16 = 20_000;
const IDLE: Duration = Duration::from_secs(5);

/// What an idle shop takes, and the same after a day of load.
pub async fn measure(binary: &Binary, place: &Place, ledger: &Ledger) -> Value {
    let ledger = ledger.copy(place);
    let providers = Providers::start(SALES.into()).await;
    let serving = Serving::start(binary, &ledger, &providers);
    tokio::time::sleep(IDLE).await;
    let mib = |what: &str| serving.process().mib(what);
    let (idle, idle_own) = (mib("VmRSS:"), mib("RssAnon:"));
    let before = ledger.database.bytes().await;
    let sold = sell_at(&serving, place, &providers, Load { sales: SALES.into(), buyers: 64 }).await;
    let (after, peak) = (mib("VmRSS:"), mib("VmHWM:"));
    serving.stop();
    let after_bytes = ledger.database.bytes().await;
    ledger.remove();
    let grown: BTreeMap<_, _> = after_bytes
        .into_iter()
        .map(|(name, bytes)| {
            let grown = (bytes - before.get(&name).copied().unwrap_or_default()) / f64::from(SALES);
            (format!("bytes of {name}"), grown)
        })
        .collect();
    let mut found = json!({
        "idle_mib": idle,
        "idle_own_mib": idle_own,
        "after_a_day_mib": after,
        "peak_mib": peak,
        "missing": sold["missing"],
        "bytes_a_sale": grown.values().sum::<f64>(),
    });
    let all = found.as_object_mut().expect("it is one");
    all.extend(grown.into_iter().map(|(name, bytes)| (name, bytes.into())));
    found
}
