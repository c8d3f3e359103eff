//! What every stream is made of: ids, times, money, phone numbers, and the chain of hashes. Nothing
//! here knows what is sold.

pub mod chain;
pub mod fingerprint;
pub mod gsm;
pub mod id;
pub mod money;
pub mod phone;
pub mod stream;
pub mod time;
