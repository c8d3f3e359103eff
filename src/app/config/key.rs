//! A key of the configuration: its name, its default, and the values that it takes.

use std::{fmt, path::PathBuf};

/// One key. [`keys`](super::keys) lists them all.
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
    Plain,
    /// An address in which a password may stand: all but that.
    Address,
    Secret,
}

impl Key {
    /// One whose value may be shown.
    pub const fn plain(name: &'static str, write: &'static str) -> Self {
        Self { name, write, default: None, kind: Kind::Plain }
    }

    /// An address in which a password may stand.
    pub const fn address(name: &'static str, write: &'static str) -> Self {
        Self { kind: Kind::Address, ..Self::plain(name, write) }
    }

    /// One whose value is never shown.
    pub const fn secret(name: &'static str, write: &'static str) -> Self {
        Self { kind: Kind::Secret, ..Self::plain(name, write) }
    }

    /// The same key with a default.
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The key that names a file to read this one from, where it may hold a secret.
    pub fn file_name(&self) -> Option<String> {
        (self.kind != Kind::Plain).then(|| format!("{}_file", self.name))
    }
}

/// The environment's name for a key: `LANGO_HTTP__LISTEN` for `http.listen`.
pub(super) fn environment_name(key: &str) -> String {
    format!("LANGO_{}", key.to_uppercase().replacen('.', "__", 1))
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// The configuration file at this path.
    File(String),
    /// The environment, under this name.
    Environment(String),
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
