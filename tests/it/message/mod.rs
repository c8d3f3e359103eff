//! SMS.

pub mod sms;
