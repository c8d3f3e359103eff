//! `config show`: each value and where it comes from. Secrets are hidden here, before anything can
//! print.

use super::key::{Kind, Origin};
use serde_json::{Value, json};
use std::fmt::Write;
use url::Url;

/// What stands in place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// One key as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: String,
    /// What holds, secrets hidden; `None` where nothing was said and nothing is the default.
    pub value: Option<String>,
    pub origin: Origin,
}

/// Aligned columns: key, value, origin.
pub(super) fn table(rows: &[Row]) -> String {
    let value = |row: &Row| row.value.clone().unwrap_or_else(|| "-".to_owned());
    let width = |text: String| text.chars().count();
    let keys = rows.iter().map(|row| width(row.key.clone())).max().unwrap_or_default();
    let values = rows.iter().map(|row| width(value(row))).max().unwrap_or_default();
    let mut table = String::new();
    for row in rows {
        let origin =
            if row.value.is_some() { row.origin.to_string() } else { "not set".to_owned() };
        writeln!(table, "{:keys$}  {:values$}  {origin}", row.key, value(row))
            .expect("writing to a string cannot fail");
    }
    table
}

/// An object from key to value and origin.
pub(super) fn json(rows: &[Row]) -> Value {
    rows.iter()
        .map(|row| {
            (row.key.clone(), json!({ "value": row.value, "origin": row.origin.to_string() }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A value as it may be shown.
pub(super) fn shown(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Secret => REDACTED.to_owned(),
        Kind::Address => shown_address(text),
        // A password that someone wrote into an address where none belongs.
        Kind::Plain if text.contains("://") && text.contains(['@', '?']) => shown_address(text),
        Kind::Plain => text.to_owned(),
    }
}

/// An address without its password and its query, where a password may stand too.
pub(super) fn shown_address(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return REDACTED.to_owned();
    };
    let query = if url.query().is_some() { "?[redacted]" } else { "" };
    if url.cannot_be_a_base() {
        return format!("{}:{}{query}", url.scheme(), url.path());
    }
    let user = match (url.username(), url.password()) {
        ("", None) => String::new(),
        (user, None) => format!("{user}@"),
        (user, Some(_)) => format!("{user}:{REDACTED}@"),
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{user}{host}{port}{}{query}", url.scheme(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_hidden() {
        for (address, shown) in [
            ("sqlite:lango.db", "sqlite:lango.db"),
            ("sqlite:///var/lib/lango.db", "sqlite:///var/lib/lango.db"),
            ("postgres://shop:sesame@db:5433/lango", "postgres://shop:[redacted]@db:5433/lango"),
            ("postgres://db/lango?password=sesame", "postgres://db/lango?[redacted]"),
            ("sesame", "[redacted]"),
        ] {
            assert_eq!(shown_address(address), shown);
        }
    }
}
