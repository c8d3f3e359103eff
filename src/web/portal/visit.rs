//! Who asks: the site, the language, the device the router named, and the purchase the cookie
//! knows.

use crate::{
    ledger::{
        catalogue::Site,
        kernel::id::{ContactId, PurchaseId, Slug},
        purchase::Language,
    },
    store::{PurchaseView, StoreError},
    web::{
        Shop,
        page::{
            cookies::cookie,
            error::{self, Failure, Problem},
        },
        portal::pages::{ErrorMessage, Frame},
    },
};
use axum::{
    extract::{Form, FromRequest, Request},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use std::{collections::HashMap, sync::Arc};

const LINK_COOKIE: &str = "lango_purchase";
const LANGUAGE_COOKIE: &str = "lango_lang";

/// A phone that comes back within so long finds its purchase by cookie.
const COOKIE_SECONDS: u32 = 40 * 86_400;

/// Query or form, by name; the last of a name counts.
pub type Fields = HashMap<String, String>;

/// Query or form of a request; where it is neither, the answer is a page that says so.
pub struct Sent(pub Fields);

impl FromRequest<Arc<Shop>> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, shop: &Arc<Shop>) -> Result<Self, Response> {
        // `/s/mtaa/buy` is sent from `/s/mtaa`: the way on leads there.
        let here = request.uri().path().split('/').take(3).collect::<Vec<_>>().join("/");
        let headers = request.headers().clone();
        if let Ok(Form(fields)) = Form::from_request(request, shop).await {
            return Ok(Self(fields));
        }
        let frame = frame(shop, None, &headers, &Fields::new(), here).await;
        Err(error::answer(shop, frame, Problem::Person(ErrorMessage::BadRequest)))
    }
}

/// A purchase that was asked for, and whether the asker may see its code.
pub struct Asked {
    /// The purchase.
    pub view: PurchaseView,
    /// Whether the link or its cookie was shown.
    pub unlocked: bool,
}

/// The text of a field; empty where it is absent.
pub fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// The site of an address.
pub async fn site(shop: &Shop, name: &str) -> Result<Site, Problem> {
    let slug = Slug::parse(name).map_err(|_| Problem::Person(ErrorMessage::NotFound))?;
    let site = shop.context.store.site(&slug).await?;
    site.ok_or(Problem::Person(ErrorMessage::NotFound))
}

/// What stands around the pages of a site. Without a site, an error page's surroundings.
pub async fn frame(
    shop: &Shop,
    site: Option<&Site>,
    headers: &HeaderMap,
    fields: &Fields,
    here: String,
) -> Frame {
    let own_phone = match site {
        Some(site) => support_phone(shop, site).await,
        None => None,
    };
    Frame {
        lang: language(site, headers, fields),
        site: site.map(|site| site.site.clone()),
        site_name: site.map_or(shop.settings.shop_name.clone(), |site| site.name.clone()),
        support_phone: own_phone.or_else(|| shop.settings.support_phone.clone()),
        accent: site.map_or(shop.settings.accent, |site| shop.accent_of(site)),
        here,
        mac: mac(field(fields, "mac")),
        dst: destination(field(fields, "dst")),
    }
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

/// What the buyer chose, else what the phone asks for, else the site's.
fn language(site: Option<&Site>, headers: &HeaderMap, fields: &Fields) -> Language {
    let accepted = || {
        let value = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        Language::parse(value)
    };
    Language::parse(field(fields, "lang"))
        .or_else(|| cookie(headers, LANGUAGE_COOKIE).and_then(Language::parse))
        .or_else(accepted)
        .or_else(|| site.map(|site| site.language))
        .unwrap_or_default()
}

fn set_cookie(shop: &Shop, name: &str, value: &str) -> HeaderValue {
    let secure = if shop.settings.public_url.scheme() == "https" { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).expect("tokens and language codes are plain ASCII")
}

/// The cookie that remembers a purchase.
pub fn link_cookie(shop: &Shop, purchase: PurchaseId) -> HeaderValue {
    set_cookie(shop, LINK_COOKIE, &shop.context.store.vault().link_token(purchase))
}

/// The cookie that remembers the language.
pub fn language_cookie(shop: &Shop, language: Language) -> HeaderValue {
    set_cookie(shop, LANGUAGE_COOKIE, language.code())
}

/// The purchase that the cookie remembers.
pub async fn remembered(
    shop: &Shop,
    headers: &HeaderMap,
) -> Result<Option<PurchaseView>, StoreError> {
    match cookie(headers, LINK_COOKIE) {
        Some(token) => by_token(shop, token).await,
        None => Ok(None),
    }
}

async fn by_token(shop: &Shop, token: &str) -> Result<Option<PurchaseView>, StoreError> {
    let store = &shop.context.store;
    match store.purchase_of_link(token).await? {
        Some(purchase) => store.purchase(purchase).await,
        None => Ok(None),
    }
}

/// The contact of a device that the router named, where it is known.
pub async fn device(shop: &Shop, mac: &str) -> Result<Option<ContactId>, StoreError> {
    if mac.is_empty() {
        return Ok(None);
    }
    let fingerprint = shop.context.store.vault().fingerprint("device", mac.as_bytes());
    shop.context.store.contact(&fingerprint).await
}

/// The purchase of an address: its link, which shows all, or its id, which shows progress only
/// unless the cookie is its own (design, rule 10).
pub async fn asked(shop: &Shop, key: &str, headers: &HeaderMap) -> Result<Asked, Problem> {
    let not_found = || Problem::Person(ErrorMessage::PurchaseNotFound);
    if let Some(view) = by_token(shop, key).await? {
        return Ok(Asked { view, unlocked: true });
    }
    let id: PurchaseId = key.parse().map_err(|_| not_found())?;
    let view = shop.context.store.purchase(id).await?.ok_or_else(not_found)?;
    let vault = shop.context.store.vault();
    let unlocked = cookie(headers, LINK_COOKIE).is_some_and(|link| vault.is_link_of(id, link));
    Ok(Asked { view, unlocked })
}

/// The site of a purchase, which was registered before anything was sold there.
pub async fn site_of(shop: &Shop, view: &PurchaseView) -> Result<Site, Problem> {
    let site = shop.context.store.site(&view.purchase.package.site).await?;
    Ok(site.ok_or(Failure::Missing("the site of a purchase"))?)
}
