//! Section `[secrets]`: where the keys of the vault are kept.

use super::reader::{Reader, Reported};
use std::path::PathBuf;

/// Where keys are kept.
#[derive(Debug)]
pub struct Secrets {
    /// The file with the key that wraps all others; made with an empty ledger, never again.
    pub master_key_file: PathBuf,
    /// The file that says how far the ledger has come, so that an older copy of it is noticed;
    /// beside the master key where nothing else is said.
    pub mark_file: PathBuf,
}

impl Secrets {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let master_key_file = reader.required("secrets.master_key_file", path);
        let mark_file = reader.optional("secrets.mark_file", path);
        let master_key_file = master_key_file?;
        let beside = || master_key_file.with_extension("mark");
        Ok(Self { mark_file: mark_file?.unwrap_or_else(beside), master_key_file })
    }
}
