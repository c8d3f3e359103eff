//! What comes from outside is kept before anything is decided about it, and stays kept whatever
//! happens next. Only then is the sender told that it arrived.

use crate::ledger::{
    command::{Command, Decision, InboxRow, Need, VaultWrite},
    kernel::time::Micros,
    refusal::Refusal,
    world::World,
};

/// Keeps one message from outside.
#[derive(Debug, Clone)]
pub struct KeepInbox {
    pub row: InboxRow,
}

impl Command for KeepInbox {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        Ok(Decision::default().keep([VaultWrite::Inbox(self.row.clone())]))
    }

    fn actor(&self) -> &'static str {
        "provider:callback"
    }
}

/// Marks a row of the inbox as leading to nothing.
#[derive(Debug, Clone)]
pub struct IgnoreInbox {
    pub row: i64,
}

impl Command for IgnoreInbox {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let ignored = VaultWrite::InboxDecided { row: self.row, outcome: "ignored" };
        Ok(Decision::default().keep([ignored]))
    }

    fn actor(&self) -> &'static str {
        "process:read_inbox"
    }
}
