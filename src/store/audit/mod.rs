//! Holds the ledger, and all that stands beside it, to what they must be.

pub(super) mod astray;
pub(super) mod beside;
pub(super) mod checkpoints;
pub(super) mod decisions;
pub(super) mod handed;
pub(super) mod history;
pub(super) mod rebuild;
pub(super) mod schema;
pub(super) mod verify;
