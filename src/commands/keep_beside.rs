//! Writes that need no decision: they go beside the ledger as they are. The shop keeps each message
//! from outside before it decides about it, and only then tells the sender that it came.

use crate::ledger::{
    command::{Command, Decision, InboxRow, Postponed, VaultWrite},
    kernel::time::Micros,
    refusal::Refusal,
    world::World,
};

/// Keeps something beside the ledger. The default keeps nothing: it asks whether the writer still
/// carries out commands.
#[derive(Debug, Clone, Default)]
pub struct KeepBeside {
    pub vault: Vec<VaultWrite>,
    /// Work that a process looks at again later.
    pub postponed: Vec<Postponed>,
}

impl KeepBeside {
    /// Something in the vault.
    pub fn vault(writes: impl IntoIterator<Item = VaultWrite>) -> Self {
        Self { vault: writes.into_iter().collect(), postponed: vec![] }
    }

    /// A message from outside, as it came.
    pub fn inbox(row: InboxRow) -> Self {
        Self::vault([VaultWrite::Inbox(row)])
    }

    /// A piece of work is put off.
    pub fn postponed(work: Postponed) -> Self {
        Self { vault: vec![], postponed: vec![work] }
    }
}

impl Command for KeepBeside {
    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let Self { vault, postponed } = self.clone();
        Ok(Decision { vault, postponed, ..Decision::default() })
    }
}
