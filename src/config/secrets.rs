//! Section `[secrets]`: where the keys of the vault are kept.

use super::{
    key::{Key, Kind},
    reader::{Reader, Reported},
};
use std::path::PathBuf;

pub(super) const KEYS: &[Key] = &[Key {
    name: "secrets.master_key_file",
    default: Some("lango.key"),
    kind: Kind::Plain,
    write: "the path of the master key's file",
}];

/// Where keys are kept.
#[derive(Debug)]
pub struct Secrets {
    /// The file with the key that wraps all others; made with an empty ledger, never again.
    pub master_key_file: PathBuf,
}

impl Secrets {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        Ok(Self { master_key_file: reader.required("secrets.master_key_file", path)? })
    }
}
