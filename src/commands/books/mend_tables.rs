//! Tables beside the ledger said something else than it, and are written anew from it: history says
//! so. The event also moves the end of the ledger, so that no instance goes on with what it read.

use crate::ledger::{
    catalogue::ShopEvent,
    command::{Command, Decision, Need},
    event::{Event, NewEvent},
    kernel::{stream::Stream, time::Micros},
    refusal::Refusal,
    world::World,
};

/// Notes that tables were written anew.
#[derive(Debug, Clone)]
pub struct MendTables {
    pub tables: Vec<String>,
}

impl Command for MendTables {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Shop)]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let mended = ShopEvent::TablesMended { tables: self.tables.clone() };
        Ok(Decision::events(vec![NewEvent::alone(Stream::Shop, Event::Shop(mended))]))
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}
