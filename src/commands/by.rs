//! The actor of a wish. The desk and the command line use the same commands, and the ledger records
//! whose hand it was.

use crate::ledger::{
    command::{Command, Decision},
    kernel::{id::StaffId, time::Micros},
    needs::Need,
    refusal::Refusal,
    world::World,
};

/// Whose hand it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    CommandLine,
    Router,
    Staff(StaffId),
}

impl By {
    /// The command, as wished by them.
    pub fn wish<C: Command>(self, command: C) -> Wish<C> {
        let actor = match self {
            Self::CommandLine => "cli".to_owned(),
            Self::Router => "router".to_owned(),
            Self::Staff(id) => format!("staff:{id}"),
        };
        Wish { command, actor }
    }
}

/// A command with the actor that its events name.
#[derive(Debug, Clone)]
pub struct Wish<C> {
    command: C,
    actor: String,
}

impl<C: Command> Command for Wish<C> {
    fn needs(&self, world: &World) -> Vec<Need> {
        self.command.needs(world)
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        self.command.decide(world, now)
    }

    fn actor(&self) -> &str {
        &self.actor
    }
}
