//! Checks the ledger, the tables beside it, and the schema.

pub(super) mod astray;
pub(super) mod beside;
pub(super) mod checkpoints;
pub(super) mod decisions;
pub(super) mod handed;
pub(super) mod history;
pub(super) mod rebuild;
pub(super) mod schema;
pub(super) mod verify;
