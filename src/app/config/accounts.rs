//! `[[mpesa.account]]`: paybills and tills beside the shop's, so that each site may be paid by its
//! own. The list stands in the file alone.

use super::{
    given::ACCOUNTS,
    key::Origin,
    reader::{Reader, Reported},
    show::{REDACTED, Row},
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::fs;

/// The keys of an entry; those that hold a secret may end in `_file` and name a file.
pub(super) const PLAIN: [&str; 2] = ["short_code", "till"];
pub(super) const SECRET: [&str; 3] = ["consumer_key", "consumer_secret", "passkey"];

/// A Daraja account: who may ask for money, and for whom.
#[derive(Debug, Clone)]
pub struct Account {
    pub consumer_key: SecretString,
    pub consumer_secret: SecretString,
    /// The paybill number; for a till its store (head-office) number.
    pub short_code: String,
    /// The till number, where money goes to a till.
    pub till: Option<String>,
    /// The passkey of going live.
    pub passkey: SecretString,
}

impl Account {
    /// Who gets the money: the till where there is one.
    pub fn receiver(&self) -> &str {
        self.till.as_deref().unwrap_or(&self.short_code)
    }
}

/// The entries beside the shop's `own` account, whose app they use where they name none.
pub(super) fn read(reader: &mut Reader, own: &Account) -> Result<Vec<Account>, Reported> {
    let origin = reader.origin(ACCOUNTS).unwrap_or(Origin::Default);
    let mut accounts: Vec<Account> = vec![];
    let mut whole = Ok(());
    for (index, entry) in reader.list(ACCOUNTS)?.into_iter().enumerate() {
        let taken = |number: &str| {
            own.receiver() == number || accounts.iter().any(|known| known.receiver() == number)
        };
        let account = account(&entry, own).and_then(|account| match account.receiver() {
            number if taken(number) => Err(format!("is a second one for {number}; keep one")),
            _ => Ok(account),
        });
        match account {
            Ok(account) => {
                show(&entry, account.receiver(), &origin, reader);
                accounts.push(account);
            }
            Err(message) => {
                reader.problem(&format!("{ACCOUNTS}[{index}]"), message);
                whole = Err(Reported);
            }
        }
    }
    whole.map(|()| accounts)
}

fn account(entry: &Value, own: &Account) -> Result<Account, String> {
    let Value::Object(entry) = entry else {
        return Err(format!("is not a table; write [[{ACCOUNTS}]] above its keys"));
    };
    if let Some(unknown) = entry.keys().find(|key| !is_known(key)) {
        let all = [PLAIN.as_slice(), &SECRET].concat().join(", ");
        return Err(format!("has the unknown key {unknown}; write {all} or …_file of a secret"));
    }
    let short_code = number(entry, "short_code", 7)?;
    let short_code = short_code.ok_or_else(|| {
        "has no short_code; write the paybill number, or the store number of a till".to_owned()
    })?;
    let passkey = secret(entry, "passkey")?;
    let passkey = passkey
        .ok_or("has no passkey; write the passkey that Safaricom mailed, or passkey_file")?;
    let (consumer_key, consumer_secret) =
        match (secret(entry, "consumer_key")?, secret(entry, "consumer_secret")?) {
            (Some(key), Some(secret)) => (key, secret),
            (None, None) => (own.consumer_key.clone(), own.consumer_secret.clone()),
            _ => {
                let message = "has half an app; write consumer_key and consumer_secret, or neither \
                               where it is of the shop's app";
                return Err(message.to_owned());
            }
        };
    let till = number(entry, "till", 8)?;
    Ok(Account { consumer_key, consumer_secret, short_code, till, passkey })
}

fn is_known(key: &str) -> bool {
    PLAIN.contains(&key) || SECRET.contains(&key.strip_suffix("_file").unwrap_or(key))
}

/// Digits, which may be written bare or in quotes.
fn number(entry: &Map<String, Value>, key: &str, most: usize) -> Result<Option<String>, String> {
    let text = match entry.get(key) {
        None => return Ok(None),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => String::new(),
    };
    let read = digits(&text, most);
    read.map(Some).ok_or_else(|| format!("has a {key} that does not fit; write 5 to {most} digits"))
}

/// A secret, or what stands in the file that `…_file` names.
fn secret(entry: &Map<String, Value>, key: &str) -> Result<Option<SecretString>, String> {
    let in_file = format!("{key}_file");
    let text = match (entry.get(key), entry.get(&in_file)) {
        (None, None) => return Ok(None),
        (Some(Value::String(text)), None) => text.clone(),
        (None, Some(Value::String(path))) => {
            let text = fs::read_to_string(path);
            let text = text.map_err(|error| format!("{in_file}: `{path}` cannot be read: {error}"));
            text?.trim_end_matches(['\r', '\n']).to_owned()
        }
        (Some(_), Some(_)) => return Err(format!("has {key} and {in_file}; keep one of the two")),
        _ => return Err(format!("has a {key} that is not text; write it in quotes")),
    };
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(format!("has a {key} that does not fit; write it without spaces"));
    }
    Ok(Some(SecretString::from(text)))
}

fn show(entry: &Value, receiver: &str, origin: &Origin, reader: &mut Reader) {
    for (key, value) in entry.as_object().into_iter().flatten() {
        let value = match value {
            _ if SECRET.contains(&key.as_str()) => REDACTED.to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let key = format!("{ACCOUNTS}.{receiver}.{key}");
        reader.row(Row { key, value: Some(value), origin: origin.clone() });
    }
}

pub(super) fn digits(text: &str, most: usize) -> Option<String> {
    let fits = (5..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}
