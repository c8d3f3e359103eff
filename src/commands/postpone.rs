//! A process looks at its work again later.

use crate::ledger::{
    command::{Command, Decision, Need, Postponed},
    kernel::time::Micros,
    refusal::Refusal,
    world::World,
};

/// Puts a piece of work off.
#[derive(Debug, Clone)]
pub struct Postpone {
    pub work: Postponed,
}

impl Command for Postpone {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        Ok(Decision { postponed: vec![self.work.clone()], ..Decision::default() })
    }

    fn actor(&self) -> &'static str {
        "process"
    }
}
