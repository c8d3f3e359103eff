//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`demo`]: simulators of the world outside.
//! - [`http_client`]: the one way out to other people's HTTP servers.
//! - [`ledger`]: the rules, pure.
//! - [`commands`]: what can be wished for, decided purely.
//! - [`store`]: ledger, vault and decision tables in one database.
//! - [`ports`]: the traits behind which the world stands.
//! - [`routeros`]: what the router writes and reads.
//! - [`web`]: what people see over HTTP.

pub mod commands;
//! - [`mpesa`]: payments, through Safaricom's Daraja.
//! - [`demo`]: simulators of the world, as ill-behaved as the real one.
pub mod demo;
pub mod ledger;
pub mod mpesa;
pub mod ports;
pub mod routeros;
pub mod store;
//! - [`sms`]: SMS gateways, and what a text's length costs.
pub mod demo;
pub mod http_client;
pub mod sms;
pub mod web;
