//! A RouterOS hotspot.

pub mod garden;
pub mod rsc;
pub mod sessions;
pub mod template;
pub mod users;
