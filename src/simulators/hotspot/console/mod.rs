//! The terminal of the simulated router: it runs the scripts that we ship as RouterOS would, traps
//! included (`docs/reference/routeros.md`). It has only what those scripts use; anything else is an
//! error, so that no script passes by being ignored.

mod builtins;
mod check;
mod device;
mod eval;
mod parse;
mod rows;
mod value;

pub use device::{Arguments, Device, Row, ScriptError};
pub use eval::{Scope, run};
pub use value::{Value, read_time, write_time};

#[cfg(test)]
mod tests;
