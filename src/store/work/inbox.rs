//! What comes from outside, as the vault keeps it.

use serde::{Deserialize, Serialize};

/// A payment's callback.
pub const SOURCE_PAYMENT: &str = "payment";

/// A provider's message about money on the shop's number.
pub const SOURCE_C2B: &str = "c2b";

/// The subject of a C2B message about money that came.
pub const C2B_CONFIRMATION: &str = "confirmation";

/// The subject of a C2B message that asks whether money may come: nothing has moved yet.
pub const C2B_VALIDATION: &str = "validation";

/// An SMS gateway's delivery report.
pub const SOURCE_REPORT: &str = "report";

/// A message from outside as it came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawMessage {
    /// What the sender called the body.
    pub content_type: String,
    /// The sender's address; a hint for people, never a proof.
    pub from: String,
    pub body: Vec<u8>,
}

impl RawMessage {
    /// The context under which it is sealed.
    pub fn context(source: &str, subject: &str) -> String {
        format!("inbox:{source}:{subject}")
    }
}
