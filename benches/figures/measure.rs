//! All figures, or some of them, on both databases.

use crate::{
    allocate, append,
    desk::{self, Desk},
    history,
    place::Place,
    providers::Providers,
    results::{Of, Results},
    room,
    sale::{self, Load, sell_at},
    shop::{Binary, Ledger, SITES, Serving},
    trouble,
};
use serde_json::{Value, json};

/// What is sold in one run.
pub const LOAD: Load = Load { sales: 4_000, buyers: 64 };
/// Codes at each site for one run of [`LOAD`].
const CODES: usize = 40;
/// The same for a day of load.
const CODES_OF_A_DAY: usize = room::SALES / SITES + 10;
/// The same for trouble; a shop never lets more than half of its codes be held.
const CODES_OF_TROUBLE: usize = 2 * trouble::PAID / SITES + 10;
/// Sales before the desk is looked at, so that its newest ones are like any other.
const SEEN_AT_DESK: usize = 200;

/// What to measure, and how often.
pub struct Wanted {
    pub shop: Binary,
    /// Names of figures; none means all.
    pub figures: Vec<String>,
    pub rounds: usize,
    /// How many events the ledgers have before, in rising order.
    pub sizes: Vec<usize>,
}

impl Wanted {
    fn has(&self, figure: &str) -> bool {
        self.figures.is_empty() || self.figures.iter().any(|name| name == figure)
    }
}

/// Measures on one database.
pub async fn on(place: &Place, wanted: &Wanted, results: &mut Results) {
    let ours = &wanted.shop;
    let of = |figure, events| Of { figure, on: place.name(), events, shop: &ours.name };
    for _ in 0..wanted.rounds {
        if wanted.has("append") {
            results.add(of("append", 0), &appended(place).await);
        }
        if wanted.has("allocate") && place.is_postgres() {
            results.add(of("allocate", 0), &allocated(place).await);
        }
    }
    if wanted.has("room") {
        let ledger = Ledger::prepare(ours, place, CODES_OF_A_DAY);
        results.add(of("room", 0), &room::measure(ours, place, &ledger).await);
        ledger.remove();
    }
    if wanted.has("trouble") {
        let ledger = Ledger::prepare(ours, place, CODES_OF_TROUBLE);
        for _ in 0..wanted.rounds {
            let [without, during] = trouble::measure(ours, place, &ledger).await;
            results.add(of("trouble", 0), &without);
            results.add(of("trouble with an import", 0), &during);
        }
        ledger.remove();
    }
    if !["sale", "verify", "beside", "rebuild", "desk"].iter().any(|it| wanted.has(it)) {
        return;
    }
    let fresh = Ledger::prepare(ours, place, CODES);
    let mut ledgers = vec![];
    for size in &wanted.sizes {
        let ledger = fresh.copy(place);
        history::grow(ledger.database.url(), ledger.key(), *size).await;
        ledgers.push((*size, ledger));
    }
    for _ in 0..wanted.rounds {
        for (size, ledger) in ledgers.iter().filter(|_| wanted.has("sale")) {
            results.add(of("sale", *size), &sale::sell(ours, place, ledger, LOAD).await);
        }
    }
    for (size, ledger) in ledgers.iter().filter(|(size, _)| *size > 0) {
        grown(place, wanted, *size, ledger, results).await;
    }
    if let Some((size, ledger)) = ledgers.last().filter(|_| wanted.has("desk")) {
        for (page, found) in at_desk(ours, place, ledger).await {
            let (figure, found) = (format!("desk: {page}"), Value::Object(found));
            results.add(Of { figure: &figure, ..of("", *size) }, &found);
        }
    }
    ledgers.into_iter().map(|(_, ledger)| ledger).chain([fresh]).for_each(Ledger::remove);
}

/// What reads the whole ledger.
async fn grown(place: &Place, wanted: &Wanted, events: usize, ledger: &Ledger, into: &mut Results) {
    let (url, key, shop) = (ledger.database.url(), ledger.key(), &wanted.shop.name);
    let of = |figure| Of { figure, on: place.name(), events, shop };
    for _ in 0..wanted.rounds {
        if wanted.has("verify") {
            into.add(of("verify"), &history::verify(url, key).await);
        }
        if wanted.has("beside") {
            into.add(of("beside"), &history::verify_beside(url, key).await);
        }
        if wanted.has("rebuild") {
            into.add(of("rebuild"), &history::rebuild(url, key).await);
        }
    }
}

/// Events a second through the writer, beside what the database does with the same rows.
async fn appended(place: &Place) -> Value {
    let ours = append::ours(&place.new_url()).await;
    let yardstick = if place.is_postgres() {
        append::copy(&place.new_url(), append::event()).await
    } else {
        append::raw_inserts(&place.new_url()).await
    };
    json!({ "events_per_second": ours, "yardstick": yardstick, "ratio": ours / yardstick })
}

/// Codes a second that are held and sold, beside COPY of their rows and the usual way.
async fn allocated(place: &Place) -> Value {
    let mut found = json!({});
    for callers in [64, 256] {
        let ours = allocate::ours(&place.new_url(), callers).await;
        let usual = allocate::skip_locked(&place.new_url(), callers).await;
        // Two events a code.
        let copied = append::copy(&place.new_url(), allocate::event()).await / 2.0;
        found[format!("codes_per_second_{callers}")] = ours.into();
        found[format!("copy_{callers}")] = copied.into();
        found[format!("of_copy_{callers}")] = (ours / copied).into();
        found[format!("of_skip_locked_{callers}")] = (ours / usual).into();
    }
    found
}

async fn at_desk(
    binary: &Binary,
    place: &Place,
    ledger: &Ledger,
) -> Vec<(&'static str, serde_json::Map<String, Value>)> {
    let (ledger, providers) = (ledger.copy(place), Providers::start(SEEN_AT_DESK).await);
    desk::add_owner(binary, &ledger);
    let serving = Serving::start(binary, &ledger, &providers);
    sell_at(&serving, place, &providers, Load { sales: SEEN_AT_DESK, buyers: 8 }).await;
    let found = Desk::sign_in(serving.desk).await.measure().await;
    serving.stop();
    ledger.remove();
    found
}
