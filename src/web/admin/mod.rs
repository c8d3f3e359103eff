//! The desk: the staff's pages, on the staff's listener alone. [`visitor`] stands at the door,
//! [`rights`] says who may open what. What is done here is commands like any other, and the ledger
//! says whose hand it was.

mod chart;
mod frame;
pub mod home;
pub mod money;
pub mod packages;
mod render;
pub mod revenue;
mod rights;
pub mod routers;
pub mod sale;
pub mod sales;
pub mod sign_in;
pub mod stock;
pub mod visitor;

pub use render::Desk;
