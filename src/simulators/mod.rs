//! Simulators of the world outside, for `lango demo` and the tests. They keep books of their own,
//! so that Lango's can be compared with them, and misbehave on request as the real ones do.

pub mod daraja;
pub mod hotspot;
pub mod sms_gateway;
pub mod town;
