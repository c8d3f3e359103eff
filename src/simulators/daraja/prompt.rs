//! The simulator's nouns: prompts and what buyers do with them, books, payouts, registrations and
//! callbacks.

use crate::ledger::kernel::time::Micros;
use serde::Serialize;
use std::fmt;

/// The name of the shop that the simulator pays, as prompts show it.
pub const SHOP_NAME: &str = "LANGO DEMO WI-FI";

/// A prompt on a fake phone.
#[derive(Clone, Serialize)]
pub struct Prompt {
    pub id: u64,
    pub checkout_request_id: String,
    /// Daraja's second id.
    pub merchant_request_id: String,
    pub msisdn: String,
    pub amount_kes: i64,
    pub reference: String,
    pub description: String,
    pub shop: String,
    /// The short code that asked for it.
    pub signed_by: &'static str,
    pub receiver: String,
    pub text: String,
    pub message: Option<String>,
    pub shown_at: Micros,
    pub state: PromptState,
    pub callback_url: String,
    pub callbacks_sent: u32,
}

/// What became of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum PromptState {
    Waiting,
    Paid { receipt: String, at: Micros },
    Ended { code: String },
}

/// One payment to the shop in the simulator's own books.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct BookEntry {
    pub receipt: String,
    pub amount_kes: i64,
    pub msisdn: String,
    /// The account reference; what the payer typed, where it was paid by hand.
    pub reference: String,
    pub receiver: String,
    /// The prompt's second id; empty where it was paid by hand.
    pub conversation: String,
    /// What the shop's answer to the validation gave back.
    pub third_party: String,
    /// The reversal's proof number, where the money went back.
    pub reversed_by: Option<String>,
    pub at: Micros,
}

/// One payment from the shop to a phone.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Payout {
    pub receipt: String,
    pub amount_kes: i64,
    pub msisdn: String,
    pub at: Micros,
}

/// What was registered for the shop's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// 1 or 2: how the payer's number is hidden.
    pub version: u8,
    /// Whether money comes while nobody answers the validation.
    pub completes: bool,
    /// Where money that came is told.
    pub confirmation: String,
    /// Where it is asked whether money may come.
    pub validation: String,
}

/// What a buyer does with a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Pin,
    WrongPin,
    Cancel,
    Ignore,
    /// Enters the PIN of an empty account.
    NoMoney,
}

/// A push that passed every check.
pub struct Push {
    pub msisdn: String,
    pub amount_kes: i64,
    pub reference: String,
    pub description: String,
    pub signed_by: &'static str,
    pub receiver: String,
    pub callback_url: String,
    /// Whether type and receiver belong together; the real service finds out late, with 2028.
    pub assigned: bool,
}

/// A callback that waits to be sent.
#[derive(Debug, Clone)]
pub enum Due {
    Prompt {
        prompt: u64,
        /// The outcome to tell: an earlier one stays true to its own time.
        outcome: PromptState,
    },
    /// Money on the shop's number, by its proof number.
    C2b(String),
    /// What came of a request by the shop's initiator.
    Result { url: String, body: String },
}

/// Without the number, as everywhere: a demo's log may be shown to anybody.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Prompt");
        shown.field("id", &self.id).field("amount_kes", &self.amount_kes);
        shown.field("state", &self.state).finish_non_exhaustive()
    }
}

impl fmt::Debug for Payout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Payout");
        shown.field("receipt", &self.receipt).field("amount_kes", &self.amount_kes);
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for BookEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("BookEntry");
        shown.field("receipt", &self.receipt).field("amount_kes", &self.amount_kes);
        shown.field("reference", &self.reference).field("at", &self.at).finish_non_exhaustive()
    }
}
