//! Counts guesses at the last four digits of a paying number: a purchase allows five, and a restart
//! does not forget them.

use crate::ledger::{
    command::{Command, Decision, VaultWrite},
    kernel::{id::PurchaseId, time::Micros},
    needs::Need,
    refusal::Refusal,
    world::World,
};

/// How many tries a purchase has (design, rule 10).
pub const TRIES_MAX: i64 = 5;

/// Counts a guess before it is looked at.
#[derive(Debug, Clone)]
pub struct CountTry {
    pub purchase: PurchaseId,
}

/// The name under which the tries at a purchase are counted.
pub fn subject(purchase: PurchaseId) -> String {
    format!("unlock:{purchase}")
}

impl Command for CountTry {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Tries(subject(self.purchase))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        if world.tries(&subject(self.purchase)) >= TRIES_MAX {
            return Err(Refusal::TooManyTries);
        }
        Ok(Decision::default().keep([VaultWrite::Try { subject: subject(self.purchase) }]))
    }

    fn actor(&self) -> &'static str {
        "buyer"
    }
}
