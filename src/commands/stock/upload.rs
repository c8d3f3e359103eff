//! A file of codes is looked at before it is taken into stock. None of this is history: the ledger
//! begins to speak of a file when it becomes a batch.

use crate::ledger::{
    command::{Command, Decision, Fingerprint, Need, Note, UploadWrite, VaultWrite},
    kernel::{
        id::{BatchId, Slug, StaffId},
        time::Micros,
    },
    refusal::Refusal,
    world::World,
};

/// Keeps a file for somebody to look at.
#[derive(Debug, Clone)]
pub struct KeepUpload {
    pub batch: BatchId,
    pub site: Slug,
    pub staff: StaffId,
    /// What the file is called, sealed.
    pub name: Vec<u8>,
    /// Its bytes, sealed.
    pub sealed: Vec<u8>,
    pub proof: Fingerprint,
}

impl Command for KeepUpload {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let name = VaultWrite::Note { note: Note::Batch(self.batch), sealed: self.name.clone() };
        let file = UploadWrite::Kept {
            batch: self.batch,
            site: self.site.clone(),
            staff: self.staff,
            sealed: self.sealed.clone(),
            proof: self.proof,
        };
        Ok(Decision::default().keep([name, VaultWrite::Upload(file)]))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}

/// Says what becomes of a file.
#[derive(Debug, Clone)]
pub struct DecideUpload(pub UploadWrite);

impl Command for DecideUpload {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        Ok(Decision::default().keep([VaultWrite::Upload(self.0.clone())]))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}
