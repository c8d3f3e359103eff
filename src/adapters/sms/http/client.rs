//! Building the gateway from its settings, and the call itself.

use super::{
    rules::{Outcome, ReportMapping},
    settings::{ContentType, Method, NumberFormat, Settings},
    template::{Filter, Template, Values},
};
use crate::{
    adapters::{
        http,
        sms::{self, SmsSettingsError, secret},
    },
    ledger::kernel::phone::Phone,
    ports::{Answer, ReadReport, SmsGateway, SmsRetry, SmsSubmitted},
};
use reqwest::{
    Client, Request,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::SecretString;
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// Values that would break out of anything that does not escape; a request filled in with them must
/// still be what it was meant to be.
const NASTY: Values<'_> = Values { to: "+\"&", text: "\"}]&=#?/\\\r\n{{é" };

/// A gateway described in the configuration.
pub struct HttpGateway {
    id: String,
    url: Template,
    body: Option<Template>,
    headers: HeaderMap,
    method: Method,
    content_type: ContentType,
    number_format: NumberFormat,
    outcome: Outcome,
    reports: Option<ReportMapping>,
    http: Client,
}

impl HttpGateway {
    pub fn new(settings: Settings) -> Result<Self, SmsSettingsError> {
        let secrets = secrets(settings.secrets, &settings.secrets_file)?;
        let template = |place: &str, written: &str, allowed: &[Filter]| {
            Template::parse(written, allowed, &secrets)
                .map_err(|source| SmsSettingsError::Template { place: place.to_owned(), source })
        };
        let mut headers = HeaderMap::new();
        for (name, written) in &settings.headers {
            let value = template(&format!("headers.{name}"), written, &[Filter::Header])?;
            let (name, value) = header(name, &value)?;
            headers.insert(name, value);
        }
        let filters: &[Filter] = match settings.content_type {
            ContentType::Json => &[Filter::Json],
            ContentType::Form | ContentType::Query => &[Filter::Url, Filter::Form],
        };
        let body = settings.body.as_deref();
        let gateway = Self {
            id: settings.id,
            url: template("url", &settings.url, &[Filter::Url])?,
            body: body.map(|body| template("body", body, filters)).transpose()?,
            headers,
            method: settings.method,
            content_type: settings.content_type,
            number_format: settings.number_format,
            outcome: Outcome {
                tempfail: settings.tempfail,
                permfail: settings.permfail,
                ok: settings.ok,
                message_id: settings.message_id.map(|id| id.json),
            },
            reports: settings.dlr,
            http: http::client(Duration::from_millis(settings.timeout_ms))?,
        };
        gateway.check(settings.allow_http)?;
        Ok(gateway)
    }

    fn check(&self, allow_http: bool) -> Result<(), SmsSettingsError> {
        self.check_address(allow_http)?;
        if self.method == Method::Get && self.content_type != ContentType::Query {
            return Err(SmsSettingsError::GetWithBody);
        }
        let body = self.body.as_ref();
        if !self.url.has_to() && !body.is_some_and(Template::has_to) {
            return Err(SmsSettingsError::PlaceholderMissing { name: "to" });
        }
        if !self.url.has_text() && !body.is_some_and(Template::has_text) {
            return Err(SmsSettingsError::PlaceholderMissing { name: "text" });
        }
        if let (ContentType::Json, Some(body)) = (self.content_type, body) {
            serde_json::from_str::<serde_json::Value>(&body.render(NASTY))
                .map_err(|_| SmsSettingsError::BodyNotJson)?;
        }
        if self.outcome.ok.is_empty() {
            return Err(SmsSettingsError::OkMissing);
        }
        let of_reports = self.reports.iter().flat_map(|map| [&*map.reference, &*map.status]);
        match self.outcome.pointers().chain(of_reports).find(|path| !path.starts_with('/')) {
            Some(path) => Err(SmsSettingsError::Pointer { path: path.to_owned() }),
            None => Ok(()),
        }
    }

    /// The host stands before the first placeholder, and filling in does not change it. A message
    /// goes in the query only, where no `..` of it can change the path.
    fn check_address(&self, allow_http: bool) -> Result<(), SmsSettingsError> {
        let head = self.url.head();
        let fixed: Url = head.parse().map_err(|_| SmsSettingsError::UrlTemplate)?;
        http::check_address(&fixed, allow_http)?;
        let after_scheme = head.split_once("://").map_or("", |(_, rest)| rest);
        let filled = self.address(NASTY).ok_or(SmsSettingsError::UrlTemplate)?;
        let in_host = self.url.render(NASTY) != head && !after_scheme.contains(['/', '?']);
        let in_path = self.url.has_text() && filled.path() != self.path_without_text();
        if in_host || in_path || fixed.origin() != filled.origin() {
            return Err(SmsSettingsError::UrlTemplate);
        }
        Ok(())
    }

    fn path_without_text(&self) -> String {
        let empty = Values { to: NASTY.to, text: "" };
        self.address(empty).map(|address| address.path().to_owned()).unwrap_or_default()
    }

    /// The filled-in address, with the body as its query where it goes there.
    fn address(&self, values: Values<'_>) -> Option<Url> {
        let mut address: Url = self.url.render(values).parse().ok()?;
        if let (ContentType::Query, Some(body)) = (self.content_type, &self.body) {
            let more = body.render(values);
            let query = match address.query() {
                Some(query) if !query.is_empty() => format!("{query}&{more}"),
                _ => more,
            };
            address.set_query(Some(&query));
        }
        Some(address)
    }

    fn request(&self, to: &str, text: &str) -> Option<Request> {
        let values = Values { to, text };
        let method = match self.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = Request::new(method, self.address(values)?);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        let kind = match self.content_type {
            ContentType::Json => Some("application/json"),
            ContentType::Form => Some("application/x-www-form-urlencoded"),
            ContentType::Query => None,
        };
        if let (Some(kind), Some(body)) = (kind, &self.body) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            *request.body_mut() = Some(body.render(values).into());
        }
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        Some(request)
    }

    async fn hand_over(&self, to: &Phone, text: &str) -> SmsSubmitted {
        let to = match self.number_format {
            NumberFormat::Plus => format!("+{}", to.msisdn()),
            NumberFormat::Digits => to.msisdn().to_owned(),
            NumberFormat::Local => to.local(),
        };
        let judge = |status, body: &[u8]| self.outcome.read(status, body);
        match self.request(&to, text) {
            Some(request) => sms::call(&self.http, request, judge).await,
            None => {
                SmsSubmitted::Refused { reason: "configuration", retry: SmsRetry::OtherGateway }
            }
        }
    }
}

impl SmsGateway for HttpGateway {
    fn id(&self) -> &str {
        &self.id
    }

    fn send<'a>(&'a self, to: &'a Phone, text: &'a str) -> Answer<'a, SmsSubmitted> {
        Box::pin(self.hand_over(to, text))
    }

    fn read_report(&self, content_type: &str, body: &[u8]) -> Option<ReadReport> {
        self.reports.as_ref()?.read(content_type, body)
    }
}

/// All secrets by name, those of files read.
fn secrets(
    mut written: BTreeMap<String, SecretString>,
    files: &BTreeMap<String, std::path::PathBuf>,
) -> Result<BTreeMap<String, SecretString>, SmsSettingsError> {
    for (name, file) in files {
        let inline = written.remove(name);
        let secret = secret::resolve(&format!("secrets.{name}"), inline, Some(file))?;
        written.insert(name.clone(), secret);
    }
    Ok(written)
}

/// A header, filled in once: only secrets can stand in it.
fn header(name: &str, value: &Template) -> Result<(HeaderName, HeaderValue), SmsSettingsError> {
    let refuse = || SmsSettingsError::Header { name: name.to_owned() };
    if value.has_to() || value.has_text() {
        return Err(refuse());
    }
    let value = value.render(Values { to: "", text: "" });
    let mut value = HeaderValue::from_str(&value).map_err(|_| refuse())?;
    value.set_sensitive(true);
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entry() -> Value {
        json!({
            "id": "celcom",
            "url": "https://sms.example/api/sendsms/",
            "secrets": {"apikey": "sesame"},
            "body": "{\"apikey\":{{secret.apikey|json}},\"message\":{{text|json}},\
                     \"mobile\":{{to|json}}}",
            "ok": {"json": [{"path": "/code", "in": [200]}]}
        })
    }

    fn with(changes: &Value) -> Result<HttpGateway, SmsSettingsError> {
        let mut entry = entry();
        for (name, value) in changes.as_object().unwrap() {
            entry[name] = value.clone();
        }
        HttpGateway::new(serde_json::from_value(entry).unwrap())
    }

    fn why(changes: &Value) -> String {
        with(changes).err().expect("refused").to_string()
    }

    #[test]
    fn what_cannot_work_is_refused_at_the_start() {
        let quoted = "{\"message\":\"{{text|json}}\",\"mobile\":{{to|json}}}";
        assert!(why(&json!({"body": quoted})).starts_with("body is not JSON"));
        assert_eq!(why(&json!({"method": "GET"})), "method GET needs content_type query");
        assert_eq!(
            why(&json!({"body": "{{to|json}}"})),
            "{{text}} appears in neither url nor body"
        );
        assert_eq!(why(&json!({"body": "{{text|url}}"})), "body is not a usable template");
        assert_eq!(why(&json!({"ok": {}})), "ok needs at least one http status or json rule");
        assert!(why(&json!({"message_id": {"json": "id"}})).contains("not a JSON pointer"));
        assert_eq!(why(&json!({"headers": {"A": "{{text|header}}"}})), "header A is not allowed");
        assert_eq!(why(&json!({"headers": {"A\r\nB": "x"}})), "header A\r\nB is not allowed");
        assert_eq!(why(&json!({"url": "http://sms.example/"})), "the gateway cannot be called");
    }

    #[test]
    fn the_host_never_depends_on_what_is_filled_in() {
        let refusal = "url must name scheme, host and a path before anything is filled in";
        for url in [
            "{{text|url}}",
            "https://{{to|url}}.example/",
            "https://sms.example{{text|url}}",
            "https://sms.example/{{text|url}}?to={{to|url}}",
        ] {
            assert_eq!(why(&json!({"url": url})), refusal, "{url}");
        }
        with(&json!({"url": "https://sms.example/{{to|url}}?text={{text|url}}"})).unwrap();
        with(&json!({
            "url": "https://sms.example", "content_type": "query",
            "body": "to={{to|url}}&text={{text|url}}"
        }))
        .unwrap();
    }

    #[test]
    fn a_query_goes_behind_what_the_address_already_asks() {
        let gateway = with(&json!({
            "url": "https://sms.example/send?v=1", "method": "GET", "content_type": "query",
            "body": "key={{secret.apikey|url}}&to={{to|url}}&text={{text|url}}"
        }))
        .unwrap();
        let request = gateway.request("0712000001", "a&b c").unwrap();
        let asked = "https://sms.example/send?v=1&key=sesame&to=0712000001&text=a%26b%20c";
        assert_eq!(request.url().as_str(), asked);
        assert!(request.body().is_none());
    }

    #[test]
    fn headers_carry_secrets_and_do_not_print_them() {
        let gateway =
            with(&json!({"headers": {"Authorization": "Bearer {{secret.apikey|header}}"}}))
                .unwrap();
        let request = gateway.request("254712000001", "hi").unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer sesame");
        assert!(!format!("{:?}", request.headers()).contains("sesame"));
    }
}
