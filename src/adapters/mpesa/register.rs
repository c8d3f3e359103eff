//! Registers the addresses for C2B messages with Safaricom. In production that is done once: a
//! later change begins with deleting the addresses by hand under Self Services, URL Management
//! (`docs/reference/m-pesa.md`).

use super::{
    Account, Mpesa,
    client::CallError,
    reading::Reading,
    wire::{REGISTER_PATH, RegisterBody, Reply},
};
use url::Url;

/// What happens to a payment while nobody answers the validation: money that can come shall come.
const RESPONSE_TYPE: &str = "Completed";

/// Words that Safaricom refuses anywhere in an address, in small or capital letters.
const BANNED: &str = "m-pesa mpesa safaricom exe cmd sql query ngrok mockbin requestbin";

/// Where C2B messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct C2bAddresses {
    pub confirmation: Url,
    pub validation: Url,
}

/// What Safaricom said to the addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    Done,
    /// Safaricom has addresses for this number already, and keeps those.
    Already,
    Refused {
        /// Its own words, without anything secret.
        said: String,
    },
    /// Nobody knows; doing it again is harmless.
    Unknown,
}

impl C2bAddresses {
    /// The word in the addresses for which Safaricom would refuse them.
    pub fn banned_word(&self) -> Option<&'static str> {
        let text = format!("{} {}", self.confirmation, self.validation).to_ascii_lowercase();
        BANNED.split(' ').find(|word| text.contains(word))
    }
}

impl Mpesa {
    /// The short codes for which Safaricom can be told where C2B messages go.
    pub fn short_codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = vec![];
        for account in &self.accounts {
            let code = account.settings.short_code.as_str();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// Tells Safaricom where C2B messages of one of [`short_codes`](Self::short_codes) go.
    pub async fn register(&self, short_code: &str, addresses: &C2bAddresses) -> Registered {
        let known = |account: &&Account| account.settings.short_code == short_code;
        let Some(account) = self.accounts.iter().find(known) else {
            return Registered::Refused { said: "no account has this number".to_owned() };
        };
        let body = RegisterBody {
            short_code,
            response_type: RESPONSE_TYPE,
            confirmation_url: addresses.confirmation.as_str(),
            validation_url: addresses.validation.as_str(),
        };
        match self.client(account).post(REGISTER_PATH, &body).await {
            Ok(reading) => judge(&reading),
            Err(CallError::NotSent(refusal)) => {
                Registered::Refused { said: refusal.reason.replace('_', " ") }
            }
            Err(CallError::NoAnswer | CallError::TooLong) => Registered::Unknown,
        }
    }
}

fn judge(reading: &Reading) -> Registered {
    let refused = || Registered::Refused { said: format!("{reading:?}") };
    let Reading::Json(reply) = reading else { return refused() };
    let message = reply.message().to_ascii_lowercase();
    if message.contains("already registered") || message.contains("duplicate notification info") {
        return Registered::Already;
    }
    if reply.error_code.is_none() && is_success(reply) { Registered::Done } else { refused() }
}

/// `0`, `00000000`, or no code and the word alone.
fn is_success(reply: &Reply) -> bool {
    match &reply.response_code {
        Some(code) => !code.is_empty() && code.bytes().all(|b| b == b'0'),
        None => reply
            .response_description
            .as_ref()
            .is_some_and(|text| text.to_ascii_lowercase().starts_with("success")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_saying_yes_and_already_is_known() {
        let said = |body: &str| judge(&Reading::of(body.as_bytes()));
        for yes in [
            r#"{"OriginatorCoversationID":"1","ResponseCode":"0","ResponseDescription":"Success"}"#,
            r#"{"ResponseDescription":"Success"}"#,
            r#"{"ResponseCode":"00000000","ResponseDescription":"success"}"#,
        ] {
            assert_eq!(said(yes), Registered::Done, "{yes}");
        }
        for already in [
            "Urls are already registered.",
            "Duplicate notification info, SP ID is 1, correlator is 2",
        ] {
            let body = format!(r#"{{"errorCode":"500.003.1001","errorMessage":"{already}"}}"#);
            assert_eq!(said(&body), Registered::Already, "{already}");
        }
        for no in [
            r#"{"errorCode":"500.003.1001","errorMessage":"Internal Server Error"}"#,
            r#"{"ResponseCode":"1","ResponseDescription":"Success"}"#,
            r#"{"ResponseCode":"","ResponseDescription":"Success"}"#,
            "{}",
            "<html>",
            "",
        ] {
            assert!(matches!(said(no), Registered::Refused { .. }), "{no}");
        }
    }

    #[test]
    fn addresses_that_safaricom_would_refuse_are_known_before() {
        let banned = |base: &str| {
            let at = |path: &str| format!("{base}{path}").parse().unwrap();
            C2bAddresses { confirmation: at("/hooks/c/a"), validation: at("/hooks/v/b") }
                .banned_word()
        };
        assert_eq!(banned("https://wifi.example"), None);
        assert_eq!(banned("https://MPesa.example"), Some("mpesa"));
        assert_eq!(banned("https://a.ngrok.app"), Some("ngrok"));
        assert_eq!(banned("https://wifi.example/CMD"), Some("cmd"));
    }
}
