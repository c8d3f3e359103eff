//! Compares the ledger with the history that the shop remembers; where they differ, the owner
//! decides.
//!
//! The chain of hashes has no key: whoever can write the database can hash a changed history anew.
//! So the shop signs only what continues from what it remembers. Where it does not, nobody but the
//! owner can say which history is the true one, and what the owner says is signed and recorded.

use super::key::{Signature, Signers};
use crate::ledger::kernel::chain::Hash;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names the layout that is signed; another layout gets another name.
const ACCEPTANCE_VERSION: &[u8] = b"lango.acceptance.1\0";

/// What remembers the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    Memory,
    /// The chain of hashes itself.
    Chain,
    /// The mark: the file outside the database.
    Mark,
    /// A signed checkpoint beside the ledger.
    Checkpoint,
    /// A checkpoint that a person kept.
    Person,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "the running shop",
            Self::Chain => "the chain",
            Self::Mark => "the mark outside the database",
            Self::Checkpoint => "a signed checkpoint",
            Self::Person => "the checkpoint that you kept",
        })
    }
}

/// The ledger does not continue from what is remembered of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    pub witness: Witness,
    /// The event that is remembered otherwise, or is missing.
    pub position: i64,
    /// The last event when this was found.
    pub last: i64,
}

impl Doubt {
    /// Whether events are missing at the end: it was cut off, or an older copy was put in place.
    pub const fn is_cut_off(&self) -> bool {
        self.position > self.last
    }

    /// Whether the chain is broken. Such a history cannot be accepted: no copy of it would come
    /// back.
    pub fn is_broken(&self) -> bool {
        self.witness == Witness::Chain
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { witness, position, last } = self;
        if self.is_cut_off() {
            write!(
                f,
                "the ledger ends at event {last}, and {witness} knows event {position}: it was \
                 cut off, or an older copy was put in its place"
            )
        } else if *witness == Witness::Chain {
            write!(
                f,
                "event {position} does not follow from the one before it: something was altered, \
                 inserted or removed"
            )
        } else {
            write!(
                f,
                "event {position} is not the one that {witness} knows: the history was rewritten"
            )
        }
    }
}

/// The owner's word that a history which is not the remembered one is to be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The furthest event that was remembered; checkpoints up to it may contradict the ledger.
    pub known_position: i64,
    /// The last event of the history that is accepted.
    pub position: i64,
    pub hash: HashText,
    /// All of this, signed by the ledger's key.
    pub signature: Signature,
}

impl Acceptance {
    /// The text that is signed.
    pub fn text(known_position: i64, position: i64, hash: &Hash) -> Vec<u8> {
        let places = [known_position.to_be_bytes(), position.to_be_bytes()].concat();
        [ACCEPTANCE_VERSION, &places, hash].concat()
    }

    /// Whether one of the ledger's keys signed it.
    pub fn holds(&self, signers: &Signers) -> bool {
        let text = Self::text(self.known_position, self.position, &self.hash.0);
        signers.signed_text(self.position, &text, &self.signature.0)
    }
}

/// A hash in an event: 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HashText(pub Hash);

impl From<HashText> for String {
    fn from(hash: HashText) -> Self {
        crate::ledger::kernel::chain::hex(&hash.0)
    }
}

impl TryFrom<String> for HashText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        super::checkpoint::bytes(&text).map(Self).ok_or("a hash is 64 hexadecimal digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::checkpoint::SecretKey;

    fn accepted_by(key: &SecretKey) -> Acceptance {
        let text = Acceptance::text(9, 7, &[3; 32]);
        let signature = Signature(key.sign_bytes(&text));
        Acceptance { known_position: 9, position: 7, hash: HashText([3; 32]), signature }
    }

    #[test]
    fn only_the_ledgers_key_accepts_and_only_what_it_names() {
        let (ours, thief) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let signers = Signers::known_by(ours.public(), &[]);
        let good = accepted_by(&ours);
        assert!(good.holds(&signers));
        assert!(!accepted_by(&thief).holds(&signers));
        assert!(!Acceptance { known_position: 10, ..good }.holds(&signers));
        assert!(!Acceptance { position: 8, ..good }.holds(&signers));
        assert!(!Acceptance { hash: HashText([4; 32]), ..good }.holds(&signers));
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<Acceptance>(&text).unwrap(), good);
    }

    #[test]
    fn a_shorter_ledger_is_told_from_a_rewritten_one() {
        let doubt = Doubt { witness: Witness::Mark, position: 9, last: 7 };
        assert!(doubt.is_cut_off() && doubt.to_string().contains("ends at event 7"));
        let doubt = Doubt { last: 9, ..doubt };
        assert!(!doubt.is_cut_off() && doubt.to_string().contains("event 9 is not the one"));
    }
}
