//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`ledger`]: the rules, pure.
//! - [`commands`]: what can be wished for, decided purely.
//! - [`config`]: what the owner configured, checked.
//! - [`ports`]: the traits behind which the world stands.
//! - [`telemetry`]: what is logged, and how it looks.

pub mod commands;
pub mod config;
pub mod ledger;
pub mod ports;
pub mod telemetry;
