//! The owner goes on with a history that is not the remembered one.

use crate::ledger::{
    catalogue::ShopEvent,
    command::{Command, Decision, Need},
    event::{Event, NewEvent},
    history::Acceptance,
    kernel::{stream::Stream, time::Micros},
    refusal::Refusal,
    world::World,
};

/// Records the owner's word.
#[derive(Debug, Clone, Copy)]
pub struct AcceptHistory(pub Acceptance);

impl Command for AcceptHistory {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Shop)]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let accepted = Event::Shop(ShopEvent::HistoryAccepted(self.0));
        Ok(Decision::events(vec![NewEvent::alone(Stream::Shop, accepted)]))
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}
