//! The door of the desk. Before a handler runs, it checks the place of the request, that a page of
//! ours sent the form, that somebody is signed in, and that the role may open the address. Then it
//! draws the handler's page.

use super::{rights, session, visitor::Visitor};
use crate::store::Lookup;
use crate::{
    ledger::{kernel::chain::hex, purchase::Language},
    services::staff,
    web::{
        desk::frame,
        page::{Fields, Frame, Result, Sorry, cookie::Cookie, door, language::language},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{ConnectInfo, MatchedPath, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
};

const LANGUAGE_COOKIE: &str = "lango_desk_lang";
const LANGUAGE_SECONDS: u32 = 400 * 86_400;

/// Stands before every address of the desk but the sign-in page.
pub async fn door(
    State(shop): TheShop,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let asked = Asked::of(&parts);
    let visitor = visitor(&shop, &parts, asked.lang).await;
    let frame = match &visitor {
        Ok(Some(visitor)) => frame::of(&shop, visitor),
        Ok(None) | Err(_) => frame::of_nobody(&shop, asked.lang),
    };
    answer(&shop, &frame, asked.chosen, async {
        let Some(visitor) = visitor? else {
            return Ok(Redirect::to("/admin/sign-in").into_response());
        };
        if !rights::may(visitor.role(), parts.method.as_str(), path.as_str()) {
            return Err(Sorry::NotAllowed);
        }
        parts.extensions.insert(visitor);
        Ok(next.run(Request::from_parts(parts, body)).await)
    })
    .await
}

/// Stands before the sign-in page.
pub async fn porch(State(shop): TheShop, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked::of(&parts);
    answer(&shop, &frame::of_nobody(&shop, asked.lang), asked.chosen, async {
        is_from_here(&shop, &parts)?;
        Ok(next.run(Request::from_parts(parts, body)).await)
    })
    .await
}

async fn answer(
    shop: &Shop,
    frame: &Frame,
    chosen: Option<Language>,
    handler: impl Future<Output = Result<Response>>,
) -> Response {
    let page = |sorry: &Sorry| frame::sorry_page(shop, sorry);
    let mut response = door::answer(&shop.desk, frame, handler, page).await;
    if let Some(language) = chosen {
        let (name, value) = language_cookie(shop, language);
        response.headers_mut().append(name, value);
    }
    response
}

/// The languages of a request.
struct Asked {
    lang: Language,
    /// The one that its address names.
    chosen: Option<Language>,
}

impl Asked {
    fn of(request: &Parts) -> Self {
        let fields = Query::<Fields>::try_from_uri(&request.uri).unwrap_or_default();
        let lang = language(fields.get("lang"), LANGUAGE_COOKIE, &request.headers);
        Self { lang: lang.unwrap_or_default(), chosen: Language::parse(fields.get("lang")) }
    }
}

fn language_cookie(shop: &Shop, chosen: Language) -> (HeaderName, HeaderValue) {
    let (name, value, path) = (LANGUAGE_COOKIE, chosen.code(), "/admin");
    let (seconds, secure) = (Some(LANGUAGE_SECONDS), session::is_https(shop));
    Cookie { name, value, path, seconds, strict: true, secure }.header()
}

/// The visitor; `None` if nobody is signed in.
async fn visitor(shop: &Shop, request: &Parts, lang: Language) -> Result<Option<Visitor>> {
    is_from_here(shop, request)?;
    let store = &shop.context.store;
    let token = session::token(shop, &request.headers).unwrap_or_default();
    let Some(session) = staff::signed_in(store, token).await? else { return Ok(None) };
    let name = staff::name(store, session.member.id).await?;
    Ok(Some(Visitor {
        member: session.member,
        name: name.unwrap_or_default(),
        form_token: form_token(shop, token),
        lang,
        path: request.uri.path().to_owned(),
        here: here(&request.uri),
    }))
}

/// Checks that a request comes from a place where staff may be, and a form from a page of ours.
fn is_from_here(shop: &Shop, request: &Parts) -> Result<()> {
    let place = request.extensions.get::<ConnectInfo<SocketAddr>>();
    let headers = &request.headers;
    let near = place.is_some_and(|ConnectInfo(from)| is_near(shop, from.ip()));
    // A proxied request comes from the machine itself, wherever it began.
    let through_proxy = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if !near || (through_proxy && shop.settings.desk.public_url.is_none()) {
        return Err(Sorry::Insecure);
    }
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if reads || is_own_form(shop, headers) { Ok(()) } else { Err(Sorry::FormForeign) }
}

fn is_near(shop: &Shop, from: IpAddr) -> bool {
    let from = from.to_canonical();
    from.is_loopback() || shop.settings.desk.networks.iter().any(|net| net.contains(&from))
}

/// Whether the browser says that a page of this very address sent the form. Every browser that
/// staff use says so.
fn is_own_form(shop: &Shop, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
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

/// The token of a session's forms, made from the session's token, so that nothing is stored.
fn form_token(shop: &Shop, session: &str) -> String {
    hex(&shop.context.store.vault().fingerprint(Lookup::DeskForm(session))[..16])
}

/// The page that this address shows; for a form that answers with a page, the form's page.
fn here(uri: &Uri) -> String {
    let whole = uri.path_and_query().map_or("/", |whole| whole.as_str());
    let form = ["/look", "/print"].iter().find_map(|end| whole.strip_suffix(end));
    form.unwrap_or(whole).to_owned()
}
