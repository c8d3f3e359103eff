//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`ledger`]: the rules, pure.
//! - [`ports`]: the traits behind which the world stands.
//! - [`phrases`]: every sentence that a buyer reads, in English and Swahili.
//! - [`commands`]: what can be wished for, decided purely, by noun.
//! - [`store`]: ledger, vault, decision tables and projections in one database, behind one writer.
//! - [`adapters`]: M-PESA, SMS gateways, RouterOS, each in its own language.
//! - [`services`]: what owner, staff and routers have done, over the store, by noun.
//! - [`processes`]: watch the store, act outside, and record what came of it.
//! - [`web`]: what people see over HTTP.
//! - [`app`]: configuration, logs, and putting the parts together.
//! - [`cli`]: the command line.
//! - [`simulators`]: M-PESA, SMS gateways, a router and a town around them, for `lango demo` and
//!   the tests.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod commands;
pub mod ledger;
pub mod phrases;
pub mod ports;
pub mod processes;
pub mod services;
#[cfg(feature = "simulators")]
pub mod simulators;
pub mod store;
pub mod web;
