//! Who is at the door. Before any page of the desk: where the request comes from, whether a form
//! was sent by a page of ours, who is signed in, and whether their role may open it.

use super::{
    frame::{self, Frame, Sorry},
    rights,
};
use crate::{
    ledger::{kernel::chain::hex, purchase::Language},
    services::staff,
    store::StaffMember,
    web::{Shop, page::cookies::cookie},
};
use axum::{
    body::Body,
    extract::{ConnectInfo, Form, FromRequest, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use subtle::ConstantTimeEq;

/// Query or form, by name; the last of a name counts.
pub type Fields = HashMap<String, String>;

/// The session's cookie over plain http: the desk's own path, and the machine's or a management
/// network's eyes only.
const COOKIE: &str = "lango_desk";
/// The same over https, where browsers hold it to this host.
const COOKIE_HTTPS: &str = "__Host-lango_desk";
const LANGUAGE_COOKIE: &str = "lango_desk_lang";
const LANGUAGE_SECONDS: u32 = 400 * 86_400;

/// The field of a form that proves that a page of ours sent it.
pub const FORM_TOKEN: &str = "token";

/// Somebody who is signed in, and may open what they asked for.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who.
    pub member: StaffMember,
    /// Their name.
    pub name: String,
    /// What every form of theirs carries.
    pub form_token: String,
    /// The language of their pages.
    pub lang: Language,
    /// The page's path.
    pub path: String,
    /// Path and query without the language.
    pub here: String,
}

impl FromRequestParts<Arc<Shop>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<Shop>) -> Result<Self, Response> {
        // Only the door puts somebody there; without it nobody is let in.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let frame = Frame::of_nobody(shop, Language::default());
            frame::sorry(shop, &frame, Sorry::NotAllowed)
        })
    }
}

/// A form that a page of theirs sent.
pub struct Posted(pub Visitor, pub Fields);

impl FromRequest<Arc<Shop>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, shop: &Arc<Shop>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, shop).await?;
        let sorry =
            |visitor: &Visitor| frame::sorry(shop, &Frame::of(shop, visitor), Sorry::FormExpired);
        let form = Form::<Fields>::from_request(Request::from_parts(parts, body), shop).await;
        let Ok(Form(fields)) = form else { return Err(sorry(&visitor)) };
        if !is_token(&fields, &visitor.form_token) {
            return Err(sorry(&visitor));
        }
        Ok(Self(visitor, fields))
    }
}

/// Whether a form carries the token of a session.
pub fn is_token(fields: &Fields, token: &str) -> bool {
    let given = fields.get(FORM_TOKEN).map_or("", String::as_str);
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

/// Stands before every address of the desk but the sign-in page.
pub async fn door(
    State(shop): State<Arc<Shop>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let lang = language(request.headers(), request.uri());
    let nobody = Frame::of_nobody(&shop, lang);
    if let Err(problem) = is_from_here(&shop, &request) {
        return frame::sorry(&shop, &nobody, problem);
    }
    let token = cookie(request.headers(), cookie_name(&shop)).unwrap_or_default();
    let session = match staff::signed_in(&shop.context.store, token).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to("/admin/sign-in").into_response(),
        Err(failure) => return frame::sorry(&shop, &nobody, failure.into()),
    };
    let name = match staff::name(&shop.context.store, session.member.id).await {
        Ok(name) => name.unwrap_or_default(),
        Err(failure) => return frame::sorry(&shop, &nobody, failure.into()),
    };
    let visitor = Visitor {
        member: session.member,
        name,
        form_token: form_token(&shop, token),
        lang,
        path: request.uri().path().to_owned(),
        here: here(request.uri()),
    };
    let role = session.member.staff.role;
    if !rights::may(role, request.method().as_str(), path.as_str()) {
        return frame::sorry(&shop, &Frame::of(&shop, &visitor), Sorry::NotAllowed);
    }
    let chosen = chosen_language(request.uri());
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    remember_language(&shop, chosen, response.headers_mut());
    response
}

/// Stands before the sign-in page.
pub async fn porch(State(shop): State<Arc<Shop>>, request: Request, next: Next) -> Response {
    if let Err(problem) = is_from_here(&shop, &request) {
        let lang = language(request.headers(), request.uri());
        return frame::sorry(&shop, &Frame::of_nobody(&shop, lang), problem);
    }
    let chosen = chosen_language(request.uri());
    let mut response = next.run(request).await;
    remember_language(&shop, chosen, response.headers_mut());
    response
}

/// Whether a request comes from where staff may be, and a form from a page of ours.
fn is_from_here(shop: &Shop, request: &Request) -> Result<(), Sorry> {
    let place = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let headers = request.headers();
    let near = place.is_some_and(|ConnectInfo(from)| is_near(shop, from.ip()));
    // What a proxy hands on comes from the machine itself, wherever it began.
    let through_proxy = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if !near || (through_proxy && shop.settings.desk.public_url.is_none()) {
        return Err(Sorry::Insecure);
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || is_own_form(shop, headers) { Ok(()) } else { Err(Sorry::FormExpired) }
}

fn is_near(shop: &Shop, from: IpAddr) -> bool {
    let from = from.to_canonical();
    from.is_loopback() || shop.settings.desk.networks.iter().any(|net| net.contains(&from))
}

/// Whether the browser says that a page of this very address sent the form. One that says nothing
/// is none that staff use.
fn is_own_form(shop: &Shop, headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin") {
        return false;
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    match &shop.settings.desk.public_url {
        Some(url) => url.origin().ascii_serialization() == origin,
        None => text(header::HOST).is_some_and(|host| origin == format!("http://{host}")),
    }
}

/// What the forms of a session carry: made from its token, so that nothing need be kept.
fn form_token(shop: &Shop, session: &str) -> String {
    hex(&shop.context.store.vault().fingerprint("desk_form", session.as_bytes())[..16])
}

/// Where somebody is, for counting tries: the address, or of the newer ones the network of a home.
pub fn place(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn here(uri: &Uri) -> String {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept: Vec<&str> =
        kept.filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    if kept.is_empty() {
        return uri.path().to_owned();
    }
    format!("{}?{}", uri.path(), kept.join("&"))
}

fn chosen_language(uri: &Uri) -> Option<Language> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let chosen = pairs.filter_map(|pair| pair.strip_prefix("lang=")).next_back();
    chosen.and_then(Language::parse)
}

/// The language of a page.
pub fn language(headers: &HeaderMap, uri: &Uri) -> Language {
    let accepted = || {
        let value = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        Language::parse(value)
    };
    chosen_language(uri)
        .or_else(|| cookie(headers, LANGUAGE_COOKIE).and_then(Language::parse))
        .or_else(accepted)
        .unwrap_or_default()
}

fn remember_language(shop: &Shop, chosen: Option<Language>, headers: &mut HeaderMap) {
    let Some(lang) = chosen else { return };
    let secure = if is_https(shop) { "; Secure" } else { "" };
    let text = format!(
        "{LANGUAGE_COOKIE}={}; Path=/admin; Max-Age={LANGUAGE_SECONDS}; HttpOnly; \
         SameSite=Strict{secure}",
        lang.code()
    );
    append(headers, &text);
}

fn append(headers: &mut HeaderMap, cookie: &str) {
    let value = HeaderValue::from_str(cookie).expect("tokens and languages are plain ASCII");
    headers.append(header::SET_COOKIE, value);
}

fn is_https(shop: &Shop) -> bool {
    shop.settings.desk.public_url.is_some()
}

fn cookie_name(shop: &Shop) -> &'static str {
    if is_https(shop) { COOKIE_HTTPS } else { COOKIE }
}

/// The token that a browser holds.
pub fn session_token(shop: &Shop, headers: &HeaderMap) -> Option<String> {
    cookie(headers, cookie_name(shop)).map(str::to_owned)
}

/// Gives the browser a session's token, or takes it away where there is none. It ends with the
/// browser, and before that with the session.
pub fn give_session(shop: &Shop, token: Option<&str>, headers: &mut HeaderMap) {
    let name = cookie_name(shop);
    // A `__Host-` cookie is for the whole host.
    let (path, secure) = if is_https(shop) { ("/", "; Secure") } else { ("/admin", "") };
    let end = if token.is_none() { "; Max-Age=0" } else { "" };
    let token = token.unwrap_or_default();
    let text = format!("{name}={token}; Path={path}; HttpOnly; SameSite=Strict{secure}{end}");
    append(headers, &text);
}
