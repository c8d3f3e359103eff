//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`demo`]: simulators of the world outside.
//! - [`http_client`]: the one way out to other people's HTTP servers.
//! - [`ledger`]: the rules, pure.
//! - [`ports`]: the traits behind which the world stands.
//! - [`sms`]: SMS gateways, and what a text's length costs.

pub mod demo;
pub mod http_client;
pub mod ledger;
pub mod ports;
pub mod sms;
