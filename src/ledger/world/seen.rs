//! Values that a [`World`](crate::ledger::world::World) holds beside the states of its streams.

use crate::ledger::kernel::{
    id::{PaymentId, VoucherId},
    money::Cents,
    time::Micros,
};
use std::collections::VecDeque;

/// The stock of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Free vouchers, oldest first; as many as the batch can need.
    pub free: VecDeque<VoucherId>,
    pub free_count: i64,
    pub held_count: i64,
    /// How many buyers are owed one.
    pub owed_count: i64,
}

impl Stock {
    /// Whether the list names all free vouchers, or as many as `commands` can need.
    pub(in crate::ledger) fn lists(&self, commands: usize) -> bool {
        self.is_whole() || self.free.len() >= commands
    }

    pub(in crate::ledger) fn is_whole(&self) -> bool {
        usize::try_from(self.free_count).is_ok_and(|count| count == self.free.len())
    }
}

/// A prompt that may have reached a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptSeen {
    pub payment: PaymentId,
    pub at: Micros,
    pub amount: Cents,
}

/// Events that cannot follow what was recorded: a bug, or a ledger from another program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event of kind {kind} cannot follow version {version} of {stream}")]
pub struct Illegal {
    pub stream: String,
    pub version: i64,
    pub kind: String,
}
