//! What both kinds of pages share: drawing them, cookies, and answers to what went wrong.

pub(super) mod cookies;
pub(super) mod error;
pub mod render;
