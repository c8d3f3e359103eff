//! M-PESA through Safaricom's Daraja API: prompts on phones, and what came of them.
//!
//! Daraja knows no idempotency: the same push twice is two prompts and two payments. So this
//! adapter never sends a push again unless an answer proves that nothing happened, and calls what
//! it does not understand *unknown*. It holds no state but the token. [`classify`] judges answers,
//! [`result_codes`] and [`callback`] outcomes; Daraja's own words stay in [`wire`].

pub mod c2b;
pub mod callback;
pub mod classify;
mod client;
mod reading;
mod register;
mod result_codes;
mod settings;
mod token;
mod wire;

pub use reading::Reading;
pub use register::{C2bAddresses, Registered};
pub use settings::{Settings, SettingsError};

use crate::ports::{
    Again, Answer, Clock, PaymentGateway, PaymentNews, PromptRequest, ReadC2b, ReadCallback, Shelf,
    StatusRequest, Submitted,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use classify::reason;
use client::{CallError, Client};
use secrecy::ExposeSecret;
use std::sync::Arc;
use wire::{PUSH_PATH, PushBody, QUERY_PATH, QueryBody};

const AMOUNT_KES_MAX: i64 = 250_000;
/// The longest account reference by the manual, in characters.
const REFERENCE_CHARS_MAX: usize = 12;
/// The longest description by the manual, in characters.
const DESCRIPTION_CHARS_MAX: usize = 13;
/// Sent where callbacks are off: Daraja wants an address that looks public, and `.invalid` is
/// reserved so that no callback can reach anybody.
const NO_CALLBACK: &str = "https://example.invalid/none";

/// The M-PESA gateway.
pub struct Mpesa {
    /// The shop's first, then those of sites.
    accounts: Vec<Account>,
    /// One for each Daraja app: accounts of the same app share its token.
    clients: Vec<Client>,
    clock: Arc<dyn Clock>,
}

/// A paybill, or a store number with its till.
struct Account {
    settings: Settings,
    client: usize,
}

impl Mpesa {
    /// A gateway for the shop of `settings`. Connects to nobody yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        Self { accounts: vec![], clients: vec![], clock }.beside(settings)
    }

    /// The same with one more account, which gets what is meant for its till or paybill.
    pub fn beside(mut self, settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let known = self.clients.iter().position(|client| client.is_of(&settings));
        let client = known.unwrap_or(self.clients.len());
        if known.is_none() {
            self.clients.push(Client::new(&settings, self.clock.clone())?);
        }
        self.accounts.push(Account { settings, client });
        Ok(self)
    }

    #[must_use]
    pub fn sharing(mut self, shelf: impl Shelf + 'static) -> Self {
        let shelf: Arc<dyn Shelf> = Arc::new(shelf);
        for client in &mut self.clients {
            client.share_token(shelf.clone());
        }
        self
    }

    /// Whose credentials are good for a till or paybill; nobody's where it is not known. A till
    /// that has no account of its own stands under the shop's store number, where that has one.
    fn account(&self, receiver: Option<&str>) -> Option<&Account> {
        let own = self.accounts.first()?;
        let Some(receiver) = receiver else { return Some(own) };
        let known = self.accounts.iter().find(|account| account.settings.receiver() == receiver);
        known.or_else(|| own.settings.till.is_some().then_some(own))
    }

    fn client(&self, account: &Account) -> &Client {
        &self.clients[account.client]
    }

    async fn push(&self, request: PromptRequest) -> Submitted {
        let payment = request.payment;
        let submitted = match self.body(&request) {
            Ok((client, body)) => match client.post(PUSH_PATH, &body).await {
                Ok(reading) => {
                    let submitted = classify::submitted(&reading);
                    if !matches!(submitted, Submitted::Accepted(_)) {
                        tracing::info!(%payment, said = ?reading, "M-PESA took no prompt");
                    }
                    submitted
                }
                Err(error) => without_answer(error),
            },
            Err(reason) => Submitted::Refused { reason, again: Again::Never },
        };
        match &submitted {
            Submitted::Accepted(_) => tracing::debug!(%payment, "M-PESA took the prompt"),
            Submitted::Refused { reason, again } => {
                tracing::warn!(%payment, reason, ?again, "M-PESA refused a prompt: {reason}");
            }
            Submitted::Unknown { reason } => {
                tracing::warn!(%payment, reason, "nobody knows whether M-PESA prompts: {reason}");
            }
        }
        submitted
    }

    /// The body of a push and who sends it, or why M-PESA would refuse it.
    fn body<'a>(
        &'a self,
        request: &'a PromptRequest,
    ) -> Result<(&'a Client, PushBody<'a>), &'static str> {
        let amount = request.amount.whole_kes().filter(|kes| (1..=AMOUNT_KES_MAX).contains(kes));
        let amount = amount.ok_or(reason::BAD_AMOUNT)?;
        // Cutting a reference could make two payments look alike, so a bad one is a refusal.
        if !is_reference(&request.reference) {
            return Err(reason::CONFIGURATION);
        }
        let receiver = request.receiver.as_deref();
        let account = self.account(receiver).ok_or(reason::CONFIGURATION)?;
        let settings = &account.settings;
        let (timestamp, password) = self.signature(settings);
        let body = PushBody {
            business_short_code: &settings.short_code,
            password,
            timestamp,
            transaction_type: settings.transaction_type(),
            amount: amount.to_string(),
            party_a: request.payer.msisdn(),
            party_b: receiver.unwrap_or_else(|| settings.receiver()),
            phone_number: request.payer.msisdn(),
            callback_url: request.callback.as_ref().map_or(NO_CALLBACK, url::Url::as_str),
            account_reference: &request.reference,
            transaction_desc: description(&request.description),
        };
        Ok((self.client(account), body))
    }

    /// Timestamp and password of one clock reading: two readings can straddle a second, and then
    /// Daraja says "Wrong credentials".
    fn signature(&self, settings: &Settings) -> (String, String) {
        let timestamp = self.clock.now().east_africa_compact();
        let passkey = settings.passkey.expose_secret();
        let plain = format!("{}{passkey}{timestamp}", settings.short_code);
        (timestamp, BASE64_STANDARD.encode(plain))
    }

    async fn query(&self, request: StatusRequest) -> PaymentNews {
        let payment = request.payment;
        let Some(account) = self.account(request.receiver.as_deref()) else {
            tracing::warn!(%payment, "the account that was to be paid is not configured any more");
            return PaymentNews::Unknown;
        };
        let (timestamp, password) = self.signature(&account.settings);
        let body = QueryBody {
            business_short_code: &account.settings.short_code,
            password,
            timestamp,
            checkout_request_id: &request.refs.request,
        };
        match self.client(account).post(QUERY_PATH, &body).await {
            Ok(reading) => {
                let news = classify::status(&reading, &request.refs);
                if news == PaymentNews::Unknown {
                    tracing::debug!(%payment, said = ?reading, "M-PESA told nothing");
                }
                news
            }
            Err(error) => {
                tracing::debug!(%payment, ?error, "M-PESA did not answer a status query");
                PaymentNews::Unknown
            }
        }
    }
}

impl PaymentGateway for Mpesa {
    fn name(&self) -> &'static str {
        "mpesa"
    }

    fn submit(&self, request: PromptRequest) -> Answer<'_, Submitted> {
        Box::pin(self.push(request))
    }

    fn status(&self, request: StatusRequest) -> Answer<'_, PaymentNews> {
        Box::pin(self.query(request))
    }

    fn read_callback(&self, body: &[u8]) -> Option<ReadCallback> {
        callback::read(body)
    }

    fn read_c2b(&self, body: &[u8]) -> Option<ReadC2b> {
        c2b::read(body)
    }

    fn callback_answer(&self) -> &'static str {
        r#"{"ResultCode":0,"ResultDesc":"Accepted"}"#
    }

    fn validation_answer(&self) -> &'static str {
        r#"{"ResultCode":"0","ResultDesc":"Accepted"}"#
    }
}

fn without_answer(error: CallError) -> Submitted {
    match error {
        CallError::NotSent(refusal) => {
            Submitted::Refused { reason: refusal.reason, again: refusal.again }
        }
        CallError::NoAnswer => Submitted::Unknown { reason: reason::NO_ANSWER },
        CallError::TooLong => Submitted::Unknown { reason: reason::UNREADABLE },
    }
}

fn is_reference(text: &str) -> bool {
    (1..=REFERENCE_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// At most 13 plain characters, and never none: that is answered "Invalid Remarks".
fn description(wanted: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.');
    let kept: String = wanted.chars().filter(plain).collect();
    let cut = kept.trim().get(..DESCRIPTION_CHARS_MAX).unwrap_or(kept.trim()).trim();
    if cut.is_empty() { "Wi-Fi".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_never_empty_and_never_long() {
        assert_eq!(description("Daily"), "Daily");
        assert_eq!(description(""), "Wi-Fi");
        assert_eq!(description("😀"), "Wi-Fi");
        assert_eq!(description("Siku moja – mtandao"), "Siku moja  mt");
        assert_eq!(description("  Wi-Fi of 12 hours  "), "Wi-Fi of 12 h");
    }

    #[test]
    fn a_reference_is_short_and_plain() {
        assert!(is_reference("LNG7K2Q9X4AB"));
        for bad in ["", "LNG7K2Q9X4ABC", "LNG-1", "LNG 1", "é"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
