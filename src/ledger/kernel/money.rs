//! Money: whole cents of Kenyan shillings, never a float.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in cents (1 KES = 100 cents). May be negative in the journal.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// Whole shillings to cents.
    pub const fn from_kes(shillings: i64) -> Self {
        Self(shillings * 100)
    }

    /// Whole shillings, or `None` when there are odd cents: M-PESA moves whole shillings only.
    pub const fn whole_kes(self) -> Option<i64> {
        if self.0 % 100 == 0 { Some(self.0 / 100) } else { None }
    }

    /// Reads `10`, `10.5` or `10500.00` exactly; more than two decimals, signs and words are
    /// `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let (kept, rest) = fraction.split_at(fraction.len().min(2));
        if rest.bytes().any(|b| b != b'0') {
            return None;
        }
        let cents: i64 = format!("{kept:0<2}").parse().ok()?;
        whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents).map(Self)
    }
}

impl fmt::Display for Cents {
    /// `KSh 50`, and cents only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (shillings, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        if cents == 0 {
            write!(f, "{sign}KSh {shillings}")
        } else {
            write!(f, "{sign}KSh {shillings}.{cents:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_providers_write() {
        assert_eq!(Cents::parse("10"), Some(Cents(1000)));
        assert_eq!(Cents::parse("1.0"), Some(Cents(100)));
        assert_eq!(Cents::parse("10500.00"), Some(Cents(1_050_000)));
        assert_eq!(Cents::parse("0.5"), Some(Cents(50)));
        for bad in ["", "-1", "1e3", "1.005", "ten", ".5", "99999999999999999999"] {
            assert_eq!(Cents::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(cents in 0_i64..1_000_000_000) {
            let printed = Cents(cents).to_string();
            prop_assert_eq!(Cents::parse(printed.trim_start_matches("KSh ")), Some(Cents(cents)));
        }
    }
}
