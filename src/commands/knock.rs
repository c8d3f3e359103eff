//! Asks whether the writer still carries out commands.

use crate::ledger::{
    command::{Command, Decision, Need},
    kernel::time::Micros,
    refusal::Refusal,
    world::World,
};

/// Needs nothing and leaves nothing behind.
#[derive(Debug, Clone, Copy)]
pub struct Knock;

impl Command for Knock {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        Ok(Decision::default())
    }

    fn actor(&self) -> &'static str {
        "system"
    }
}
