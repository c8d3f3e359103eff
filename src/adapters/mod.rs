//! The world's own languages, each in its folder; [`http`] is the one way out.

pub mod http;
pub mod mpesa;
pub mod routeros;
pub mod sms;
