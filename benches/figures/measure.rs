//! All figures, or some of them, on one database.

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
use serde_json::{Map, Value, json};

/// Codes at each site for a day of load.
const CODES_OF_A_DAY: usize = room::SALES as usize / SITES + 10;
/// The same for trouble; a shop never lets more than half of its codes be held.
const CODES_OF_TROUBLE: usize = 2 * trouble::PAID / SITES + 10;
/// Sales before the desk is looked at, so that its newest ones are like any other.
const SEEN_AT_DESK: usize = 200;

/// What to measure, and how often.
pub struct Wanted {
    /// They take turns.
    pub shops: Vec<Binary>,
    /// Names of figures; none means all.
    pub figures: Vec<String>,
    pub rounds: usize,
    /// How many events the ledgers have before, in rising order.
    pub sizes: Vec<usize>,
    /// What is sold in a run.
    pub load: Load,
}

impl Wanted {
    fn has(&self, figure: &str) -> bool {
        self.figures.is_empty() || self.figures.iter().any(|name| name == figure)
    }
}

/// Measures on one database.
pub async fn on(place: &Place, wanted: &Wanted, results: &mut Results) {
    let of = |figure| Of { figure, on: place.name(), events: 0, shop: "library" };
    for _ in 0..wanted.rounds {
        if wanted.has("append") {
            results.add(of("append"), &appended(place).await);
        }
        if wanted.has("allocate") && place.is_postgres() {
            results.add(of("allocate"), &allocated(place).await);
        }
    }
    alone(place, wanted, results).await;
    if !["sale", "verify", "beside", "rebuild", "desk"].iter().any(|it| wanted.has(it)) {
        return;
    }
    let mut ledgers = vec![];
    for shop in &wanted.shops {
        let codes = 2 * wanted.load.sales.div_ceil(SITES);
        let fresh = Ledger::prepare(shop, place, codes);
        for size in &wanted.sizes {
            let ledger = fresh.copy(place);
            history::grow(ledger.database.url(), ledger.key(), *size).await;
            ledgers.push((shop, *size, ledger));
        }
        fresh.remove();
    }
    for _ in 0..wanted.rounds {
        for (shop, events, ledger) in ledgers.iter().filter(|_| wanted.has("sale")) {
            let of = Of { figure: "sale", on: place.name(), events: *events, shop: &shop.name };
            results.add(of, &sale::sell(shop, place, ledger, wanted.load).await);
        }
    }
    let most = wanted.sizes.last();
    for (shop, events, ledger) in ledgers.iter().filter(|(_, size, _)| Some(size) == most) {
        let of = |figure| Of { figure, on: place.name(), events: *events, shop: &shop.name };
        if wanted.has("desk") {
            for (page, found) in at_desk(shop, place, ledger).await {
                results.add(of(page), &Value::Object(found));
            }
        }
    }
    for (shop, events, ledger) in ledgers {
        if events > 0 && shop.name == wanted.shops[0].name {
            grown(place, wanted, events, &ledger, results).await;
        }
        ledger.remove();
    }
}

/// What needs ledgers of its own: memory and disk after a day of load, and trouble.
async fn alone(place: &Place, wanted: &Wanted, results: &mut Results) {
    for shop in &wanted.shops {
        let of = |figure| Of { figure, on: place.name(), events: 0, shop: &shop.name };
        if wanted.has("room") {
            let ledger = Ledger::prepare(shop, place, CODES_OF_A_DAY);
            results.add(of("room"), &room::measure(shop, place, &ledger).await);
            ledger.remove();
        }
        if wanted.has("trouble") {
            let ledger = Ledger::prepare(shop, place, CODES_OF_TROUBLE);
            for _ in 0..wanted.rounds {
                let [without, during] = trouble::measure(shop, place, &ledger).await;
                results.add(of("trouble"), &without);
                results.add(of("trouble with an import"), &during);
            }
            ledger.remove();
        }
    }
}

/// What reads the whole ledger.
async fn grown(place: &Place, wanted: &Wanted, events: usize, ledger: &Ledger, into: &mut Results) {
    let (url, key) = (ledger.database.url(), ledger.key());
    let of = |figure| Of { figure, on: place.name(), events, shop: "library" };
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
) -> Vec<(&'static str, Map<String, Value>)> {
    let (ledger, providers) = (ledger.copy(place), Providers::start(SEEN_AT_DESK).await);
    desk::add_owner(binary, &ledger);
    let serving = Serving::start(binary, &ledger, &providers);
    sell_at(&serving, place, &providers, Load { sales: SEEN_AT_DESK, buyers: 8 }).await;
    let found = Desk::sign_in(serving.desk).await.measure().await;
    serving.stop();
    ledger.remove();
    found
}
