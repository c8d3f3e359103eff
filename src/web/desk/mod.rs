//! The desk: the staff's pages, on the staff's listener alone. [`visitor`] stands at the door,
//! [`rights`] says who may open what. What is done here is commands like any other, and the ledger
//! says whose hand it was.

pub mod catalogue;
mod chart;
mod frame;
pub mod home;
pub mod money;
mod render;
pub mod revenue;
mod rights;
pub mod router;
pub mod sale;
pub mod sign_in;
pub mod stock;
pub mod visitor;

pub use render::Desk;
