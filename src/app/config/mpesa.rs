//! Section `[mpesa]`: the Daraja account of the shop, and the accounts beside it. A
//! half-configured account would take orders that nobody can pay.

use super::{
    accounts::{self, Account, digits},
    given::ACCOUNTS,
    http::bare_address,
    reader::{Reader, Reported},
};
use std::time::Duration;
use url::Url;

/// What an account cannot do without.
const NEEDED: [&str; 4] =
    ["mpesa.consumer_key", "mpesa.consumer_secret", "mpesa.short_code", "mpesa.passkey"];
/// What, when written, means that an account is meant.
const TELLING: [&str; 7] = [
    "mpesa.consumer_key",
    "mpesa.consumer_secret",
    "mpesa.short_code",
    "mpesa.passkey",
    "mpesa.till",
    "mpesa.base_url",
    ACCOUNTS,
];
/// The longest a call may take, in ms; longer and the buyer has gone.
const TIMEOUT_MS_MAX: u64 = 300_000;

/// How M-PESA is reached, and as whom.
#[derive(Debug)]
pub struct Mpesa {
    /// Daraja, its sandbox, or a simulator.
    pub base_url: Url,
    pub own: Account,
    /// Those of sites that are paid by their own.
    pub others: Vec<Account>,
    /// Whether Daraja can reach the shop; where not, status queries alone tell.
    pub callbacks: OnOff,
    /// How long a call may take.
    pub timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

/// Said as a person says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOff {
    On,
    Off,
}

impl OnOff {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "on" => Some(Self::On),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

impl Mpesa {
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Reported> {
        let complete = complete(reader);
        let within = |text: &str| duration_ms(text, TIMEOUT_MS_MAX);
        let base_url = reader.required("mpesa.base_url", bare_address);
        let consumer_key = reader.secret("mpesa.consumer_key");
        let consumer_secret = reader.secret("mpesa.consumer_secret");
        let short_code = reader.optional("mpesa.short_code", |text| digits(text, 7));
        let till = reader.optional("mpesa.till", |text| digits(text, 8));
        let passkey = reader.secret("mpesa.passkey");
        let callbacks = reader.required("mpesa.callbacks", OnOff::parse);
        let timeout = reader.required("mpesa.timeout_ms", within);
        let connect_timeout = reader.required("mpesa.connect_timeout_ms", within);
        complete?;
        let needed = (consumer_key?, consumer_secret?, short_code?, passkey?);
        let (base_url, till, callbacks) = (base_url?, till?, callbacks?);
        let (timeout, connect_timeout) = (timeout?, connect_timeout?);
        let (Some(consumer_key), Some(consumer_secret), Some(short_code), Some(passkey)) = needed
        else {
            return Ok(None);
        };
        let own = Account { consumer_key, consumer_secret, short_code, till, passkey };
        let others = accounts::read(reader, &own)?;
        Ok(Some(Self { base_url, own, others, callbacks, timeout, connect_timeout }))
    }
}

/// Either nothing was said of an account, or all that it needs.
fn complete(reader: &mut Reader) -> Result<(), Reported> {
    let Some(told) = TELLING.into_iter().find(|key| reader.is_given(key)) else {
        return Ok(());
    };
    let mut whole = Ok(());
    for missing in NEEDED.into_iter().filter(|key| !reader.is_given(key)).collect::<Vec<_>>() {
        let key = super::keys::find(missing);
        let file = key.file_name().map(|name| format!(" (or set {name})")).unwrap_or_default();
        let message = format!("is missing, while {told} is set; write {}{file}", key.write);
        reader.problem(missing, message);
        whole = Err(Reported);
    }
    whole
}

/// So many milliseconds, at most `max`.
pub(super) fn duration_ms(text: &str, max: u64) -> Option<Duration> {
    let ms = text.parse().ok()?;
    (1..=max).contains(&ms).then(|| Duration::from_millis(ms))
}
