//! Africa's Talking (`docs/reference/sms-gateways.md`): one form or JSON POST a message, delivery
//! reports as form POSTs. There is no idempotency key, so an answer that did not come leaves the
//! message *unknown*; whether to send it again is not decided here.

mod client;
mod settings;
mod wire;

pub use client::AfricasTalking;
pub use settings::{Api, Settings};
pub use wire::{read_answer, read_report};
