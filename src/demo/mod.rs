//! Simulators of the world outside, for the demonstration and the tests. They misbehave as the
//! real ones do, and keep books of their own that can be compared with the ledger's.

pub mod sms_gateway;
//! Simulators of the world outside, for `lango demo` and for the tests. They keep their own books,
//! so that Lango's can be compared with them, and misbehave on request as the real ones do.
pub mod daraja;
