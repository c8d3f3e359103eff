//! Routers: set up by the scripts that we ship, telling of codes.

pub mod codes;
pub mod harness;
pub mod install;
pub mod scripts;
pub mod terminal;
