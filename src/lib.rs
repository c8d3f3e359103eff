//! Lango sells Wi-Fi by M-PESA through a MikroTik hotspot. The map, inside out:
//!
//! - [`ledger`]: the rules, pure.
//! - [`ports`]: the traits behind which the world stands.
//! - [`commands`]: what can be wished for, decided purely.
//! - [`projections`]: read models as folders of SQL.
//! - [`store`]: ledger, vault and decision tables in one database.
//! - [`import`]: takes lists of codes into stock; [`uploads`]: those that were brought to the desk.
//! - [`stock`]: what people do with codes in stock: void them, hand them out on cards.
//! - [`catalogue`]: what an owner writes of sites and packages, read one way.
//! - [`desk`]: what needs a person, and what the person did about it.
//! - [`staff`]: who may sign in at the desk.
//! - [`backup`]: sealed copies of all that the store holds.
//! - [`forget`]: erases all that names a person.
//! - [`mark`]: how far the ledger has come, known outside it.
//! - [`context`]: what processes and pages both work with.
//! - [`processes`]: what watches the store, acts outside and records what came of it.
//! - [`mpesa`], [`sms`], [`routeros`]: the world's own languages, each in its folder;
//!   [`http_client`] is the one way out.
//! - [`phrases`]: every sentence that a buyer reads, in English and Swahili.
//! - [`web`]: what people see over HTTP.
//! - [`demo`]: simulators of the world, for `lango demo` and the tests.
//! - [`config`], [`telemetry`]: what the owner decided; what is logged.
//! - [`caught`]: keeps a panic from taking its neighbours with it.
//! - [`app`]: puts it all together; [`cli`] is its command line.

pub mod accent;
pub mod app;
pub mod backup;
pub mod catalogue;
pub mod caught;
pub mod cli;
pub mod commands;
pub mod config;
pub mod context;
pub mod demo;
pub mod desk;
pub mod forget;
pub mod http_client;
pub mod import;
pub mod kit;
pub mod ledger;
pub mod mark;
pub mod mpesa;
pub mod phrases;
pub mod ports;
pub mod processes;
pub mod projections;
pub mod routeros;
pub mod routers;
pub mod sms;
pub mod staff;
pub mod stock;
pub mod store;
pub mod telemetry;
pub mod uploads;
pub mod web;
