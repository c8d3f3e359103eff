//! `/admin/sites/{site}/preview`: the buyers' page as it would be with the values of a form. The
//! form's page shows it in a frame, where it can do nothing. It stands above desk and portal: staff
//! ask for it, and it draws a page of the portal.

use super::{
    desk::{
        catalogue::{find_site, package, site, typed::Typed},
        staff::visitor::{Posted, Visitor},
    },
    page::{
        Failure, Fields, Result,
        policy::{Policy, SELF},
    },
    portal::{
        pages::{Frame, Page, PhoneField, ShopPage},
        shop::card,
        templates::POLICY,
    },
    state::{Shop, TheShop},
};
use crate::{
    ledger::{
        catalogue::{Package, Site},
        kernel::id::Slug,
        purchase::Language,
    },
    store::Offer,
};
use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Response},
};

/// `GET /admin/sites/{site}/preview`: as it is.
pub async fn show(
    State(shop): TheShop,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Response> {
    let site = find_site(&shop, &name).await?;
    draw(&shop, site, &Fields::default(), visitor.lang).await
}

/// `POST /admin/sites/{site}/preview`: as it would be.
pub async fn try_out(
    State(shop): TheShop,
    Path(name): Path<String>,
    Posted(visitor, fields): Posted,
) -> Result<Response> {
    let site = find_site(&shop, &name).await?;
    draw(&shop, site, &fields, visitor.lang).await
}

async fn draw(shop: &Shop, site: Site, fields: &Fields, lang: Language) -> Result<Response> {
    let (frame, page) = fill(shop, site, fields, lang).await?;
    let html = shop.portal.draw(&frame.around(), &page.into()).map_err(Failure::from)?;
    // As buyers get it, but inside the desk's frame, where nothing on it works.
    let policy = Policy { frame_ancestors: &[SELF], sandbox: true, ..POLICY };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, shop.portal.policy_as(frame.accent, &policy)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Html(html)).into_response())
}

async fn fill(
    shop: &Shop,
    mut site: Site,
    fields: &Fields,
    mut lang: Language,
) -> Result<(Frame, Page)> {
    let store = &shop.context.store;
    let mut phone = store.support_phone(&site.site).await?;
    let mut offers = store.read().offers(&site.site).await?;
    let mut typed = Typed::of(fields);
    // A form that cannot be read yet changes nothing.
    if fields.has("router_login") {
        if let Some(wish) = site::read(&mut typed) {
            site = Site { name: wish.name, accent: Some(wish.accent), ..site };
            lang = wish.language;
            phone = Some(wish.support_phone).filter(|phone| !phone.is_empty());
        }
    } else if let Some(package) = wished(shop, &site.site, fields, &mut typed).await? {
        put(&mut offers, package);
    }
    let cards = offers.iter().map(|offer| card(offer, lang)).collect();
    let page = ShopPage {
        nonce: String::new(),
        packages: ShopPage::arrange(cards, None),
        phone: PhoneField::default(),
        problem: None,
        mpesa_slow: false,
        open: None,
    };
    let frame = Frame {
        lang,
        accent: shop.accent_of(&site),
        here: format!("/s/{}", site.site),
        site: Some(site.site),
        site_name: site.name,
        support_phone: phone.or_else(|| shop.settings.support_phone.clone()),
        mac: String::new(),
        dst: String::new(),
    };
    Ok((frame, Page::Shop(page)))
}

/// The package that a form describes.
async fn wished(
    shop: &Shop,
    site: &Slug,
    fields: &Fields,
    typed: &mut Typed,
) -> Result<Option<Package>> {
    if !fields.has("package") {
        return Ok(package::read_new(site, typed));
    }
    let old = package::find(shop, site.as_str(), fields.get("package")).await?;
    Ok(package::read_change(&old, typed))
}

/// Replaces the package of that name, or adds the package as if it had codes.
fn put(offers: &mut Vec<Offer>, package: Package) {
    match offers.iter_mut().find(|offer| offer.package.package == package.package) {
        Some(offer) => offer.package = package,
        None => offers.push(Offer { package, free: 1, held: 0 }),
    }
}
