//! The shop page of a site.

use super::visit::{self, Fields, Sent, field};
use crate::{
    ledger::{
        catalogue::Site,
        purchase::{Language, PurchaseStatus},
    },
    store::{Offer, PurchaseView},
    web::{
        Shop,
        page::error::{self, Failure, Problem},
        portal::pages::{
            ErrorMessage, Frame, OpenPurchase, OpenState, PackageCard, PackageFacts, Page,
            PhoneField, ShopPage, ShopProblem, SoldOutPage,
        },
    },
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;
use url::Url;

/// What a form that comes back carries.
#[derive(Default)]
pub struct Back {
    /// The package that was chosen.
    pub chosen: Option<String>,
    /// The phone field as it was.
    pub phone: PhoneField,
    /// Why it came back.
    pub problem: Option<ShopProblem>,
}

/// `GET /s/{site}`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    let site = match visit::site(&shop, &name).await {
        Ok(site) => site,
        Err(problem) => {
            let frame = visit::frame(&shop, None, &headers, &fields, format!("/s/{name}")).await;
            return error::answer(&shop, frame, problem);
        }
    };
    let frame = visit::frame(&shop, Some(&site), &headers, &fields, here(&site, &fields)).await;
    let language = visit::language_cookie(&shop, frame.lang);
    let mut response = page(&shop, &site, frame, &headers, Back::default()).await;
    if !field(&fields, "lang").is_empty() {
        response.headers_mut().append(header::SET_COOKIE, language);
    }
    response
}

/// `GET /`: the shop's only site, or a hint.
pub async fn start(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let frame = visit::frame(&shop, None, &headers, &Fields::new(), "/".into()).await;
    match shop.context.store.sites().await {
        Ok(sites) if sites.len() == 1 => {
            Redirect::to(&format!("/s/{}", sites[0].site)).into_response()
        }
        Ok(_) => error::answer(&shop, frame, Problem::Person(ErrorMessage::NotFound)),
        Err(failure) => error::answer(&shop, frame, failure.into()),
    }
}

/// The address of the shop page, with what the router told.
pub fn here(site: &Site, fields: &Fields) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["mac", "dst"] {
        if !field(fields, name).is_empty() {
            query.append_pair(name, field(fields, name));
        }
    }
    format!("/s/{}?{}", site.site, query.finish())
}

/// Draws the shop page, with a form that came back.
pub async fn page(
    shop: &Shop,
    site: &Site,
    frame: Frame,
    headers: &HeaderMap,
    back: Back,
) -> Response {
    match fill(shop, site, &frame, headers, back).await {
        Ok(page) => {
            // The form for a code leads to the router.
            let router = Url::parse(&site.router_login).map(|url| url.origin());
            let router = router.ok().map(|origin| origin.ascii_serialization());
            error::draw(shop, &frame, &page, router.as_deref())
        }
        Err(problem) => error::answer(shop, frame, problem),
    }
}

async fn fill(
    shop: &Shop,
    site: &Site,
    frame: &Frame,
    headers: &HeaderMap,
    back: Back,
) -> Result<Page, Problem> {
    let offers = shop.context.store.offers(&site.site).await?;
    if shop.context.store.history_doubt().is_some() {
        return Err(Problem::Person(ErrorMessage::Closed));
    }
    let open = open_purchase(shop, site, frame, headers).await?;
    if open.is_none() && offers.iter().all(|offer| offer.free == 0 && offer.held == 0) {
        return Ok(Page::SoldOut(SoldOutPage { back: None }));
    }
    let cards = offers.iter().map(|offer| card(offer, frame.lang)).collect();
    Ok(Page::Shop(ShopPage {
        nonce: shop.nonce(),
        packages: ShopPage::arrange(cards, back.chosen.as_deref()),
        phone: back.phone,
        problem: back.problem,
        mpesa_slow: shop.context.is_payment_slow(),
        open,
    }))
}

/// A package as the page shows it.
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
async fn open_purchase(
    shop: &Shop,
    site: &Site,
    frame: &Frame,
    headers: &HeaderMap,
) -> Result<Option<OpenPurchase>, Problem> {
    let store = &shop.context.store;
    if let Some(view) = visit::remembered(shop, headers).await?
        && let Some(state) = open_state(shop, &view).await?
    {
        let path = format!("/p/{}", store.vault().link_token(view.id));
        let package = package_name(shop, &view, frame.lang).await?;
        let elsewhere = elsewhere(shop, site, &view).await?;
        return Ok(Some(OpenPurchase { path, package, state, elsewhere }));
    }
    let Some(device) = visit::device(shop, &frame.mac).await? else { return Ok(None) };
    for purchase in store.purchases_of(device, 1).await? {
        let Some(view) = store.purchase(purchase).await? else { continue };
        if let Some(state) = open_state(shop, &view).await? {
            let package = package_name(shop, &view, frame.lang).await?;
            let elsewhere = elsewhere(shop, site, &view).await?;
            let path = format!("/p/{}", view.id);
            return Ok(Some(OpenPurchase { path, package, state, elsewhere }));
        }
    }
    Ok(None)
}

/// The name of the site where the code of a purchase works, where that is not this one.
async fn elsewhere(
    shop: &Shop,
    here: &Site,
    view: &PurchaseView,
) -> Result<Option<String>, Problem> {
    let site = visit::site_of(shop, view).await?;
    Ok((site.site != here.site).then_some(site.name))
}

/// How far a purchase is, where its page is worth coming back to.
async fn open_state(shop: &Shop, view: &PurchaseView) -> Result<Option<OpenState>, Problem> {
    Ok(match view.purchase.status {
        PurchaseStatus::Open | PurchaseStatus::Owed => Some(OpenState::Underway),
        PurchaseStatus::Expired(_) | PurchaseStatus::Settled(_) => None,
        PurchaseStatus::Fulfilled(_) => {
            let age = view.purchase.started_at.until(shop.context.now());
            let validity = package(shop, view).await?.validity_seconds;
            let validity = i64::try_from(validity).unwrap_or(i64::MAX / 2_000_000);
            // A buyer may come back a day after the purchase to connect for the first time.
            let kept = validity + 86_400;
            (age < kept * crate::ledger::kernel::time::SECOND).then_some(OpenState::Bought)
        }
    })
}

/// The package of a purchase, in the version that was bought.
pub async fn package(
    shop: &Shop,
    view: &PurchaseView,
) -> Result<crate::ledger::catalogue::Package, Problem> {
    let purchase = &view.purchase;
    let store = &shop.context.store;
    let found = store.package_version(&purchase.package, purchase.package_version).await?;
    Ok(found.ok_or(Failure::Missing("the package of a purchase"))?)
}

/// Its name.
pub async fn package_name(
    shop: &Shop,
    view: &PurchaseView,
    lang: Language,
) -> Result<String, Problem> {
    Ok(package(shop, view).await?.name_in(lang).to_owned())
}
