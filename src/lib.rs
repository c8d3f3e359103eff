//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`ledger`]: the rules, pure.
//! - [`ports`]: the traits behind which the world stands.
//! - [`web`]: what people see over HTTP.

pub mod ledger;
pub mod ports;
pub mod web;
