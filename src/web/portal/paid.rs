//! "Already paid?" Finds purchases again by phone number. What it finds shows progress; a code
//! still needs the link, its cookie, or four digits of the number.

use super::{
    buy::phone_problem,
    pages::{self, FoundPurchase, FoundState, PaidPage, PaidProblem, PhoneField},
    shop::package_name,
    visit::Visit,
};
use crate::{
    ledger::{
        kernel::{id::PurchaseId, phone::Phone},
        purchase::{Language, PurchaseStatus},
    },
    store::{Lookup, PurchaseView},
    web::{
        page::{Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::extract::State;

/// The latest purchases of a number; older ones the owner looks up.
const FOUND_MAX: i64 = 5;

/// `GET /s/{site}/paid`
pub async fn show(visit: Visit) -> Result<Page> {
    visit.site()?;
    Ok(visit.page(pages::Page::Paid(as_typed(&visit))))
}

/// The page with what was typed, and nothing found yet.
fn as_typed(visit: &Visit) -> PaidPage {
    let typed = visit.fields.get("phone").to_owned();
    PaidPage {
        phone: PhoneField { typed, problem: None, unusual: false },
        receipt: visit.fields.trimmed("receipt").to_ascii_uppercase(),
        found: vec![],
        problem: None,
    }
}

/// `POST /s/{site}/paid`
pub async fn search(State(shop): TheShop, visit: Visit) -> Result<Page> {
    let site = visit.site()?;
    let mut page = as_typed(&visit);
    page.problem = if page.phone.typed.trim().is_empty() && page.receipt.is_empty() {
        Some(PaidProblem::Unreadable)
    } else if !shop.limits.may_look_up(site.site.as_str(), &visit.frame.mac) {
        Some(PaidProblem::TooMany)
    } else {
        find(&shop, visit.frame.lang, &mut page).await?;
        let found = !page.found.is_empty() || page.phone.problem.is_some();
        (!found).then_some(PaidProblem::None)
    };
    Ok(visit.page(pages::Page::Paid(page)))
}

/// Fills in the purchases of the number and the receipt that were typed.
async fn find(shop: &Shop, lang: Language, page: &mut PaidPage) -> Result<()> {
    let mut found = vec![];
    let typed = page.phone.typed.as_str();
    if let Some(phone) = Phone::parse(typed) {
        found = by_phone(shop, &phone).await?;
    } else if !typed.trim().is_empty() {
        page.phone.problem = Some(phone_problem(typed));
    }
    if !page.receipt.is_empty() {
        found.extend(shop.context.store.purchase_of_receipt(&page.receipt).await?);
    }
    found.dedup();
    for purchase in found {
        if let Some(view) = shop.context.store.read().purchase(purchase).await? {
            page.found.push(show_found(shop, &view, lang).await?);
        }
    }
    Ok(())
}

async fn by_phone(shop: &Shop, phone: &Phone) -> Result<Vec<PurchaseId>> {
    let store = &shop.context.store;
    let fingerprint = store.vault().fingerprint(Lookup::Phone(phone));
    match store.read().contact(&fingerprint).await? {
        Some(contact) => Ok(store.read().purchases_of(contact, FOUND_MAX).await?),
        None => Ok(vec![]),
    }
}

async fn show_found(shop: &Shop, view: &PurchaseView, lang: Language) -> Result<FoundPurchase> {
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
