//! A buyer's visit: the site, the language, the device that the router named, and the purchase that
//! a cookie remembers. The door reads it before a handler runs, and draws the handler's page.

use super::pages::{self, ErrorPage, Frame, Recovery, RecoveryLabel};
use crate::{
    ledger::{
        catalogue::Site,
        kernel::id::{ContactId, PurchaseId, Slug},
        purchase::Language,
    },
    store::{Lookup, PurchaseView, StoreError},
    web::{
        page::{
            Failure, Fields, Page, Result, Sorry,
            cookie::{self, Cookie},
            door,
            language::language,
        },
        state::{Shop, TheShop},
    },
};
use axum::{
    body::Body,
    extract::{Form, FromRequest, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};
use std::sync::Arc;
use url::Url;

const LINK_COOKIE: &str = "lango_purchase";
const LANGUAGE_COOKIE: &str = "lango_lang";

/// A phone that comes back within so long finds its purchase by cookie.
const COOKIE_SECONDS: u32 = 40 * 86_400;

/// A buyer's visit.
#[derive(Clone)]
pub struct Visit {
    site: Option<Site>,
    pub fields: Fields,
    pub frame: Frame,
    /// The language that the buyer or the browser asks for.
    asked_language: Option<Language>,
    /// The token of the purchase that the cookie remembers.
    link: Option<String>,
}

impl FromRequestParts<Arc<Shop>> for Visit {
    type Rejection = Sorry;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shop>) -> Result<Self> {
        // Only the door puts it there.
        parts.extensions.remove::<Self>().ok_or(Sorry::NotFound)
    }
}

/// Stands before every page for buyers: reads the visit, and draws the page.
pub async fn door(State(shop): TheShop, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let fields = fields(&shop, &parts, body).await;
    let mut visit = Visit::of(&shop, &parts, fields.as_ref().cloned().unwrap_or_default());
    let site = match fields {
        Ok(_) => site_of_address(&shop, parts.uri.path()).await.map_err(Sorry::from),
        Err(sorry) => Err(sorry),
    };
    if let Ok(Some(site)) = &site {
        visit = visit.at(&shop, site.clone()).await;
    }
    let frame = visit.frame.clone();
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(visit);
    let handler = async {
        site?;
        Ok(next.run(request).await)
    };
    door::answer(&shop.portal, &frame.around(), handler, |sorry| sorry_page(&shop, &frame, sorry))
        .await
}

async fn fields(shop: &Arc<Shop>, parts: &Parts, body: Body) -> Result<Fields> {
    // An address that is not ours has no fields.
    if parts.extensions.get::<MatchedPath>().is_none() {
        return Ok(Fields::default());
    }
    let form = Form::from_request(Request::from_parts(parts.clone(), body), shop).await;
    form.map(|Form(fields)| fields).map_err(|_| Sorry::BadRequest)
}

/// For an address that is not ours.
pub async fn not_found() -> Sorry {
    Sorry::NotFound
}

fn sorry_page(shop: &Shop, frame: &Frame, sorry: &Sorry) -> Page {
    let mut recovery = vec![Recovery { label: RecoveryLabel::TryAgain, path: frame.here.clone() }];
    if let (Sorry::Closed, Some(links)) = (sorry, frame.links()) {
        // A buyer who has paid is not kept waiting by a shop that sells nothing.
        recovery.push(Recovery { label: RecoveryLabel::CheckPayment, path: links.paid });
    }
    let (message, reference) = (sorry.word(), shop.reference(sorry));
    pages::Page::Error(ErrorPage { message, reference, recovery }).into()
}

/// The site of `/s/{site}/…`.
async fn site_of_address(shop: &Shop, path: &str) -> Result<Option<Site>, StoreError> {
    let name = path.strip_prefix("/s/").and_then(|rest| rest.split('/').next());
    match name.and_then(|name| Slug::parse(name).ok()) {
        Some(slug) => shop.context.store.read().site(&slug).await,
        None => Ok(None),
    }
}

/// The page on which the form of a POST stands, or which a GET asks for.
fn here(path: &str) -> String {
    let parts: Vec<&str> = path.splitn(4, '/').collect();
    match parts[..] {
        ["", "s", name, page @ ("code" | "paid")] => format!("/s/{name}/{page}"),
        ["", sort @ ("s" | "p"), name, ..] => format!("/{sort}/{name}"),
        _ => "/".to_owned(),
    }
}

impl Visit {
    /// A visit of which no site is known.
    fn of(shop: &Shop, parts: &Parts, fields: Fields) -> Self {
        let asked_language = language(fields.get("lang"), LANGUAGE_COOKIE, &parts.headers);
        let frame = Frame {
            lang: asked_language.unwrap_or_default(),
            site: None,
            site_name: shop.settings.shop_name.clone(),
            support_phone: shop.settings.support_phone.clone(),
            accent: shop.settings.accent,
            here: here(parts.uri.path()),
            mac: mac(fields.get("mac")),
            dst: destination(fields.get("dst")),
        };
        let link = cookie::read(&parts.headers, LINK_COOKIE).map(str::to_owned);
        Self { site: None, fields, frame, asked_language, link }
    }

    /// The same visit at a site.
    pub async fn at(mut self, shop: &Shop, site: Site) -> Self {
        let frame = &mut self.frame;
        frame.lang = self.asked_language.unwrap_or(site.language);
        if let Some(own) = support_phone(shop, &site).await {
            frame.support_phone = Some(own);
        }
        frame.site_name.clone_from(&site.name);
        frame.accent = shop.accent_of(&site);
        if frame.here == format!("/s/{}", site.site) {
            frame.here = with_device(&frame.here, &self.fields);
        }
        frame.site = Some(site.site.clone());
        self.site = Some(site);
        self
    }

    pub fn site(&self) -> Result<&Site> {
        self.site.as_ref().ok_or(Sorry::NotFound)
    }

    /// A page in the frame of this visit.
    pub fn page(&self, page: pages::Page) -> Page {
        // The form for a code leads to the router.
        let leads_out = !matches!(page, pages::Page::Purchase(_) | pages::Page::Paid(_));
        let router = self.site.as_ref().filter(|_| leads_out);
        let router = router.and_then(|site| Url::parse(&site.router_login).ok());
        let forms_to = router.map(|url| url.origin().ascii_serialization());
        Page { forms_to, frame: Some(self.frame.around()), ..page.into() }
    }

    /// The purchase that the cookie remembers.
    pub async fn remembered(&self, shop: &Shop) -> Result<Option<PurchaseView>, StoreError> {
        match &self.link {
            Some(token) => by_token(shop, token).await,
            None => Ok(None),
        }
    }

    /// The purchase of an address: its link, which shows all, or its id, which shows progress only
    /// unless the cookie is its own (design, rule 10).
    pub async fn asked(&self, shop: &Shop, key: &str) -> Result<Asked> {
        if let Some(view) = by_token(shop, key).await? {
            return Ok(Asked { view, unlocked: true });
        }
        let id: PurchaseId = key.parse().map_err(|_| Sorry::PurchaseNotFound)?;
        let view = shop.context.store.read().purchase(id).await?.ok_or(Sorry::PurchaseNotFound)?;
        let vault = shop.context.store.vault();
        let unlocked = self.link.as_ref().is_some_and(|link| vault.is_link_of(id, link));
        Ok(Asked { view, unlocked })
    }

    pub fn chosen_language(&self) -> Option<Language> {
        Language::parse(self.fields.get("lang"))
    }

    pub fn language_cookie(&self, shop: &Shop) -> Option<[(HeaderName, HeaderValue); 1]> {
        let chosen = self.chosen_language()?;
        Some([cookie(shop, LANGUAGE_COOKIE, chosen.code())])
    }
}

/// A purchase that was asked for, and whether the asker may see its code.
pub struct Asked {
    pub view: PurchaseView,
    pub unlocked: bool,
}

/// An address with what the router told of the device.
fn with_device(path: &str, fields: &Fields) -> String {
    let told = ["mac", "dst"].into_iter().filter(|name| !fields.get(name).is_empty());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(told.map(|name| (name, fields.get(name)))).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The number that a site's buyers may call. A page without it is better than none.
async fn support_phone(shop: &Shop, site: &Site) -> Option<String> {
    let phone = shop.context.store.support_phone(&site.site).await;
    phone.unwrap_or_else(|failure| {
        tracing::error!(error = ?failure, "a site's number cannot be read: {failure}");
        None
    })
}

/// A MAC address as the router writes it, or nothing.
fn mac(text: &str) -> String {
    let shape = text.len() == 17
        && text.bytes().enumerate().all(|(at, b)| match at % 3 {
            2 => b == b':' || b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    if shape { text.to_ascii_uppercase().replace('-', ":") } else { String::new() }
}

/// Where the buyer wanted to go: a web address or nothing.
fn destination(text: &str) -> String {
    let web = text.starts_with("http://") || text.starts_with("https://");
    if web { text.to_owned() } else { String::new() }
}

fn cookie(shop: &Shop, name: &str, value: &str) -> (HeaderName, HeaderValue) {
    let secure = shop.settings.public_url.scheme() == "https";
    let seconds = Some(COOKIE_SECONDS);
    Cookie { name, value, path: "/", seconds, strict: false, secure }.header()
}

pub fn link_cookie(shop: &Shop, purchase: PurchaseId) -> [(HeaderName, HeaderValue); 1] {
    [cookie(shop, LINK_COOKIE, &shop.context.store.vault().link_token(purchase))]
}

async fn by_token(shop: &Shop, token: &str) -> Result<Option<PurchaseView>, StoreError> {
    let store = &shop.context.store;
    match store.purchase_of_link(token).await? {
        Some(purchase) => store.read().purchase(purchase).await,
        None => Ok(None),
    }
}

/// The contact of a device that the router named, where it is known.
pub async fn device(shop: &Shop, mac: &str) -> Result<Option<ContactId>, StoreError> {
    if mac.is_empty() {
        return Ok(None);
    }
    let fingerprint = shop.context.store.vault().fingerprint(Lookup::Device(mac));
    shop.context.store.read().contact(&fingerprint).await
}

/// The site of a purchase, which was registered before anything was sold there.
pub async fn site_of(shop: &Shop, view: &PurchaseView) -> Result<Site> {
    let site = shop.context.store.read().site(&view.purchase.package.site).await?;
    Ok(site.ok_or(Failure::Missing("the site of a purchase"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_leads_back_to_a_page() {
        assert_eq!(here("/s/mtaa/buy"), "/s/mtaa");
        assert_eq!(here("/s/mtaa/paid"), "/s/mtaa/paid");
        assert_eq!(here("/p/abc/wait"), "/p/abc");
        assert_eq!(here("/nothing/here"), "/");
    }
}
