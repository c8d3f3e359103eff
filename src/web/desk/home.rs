//! `/admin`: the day so far. Every number links to its list.

use super::{
    money::{self as open_money, NEEDS},
    router,
    sale::list::{self, Row},
    staff::visitor::Visitor,
    stock::{is_low, sold_lately},
};
use crate::{
    ledger::{
        kernel::{
            money::Cents,
            time::{DAY, Micros},
        },
        staff::Role,
    },
    services::money,
    store::{CopyStanding, SalesWanted, StoreError},
    web::{
        page::{Failure, Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::extract::State;
use serde::Serialize;

const LATEST: i64 = 8;

#[derive(Serialize)]
struct HomePage {
    /// `None` for a technician.
    money: Option<Money>,
    latest: Vec<Row>,
    stock: Vec<Stock>,
    /// Sites whose router is silent, and since when.
    silent: Vec<(String, String)>,
    /// `None` if no place for copies is configured.
    copies: Option<Copies>,
}

#[derive(Serialize)]
struct Copies {
    /// A phrase `copies.…`.
    standing: &'static str,
    when: String,
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
    /// How many days the free codes last; `None` if none was sold lately.
    days: Option<i64>,
    low: bool,
}

/// `GET /admin`
pub async fn show(State(shop): TheShop, visitor: Visitor) -> Result<Page> {
    let (stock, silent) = (stock(&shop).await?, silent(&shop).await?);
    let copies = copies(&shop).await?;
    let mut page = HomePage { money: None, latest: vec![], stock, silent, copies };
    if visitor.role() != Role::Technician {
        page.money = Some(money(&shop).await?);
        let between = (Micros(i64::MIN), Micros(i64::MAX));
        let (before, limit) = (i64::MAX, LATEST);
        let wanted = SalesWanted { before, status: None, between, price: None, limit };
        let latest = shop.context.store.read().listed_sales(wanted).await?;
        page.latest = list::rows(&shop, &latest).await?;
    }
    Ok(Page::new("home", page))
}

async fn silent(shop: &Shop) -> Result<Vec<(String, String)>, StoreError> {
    let store = &shop.context.store;
    let news = store.read().router_news().await?;
    let mut silent = vec![];
    for site in store.read().sites().await?.into_iter().filter(|site| site.reports) {
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
    let known = shop.context.store.read().backups().await?;
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

async fn money(shop: &Shop) -> Result<Money> {
    let store = &shop.context.store;
    let (sales, today) = store.read().earned_on(&day(shop, 0)).await?;
    let (_, yesterday) = store.read().earned_on(&day(shop, 1)).await?;
    let lines = money::lines(store).await.map_err(Failure::from)?;
    let count = |kind| Need { kind, count: open_money::count(&lines, kind) };
    Ok(Money {
        today,
        sales,
        yesterday,
        day: day(shop, 0),
        waiting: store.read().waiting_count().await?,
        needs: NEEDS.map(count).into(),
    })
}

async fn stock(shop: &Shop) -> Result<Vec<Stock>, StoreError> {
    let store = &shop.context.store;
    let lately = sold_lately(shop).await?;
    let mut stock = vec![];
    for site in store.read().sites().await? {
        for offer in store.read().offers(&site.site).await? {
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
