//! The chain of hashes: each event's hash covers the one before it, so that no event can be
//! changed, added or removed without every later hash changing. Anyone may check it; no key is
//! needed.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A link of the chain.
pub type Hash = [u8; 32];

/// Names the layout below; another layout gets another name.
const CHAIN_VERSION: &[u8] = b"lango.event.1\0";

/// What stands before the first event.
pub const GENESIS: Hash = [0; 32];

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every text");
        text
    })
}

/// The bytes of hexadecimal digits; `None` where they are none.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(value(high)? << 4 | value(low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// The columns that a hash covers, in this order. The typed columns (site, package, amount) are
/// copies of what `data` says and are compared with it instead.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub position: i64,
    pub stream: &'a str,
    pub version: i64,
    pub kind: &'a str,
    /// Version of the event's type.
    pub schema: i64,
    /// UTC µs.
    pub recorded_at: i64,
    pub business_day: &'a str,
    /// The purchase it belongs to.
    pub correlation: Option<&'a str>,
    /// Who or what caused it.
    pub actor: &'a str,
    /// The name that stands once.
    pub once: Option<&'a str>,
    /// The exact bytes of the data.
    pub data: &'a str,
}

impl Link<'_> {
    /// The hash of this event after one whose hash is `previous`.
    ///
    /// Each text is preceded by its length, so that no two rows share a serialisation; an absent
    /// text has the length that no text can have.
    pub fn hash(&self, previous: &Hash) -> Hash {
        let mut sha = Sha256::new();
        sha.update(CHAIN_VERSION);
        sha.update(previous);
        for number in [self.position, self.version, self.schema, self.recorded_at] {
            sha.update(number.to_be_bytes());
        }
        let texts = [
            Some(self.stream),
            Some(self.kind),
            Some(self.business_day),
            self.correlation,
            Some(self.actor),
            self.once,
            Some(self.data),
        ];
        for text in texts {
            let length = text.map_or(u32::MAX, |t| u32::try_from(t.len()).unwrap_or(u32::MAX - 1));
            sha.update(length.to_be_bytes());
            sha.update(text.unwrap_or_default().as_bytes());
        }
        sha.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link<'static> = Link {
        position: 1,
        stream: "voucher-1",
        version: 1,
        kind: "voucher_imported",
        schema: 1,
        recorded_at: 5,
        business_day: "2026-11-22",
        correlation: None,
        actor: "cli",
        once: None,
        data: "{}",
    };

    #[test]
    fn every_column_counts() {
        let base = LINK.hash(&GENESIS);
        let changed = [
            Link { position: 2, ..LINK },
            Link { stream: "voucher-2", ..LINK },
            Link { version: 2, ..LINK },
            Link { kind: "voucher_voided", ..LINK },
            Link { schema: 2, ..LINK },
            Link { recorded_at: 6, ..LINK },
            Link { business_day: "2026-11-23", ..LINK },
            Link { correlation: Some(""), ..LINK },
            Link { actor: "buyer", ..LINK },
            Link { once: Some(""), ..LINK },
            Link { data: "{ }", ..LINK },
        ];
        for link in changed {
            assert_ne!(link.hash(&GENESIS), base, "{link:?}");
        }
        assert_ne!(LINK.hash(&[1; 32]), base);
    }

    #[test]
    fn text_cannot_slide_from_one_column_to_the_next() {
        let one = Link { actor: "ab", once: Some("c"), ..LINK };
        let other = Link { actor: "a", once: Some("bc"), ..LINK };
        assert_ne!(one.hash(&GENESIS), other.hash(&GENESIS));
    }
}
