//! The rules of the business, pure: no clock, no IO, no async. Nothing here knows the rest of the
//! program.

pub mod accent;
pub mod catalogue;
pub mod checkpoint;
pub mod command;
pub mod contact;
pub mod event;
pub mod history;
pub mod kernel;
pub mod key;
pub mod message;
pub mod needs;
pub mod payment;
pub mod purchase;
pub mod receipt;
pub mod refusal;
pub mod settlement;
pub mod staff;
pub mod upcast;
pub mod usage;
pub mod voucher;
pub mod world;
