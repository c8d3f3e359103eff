//! Codes come in, are held, handed out and voided.

pub mod import;
pub mod two_sites;
pub mod uploads_and_cards;
