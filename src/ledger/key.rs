//! The vault's keys as history knows them: what each is for, that one was changed for another, and
//! which key signed checkpoints when.
//!
//! A signing key names the one that follows it, and that one names it back. So whoever knows any of
//! them, on paper or as an auditor, can follow to all others, and a key that was copied is worth
//! nothing from the event on by which it was changed.

use super::checkpoint::{PublicKey, SecretKey, SignedCheckpoint, bytes};
use crate::ledger::kernel::chain::hex;
use serde::{Deserialize, Serialize};

/// What a key of the vault is for. The words stand in the database and in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    Seal,
    Fingerprint,
    /// The secret part of a callback's path.
    Hook,
    /// The secret that is a purchase's link.
    Link,
    Sign,
}

impl KeyPurpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Seal, Self::Fingerprint, Self::Hook, Self::Link, Self::Sign];

    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Fingerprint => "fingerprint",
            Self::Hook => "hook",
            Self::Link => "link",
            Self::Sign => "sign",
        }
    }

    /// The purpose that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// Names the layout that is signed; another layout gets another name.
const SUCCESSION_VERSION: &[u8] = b"lango.succession.1\0";

/// A signing key and the one that follows it, each naming the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succession {
    /// The key that signed until now.
    pub former: PublicKey,
    /// The key that signs from now on.
    pub next: PublicKey,
    /// Both, signed by the former.
    pub signed_by_former: Signature,
    /// Both, signed by the next.
    pub signed_by_next: Signature,
}

impl Succession {
    /// Of one secret key to another.
    pub fn of(former: &SecretKey, next: &SecretKey) -> Self {
        let text = text(&former.public(), &next.public());
        Self {
            former: former.public(),
            next: next.public(),
            signed_by_former: Signature(former.sign_bytes(&text)),
            signed_by_next: Signature(next.sign_bytes(&text)),
        }
    }

    /// Whether both keys have signed it.
    pub fn holds(&self) -> bool {
        let text = text(&self.former, &self.next);
        self.former.signed_bytes(&text, &self.signed_by_former.0)
            && self.next.signed_bytes(&text, &self.signed_by_next.0)
    }
}

fn text(former: &PublicKey, next: &PublicKey) -> Vec<u8> {
    let keys = [former, next].map(|key| key.to_string().into_bytes());
    [SUCCESSION_VERSION, &keys[0], &keys[1]].concat()
}

/// A signature in an event: 128 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(pub [u8; 64]);

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        hex(&signature.0)
    }
}

impl TryFrom<String> for Signature {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        bytes(&text).map(Self).ok_or("a signature is 128 hexadecimal digits")
    }
}

/// The keys that signed a ledger's checkpoints, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// Each with the position of the event by which it was changed; the last signs still.
    keys: Vec<(PublicKey, Option<i64>)>,
}

impl Signers {
    /// All keys to which one that is known leads, through the successions of a ledger in order.
    pub fn known_by(known: PublicKey, successions: &[(i64, Succession)]) -> Self {
        let good = || successions.iter().filter(|(_, succession)| succession.holds());
        let mut keys = vec![(known, None)];
        for (position, succession) in good() {
            let last = keys.last_mut().expect("there is one from the beginning");
            if last.0 == succession.former {
                last.1 = Some(*position);
                keys.push((succession.next, None));
            }
        }
        for (position, succession) in good().rev() {
            if keys[0].0 == succession.next {
                keys.insert(0, (succession.former, Some(*position)));
            }
        }
        Self { keys }
    }

    /// The key that signs now.
    pub fn current(&self) -> PublicKey {
        self.keys.last().expect("there is one from the beginning").0
    }

    /// Whether one of them signed it that had not been changed by then.
    pub fn signed(&self, signed: &SignedCheckpoint) -> bool {
        let position = signed.checkpoint.position;
        let then = |until: &Option<i64>| until.is_none_or(|until| position < until);
        self.keys.iter().any(|(key, until)| then(until) && key.signed(signed))
    }

    /// The same of a text that speaks of a position.
    pub(super) fn signed_text(&self, position: i64, text: &[u8], signature: &[u8; 64]) -> bool {
        let then = |until: &Option<i64>| until.is_none_or(|until| position < until);
        self.keys.iter().any(|(key, until)| then(until) && key.signed_bytes(text, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::kernel::time::Micros;

    fn keys() -> [SecretKey; 3] {
        [1, 2, 3].map(|n| SecretKey::from_seed(&[n; 32]))
    }

    fn successions() -> Vec<(i64, Succession)> {
        let [first, second, third] = keys();
        vec![(10, Succession::of(&first, &second)), (20, Succession::of(&second, &third))]
    }

    #[test]
    fn from_any_key_the_others_are_known() {
        let all = keys().map(|key| key.public());
        let from = |known| Signers::known_by(known, &successions());
        assert_eq!(from(all[0]), from(all[1]));
        assert_eq!(from(all[0]), from(all[2]));
        assert_eq!(from(all[0]).current(), all[2]);
        let stranger = SecretKey::from_seed(&[9; 32]).public();
        assert_eq!(from(stranger), Signers { keys: vec![(stranger, None)] });
    }

    #[test]
    fn a_key_is_worth_nothing_once_it_was_changed() {
        let [first, second, third] = keys();
        let signers = Signers::known_by(third.public(), &successions());
        let by = |key: &SecretKey, position| key.sign(position, [7; 32], Micros(0));
        for (signed, good) in [
            (by(&first, 9), true),
            (by(&first, 10), false),
            (by(&second, 19), true),
            (by(&second, 20), false),
            (by(&third, 20), true),
            // It may speak of what stood before it.
            (by(&third, 5), true),
        ] {
            assert_eq!(signers.signed(&signed), good, "event {}", signed.checkpoint.position);
        }
    }

    #[test]
    fn nobody_else_can_name_the_next_key() {
        let [first, second, third] = keys();
        let thief = SecretKey::from_seed(&[9; 32]);
        let mut forged = Succession::of(&thief, &third);
        forged.former = first.public();
        assert!(!forged.holds());
        let mut turned = Succession::of(&first, &second);
        turned.next = thief.public();
        assert!(!turned.holds());
        let signers = Signers::known_by(first.public(), &[(10, forged), (11, turned)]);
        assert_eq!(signers.current(), first.public());
    }

    #[test]
    fn what_stands_in_an_event_is_read_again() {
        let [first, second, _] = keys();
        let succession = Succession::of(&first, &second);
        let text = serde_json::to_string(&succession).unwrap();
        assert_eq!(serde_json::from_str::<Succession>(&text).unwrap(), succession);
        for purpose in KeyPurpose::ALL {
            assert_eq!(KeyPurpose::parse(purpose.word()), Some(purpose));
            assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.word());
        }
    }
}
