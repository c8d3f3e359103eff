//! One of the vault's keys is changed for another: history says so, and of the key that signs also
//! which follows which.

use crate::ledger::{
    catalogue::ShopEvent,
    command::{Command, Decision, Need},
    event::{Event, NewEvent},
    kernel::{stream::Stream, time::Micros},
    key::{KeyPurpose, Succession},
    refusal::Refusal,
    world::World,
};

/// Changes a key.
#[derive(Debug, Clone, Copy)]
pub struct ChangeKey {
    pub purpose: KeyPurpose,
    /// Of the key that signs: which follows which.
    pub succession: Option<Succession>,
}

impl Command for ChangeKey {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Shop)]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let &Self { purpose, succession } = self;
        let changed = ShopEvent::KeyChanged { purpose, succession };
        Ok(Decision::events(vec![NewEvent::alone(Stream::Shop, Event::Shop(changed))]))
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}
