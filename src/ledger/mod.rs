//! The rules of the business, pure: no clock, no IO, no async. Nothing here knows the rest of the
//! program.

pub mod catalog;
pub mod chain;
pub mod checkpoint;
pub mod contact;
pub mod decision;
pub mod event;
pub mod gsm;
pub mod history;
pub mod id;
pub mod key;
pub mod message;
pub mod money;
pub mod payment;
pub mod phone;
pub mod purchase;
pub mod receipt;
pub mod refusal;
mod seen;
pub mod settlement;
pub mod staff;
pub mod stream;
pub mod time;
pub mod upcast;
pub mod usage;
pub mod voucher;
pub mod world;
