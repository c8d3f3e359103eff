//! What the owner configures for Africa's Talking.

use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;
use url::Url;

/// Where applications live, and where the one named `sandbox` does.
const LIVE: &str = "https://api.africastalking.com";
const SANDBOX: &str = "https://api.sandbox.africastalking.com";
/// The user name that means the sandbox.
const SANDBOX_USERNAME: &str = "sandbox";

/// One `[[sms.gateway]]` with `kind = "africas_talking"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name in the ledger and in hook paths.
    pub id: String,
    /// The application's user name; `sandbox` for the sandbox.
    pub username: String,
    #[serde(default, deserialize_with = "crate::adapters::sms::secret::optional")]
    pub api_key: Option<SecretString>,
    #[serde(default)]
    pub api_key_file: Option<PathBuf>,
    /// A registered sender id; theirs when absent.
    #[serde(default)]
    pub sender: Option<String>,
    #[serde(default)]
    pub api: Api,
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Whether `base_url` may be plain http to another machine.
    #[serde(default)]
    pub allow_http: bool,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
}

/// Africa's Talking's two ways to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// `/version1/messaging`, a form; the only one the sandbox has.
    #[default]
    Classic,
    /// `/version1/messaging/bulk`, JSON.
    Bulk,
}

impl Settings {
    pub(super) fn address(&self) -> Url {
        let fallback = if self.username == SANDBOX_USERNAME { SANDBOX } else { LIVE };
        let mut address = self
            .base_url
            .clone()
            .unwrap_or_else(|| fallback.parse().expect("the constant is an address"));
        let path = match self.api {
            Api::Classic => "/version1/messaging",
            Api::Bulk => "/version1/messaging/bulk",
        };
        let base = address.path().trim_end_matches('/').to_owned();
        address.set_path(&format!("{base}{path}"));
        address
    }
}

const fn timeout_ms() -> u64 {
    10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(entry: serde_json::Value) -> String {
        serde_json::from_value::<Settings>(entry).unwrap().address().to_string()
    }

    #[test]
    fn the_user_name_chooses_the_server() {
        let live = address(serde_json::json!({"id": "at", "username": "shop"}));
        assert_eq!(live, "https://api.africastalking.com/version1/messaging");
        let sandbox = address(serde_json::json!({"id": "at", "username": "sandbox"}));
        assert_eq!(sandbox, "https://api.sandbox.africastalking.com/version1/messaging");
    }

    #[test]
    fn a_base_url_keeps_its_path() {
        let entry = serde_json::json!({
            "id": "at", "username": "shop", "api": "bulk", "base_url": "https://relay.example/at/"
        });
        assert_eq!(address(entry), "https://relay.example/at/version1/messaging/bulk");
    }
}
