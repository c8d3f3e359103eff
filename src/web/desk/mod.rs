//! The desk: the staff's pages, on the staff's listener alone. [`staff`] is the door and the table
//! of rights. Each action is a command, and the ledger names the person who gave it.

pub mod catalogue;
mod chart;
mod frame;
pub mod home;
pub mod money;
mod notice;
pub mod revenue;
pub mod router;
pub mod sale;
pub mod staff;
pub mod stock;
pub mod templates;
