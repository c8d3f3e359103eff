//! Simulators of the outside world, as honest as the facts about it: tests and `lango demo` run
//! against them.

pub mod hotspot;
