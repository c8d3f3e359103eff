//! What can be wished for, one file a verb. Each command decides purely from a
//! [`World`](crate::ledger::world::World); the store carries it out. Nothing here reads a clock or
//! a database, or calls anyone.

pub mod accept_history;
pub mod by;
pub mod catalogue;
pub mod change_key;
pub mod count_try;
#[cfg(test)]
mod every_answer;
pub mod expire_purchase;
pub mod fence;
pub mod forget_contact;
pub mod hear_router;
pub mod import_vouchers;
pub mod keep_checkpoint;
pub mod keep_inbox;
pub mod knock;
pub mod match_receipt;
pub mod mend_tables;
pub mod postpone;
pub mod queue_digest;
pub mod replace_voucher;
pub mod resend_message;
pub mod send_message;
pub mod serve_owed;
pub mod settle;
pub mod staff;
pub mod start_purchase;
pub mod stock;
pub mod submit_payment;
pub mod take_c2b;
pub mod take_news;
#[cfg(test)]
mod testing;
pub mod upload;
