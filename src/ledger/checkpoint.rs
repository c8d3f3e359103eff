//! Checkpoints: signed statements of what the ledger's last hash was at a time.
//!
//! The chain shows that events follow from one another; whoever can write the file could still hash
//! the end of it anew, or cut it off. A checkpoint says what stood there before, and only the
//! ledger's own key can say so. It can be kept on paper: then not even the file need be trusted.
//! Checking one needs the public key and no secret (Ed25519, RFC 8032).

use crate::ledger::kernel::{
    chain::{GENESIS, Hash, hex, unhex},
    time::{Micros, SECOND},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Names the layout that is signed; another layout gets another name.
const CHECKPOINT_VERSION: &[u8] = b"lango.checkpoint.1\0";

/// How many digits of the hash a short form shows: too many to find another history that has them.
const SHORT_DIGITS: usize = 16;

/// What stood at the end of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub position: i64,
    pub hash: Hash,
    /// When, in whole seconds: it is written and typed as such.
    pub at: Micros,
}

/// A checkpoint with its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub checkpoint: Checkpoint,
    pub signature: [u8; 64],
}

/// The key that checks checkpoints; no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

/// The key that signs them, from its 32 secret bytes. Never prints them.
pub struct SecretKey(SigningKey);

impl Checkpoint {
    /// Position and the beginning of the hash, for receipts: `1234-9f3a-6b2c-41d0-7e58`.
    pub fn short(&self) -> String {
        let digits = hex(&self.hash[..SHORT_DIGITS / 2]);
        let groups: Vec<&str> =
            (0..SHORT_DIGITS).step_by(4).map(|at| &digits[at..at + 4]).collect();
        format!("{}-{}", self.position, groups.join("-"))
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = CHECKPOINT_VERSION.to_vec();
        bytes.extend(self.position.to_be_bytes());
        bytes.extend(self.hash);
        bytes.extend(self.at.0.to_be_bytes());
        bytes
    }
}

impl SecretKey {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs what stands at the end of the ledger at `now`.
    pub fn sign(&self, position: i64, hash: Hash, now: Micros) -> SignedCheckpoint {
        let at = Micros(now.0 - now.0.rem_euclid(SECOND));
        let checkpoint = Checkpoint { position, hash, at };
        let signature = self.sign_bytes(&checkpoint.signed_bytes());
        SignedCheckpoint { checkpoint, signature }
    }

    /// Signs a text.
    pub fn sign_bytes(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

impl PublicKey {
    /// Whether this key signed it.
    pub fn signed(&self, signed: &SignedCheckpoint) -> bool {
        self.signed_bytes(&signed.checkpoint.signed_bytes(), &signed.signature)
    }

    /// Whether this key signed a text.
    pub(super) fn signed_bytes(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        key.verify_strict(text, &Signature::from_bytes(signature)).is_ok()
    }
}

/// One line: position, time, hash and signature, as `lango audit verify --against` reads it.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkpoint { position, hash, at } = &self.checkpoint;
        write!(f, "{position} {} {} {}", at.rfc3339(), hex(hash), hex(&self.signature))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A text that is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 hexadecimal digits, as `lango audit checkpoint` prints it")]
pub struct BadPublicKey;

impl FromStr for PublicKey {
    type Err = BadPublicKey;

    fn from_str(text: &str) -> Result<Self, BadPublicKey> {
        let key = bytes(text.trim()).ok_or(BadPublicKey)?;
        VerifyingKey::from_bytes(&key).map(|_| Self(key)).map_err(|_| BadPublicKey)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = BadPublicKey;

    fn try_from(text: String) -> Result<Self, BadPublicKey> {
        text.parse()
    }
}

/// A checkpoint that somebody kept outside, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The short form of a receipt: a position, and digits with which its hash begins.
    Short {
        position: i64,
        /// 16 to 64 lower-case hexadecimal digits.
        digits: String,
    },
    /// The whole line, which proves that the ledger itself said so.
    Signed(SignedCheckpoint),
}

impl Kept {
    /// The position it is of.
    pub const fn position(&self) -> i64 {
        match self {
            Self::Short { position, .. } => *position,
            Self::Signed(signed) => signed.checkpoint.position,
        }
    }

    /// Whether a hash is the one it tells of.
    pub fn agrees(&self, hash: &Hash) -> bool {
        match self {
            Self::Short { digits, .. } => hex(hash).starts_with(digits),
            Self::Signed(signed) => signed.checkpoint.hash == *hash,
        }
    }
}

/// A text that is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a checkpoint is `1234-9f3a-6b2c-41d0-7e58` from a receipt, or the whole line that `lango \
     audit checkpoint` prints: position, time, hash and signature"
)]
pub struct BadCheckpoint;

impl FromStr for Kept {
    type Err = BadCheckpoint;

    fn from_str(text: &str) -> Result<Self, BadCheckpoint> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let position = |word: &str| {
            word.parse::<i64>().ok().filter(|position| *position > 0).ok_or(BadCheckpoint)
        };
        if let [at, time, hash, signature] = words[..] {
            let time: jiff::Timestamp = time.parse().map_err(|_| BadCheckpoint)?;
            let checkpoint = Checkpoint {
                position: position(at)?,
                hash: bytes(hash).ok_or(BadCheckpoint)?,
                at: Micros(time.as_microsecond()),
            };
            let signature = bytes(signature).ok_or(BadCheckpoint)?;
            return Ok(Self::Signed(SignedCheckpoint { checkpoint, signature }));
        }
        // Typed from paper: blanks between the groups do no harm, nor do capitals.
        let joined = words.join("-");
        let (at, digits) = joined.split_once('-').ok_or(BadCheckpoint)?;
        let digits = digits.replace('-', "").to_ascii_lowercase();
        let fits = (SHORT_DIGITS..=GENESIS.len() * 2).contains(&digits.len());
        if !fits || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(BadCheckpoint);
        }
        Ok(Self::Short { position: position(at)?, digits })
    }
}

/// Reads exactly `N` bytes of hexadecimal digits.
pub(super) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_seed(&[7; 32])
    }

    fn signed() -> SignedCheckpoint {
        key().sign(1234, [0x9f; 32], Micros(1_795_360_000_123_456))
    }

    #[test]
    fn a_signature_covers_position_hash_and_time() {
        let (public, signed) = (key().public(), signed());
        assert!(public.signed(&signed));
        assert_eq!(signed.checkpoint.at, Micros(1_795_360_000_000_000), "whole seconds");
        let base = signed.checkpoint;
        for checkpoint in [
            Checkpoint { position: 1235, ..base },
            Checkpoint { hash: [0x9e; 32], ..base },
            Checkpoint { at: base.at.plus(SECOND), ..base },
        ] {
            assert!(!public.signed(&SignedCheckpoint { checkpoint, ..signed }), "{checkpoint:?}");
        }
        assert!(!SecretKey::from_seed(&[8; 32]).public().signed(&signed), "another key");
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let signed = signed();
        assert_eq!(signed.to_string().parse(), Ok(Kept::Signed(signed)));
        let public = key().public();
        assert_eq!(public.to_string().parse(), Ok(public));
        assert_eq!(signed.checkpoint.short(), "1234-9f9f-9f9f-9f9f-9f9f");
        for typed in
            ["1234-9f9f-9f9f-9f9f-9f9f", "1234 9F9F 9F9F 9F9F 9F9F", "1234-9f9f9f9f9f9f9f9f"]
        {
            let kept: Kept = typed.parse().unwrap();
            assert_eq!(kept.position(), 1234);
            assert!(kept.agrees(&[0x9f; 32]) && !kept.agrees(&[0x9e; 32]), "{typed}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        let line = signed().to_string();
        let cut = &line[..line.len() - 1];
        for bad in
            ["", "1234", "0-9f9f9f9f9f9f9f9f", "1234-9f9f", "1234-9f9f9f9f9f9f9f9g", "a b", cut]
        {
            assert_eq!(bad.parse::<Kept>(), Err(BadCheckpoint), "{bad}");
        }
        for bad in ["", "9f", &"g".repeat(64), &"ü".repeat(32)] {
            assert_eq!(bad.parse::<PublicKey>(), Err(BadPublicKey), "{bad}");
        }
    }
}
