//! The rules of the business, pure: no clock, no IO, no async. Nothing here knows the rest of the
//! program.

pub mod id;
pub mod money;
pub mod phone;
pub mod time;
