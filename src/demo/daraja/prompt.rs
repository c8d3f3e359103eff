//! The nouns of the simulator: what a phone shows, what a buyer does with it, what the books and
//! the callbacks say of it.

use crate::ledger::time::Micros;
use serde::Serialize;
use std::fmt;

/// The name of the shop that the simulator pays, as prompts show it.
pub const SHOP_NAME: &str = "LANGO DEMO WI-FI";

/// A prompt on a fake phone.
#[derive(Clone, Serialize)]
pub struct Prompt {
    /// Its number in this simulator.
    pub id: u64,
    /// Daraja's id for it.
    pub checkout_request_id: String,
    /// Daraja's second id.
    pub merchant_request_id: String,
    /// The phone.
    pub msisdn: String,
    /// Whole shillings.
    pub amount_kes: i64,
    /// The account reference.
    pub reference: String,
    /// The description.
    pub description: String,
    /// The shop's name.
    pub shop: String,
    /// The paybill or till.
    pub receiver: String,
    /// What the phone shows, word for word.
    pub text: String,
    /// M-PESA's message after the payment.
    pub message: Option<String>,
    /// When it appeared, in µs since 1970.
    pub shown_at: Micros,
    /// What became of it.
    pub state: PromptState,
    /// Where the outcome is posted.
    pub callback_url: String,
    /// How many callbacks about it have been sent.
    pub callbacks_sent: u32,
}

/// What became of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum PromptState {
    /// The phone shows it.
    Waiting,
    /// The money moved.
    Paid {
        /// The proof number.
        receipt: String,
        /// When, in µs since 1970.
        at: Micros,
    },
    /// It ended without money, or never appeared.
    Ended {
        /// The result code, as text.
        code: String,
    },
}

/// One payment in the simulator's own books.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct BookEntry {
    /// The proof number.
    pub receipt: String,
    /// Whole shillings.
    pub amount_kes: i64,
    /// Who paid.
    pub msisdn: String,
    /// The account reference.
    pub reference: String,
    /// When, in µs since 1970.
    pub at: Micros,
}

/// What a buyer does with a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Enters the PIN.
    Pin,
    /// Enters a wrong one.
    WrongPin,
    /// Presses cancel.
    Cancel,
    /// Lets it pass.
    Ignore,
    /// Enters the PIN of an empty account.
    NoMoney,
}

/// A push that passed every check.
pub struct Push {
    /// The phone.
    pub msisdn: String,
    /// Whole shillings.
    pub amount_kes: i64,
    /// The account reference.
    pub reference: String,
    /// The description.
    pub description: String,
    /// Who is paid.
    pub receiver: String,
    /// Where the outcome is posted.
    pub callback_url: String,
    /// Whether type and receiver belong together; the real service finds out late, with 2028.
    pub assigned: bool,
}

/// A callback that waits to be sent.
#[derive(Debug, Clone)]
pub struct Due {
    /// The prompt it is about.
    pub prompt: u64,
    /// The outcome to tell: an earlier one stays true to its own time.
    pub outcome: PromptState,
}

/// Without the number, as everywhere: a demo's log may be shown to anybody.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Prompt");
        shown.field("id", &self.id).field("amount_kes", &self.amount_kes);
        shown.field("state", &self.state).finish_non_exhaustive()
    }
}

/// Without the number.
impl fmt::Debug for BookEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("BookEntry");
        shown.field("receipt", &self.receipt).field("amount_kes", &self.amount_kes);
        shown.field("reference", &self.reference).field("at", &self.at).finish_non_exhaustive()
    }
}
