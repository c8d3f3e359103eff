//! The address of M-PESA and the shop's account there. The configuration reads files and the
//! environment; this checks what Daraja would refuse.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use url::Url;

/// The shop's Daraja account. `Debug` prints no secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API host; the sandbox or a simulator have their own.
    #[serde(default = "production")]
    pub base_url: Url,
    #[serde(deserialize_with = "secret")]
    pub consumer_key: SecretString,
    #[serde(deserialize_with = "secret")]
    pub consumer_secret: SecretString,
    /// The paybill number; for a till, the head-office (store) number used at go-live.
    pub short_code: String,
    /// The till number, where money goes to a till and not to the paybill.
    #[serde(default)]
    pub till: Option<String>,
    /// The passkey Safaricom mailed at go-live.
    #[serde(deserialize_with = "secret")]
    pub passkey: SecretString,
    /// How long one call may take, in ms. Generous, because a submit that is given up leaves a
    /// payment whose fate nobody knows.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How long connecting may take, in ms; nothing has been sent yet, so giving up is harmless.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("mpesa.base_url must be an http or https address with a host")]
    BaseUrl,
    #[error("mpesa.short_code must be 5 to 7 digits")]
    ShortCode,
    #[error("mpesa.till must be 5 to 8 digits")]
    Till,
    /// A secret that is empty or has blanks around it, which Daraja answers with an empty 400.
    #[error("mpesa.{0} must not be empty or have spaces around it")]
    Secret(&'static str),
    #[error("mpesa.{0} must be more than 0")]
    Timeout(&'static str),
    #[error("the HTTP client for M-PESA could not be made")]
    Client(#[source] reqwest::Error),
}

impl Settings {
    pub fn check(&self) -> Result<(), SettingsError> {
        if !matches!(self.base_url.scheme(), "http" | "https") || !self.base_url.has_host() {
            return Err(SettingsError::BaseUrl);
        }
        if !digits(&self.short_code, 5, 7) {
            return Err(SettingsError::ShortCode);
        }
        if self.till.as_ref().is_some_and(|till| !digits(till, 5, 8)) {
            return Err(SettingsError::Till);
        }
        let secrets = [
            ("consumer_key", &self.consumer_key),
            ("consumer_secret", &self.consumer_secret),
            ("passkey", &self.passkey),
        ];
        for (name, secret) in secrets {
            let text = secret.expose_secret();
            if text.is_empty() || text.trim() != text {
                return Err(SettingsError::Secret(name));
            }
        }
        let limits =
            [("timeout_ms", self.timeout_ms), ("connect_timeout_ms", self.connect_timeout_ms)];
        for (name, limit) in limits {
            if limit == 0 {
                return Err(SettingsError::Timeout(name));
            }
        }
        Ok(())
    }

    /// Who gets the money: the till where there is one.
    pub fn receiver(&self) -> &str {
        self.till.as_deref().unwrap_or(&self.short_code)
    }

    /// Daraja's word for paying a till or a paybill. A mismatch with the receiver ends every
    /// payment with 2028 or `SFC_IC0003`.
    pub fn transaction_type(&self) -> &'static str {
        if self.till.is_some() { "CustomerBuyGoodsOnline" } else { "CustomerPayBillOnline" }
    }
}

fn production() -> Url {
    Url::parse("https://api.safaricom.co.ke").expect("a valid address")
}

const fn timeout_ms() -> u64 {
    30_000
}

const fn connect_timeout_ms() -> u64 {
    10_000
}

fn digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(change: impl FnOnce(&mut Value)) -> Result<Settings, serde_json::Error> {
        let mut value = json!({
            "consumer_key": "key-of-a-test", "consumer_secret": "secret-of-a-test",
            "short_code": "600100", "passkey": "passkey-of-a-test",
        });
        change(&mut value);
        serde_json::from_value(value)
    }

    #[test]
    fn little_needs_to_be_said() {
        let settings = read(|_| ()).unwrap();
        settings.check().unwrap();
        assert_eq!(settings.base_url.as_str(), "https://api.safaricom.co.ke/");
        assert_eq!(settings.receiver(), "600100");
        assert_eq!(settings.transaction_type(), "CustomerPayBillOnline");
    }

    #[test]
    fn a_till_gets_the_money_and_the_store_number_signs() {
        let settings = read(|value| value["till"] = json!("500200")).unwrap();
        settings.check().unwrap();
        assert_eq!(settings.short_code, "600100");
        assert_eq!(settings.receiver(), "500200");
        assert_eq!(settings.transaction_type(), "CustomerBuyGoodsOnline");
    }

    #[test]
    fn what_daraja_would_refuse_is_refused_at_once() {
        for (key, bad) in [
            ("base_url", json!("ftp://example.com")),
            ("short_code", json!("6001OO")),
            ("till", json!("")),
            ("consumer_key", json!("")),
            ("consumer_secret", json!("secret ")),
            ("passkey", json!("\npasskey")),
            ("timeout_ms", json!(0)),
        ] {
            let settings = read(|value| value[key] = bad).unwrap();
            let error = settings.check().expect_err(key).to_string();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(read(|value| value["pass_key"] = json!("x")).is_err());
    }

    #[test]
    fn secrets_do_not_print() {
        let printed = format!("{:?}", read(|_| ()).unwrap());
        assert!(!printed.contains("of-a-test"), "{printed}");
    }
}
