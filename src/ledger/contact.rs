//! Contacts: people and devices, known to the ledger by an id alone. Numbers and addresses are in
//! the vault, until a person is forgotten.

use crate::ledger::kernel::id::ContactId;
use serde::{Deserialize, Serialize};

/// What happens to a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum ContactEvent {
    /// Everything that says who this person is was erased from the vault, in this very commit.
    /// Its `once` is [`forgotten_once`].
    #[serde(rename = "contact_forgotten")]
    Forgotten {
        /// How many purchases were this person's.
        purchases: u32,
        /// How many messages went to this person.
        messages: u32,
        /// How many callbacks and reports named this person.
        callbacks: u32,
    },
}

/// The name under which the forgetting of a contact stands in the ledger.
pub fn forgotten_once(contact: ContactId) -> String {
    format!("forgotten:{contact}")
}
