//! A key of the configuration: its name, what may be written, what holds when nothing is.

use std::{fmt, path::PathBuf};

/// One key. The tables of these are the only list of what can be configured.
#[derive(Debug)]
pub(super) struct Key {
    /// Section and name: `http.listen`.
    pub name: &'static str,
    /// What holds when nothing is written; `None` where nothing is a fine answer.
    pub default: Option<&'static str>,
    /// What of it may be shown.
    pub kind: Kind,
    /// What to write; ends the sentence "write …".
    pub write: &'static str,
}

/// What of a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All of it.
    Plain,
    /// An address in which a password may stand: all but that.
    Address,
    /// Nothing.
    Secret,
}

impl Key {
    /// The key that names a file to read this one from, where it may hold a secret.
    pub fn file_name(&self) -> Option<String> {
        (self.kind != Kind::Plain).then(|| format!("{}_file", self.name))
    }
}

/// Every key, section after section, in the order of the documents. The lists `sms.gateway` and
/// `mpesa.account` are apart.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    [
        super::database::KEYS,
        super::http::KEYS,
        super::admin::KEYS,
        super::secrets::KEYS,
        super::shop::KEYS,
        super::mpesa::KEYS,
        super::backup::KEYS,
        super::log::KEYS,
    ]
    .into_iter()
    .flatten()
}

/// Every name that may be written, `…_file` names included.
pub(super) fn names() -> Vec<String> {
    all().flat_map(|key| [Some(key.name.to_owned()), key.file_name()]).flatten().collect()
}

/// The key of that name; a bug in a section's file when there is none.
pub(super) fn find(name: &str) -> &'static Key {
    all().find(|key| key.name == name).expect("the section's table has every key that it reads")
}

/// The environment's name for a key: `LANGO_HTTP__LISTEN` for `http.listen`.
pub(super) fn environment_name(key: &str) -> String {
    format!("LANGO_{}", key.to_uppercase().replacen('.', "__", 1))
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The configuration file at this path.
    File(String),
    /// The environment, under this name.
    Environment(String),
    /// This flag.
    Flag(String),
    /// A file named by the key's `…_file`.
    SecretFile(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::SecretFile(path) => write!(f, "secret file {}", path.display()),
        }
    }
}

/// The known name that looks most like `typed`, if one looks like it at all.
pub(super) fn nearest<'a>(typed: &str, known: &'a [String]) -> Option<&'a str> {
    let close = typed.len() / 4 + 1;
    known
        .iter()
        .map(|name| (distance(typed, name), name.as_str()))
        .filter(|(distance, _)| *distance <= close)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_key() {
        let known = names();
        assert_eq!(nearest("mpesa.pass_key", &known), Some("mpesa.passkey"));
        assert_eq!(nearest("http.lisen", &known), Some("http.listen"));
        assert_eq!(nearest("colour", &known), None);
    }

    #[test]
    fn only_what_may_hold_a_secret_has_a_file() {
        let known = names();
        assert!(known.contains(&"mpesa.passkey_file".to_owned()));
        assert!(known.contains(&"database.url_file".to_owned()));
        assert!(!known.contains(&"http.listen_file".to_owned()));
    }
}
