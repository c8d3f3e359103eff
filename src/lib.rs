//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`ledger`]: the rules, pure.
//! - [`ports`]: the traits behind which the world stands.
//! - [`routeros`]: the router's pages, and the way back to its login.
//! - [`demo`]: simulators of the outside world.

pub mod demo;
pub mod ledger;
pub mod ports;
pub mod routeros;
