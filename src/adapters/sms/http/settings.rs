//! What the owner configures for an HTTP gateway.

use super::rules::{ReportMapping, Rule};
use secrecy::SecretString;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

/// One `[[sms.gateway]]` with `kind = "http"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name in the ledger and in hook paths.
    pub id: String,
    /// A template with the filter `url`; scheme and host stand before anything filled in.
    pub url: String,
    #[serde(default)]
    pub method: Method,
    /// Where the body goes and which filter it takes.
    #[serde(default)]
    pub content_type: ContentType,
    /// Header templates; only secrets can be filled in, with the filter `header`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Used as `{{secret.<name>|…}}`.
    #[serde(default, deserialize_with = "crate::adapters::sms::secret::table")]
    pub secrets: BTreeMap<String, SecretString>,
    /// Files that hold secrets, used the same way.
    #[serde(default)]
    pub secrets_file: BTreeMap<String, PathBuf>,
    /// A template of the body, or of the query.
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub number_format: NumberFormat,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Whether plain http to another machine is allowed: for a sender in the shop's own network.
    #[serde(default)]
    pub allow_http: bool,
    /// Asked first: it did not work this time.
    #[serde(default)]
    pub tempfail: Rule,
    /// Asked second: this gateway will not take it.
    #[serde(default)]
    pub permfail: Rule,
    /// Asked last: taken. Where it names statuses and JSON rules, both must hold.
    pub ok: Rule,
    /// Where the gateway's id for the message stands in the answer.
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// How to read delivery reports that the gateway pushes.
    #[serde(default)]
    pub dlr: Option<ReportMapping>,
}

/// The HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Post,
    Get,
}

/// Where the filled-in body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentType {
    #[default]
    Json,
    /// The body, with the filter `form` (or `url`).
    Form,
    /// The address's query, with the filter `url` (or `form`).
    Query,
}

/// How a gateway wants numbers written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum NumberFormat {
    #[serde(rename = "+254")]
    Plus,
    #[default]
    #[serde(rename = "254")]
    Digits,
    #[serde(rename = "07")]
    Local,
}

/// Where the gateway's id for a message stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageId {
    /// A JSON pointer to text or a number.
    pub json: String,
}

const fn timeout_ms() -> u64 {
    10_000
}
