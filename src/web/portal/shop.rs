//! The shop page of a site.

use super::{
    pages::{
        self, OpenPurchase, OpenState, PackageCard, PackageFacts, PhoneField, ShopPage,
        ShopProblem, SoldOutPage,
    },
    visit::{self, Visit},
};
use crate::{
    ledger::{
        catalogue::{Package, Site},
        kernel::time::{DAY, SECOND},
        purchase::{Language, PurchaseStatus},
    },
    store::{Offer, PurchaseView},
    web::{
        page::{Failure, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

/// What a form that comes back carries.
#[derive(Default)]
pub struct Back {
    pub chosen: Option<String>,
    pub phone: PhoneField,
    pub problem: Option<ShopProblem>,
}

/// `GET /s/{site}`
pub async fn show(State(shop): TheShop, visit: Visit) -> Result<Response> {
    let page = page(&shop, &visit, Back::default()).await?;
    Ok((visit.language_cookie(&shop), page).into_response())
}

/// `GET /`: the shop's only site, or a hint.
pub async fn start(State(shop): TheShop) -> Result<Redirect> {
    match &shop.context.store.read().sites().await?[..] {
        [only] => Ok(Redirect::to(&format!("/s/{}", only.site))),
        _ => Err(Sorry::NotFound),
    }
}

/// The shop page, with a form that came back.
pub async fn page(shop: &Shop, visit: &Visit, back: Back) -> Result<Page> {
    let site = visit.site()?;
    let offers = shop.context.store.read().offers(&site.site).await?;
    if shop.context.store.history_doubt().is_some() {
        return Err(Sorry::Closed);
    }
    let open = open_purchase(shop, visit, site).await?;
    if open.is_none() && offers.iter().all(|offer| offer.free == 0 && offer.held == 0) {
        return Ok(visit.page(pages::Page::SoldOut(SoldOutPage { back: None })));
    }
    let cards = offers.iter().map(|offer| card(offer, visit.frame.lang)).collect();
    Ok(visit.page(pages::Page::Shop(ShopPage {
        nonce: shop.nonce(),
        packages: ShopPage::arrange(cards, back.chosen.as_deref()),
        phone: back.phone,
        problem: back.problem,
        mpesa_slow: shop.context.is_payment_slow(),
        open,
    })))
}

pub fn card(offer: &Offer, lang: Language) -> PackageCard {
    let package = &offer.package;
    PackageCard {
        key: package.package.to_string(),
        version: package.version,
        name: package.name_in(lang).to_owned(),
        facts: PackageFacts {
            validity_seconds: package.validity_seconds,
            uptime_seconds: None,
            devices: Some(package.devices),
            speed_kbps: package.rate_kbps_down,
            data_bytes: package.data_bytes_max,
        },
        price: package.price_cents,
        place: package.place,
        sold_out: offer.free == 0,
        chosen: false,
    }
}

/// The purchase this phone comes back to: by cookie, which may see all, or by MAC, which may not.
async fn open_purchase(shop: &Shop, visit: &Visit, site: &Site) -> Result<Option<OpenPurchase>> {
    let store = &shop.context.store;
    if let Some(view) = visit.remembered(shop).await? {
        let path = format!("/p/{}", store.vault().link_token(view.id));
        if let Some(open) = open_page(shop, visit, site, &view, path).await? {
            return Ok(Some(open));
        }
    }
    let Some(device) = visit::device(shop, &visit.frame.mac).await? else { return Ok(None) };
    let Some(purchase) = store.read().purchases_of(device, 1).await?.pop() else { return Ok(None) };
    let Some(view) = store.read().purchase(purchase).await? else { return Ok(None) };
    open_page(shop, visit, site, &view, format!("/p/{}", view.id)).await
}

/// A purchase as the shop page shows it, where its own page is worth coming back to.
async fn open_page(
    shop: &Shop,
    visit: &Visit,
    here: &Site,
    view: &PurchaseView,
    path: String,
) -> Result<Option<OpenPurchase>> {
    let Some(state) = open_state(shop, view).await? else { return Ok(None) };
    let package = package_name(shop, view, visit.frame.lang).await?;
    let site = visit::site_of(shop, view).await?;
    let elsewhere = (site.site != here.site).then_some(site.name);
    Ok(Some(OpenPurchase { path, package, state, elsewhere }))
}

/// How far a purchase is, where its page is worth coming back to.
async fn open_state(shop: &Shop, view: &PurchaseView) -> Result<Option<OpenState>> {
    Ok(match view.purchase.status {
        PurchaseStatus::Open | PurchaseStatus::Owed => Some(OpenState::Underway),
        PurchaseStatus::Expired(_) | PurchaseStatus::Settled(_) => None,
        PurchaseStatus::Fulfilled(_) => {
            let age = view.purchase.started_at.until(shop.context.now());
            let validity = package(shop, view).await?.validity_seconds;
            let validity = i64::try_from(validity).unwrap_or(i64::MAX / 2_000_000);
            // A buyer may come back a day after the purchase to connect for the first time.
            (age < validity * SECOND + DAY).then_some(OpenState::Bought)
        }
    })
}

/// The package of a purchase, in the version that was bought.
pub async fn package(shop: &Shop, view: &PurchaseView) -> Result<Package> {
    let purchase = &view.purchase;
    let store = &shop.context.store;
    let found = store.read().package_version(&purchase.package, purchase.package_version).await?;
    Ok(found.ok_or(Failure::Missing("the package of a purchase"))?)
}

pub async fn package_name(shop: &Shop, view: &PurchaseView, lang: Language) -> Result<String> {
    Ok(package(shop, view).await?.name_in(lang).to_owned())
}
