//! Cookies: read from a browser, and written to one.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The value of a cookie; the first of a name counts.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// A cookie for a browser. No script reads it.
pub struct Cookie<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub path: &'a str,
    /// `None` lasts until the browser closes; 0 takes the cookie away.
    pub seconds: Option<u32>,
    /// Whether it is sent only with requests that our own pages make.
    pub strict: bool,
    pub secure: bool,
}

impl Cookie<'_> {
    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let Self { name, value, path, .. } = self;
        let age = self.seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let same_site = if self.strict { "Strict" } else { "Lax" };
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path={path}{age}; HttpOnly; SameSite={same_site}{secure}");
        let value = HeaderValue::from_str(&text).expect("tokens and languages are plain ASCII");
        (header::SET_COOKIE, value)
    }
}
