//! Simulators of the world outside, for `lango demo` and for the tests. They keep their own books,
//! so that Lango's can be compared with them, and misbehave on request as the real ones do.

pub mod daraja;
