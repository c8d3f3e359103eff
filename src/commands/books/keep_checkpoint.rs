//! Keeps a signed checkpoint beside the ledger. It is no event: it says of the ledger what the
//! ledger says already, and only proves when.

use crate::ledger::{
    checkpoint::SignedCheckpoint,
    command::{Command, Decision, Need, VaultWrite},
    kernel::time::Micros,
    refusal::Refusal,
    world::World,
};

/// Keeps a checkpoint; one of the same position is kept already.
#[derive(Debug, Clone, Copy)]
pub struct KeepCheckpoint(pub SignedCheckpoint);

impl Command for KeepCheckpoint {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        Ok(Decision::default().keep([VaultWrite::Checkpoint(self.0)]))
    }

    fn actor(&self) -> &'static str {
        "process:checkpoint"
    }
}
