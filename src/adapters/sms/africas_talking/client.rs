//! The call itself.

use super::{
    settings::{Api, Settings},
    wire,
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
    Client, RequestBuilder,
    header::{ACCEPT, HeaderValue},
};
use secrecy::ExposeSecret;
use std::time::Duration;
use url::Url;

/// Africa's Talking as an SMS gateway.
pub struct AfricasTalking {
    id: String,
    username: String,
    /// Marked sensitive, so that not even its own `Debug` shows it.
    key: HeaderValue,
    sender: Option<String>,
    api: Api,
    address: Url,
    http: Client,
}

impl AfricasTalking {
    pub fn new(settings: Settings) -> Result<Self, SmsSettingsError> {
        let address = settings.address();
        http::check_address(&address, settings.allow_http)?;
        let key = secret::resolve("api_key", settings.api_key, settings.api_key_file.as_deref())?;
        let mut key = HeaderValue::from_str(key.expose_secret())
            .map_err(|_| SmsSettingsError::Header { name: "apiKey".to_owned() })?;
        key.set_sensitive(true);
        Ok(Self {
            id: settings.id,
            username: settings.username,
            key,
            sender: settings.sender,
            api: settings.api,
            address,
            http: http::client(Duration::from_millis(settings.timeout_ms))?,
        })
    }

    async fn hand_over(&self, to: &Phone, text: &str) -> SmsSubmitted {
        match self.request(to, text).build() {
            Ok(request) => sms::call(&self.http, request, wire::read_answer).await,
            Err(_) => {
                SmsSubmitted::Refused { reason: "unreachable", retry: SmsRetry::OtherGateway }
            }
        }
    }

    fn request(&self, to: &Phone, text: &str) -> RequestBuilder {
        let to = format!("+{}", to.msisdn());
        let request = self
            .http
            .post(self.address.clone())
            .header("apiKey", self.key.clone())
            // Without it the classic way answers XML.
            .header(ACCEPT, "application/json");
        match self.api {
            Api::Classic => request.form(&wire::Form {
                username: &self.username,
                to: &to,
                message: text,
                from: self.sender.as_deref(),
                bulk_sms_mode: 1,
                enqueue: 1,
            }),
            Api::Bulk => request.json(&wire::Bulk {
                username: &self.username,
                message: text,
                sender_id: self.sender.as_deref(),
                phone_numbers: [&to],
                enqueue: 1,
            }),
        }
    }
}

impl SmsGateway for AfricasTalking {
    fn id(&self) -> &str {
        &self.id
    }

    fn send<'a>(&'a self, to: &'a Phone, text: &'a str) -> Answer<'a, SmsSubmitted> {
        Box::pin(self.hand_over(to, text))
    }

    fn read_report(&self, _content_type: &str, body: &[u8]) -> Option<ReadReport> {
        wire::read_report(body)
    }
}
