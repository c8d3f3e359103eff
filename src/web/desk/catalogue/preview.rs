//! `/admin/sites/{site}/preview`: the buyer's page as it would be with what stands in a form. It
//! is shown in a frame of the form's page, and can do nothing there.

use super::{Typed, package, site};
use crate::{
    ledger::{
        accent::Accent,
        catalogue::{Package, Site},
        kernel::id::{PackageKey, Slug},
        purchase::Language,
    },
    store::Offer,
    web::{
        Shop,
        desk::{
            frame::{self, Frame as DeskFrame, Sorry},
            visitor::{Fields, Posted, Visitor},
        },
        page::error::Failure,
        portal::{
            self,
            pages::{Frame, Page, PhoneField, ShopPage},
        },
    },
};
use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Response},
};
use std::sync::Arc;

/// `GET /admin/sites/{site}/preview`: as it is.
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Response {
    draw(&shop, &visitor, &name, &Fields::new()).await
}

/// `POST /admin/sites/{site}/preview`: as it would be.
pub async fn try_out(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    Posted(visitor, fields): Posted,
) -> Response {
    draw(&shop, &visitor, &name, &fields).await
}

async fn draw(shop: &Shop, visitor: &Visitor, name: &str, fields: &Fields) -> Response {
    let drawn = async {
        let (frame, page) = fill(shop, name, fields, visitor.lang).await?;
        let html = shop.pages.draw(&frame, &page).map_err(Failure::from)?;
        // As the shop sends it, but for the desk's own frame; nothing in it can be used.
        let policy = shop.pages.content_security_policy(frame.accent);
        let policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'; sandbox");
        let headers = [
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        Ok((headers, Html(html)).into_response())
    };
    let drawn: Result<Response, Sorry> = drawn.await;
    drawn.unwrap_or_else(|problem| frame::sorry(shop, &DeskFrame::of(shop, visitor), problem))
}

async fn fill(
    shop: &Shop,
    name: &str,
    fields: &Fields,
    mut lang: Language,
) -> Result<(Frame, Page), Sorry> {
    let store = &shop.context.store;
    let slug = Slug::parse(name).map_err(|_| Sorry::NotFound)?;
    let mut site = store.site(&slug).await?.ok_or(Sorry::NotFound)?;
    let mut phone = store.support_phone(&slug).await?;
    let mut offers = store.offers(&slug).await?;
    let mut typed = Typed::of(fields);
    // What cannot be read yet is shown as it is.
    if fields.contains_key("router_login") {
        if let Some(wish) = site::read(&mut typed) {
            site = Site { name: wish.name, accent: Some(wish.accent), ..site };
            lang = wish.language;
            phone = Some(wish.support_phone).filter(|phone| !phone.is_empty());
        }
    } else if let Some(package) = wished(shop, &slug, fields, &mut typed).await? {
        put(&mut offers, package);
    }
    let cards = offers.iter().map(|offer| portal::shop::card(offer, lang)).collect();
    let page = ShopPage {
        nonce: String::new(),
        packages: ShopPage::arrange(cards, None),
        phone: PhoneField::default(),
        problem: None,
        mpesa_slow: false,
        open: None,
    };
    let accent = site.accent.as_deref().and_then(Accent::parse);
    let frame = Frame {
        lang,
        site: Some(slug),
        site_name: site.name,
        support_phone: phone.or_else(|| shop.settings.support_phone.clone()),
        accent: accent.unwrap_or(shop.settings.accent),
        here: format!("/s/{name}"),
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
) -> Result<Option<Package>, Sorry> {
    let Some(name) = fields.get("package") else { return Ok(package::read_new(site, typed)) };
    let slug = Slug::parse(name).map_err(|_| Sorry::NotFound)?;
    let key = PackageKey { site: site.clone(), package: slug };
    let old = shop.context.store.package(&key).await?.ok_or(Sorry::NotFound)?;
    Ok(package::read_change(&old, typed))
}

/// In the place of the one of that name, or beside the others as if it had codes.
fn put(offers: &mut Vec<Offer>, package: Package) {
    match offers.iter_mut().find(|offer| offer.package.package == package.package) {
        Some(offer) => offer.package = package,
        None => offers.push(Offer { package, free: 1, held: 0 }),
    }
}
