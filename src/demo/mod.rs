//! Simulators of the world outside, for the demonstration and the tests. They misbehave as the
//! real ones do, and keep books of their own that can be compared with the ledger's.

pub mod sms_gateway;
