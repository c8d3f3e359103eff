//! Section `[sms]`: the gateways, `[[sms.gateway]]`, first choice first. Each entry is read by the
//! SMS adapter, which knows its kinds; here only what all share is checked: an id of its own and a
//! kind. The list stands in the file alone.

use super::{
    given::GATEWAYS,
    key::Origin,
    reader::{Reader, Reported},
    show::{REDACTED, Row, shown_address},
};
use serde_json::{Map, Value};
use std::fmt;

/// The keys of an entry that may be shown as they stand. Any other may hold a secret, also those
/// that a kind invents tomorrow.
const SHOWN: [&str; 11] = [
    "id",
    "kind",
    "username",
    "sender",
    "api",
    "api_key_file",
    "method",
    "content_type",
    "number_format",
    "timeout_ms",
    "allow_http",
];
/// The keys that hold an address.
const ADDRESSES: [&str; 2] = ["url", "base_url"];

/// The SMS gateways.
#[derive(Debug)]
pub struct Sms {
    pub gateways: Vec<Gateway>,
}

/// One `[[sms.gateway]]`. `Debug` shows its id and kind only.
#[derive(Clone)]
pub struct Gateway {
    /// Its name in the ledger.
    pub id: String,
    /// Which kind of gateway it is.
    pub kind: String,
    /// The whole entry, `id` and `kind` included, as the adapter reads it.
    pub entry: Map<String, Value>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, .. } = self;
        f.debug_struct("Gateway").field("id", id).field("kind", kind).finish_non_exhaustive()
    }
}

impl Sms {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let origin = reader.origin(GATEWAYS);
        let mut gateways: Vec<Gateway> = Vec::new();
        let mut whole = Ok(());
        for (index, entry) in reader.list(GATEWAYS)?.into_iter().enumerate() {
            match gateway(entry, &gateways) {
                Ok(gateway) => {
                    show(&gateway, origin.as_ref().unwrap_or(&Origin::Default), reader);
                    gateways.push(gateway);
                }
                Err(message) => {
                    reader.problem(&format!("{GATEWAYS}[{index}]"), message);
                    whole = Err(Reported);
                }
            }
        }
        whole.map(|()| Self { gateways })
    }
}

fn gateway(entry: Value, before: &[Gateway]) -> Result<Gateway, String> {
    let Value::Object(entry) = entry else {
        return Err(format!("is not a table; write [[{GATEWAYS}]] above its keys"));
    };
    let text = |key: &str| match entry.get(key).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("has no {key}; write {key} = \"…\"")),
    };
    let (id, kind) = (text("id")?, text("kind")?);
    if before.iter().any(|gateway| gateway.id == id) {
        return Err(format!("has the id `{id}` of another one; give it its own"));
    }
    Ok(Gateway { id, kind, entry })
}

fn show(gateway: &Gateway, origin: &Origin, reader: &mut Reader) {
    for (key, value) in &gateway.entry {
        let value = match value {
            Value::String(text) if SHOWN.contains(&key.as_str()) => text.clone(),
            Value::String(text) if ADDRESSES.contains(&key.as_str()) => shown_host(text),
            Value::Bool(_) | Value::Number(_) if SHOWN.contains(&key.as_str()) => value.to_string(),
            _ => REDACTED.to_owned(),
        };
        let key = format!("{GATEWAYS}.{}.{key}", gateway.id);
        reader.row(Row { key, value: Some(value), origin: origin.clone() });
    }
}

/// Scheme and host: some gateways take their key in the path.
fn shown_host(text: &str) -> String {
    let shown = shown_address(text);
    let Some((scheme, rest)) = shown.split_once("://") else {
        return REDACTED.to_owned();
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if rest.trim_end_matches('/') == host { shown } else { format!("{scheme}://{host}/…") }
}
