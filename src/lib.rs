//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`ledger`]: the rules, pure.
//! - [`ports`]: the traits behind which the world stands.
//! - [`mpesa`]: payments, through Safaricom's Daraja.
//! - [`demo`]: simulators of the world, as ill-behaved as the real one.

pub mod demo;
pub mod ledger;
pub mod mpesa;
pub mod ports;
