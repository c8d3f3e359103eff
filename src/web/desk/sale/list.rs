//! `/admin/sales`: the list of sales, and one box that searches it.

use crate::{
    ledger::kernel::{
        id::PurchaseId,
        money::Cents,
        time::{DAY, MINUTE, Micros, PointInTime},
    },
    services::money,
    store::{ListedSale, SaleStatus, SalesWanted, StoreError},
    web::{
        page::{Fields, Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::collections::BTreeSet;

const PAGE: i64 = 30;

/// How far a sale may be from the time that was typed: people read the time off an SMS.
const NEAR: i64 = 20 * MINUTE;

/// A sale of a list.
#[derive(Debug, Serialize)]
pub struct Row {
    path: String,
    when: String,
    package: String,
    price: Cents,
    payer: Option<String>,
    /// A phrase `standing.…`.
    standing: String,
}

#[derive(Serialize)]
struct SalesPage {
    text: String,
    status: String,
    day: String,
    statuses: Vec<(&'static str, bool)>,
    rows: Vec<Row>,
    looked: bool,
    more: Option<String>,
}

/// `GET /admin/sales`
pub async fn show(State(shop): TheShop, fields: Fields) -> Result<Response> {
    let text = fields.trimmed("q");
    let page = match text {
        "" => listed(&shop, &fields).await?,
        _ => found(&shop, text).await?,
    };
    Ok(match page.rows.as_slice() {
        [only] if page.looked => Redirect::to(&only.path).into_response(),
        _ => Page::new("sales", page).into_response(),
    })
}

async fn listed(shop: &Shop, fields: &Fields) -> Result<SalesPage> {
    let status = SaleStatus::ALL.into_iter().find(|it| it.word() == fields.get("status"));
    let day = fields.get("day");
    let between = day_of(shop, day).unwrap_or((Micros(i64::MIN), Micros(i64::MAX)));
    let day = if between.0.0 == i64::MIN { "" } else { day };
    let before = fields.get("before").parse().unwrap_or(i64::MAX);
    let wanted = SalesWanted { before, status, between, price: None, limit: PAGE + 1 };
    let mut sales = shop.context.store.read().listed_sales(wanted).await?;
    let all = sales.len() <= usize::try_from(PAGE).unwrap_or_default();
    sales.truncate(usize::try_from(PAGE).unwrap_or_default());
    let last = sales.last().filter(|_| !all).map(|sale| sale.position);
    let status = status.map_or("", SaleStatus::word);
    let more = |last| format!("/admin/sales?status={status}&day={day}&before={last}");
    Ok(SalesPage {
        text: String::new(),
        status: status.to_owned(),
        day: day.to_owned(),
        statuses: SaleStatus::ALL.iter().map(|it| (it.word(), it.word() == status)).collect(),
        rows: rows(shop, &sales).await?,
        looked: false,
        more: last.map(more),
    })
}

/// A day of the shop: its first moment, and that of the next.
fn day_of(shop: &Shop, day: &str) -> Option<(Micros, Micros)> {
    let end = match day.parse().ok()? {
        day @ PointInTime::Day(_) => day.at(&shop.settings.zone).plus(1),
        PointInTime::Local(_) | PointInTime::Exact(_) => return None,
    };
    Some((end.plus(-DAY), end))
}

async fn found(shop: &Shop, text: &str) -> Result<SalesPage> {
    let store = &shop.context.store;
    let mut found: BTreeSet<PurchaseId> = store.purchases_named(text).await?.into_iter().collect();
    if let Some((price, between)) = amount_and_time(shop, text) {
        let (before, limit) = (i64::MAX, PAGE);
        let wanted = SalesWanted { before, status: None, between, price: Some(price), limit };
        found.extend(store.read().listed_sales(wanted).await?.into_iter().map(|sale| sale.id));
    }
    let mut rows = vec![];
    // Ids sort by time, and most questions are about the newest sale.
    for id in found.into_iter().rev() {
        rows.extend(row_of(shop, id).await?);
    }
    Ok(SalesPage {
        text: text.to_owned(),
        status: String::new(),
        day: String::new(),
        statuses: SaleStatus::ALL.iter().map(|it| (it.word(), false)).collect(),
        rows,
        looked: true,
        more: None,
    })
}

/// `50 18:40`, or `50 2026-11-22 18:40`: a price, and about when. Without a day it is today.
fn amount_and_time(shop: &Shop, text: &str) -> Option<(Cents, (Micros, Micros))> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (amount, day, clock) = match words[..] {
        [amount, clock] => {
            let today = shop.context.store.now().business_day(&shop.settings.zone);
            (amount, today.to_string(), clock)
        }
        [amount, day, clock] => (amount, day.to_owned(), clock),
        _ => return None,
    };
    let price = Cents::parse(amount).filter(|price| price.0 > 0)?;
    let at: PointInTime = format!("{day} {clock}").parse().ok()?;
    let at = at.at(&shop.settings.zone);
    Some((price, (at.plus(-NEAR), at.plus(NEAR))))
}

pub async fn rows(shop: &Shop, sales: &[ListedSale]) -> Result<Vec<Row>, StoreError> {
    let mut rows = vec![];
    for sale in sales {
        let payer = shop.context.store.phone(sale.contact).await?;
        let standing = match (sale.status, sale.reason.as_deref()) {
            (SaleStatus::Open, _) => "waiting",
            (SaleStatus::Fulfilled, _) => "paid",
            (SaleStatus::Expired, Some("declined")) => "declined",
            (SaleStatus::Expired, Some("refused")) => "not_asked",
            (SaleStatus::Expired, _) => "unresolved",
            (SaleStatus::Owed | SaleStatus::Settled, _) => sale.status.word(),
        };
        rows.push(Row {
            path: format!("/admin/sales/{}", sale.id),
            when: sale.started_at.local(&shop.settings.zone),
            package: sale.package.to_string(),
            price: sale.price,
            payer: payer.map(|phone| phone.masked()),
            standing: standing.to_owned(),
        });
    }
    Ok(rows)
}

async fn row_of(shop: &Shop, id: PurchaseId) -> Result<Option<Row>, StoreError> {
    let Some(view) = shop.context.store.read().purchase(id).await? else { return Ok(None) };
    let payer = shop.context.store.phone(view.purchase.contact).await?;
    Ok(Some(Row {
        path: format!("/admin/sales/{id}"),
        when: view.purchase.started_at.local(&shop.settings.zone),
        package: view.purchase.package.to_string(),
        price: view.purchase.price,
        payer: payer.map(|phone| phone.masked()),
        standing: money::standing(&view).word().to_owned(),
    }))
}
