//! Changes to the books themselves, such as another key. The ledger records each. The event also
//! moves the end of the ledger, so that no instance goes on with what it read before.

use crate::ledger::{
    catalogue::ShopEvent,
    command::{Command, Decision},
    event::{Event, NewEvent},
    history::Acceptance,
    kernel::{stream::Stream, time::Micros},
    key::{KeyPurpose, Succession},
    needs::Need,
    refusal::Refusal,
    world::World,
};

/// Records what is done.
#[derive(Debug, Clone)]
pub enum MindBooks {
    /// The owner goes on with a history that is not the remembered one.
    AcceptHistory(Acceptance),
    /// One of the vault's keys is changed for another.
    ChangeKey {
        /// What the key is for.
        purpose: KeyPurpose,
        /// Of the key that signs: which follows which.
        succession: Option<Succession>,
    },
    /// Tables beside the ledger said something else than it, and are written anew from it.
    MendTables(Vec<String>),
}

impl Command for MindBooks {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Shop)]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let event = match self.clone() {
            Self::AcceptHistory(acceptance) => ShopEvent::HistoryAccepted(acceptance),
            Self::ChangeKey { purpose, succession } => {
                ShopEvent::KeyChanged { purpose, succession }
            }
            Self::MendTables(tables) => ShopEvent::TablesMended { tables },
        };
        Ok(Decision::events(vec![NewEvent::alone(Stream::Shop, Event::Shop(event))]))
    }
}
