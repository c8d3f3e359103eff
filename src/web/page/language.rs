//! The language of a page: chosen, remembered, or asked for by the browser.

use super::cookie;
use crate::ledger::purchase::Language;
use axum::http::{HeaderMap, header};

/// The language that was `chosen`, else that of the cookie, else that of the browser.
pub fn language(chosen: &str, cookie: &str, headers: &HeaderMap) -> Option<Language> {
    let remembered = || cookie::read(headers, cookie).and_then(Language::parse);
    let accepted = || Language::parse(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?);
    Language::parse(chosen).or_else(remembered).or_else(accepted)
}
