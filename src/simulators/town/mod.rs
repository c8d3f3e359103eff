//! A whole small town around a shop, for `lango demo`: M-PESA, SMS, a router, phones.

pub mod gallery;
pub mod phone;
pub mod terminal;
pub mod walk;
pub mod world;
