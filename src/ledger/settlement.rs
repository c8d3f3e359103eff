//! How a person settles money that bought nothing, or a code that was taken back: it goes back, or
//! its payer gets something by hand. The books move it accordingly; the events are those of a
//! purchase, a payment or a receipt.

use serde::{Deserialize, Serialize};

/// How money was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It will go back: the shop owes it from now on.
    RefundPromised,
    /// It went back by M-PESA.
    RefundedMpesa,
    /// It went back in cash.
    RefundedCash,
    /// The payer got what it is worth by hand, such as a printed card.
    ServedByHand,
}

impl Settlement {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::RefundPromised, Self::RefundedMpesa, Self::RefundedCash, Self::ServedByHand];

    /// Whether the money goes back, now or later.
    pub const fn is_refund(self) -> bool {
        !matches!(self, Self::ServedByHand)
    }

    /// Whether `self` may follow what was settled before: only a promise is left to be kept.
    pub fn may_follow(self, before: Self) -> bool {
        let kept = matches!(self, Self::RefundedMpesa | Self::RefundedCash);
        before == Self::RefundPromised && kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_promise_to_give_back_is_followed_by_anything() {
        use Settlement as S;
        let follows = |before: S| S::ALL.map(|next| next.may_follow(before));
        assert_eq!(follows(S::RefundPromised), [false, true, true, false]);
        for settled in [S::RefundedMpesa, S::RefundedCash, S::ServedByHand] {
            assert_eq!(follows(settled), [false; 4], "{settled:?}");
        }
    }
}
