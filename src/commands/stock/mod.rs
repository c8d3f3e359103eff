//! Codes: looked at, taken in, handed out, voided, fenced.

pub mod fence;
pub mod import_vouchers;
pub mod leave_stock;
