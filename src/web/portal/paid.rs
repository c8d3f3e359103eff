//! "Already paid?" Finds purchases again by phone number. What it finds shows progress; a code
//! still needs the link, its cookie, or four digits of the number.

use super::{
    buy::phone_problem,
    shop::package_name,
    visit::{self, Fields, Sent, field},
};
use crate::{
    ledger::{
        catalogue::Site,
        kernel::{id::PurchaseId, phone::Phone},
        purchase::{Language, PurchaseStatus},
    },
    store::PurchaseView,
    web::{
        Shop,
        page::error::{self, Problem},
        portal::pages::{
            FoundPurchase, FoundState, Frame, Page, PaidPage, PaidProblem, PhoneField,
        },
    },
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use std::sync::Arc;

/// The latest purchases of a number; older ones the owner looks up.
const FOUND_MAX: i64 = 5;

/// `GET /s/{site}/paid`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    answer(&shop, &name, &fields, &headers, false).await
}

/// `POST /s/{site}/paid`
pub async fn search(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    answer(&shop, &name, &fields, &headers, true).await
}

async fn answer(
    shop: &Shop,
    name: &str,
    fields: &Fields,
    headers: &HeaderMap,
    search: bool,
) -> Response {
    let here = format!("/s/{name}/paid");
    let frame = visit::frame(shop, None, headers, fields, here.clone()).await;
    let drawn = async {
        let site = visit::site(shop, name).await?;
        let frame = visit::frame(shop, Some(&site), headers, fields, here).await;
        let page = fill(shop, &site, &frame, fields, search).await?;
        Ok((frame, page))
    };
    match drawn.await {
        Ok((frame, page)) => error::draw(shop, &frame, &Page::Paid(page), None),
        Err(problem) => error::answer(shop, frame, problem),
    }
}

async fn fill(
    shop: &Shop,
    site: &Site,
    frame: &Frame,
    fields: &Fields,
    search: bool,
) -> Result<PaidPage, Problem> {
    let typed = field(fields, "phone").to_owned();
    let receipt = field(fields, "receipt").trim().to_ascii_uppercase();
    let phone = PhoneField { typed: typed.clone(), problem: None, unusual: false };
    let mut page = PaidPage { phone, receipt: receipt.clone(), found: vec![], problem: None };
    if !search {
        return Ok(page);
    }
    if typed.trim().is_empty() && receipt.is_empty() {
        page.problem = Some(PaidProblem::Unreadable);
        return Ok(page);
    }
    if !shop.limits.may_look_up(site.site.as_str(), &frame.mac) {
        page.problem = Some(PaidProblem::TooMany);
        return Ok(page);
    }
    let mut found = vec![];
    if let Some(phone) = Phone::parse(&typed) {
        found = by_phone(shop, &phone).await?;
    } else if !typed.trim().is_empty() {
        page.phone.problem = Some(phone_problem(&typed));
    }
    if !receipt.is_empty() {
        found.extend(shop.context.store.purchase_of_receipt(&receipt).await?);
    }
    found.dedup();
    for purchase in found {
        if let Some(view) = shop.context.store.purchase(purchase).await? {
            page.found.push(show_found(shop, &view, frame.lang).await?);
        }
    }
    if page.found.is_empty() && page.phone.problem.is_none() {
        page.problem = Some(PaidProblem::None);
    }
    Ok(page)
}

async fn by_phone(shop: &Shop, phone: &Phone) -> Result<Vec<PurchaseId>, Problem> {
    let store = &shop.context.store;
    let fingerprint = store.vault().fingerprint("phone", phone.msisdn().as_bytes());
    match store.contact(&fingerprint).await? {
        Some(contact) => Ok(store.purchases_of(contact, FOUND_MAX).await?),
        None => Ok(vec![]),
    }
}

async fn show_found(
    shop: &Shop,
    view: &PurchaseView,
    lang: Language,
) -> Result<FoundPurchase, Problem> {
    let aside = view.payments.iter().any(|payment| payment.set_aside.is_some());
    let state = match view.purchase.status {
        PurchaseStatus::Fulfilled(_) => FoundState::Paid,
        PurchaseStatus::Owed => FoundState::Owed,
        _ if view.settled().is_some() => FoundState::Settled,
        _ if aside => FoundState::Owed,
        PurchaseStatus::Open => FoundState::Waiting,
        // M-PESA may still say yes.
        PurchaseStatus::Expired(_) if !view.is_surely_unpaid() => FoundState::Waiting,
        PurchaseStatus::Expired(_) => FoundState::NotPaid,
        PurchaseStatus::Settled(_) => FoundState::Settled,
    };
    Ok(FoundPurchase {
        path: format!("/p/{}", view.id),
        package: package_name(shop, view, lang).await?,
        price: view.purchase.price,
        when: view.purchase.started_at.local(&shop.settings.zone),
        state,
    })
}
