//! `/admin/revenue`: money and stock over time, as pictures, as tables and as files for
//! spreadsheets.

pub mod file;
mod period;

use super::{
    chart::{self, Bar},
    stock::Names,
};
use crate::{
    ledger::kernel::{id::PackageKey, money::Cents},
    store::{Earned, OnShelf},
    web::{
        page::{Fields, Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::extract::State;
use period::{Period, Step};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Serialize)]
struct RevenuePage {
    periods: Vec<(&'static str, bool)>,
    sites: Vec<(String, String, bool)>,
    from: String,
    to: String,
    site: String,
    /// The days that are shown, for a printed page.
    shown: (String, String),
    /// Why other dates are shown than were asked for, as a phrase `revenue.…`.
    problem: Option<&'static str>,
    /// The same as a file: its query.
    query: String,
    sales: i64,
    sold: Cents,
    set_aside: Cents,
    refunded: Cents,
    best: Option<Row>,
    chart: Picture,
    rows: Vec<Row>,
    packages: Vec<PackageRow>,
    shelves: Vec<Shelf>,
    by_month: bool,
}

/// A chart with the lettering beside it.
#[derive(Serialize)]
struct Picture {
    bars: Vec<Bar>,
    top: Cents,
    half: Cents,
    first: String,
    last: String,
}

#[derive(Clone, Serialize)]
struct Row {
    label: String,
    sales: i64,
    sold: Cents,
}

#[derive(Serialize)]
struct PackageRow {
    package: String,
    site: String,
    sales: i64,
    sold: Cents,
    /// Of all money, in hundredths.
    share: i64,
}

#[derive(Serialize)]
struct Shelf {
    package: String,
    site: String,
    now: i64,
    points: String,
    top: i64,
    first: String,
    last: String,
    rows: Vec<(String, i64)>,
}

/// `GET /admin/revenue`
pub async fn show(State(shop): TheShop, fields: Fields) -> Result<Page> {
    Ok(Page::new("revenue", fill(&shop, &fields).await?))
}

/// The days and the site that a query asks for; an empty site means all.
struct Asked {
    period: Period,
    site: String,
}

impl Asked {
    fn of(shop: &Shop, fields: &Fields) -> Self {
        let today = shop.context.store.now().business_day(&shop.settings.zone);
        Self { period: Period::of(fields, today), site: fields.get("site").to_owned() }
    }

    fn has(&self, package: &PackageKey) -> bool {
        self.site.is_empty() || self.site == package.site.as_str()
    }

    async fn earned(&self, shop: &Shop) -> Result<Vec<Earned>> {
        let days = self.period.days();
        let mut earned = shop.context.store.read().earned_between((&days.0, &days.1)).await?;
        earned.retain(|earned| self.has(&earned.package));
        Ok(earned)
    }

    /// How many codes of each package were for sale at the end of each step.
    async fn shelves(&self, shop: &Shop) -> Result<BTreeMap<PackageKey, Vec<i64>>> {
        let days = self.period.days();
        let store = &shop.context.store;
        let before = store.read().on_shelf_before(&days.0).await?;
        let changes = store.read().shelf_between((&days.0, &days.1)).await?;
        Ok(self.sum_up(&before, &changes))
    }

    fn sum_up(&self, before: &[OnShelf], changes: &[OnShelf]) -> BTreeMap<PackageKey, Vec<i64>> {
        let steps = self.period.steps();
        let places: HashMap<&str, usize> =
            steps.iter().enumerate().map(|(place, step)| (step.key.as_str(), place)).collect();
        let mut shelves: BTreeMap<PackageKey, Vec<i64>> = BTreeMap::new();
        let nothing = || vec![0; steps.len()];
        for line in before.iter().filter(|line| self.has(&line.package)) {
            shelves.entry(line.package.clone()).or_insert_with(nothing)[0] += line.codes;
        }
        for line in changes.iter().filter(|line| self.has(&line.package)) {
            let Some(place) = places.get(self.period.key(&line.day)) else { continue };
            shelves.entry(line.package.clone()).or_insert_with(nothing)[*place] += line.codes;
        }
        for codes in shelves.values_mut() {
            for place in 1..codes.len() {
                codes[place] += codes[place - 1];
            }
        }
        shelves
    }
}

async fn fill(shop: &Shop, fields: &Fields) -> Result<RevenuePage> {
    let asked = Asked::of(shop, fields);
    let names = Names::read(shop).await?;
    let earned = asked.earned(shop).await?;
    let steps = asked.period.steps();
    let rows = by_step(&asked.period, &steps, &earned);
    let sum = |of: fn(&Earned) -> i64| earned.iter().map(of).sum::<i64>();
    let sold = Cents(sum(|earned| earned.sold.0));
    let best = rows.iter().filter(|row| row.sold.0 > 0).max_by_key(|row| row.sold.0).cloned();
    let site = |(slug, name): &(String, String)| (slug.clone(), name.clone(), *slug == asked.site);
    // A date that cannot be read stays as it was typed.
    let typed = |name: &str, shown: String| match asked.period.problem() {
        Some(_) if fields.has(name) => fields.get(name).to_owned(),
        _ => shown,
    };
    Ok(RevenuePage {
        periods: asked.period.choices(),
        sites: names.sites.iter().map(site).collect(),
        from: typed("from", asked.period.days().0),
        to: typed("to", asked.period.days().1),
        site: asked.site.clone(),
        shown: asked.period.days(),
        problem: asked.period.problem(),
        query: query(&asked),
        sales: sum(|earned| earned.sales),
        sold,
        set_aside: Cents(sum(|earned| earned.set_aside.0)),
        refunded: Cents(sum(|earned| earned.refunded.0)),
        best,
        chart: picture(&rows),
        packages: by_package(&names, &earned, sold),
        shelves: shelves(&names, &steps, asked.shelves(shop).await?),
        by_month: asked.period.by_month(),
        rows,
    })
}

fn query(asked: &Asked) -> String {
    let (from, to) = asked.period.days();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("from", &from).append_pair("to", &to).append_pair("site", &asked.site);
    query.finish()
}

fn by_step(period: &Period, steps: &[Step], earned: &[Earned]) -> Vec<Row> {
    let mut sums: HashMap<&str, (i64, i64)> = HashMap::new();
    for line in earned {
        let sum = sums.entry(period.key(&line.day)).or_default();
        *sum = (sum.0 + line.sales, sum.1 + line.sold.0);
    }
    let row = |step: &Step| {
        let (sales, sold) = sums.get(step.key.as_str()).copied().unwrap_or_default();
        Row { label: step.label.clone(), sales, sold: Cents(sold) }
    };
    steps.iter().map(row).collect()
}

fn picture(rows: &[Row]) -> Picture {
    let shillings: Vec<i64> = rows.iter().map(|row| row.sold.0 / 100).collect();
    let top = chart::top(&shillings);
    Picture {
        bars: chart::bars(&shillings, top),
        top: Cents::from_kes(top),
        half: Cents::from_kes(top / 2),
        first: rows.first().map(|row| row.label.clone()).unwrap_or_default(),
        last: rows.last().map(|row| row.label.clone()).unwrap_or_default(),
    }
}

fn by_package(names: &Names, earned: &[Earned], all: Cents) -> Vec<PackageRow> {
    let mut sums: BTreeMap<&PackageKey, (i64, i64)> = BTreeMap::new();
    for line in earned {
        let sum = sums.entry(&line.package).or_default();
        *sum = (sum.0 + line.sales, sum.1 + line.sold.0);
    }
    let row = |(key, (sales, sold)): (&PackageKey, (i64, i64))| PackageRow {
        package: names.package(key),
        site: names.site(key.site.as_str()),
        sales,
        sold: Cents(sold),
        share: (sold * 200 + all.0) / (all.0.max(1) * 2),
    };
    let mut rows: Vec<_> = sums.into_iter().filter(|(_, sum)| sum.0 > 0).map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.sold.0));
    rows
}

fn shelves(names: &Names, steps: &[Step], shelves: BTreeMap<PackageKey, Vec<i64>>) -> Vec<Shelf> {
    let label = |step: Option<&Step>| step.map(|step| step.label.clone()).unwrap_or_default();
    let shelf = |(key, codes): (PackageKey, Vec<i64>)| {
        let top = chart::top(&codes);
        Shelf {
            package: names.package(&key),
            site: names.site(key.site.as_str()),
            now: codes.last().copied().unwrap_or_default(),
            points: chart::line(&codes, top),
            top,
            first: label(steps.first()),
            last: label(steps.last()),
            rows: steps.iter().map(|step| step.label.clone()).zip(codes).collect(),
        }
    };
    shelves.into_iter().map(shelf).collect()
}
