//! `/admin`: how the day goes. Every number leads to what is behind it.

use super::{
    frame::{self, Sorry},
    visitor::Visitor,
};
use crate::{
    ledger::{
        kernel::{
            id::PackageKey,
            money::Cents,
            time::{DAY, Micros},
        },
        staff::Role,
    },
    services::money::{self, Line},
    store::{CopyStanding, SalesWanted, Store, StoreError},
    web::{
        Shop,
        desk::{
            router,
            sale::list::{self, Row},
        },
        page::error::Failure,
    },
};
use axum::{extract::State, response::Response};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// Stock lasts as long as the last so many days say.
const DAYS_LOOKED_AT: i64 = 7;

/// How many sales the page shows.
const LATEST: i64 = 8;

#[derive(Serialize)]
struct HomePage {
    /// What the money did; none for whom it does not concern.
    money: Option<Money>,
    latest: Vec<Row>,
    stock: Vec<Stock>,
    /// Sites whose router is silent, and since when.
    silent: Vec<(String, String)>,
    /// Whether the copies come back, as a phrase, and since when that is known; none where nobody
    /// configured any.
    copies: Option<Copies>,
}

#[derive(Serialize)]
struct Copies {
    standing: &'static str,
    when: String,
    /// Whether somebody should act.
    bad: bool,
}

#[derive(Serialize)]
struct Money {
    today: Cents,
    sales: i64,
    yesterday: Cents,
    day: String,
    waiting: i64,
    needs: Vec<Need>,
}

/// A sort of things that need a person, and how many there are.
#[derive(Serialize)]
struct Need {
    kind: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Stock {
    site: String,
    package: String,
    price: Cents,
    free: i64,
    held: i64,
    /// How long the free ones last; none where nothing was sold lately.
    days: Option<i64>,
    /// Whether they will not last.
    low: bool,
}

/// `GET /admin`
pub async fn show(State(shop): State<Arc<Shop>>, visitor: Visitor) -> Response {
    let made = fill(&shop, &visitor).await;
    frame::answer(&shop, &visitor, "home", made)
}

async fn fill(shop: &Shop, visitor: &Visitor) -> Result<HomePage, Sorry> {
    let store = &shop.context.store;
    let sees_sales = visitor.member.staff.role != Role::Technician;
    let (stock, silent) = (stock(shop).await?, silent(shop).await?);
    let copies = copies(shop).await?;
    let mut page = HomePage { money: None, latest: vec![], stock, silent, copies };
    if sees_sales {
        page.money = Some(money(shop).await?);
        let always = (Micros(i64::MIN), Micros(i64::MAX));
        let wanted = SalesWanted {
            before: i64::MAX,
            status: None,
            between: always,
            price: None,
            limit: LATEST,
        };
        page.latest = list::rows(shop, &store.listed_sales(wanted).await?).await?;
    }
    Ok(page)
}

async fn silent(shop: &Shop) -> Result<Vec<(String, String)>, StoreError> {
    let store = &shop.context.store;
    let news = store.router_news().await?;
    let mut silent = vec![];
    for site in store.sites().await?.into_iter().filter(|site| site.reports) {
        let told = news.iter().find(|news| news.site == site.site);
        if let Some(told) = told.filter(|told| router::is_silent(shop, told)) {
            silent.push((site.name, told.heard_at.local(&shop.settings.zone)));
        }
    }
    Ok(silent)
}

async fn copies(shop: &Shop) -> Result<Option<Copies>, StoreError> {
    let Some(nightly) = &shop.context.settings.nightly else { return Ok(None) };
    let (now, zone) = (shop.context.now(), &shop.settings.zone);
    let known = shop.context.store.backups().await?;
    let standings = nightly.places.iter().filter_map(|place| {
        known.iter().find(|record| record.place == place.name())?.standing(now)
    });
    Ok(standings.min().map(|(standing, when)| Copies {
        standing: match standing {
            CopyStanding::Spoiled => "spoiled",
            CopyStanding::Doubtful => "doubtful",
            CopyStanding::Late => "late",
            CopyStanding::Unproved => "unproved",
            CopyStanding::Proved => "proved",
        },
        when: when.local(zone),
        bad: standing < CopyStanding::Unproved,
    }))
}

fn day(shop: &Shop, days_ago: i64) -> String {
    let at = shop.context.store.now().plus(-days_ago * DAY);
    at.business_day(&shop.settings.zone).to_string()
}

async fn money(shop: &Shop) -> Result<Money, Sorry> {
    let store = &shop.context.store;
    let (sales, today) = store.earned_on(&day(shop, 0)).await?;
    let (_, yesterday) = store.earned_on(&day(shop, 1)).await?;
    let lines = money::lines(store).await.map_err(Failure::from)?;
    let count = |kind| Need { kind, count: lines.iter().filter(|line| is(line, kind)).count() };
    Ok(Money {
        today,
        sales,
        yesterday,
        day: day(shop, 0),
        waiting: store.waiting_count().await?,
        needs: NEEDS.map(count).into(),
    })
}

/// The sorts of things that need a person, as the desk puts them together.
pub const NEEDS: [&str; 7] =
    ["owed", "set_aside", "refund_due", "doubtful", "at_router", "undelivered", "stuck"];

/// Whether a line is of a sort.
pub fn is(line: &Line, need: &str) -> bool {
    let sort = match line.kind.as_str() {
        "unmatched" => "set_aside",
        "disputed" | "unresolved" => "doubtful",
        "given_up" | "unconfirmed" => "undelivered",
        "lost" | "used_unsold" => "at_router",
        other => other,
    };
    sort == need
}

/// How fast codes go.
pub struct SoldLately(HashMap<PackageKey, i64>);

impl SoldLately {
    /// How many days so many codes last; none where nothing was sold lately.
    pub fn days(&self, key: &PackageKey, free: i64) -> Option<i64> {
        let sold = self.0.get(key).copied().filter(|sold| *sold > 0)?;
        Some(free * DAYS_LOOKED_AT / sold)
    }
}

/// What was sold in the last days.
pub async fn sold_lately(shop: &Shop) -> Result<SoldLately, StoreError> {
    let (first, last) = (day(shop, DAYS_LOOKED_AT - 1), day(shop, 0));
    let mut lately = HashMap::new();
    for earned in shop.context.store.earned_between((&first, &last)).await? {
        *lately.entry(earned.package).or_default() += earned.sales;
    }
    Ok(SoldLately(lately))
}

/// Whether so many codes will not last.
pub fn is_low(free: i64, days: Option<i64>) -> bool {
    free == 0 || days.is_some_and(|days| days < 3)
}

async fn stock(shop: &Shop) -> Result<Vec<Stock>, StoreError> {
    let store: &Store = &shop.context.store;
    let lately = sold_lately(shop).await?;
    let mut stock = vec![];
    for site in store.sites().await? {
        for offer in store.offers(&site.site).await? {
            let days = lately.days(&offer.key(), offer.free);
            stock.push(Stock {
                site: site.name.clone(),
                package: offer.package.name.clone(),
                price: offer.package.price_cents,
                free: offer.free,
                held: offer.held,
                days,
                low: is_low(offer.free, days),
            });
        }
    }
    Ok(stock)
}
