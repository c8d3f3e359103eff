//! The cookie by which a browser shows its session.

use crate::web::{
    page::cookie::{self, Cookie},
    state::Shop,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The session's cookie over plain http: for the desk's own path, where only the machine itself or
/// a management network listens.
const COOKIE: &str = "lango_desk";
/// The same over https, where browsers hold it to this host.
const COOKIE_HTTPS: &str = "__Host-lango_desk";

pub fn is_https(shop: &Shop) -> bool {
    shop.settings.desk.public_url.is_some()
}

fn name(shop: &Shop) -> &'static str {
    if is_https(shop) { COOKIE_HTTPS } else { COOKIE }
}

pub fn token<'a>(shop: &Shop, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie::read(headers, name(shop))
}

/// Gives the browser a session's token, or takes it away where there is none. It ends with the
/// browser, and before that with the session.
pub fn cookie(shop: &Shop, token: Option<&str>) -> [(HeaderName, HeaderValue); 1] {
    let secure = is_https(shop);
    // A `__Host-` cookie is for the whole host.
    let path = if secure { "/" } else { "/admin" };
    let seconds = if token.is_none() { Some(0) } else { None };
    let value = token.unwrap_or_default();
    [Cookie { name: name(shop), value, path, seconds, strict: true, secure }.header()]
}
