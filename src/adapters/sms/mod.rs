//! SMS gateways: one [`SmsGateway`] for each `[[sms.gateway]]` of the configuration, and what the
//! length of a text costs ([`crate::ledger::kernel::gsm`]).
//!
//! A gateway's own words stay in its folder. None of them retries, queues or falls back to another:
//! that is the message process's work. None logs a number, a text or a key.

pub mod africas_talking;
pub mod error;
pub mod http;
pub mod secret;

pub use error::SmsSettingsError;

use crate::{
    adapters::http::{never_left, read_capped},
    ports::{SmsGateway, SmsRetry, SmsSubmitted},
};
use reqwest::{Client, Request};
use serde::Deserialize;

/// The longest answer of a gateway that is read; real ones are under 1 KiB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The longest id of a gateway, which stands in the ledger and in a hook's path.
const ID_LETTERS_MAX: usize = 32;

/// One `[[sms.gateway]]` entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Settings {
    AfricasTalking(Box<africas_talking::Settings>),
    Http(Box<http::Settings>),
}

impl Settings {
    pub fn id(&self) -> &str {
        match self {
            Self::AfricasTalking(settings) => &settings.id,
            Self::Http(settings) => &settings.id,
        }
    }
}

/// Builds a gateway, reading its secret files and checking everything that can be checked without a
/// call.
pub fn gateway(settings: Settings) -> Result<Box<dyn SmsGateway>, SmsSettingsError> {
    check_id(settings.id())?;
    Ok(match settings {
        Settings::AfricasTalking(settings) => {
            Box::new(africas_talking::AfricasTalking::new(*settings)?)
        }
        Settings::Http(settings) => Box::new(http::HttpGateway::new(*settings)?),
    })
}

async fn call(
    http: &Client,
    request: Request,
    judge: impl FnOnce(u16, &[u8]) -> SmsSubmitted,
) -> SmsSubmitted {
    let response = match http.execute(request).await {
        Ok(response) => response,
        Err(error) if never_left(&error) => {
            return SmsSubmitted::Refused { reason: "unreachable", retry: SmsRetry::OtherGateway };
        }
        Err(_) => return SmsSubmitted::Unknown { reason: "no_answer" },
    };
    let status = response.status().as_u16();
    match read_capped(response, ANSWER_BYTES_MAX).await {
        Some(body) => judge(status, &body),
        None => SmsSubmitted::Unknown { reason: "unreadable" },
    }
}

fn check_id(id: &str) -> Result<(), SmsSettingsError> {
    let letters = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    if id.is_empty() || id.len() > ID_LETTERS_MAX || !id.bytes().all(letters) {
        return Err(SmsSettingsError::Id { id: id.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(entry: serde_json::Value) -> Result<Settings, serde_json::Error> {
        serde_json::from_value(entry)
    }

    #[test]
    fn an_entry_names_its_kind() {
        let entry = json!({
            "kind": "africas_talking", "id": "at", "username": "shop", "api_key": "sesame"
        });
        let settings = read(entry).unwrap();
        assert!(!format!("{settings:?}").contains("sesame"));
        assert_eq!(gateway(settings).unwrap().id(), "at");
    }

    #[test]
    fn unknown_keys_and_kinds_are_refused() {
        let unknown = json!({"kind": "africas_talking", "id": "at", "username": "u", "key": "k"});
        assert!(read(unknown).unwrap_err().to_string().contains("unknown field `key`"));
        assert!(read(json!({"kind": "pigeon", "id": "p"})).is_err());
    }

    #[test]
    fn an_id_is_a_short_plain_word() {
        for bad in ["", "At", "a/b", "a b", &"a".repeat(33)] {
            assert!(check_id(bad).is_err(), "{bad}");
        }
        check_id("celcom_2").unwrap();
    }

    /// As an owner writes it; the brands of this family differ in address only.
    const CELCOM: &str = r#"
        [[gateway]]
        id = "celcom"
        kind = "http"
        url = "https://isms.celcomafrica.com/api/services/sendsms/"
        secrets = { apikey = "sesame" }
        body = """{"apikey":{{secret.apikey|json}},"partnerID":"123","shortcode":"SHOP",
                   "message":{{text|json}},"mobile":{{to|json}}}"""
        [gateway.tempfail]
        http = [429, 503]
        json = [{ path = "/response-code", in = [1005, 1007, 4090] }]
        [gateway.permfail]
        json = [
            { path = "/response-code", in = [1004], reason = "no_credit" },
            { path = "/responses/0/respose-code", in = [1003], reason = "bad_number" },
        ]
        [gateway.ok]
        http = [200]
        json = [{ path = "/responses/0/respose-code", in = [200] }]
        [gateway.message_id]
        json = "/responses/0/messageid"
        [gateway.dlr]
        match = "/messageid"
        status = "/description"
        delivered = ["DeliveredToTerminal"]
        failed = ["AbsentSubscriber", "DeliveryImpossible", "SenderName Blacklisted"]

        [[gateway]]
        id = "at"
        kind = "africas_talking"
        username = "shop"
        api_key = "sesame"
    "#;

    #[test]
    fn gateways_are_read_from_toml() {
        use figment::providers::{Format, Toml};
        let file = figment::Figment::from(Toml::string(CELCOM));
        let entries: Vec<Settings> = file.extract_inner("gateway").unwrap();
        assert!(!format!("{entries:?}").contains("sesame"));
        let gateways: Vec<_> = entries.into_iter().map(|entry| gateway(entry).unwrap()).collect();
        let ids: Vec<_> = gateways.iter().map(|gateway| gateway.id()).collect();
        assert_eq!(ids, ["celcom", "at"]);
    }

    #[test]
    fn a_missing_key_is_refused_when_built() {
        let entry = json!({"kind": "africas_talking", "id": "at", "username": "shop"});
        let refusal = gateway(read(entry).unwrap()).err().unwrap();
        assert_eq!(refusal.to_string(), "api_key or api_key_file is needed");
    }
}
