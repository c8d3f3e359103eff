//! Pages and callbacks while M-PESA and the SMS gateway hang, with and without an import: how long
//! they take.

use crate::{
    browser::Browser,
    desk::{self, Desk},
    place::Place,
    providers::Providers,
    sale::{Load, buy_all},
    shop::{Binary, Ledger, SITES, Serving},
    statistics::latencies,
};
use lango::simulators::{
    daraja::{Prompt, PromptState},
    sms_gateway::{Faults, Silence},
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Sales that are paid, and of which M-PESA has not told yet.
pub const PAID: usize = 7_000;
/// How many pages, and how many callbacks, are asked for at once.
const AT_ONCE: usize = 32;
/// How long that goes on without an import, if callbacks last.
const WITHOUT_IMPORT: Duration = Duration::from_secs(3);
/// Of the import.
const LINES: usize = 10_000;

/// A callback: path and body.
type Callback = (String, String);

/// How long pages and callbacks take, first without an import and then while one runs.
pub async fn measure(binary: &Binary, place: &Place, ledger: &Ledger) -> [Value; 2] {
    let providers = Providers::start(PAID).await;
    providers.daraja.set_faults(|faults| faults.hold_callbacks = true);
    let ledger = ledger.copy(place);
    desk::add_owner(binary, &ledger);
    let serving = Serving::start(binary, &ledger, &providers);
    let mut desk = Desk::sign_in(serving.desk).await;
    let callbacks = Arc::new(paid(&serving, &providers).await);
    providers.daraja.set_faults(|faults| faults.hang = true);
    providers.sms.set_faults(Faults { silence: Some(Silence::Hang), ..Faults::default() });
    let next = Arc::new(AtomicUsize::new(0));
    let half = async {
        let begun = Instant::now();
        while begun.elapsed() < WITHOUT_IMPORT && next.load(Ordering::Relaxed) < PAID / 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let without = under_load(serving.shop, &callbacks, &next, half).await;
    let codes: Vec<_> = (0..LINES).map(|code| format!("I{code:07}")).collect();
    let codes = codes.join("\n");
    let import = desk.import(&codes);
    let during = under_load(serving.shop, &callbacks, &next, import).await;
    // Asked to end, it would first wait for those that never answer.
    drop(serving);
    ledger.remove();
    [without, during]
}

/// Buys until all is paid; returns what M-PESA will tell.
async fn paid(serving: &Serving, providers: &Providers) -> Vec<Callback> {
    buy_all(serving.shop, &providers.arrivals, Load { sales: PAID, buyers: 64 }, false).await;
    let mut callbacks = vec![];
    for id in 0..PAID as u64 {
        callbacks.push(loop {
            if let Some(callback) = providers.daraja.prompt(id).as_ref().and_then(callback) {
                break callback;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        });
    }
    callbacks
}

/// What M-PESA tells of a prompt that was paid.
fn callback(prompt: &Prompt) -> Option<Callback> {
    let PromptState::Paid { receipt, at } = &prompt.state else { return None };
    let (_, path) = prompt.callback_url.split_once("://")?.1.split_once('/')?;
    let item = |name: &str, value: Value| json!({ "Name": name, "Value": value });
    let body = json!({ "Body": { "stkCallback": {
        "MerchantRequestID": prompt.merchant_request_id,
        "CheckoutRequestID": prompt.checkout_request_id,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": { "Item": [
            item("Amount", prompt.amount_kes.into()),
            item("MpesaReceiptNumber", receipt.as_str().into()),
            item("TransactionDate", at.east_africa_compact().parse::<u64>().ok()?.into()),
            item("PhoneNumber", prompt.msisdn.parse::<u64>().ok()?.into()),
        ] },
    } } });
    Some((format!("/{path}"), body.to_string()))
}

/// Asks for pages and sends callbacks until something has ended, or none is left.
async fn under_load(
    shop: SocketAddr,
    callbacks: &Arc<Vec<Callback>>,
    next: &Arc<AtomicUsize>,
    until: impl Future<Output = ()>,
) -> Value {
    let ended = Arc::new(AtomicBool::new(false));
    let (mut pages, mut calls) = (JoinSet::new(), JoinSet::new());
    let begun = Instant::now();
    for visitor in 0..AT_ONCE {
        let seen = Arc::clone(&ended);
        pages.spawn(async move {
            let (mut browser, mut times) = (Browser::of(shop), vec![]);
            while !seen.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let page = format!("/s/bench-{}", (visitor + times.len()) % SITES);
                assert_eq!(browser.get(&page).await.status, 200, "{page}");
                times.push(begun.elapsed());
            }
            times
        });
        let (seen, callbacks, next) = (Arc::clone(&ended), Arc::clone(callbacks), Arc::clone(next));
        calls.spawn(async move {
            let (mut browser, mut times) = (Browser::of(shop), vec![]);
            while !seen.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((path, body)) = callbacks.get(at) else { break };
                let begun = Instant::now();
                let answer = browser.ask("POST", path, "application/json", body.as_bytes()).await;
                assert_eq!(answer.status, 200, "{path}");
                times.push(begun.elapsed());
            }
            times
        });
    }
    until.await;
    let took = begun.elapsed().as_secs_f64();
    ended.store(true, Ordering::Relaxed);
    let mut found = latencies("page", pages.join_all().await.concat());
    found.extend(latencies("callback", calls.join_all().await.concat()));
    found.insert("seconds".into(), took.into());
    Value::Object(found)
}
