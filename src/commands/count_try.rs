//! Guessing at the last four digits of a paying number: five tries a purchase, counted where a
//! restart does not forget them.

use crate::ledger::{
    decision::{Command, Decision, Need, VaultWrite},
    id::PurchaseId,
    refusal::Refusal,
    time::Micros,
    world::World,
};

/// How many tries a purchase has (design, rule 10).
pub const TRIES_MAX: i64 = 5;

/// Counts a guess before it is looked at.
#[derive(Debug, Clone)]
pub struct CountTry {
    /// At which purchase.
    pub purchase: PurchaseId,
}

impl CountTry {
    fn subject(&self) -> String {
        format!("unlock:{}", self.purchase)
    }
}

impl Command for CountTry {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Tries(self.subject())]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        if world.tries(&self.subject()) >= TRIES_MAX {
            return Err(Refusal::TooManyTries);
        }
        Ok(Decision::default().keep([VaultWrite::Try { subject: self.subject() }]))
    }

    fn actor(&self) -> &str {
        "buyer"
    }
}
