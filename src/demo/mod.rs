//! Simulators of the world outside, for `lango demo` and the tests. They keep books of their own,
//! so that Lango's can be compared with them, and misbehave on request as the real ones do.

pub mod console;
pub mod daraja;
pub mod gallery;
pub mod hotspot;
pub mod phone;
pub mod sms_gateway;
pub mod terminal;
pub mod walk;
pub mod world;
