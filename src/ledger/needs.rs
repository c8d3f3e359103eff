//! What a command asks to see before it decides. The writer reads the needs of a whole batch at
//! once, one statement for each sort.

use super::kernel::{
    fingerprint::Fingerprint,
    id::{ContactId, PackageKey},
    stream::Stream,
};

/// Something to be read before a command can be decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// All events of a stream.
    Stream(Stream),
    /// Whether a `once` name stands, and on which stream.
    Once(String),
    /// Free codes of a package, and how many are free, held and owed.
    Stock(PackageKey),
    /// The open purchase of a phone or device.
    Open(ContactId),
    /// The prompts sent to a phone in the last hour.
    Prompts(ContactId),
    /// The phone or device of a fingerprint.
    Contact(Fingerprint),
    /// The vouchers of a code, at whichever sites, by its
    /// [`CodeRow::shop_wide`](super::command::CodeRow::shop_wide).
    Code(Fingerprint),
    /// How often something was guessed at.
    Tries(String),
}
