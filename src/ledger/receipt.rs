//! Receipts: the provider's proof numbers, each recorded once in the whole ledger, so that one
//! payment of money is never counted for two purchases. The number itself is in the vault.

use super::settlement::Settlement;
use crate::ledger::kernel::{id::PaymentId, money::Cents, time::Micros};
use serde::{Deserialize, Serialize};

/// What happens to a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum ReceiptEvent {
    /// Seen for the first time. Its `once` is [`receipt_once`].
    #[serde(rename = "receipt_recorded")]
    Recorded {
        provider: String,
        amount_cents: Cents,
        /// When the money moved, by the provider's clock, where it was told. Since schema 2.
        paid_at: Option<Micros>,
    },
    #[serde(rename = "receipt_applied")]
    Applied { payment: PaymentId },
    /// Belongs to no payment that we know: a person decides about its money.
    #[serde(rename = "receipt_unmatched")]
    Unmatched { reason: Unmatched },
    /// The provider took the money back.
    #[serde(rename = "receipt_reversed")]
    Reversed {},
    /// A person settled what belonged to no payment.
    #[serde(rename = "receipt_settled")]
    Settled { amount_cents: Cents, how: Settlement },
}

/// Why a receipt belongs to no payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// It names no attempt of ours: a till's, or paid by hand.
    UnknownReference,
    /// It names an attempt, and is not its price.
    WrongAmount,
    /// It names an attempt that another receipt has paid.
    PaidAlready,
    /// It names an attempt that nobody was asked for yet.
    NotAsked,
}

/// A receipt as its events leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Known, not yet anyone's; for how much.
    Recorded(Cents),
    Applied(PaymentId),
    /// A person decides about it; for how much.
    Unmatched(Cents),
    /// The provider took its money back.
    Reversed,
    /// A person settled its money; how much, and how.
    Settled(Cents, Settlement),
}

impl Receipt {
    /// The receipt after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &ReceiptEvent) -> Option<Self> {
        use ReceiptEvent as E;
        match (state, event) {
            (None, E::Recorded { amount_cents, .. }) => Some(Self::Recorded(*amount_cents)),
            // Whose it is may be learnt after a person was told of it: late truth wins.
            (Some(Self::Recorded(_) | Self::Unmatched(_)), E::Applied { payment }) => {
                Some(Self::Applied(*payment))
            }
            (Some(Self::Recorded(amount)), E::Unmatched { .. }) => Some(Self::Unmatched(*amount)),
            (Some(Self::Applied(_) | Self::Unmatched(_)), E::Reversed {}) => Some(Self::Reversed),
            (Some(Self::Unmatched(amount)), E::Settled { how, .. }) => {
                Some(Self::Settled(*amount, *how))
            }
            (Some(Self::Settled(amount, before)), E::Settled { how, .. }) => {
                how.may_follow(*before).then_some(Self::Settled(*amount, *how))
            }
            _ => None,
        }
    }
}

/// The name under which a receipt stands once in the ledger; `fingerprint` is keyed.
pub fn receipt_once(provider: &str, fingerprint: &str) -> String {
    format!("receipt:{provider}:{fingerprint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_transition_table() {
        let (payment, amount_cents) = (PaymentId(uuid::Uuid::nil()), Cents(100));
        let events = [
            ReceiptEvent::Recorded { provider: "mpesa".into(), amount_cents, paid_at: None },
            ReceiptEvent::Applied { payment },
            ReceiptEvent::Unmatched { reason: Unmatched::WrongAmount },
            ReceiptEvent::Reversed {},
            ReceiptEvent::Settled { amount_cents, how: Settlement::RefundPromised },
            ReceiptEvent::Settled { amount_cents, how: Settlement::RefundedCash },
        ];
        let (recorded, applied) = (Receipt::Recorded(amount_cents), Receipt::Applied(payment));
        let (unmatched, reversed) = (Receipt::Unmatched(amount_cents), Receipt::Reversed);
        let settled = |how| Receipt::Settled(amount_cents, how);
        let promised = settled(Settlement::RefundPromised);
        let refunded = settled(Settlement::RefundedCash);
        let table = [
            (None, [Some(recorded), None, None, None, None, None]),
            (Some(recorded), [None, Some(applied), Some(unmatched), None, None, None]),
            (Some(applied), [None, None, None, Some(reversed), None, None]),
            (
                Some(unmatched),
                [None, Some(applied), None, Some(reversed), Some(promised), Some(refunded)],
            ),
            (Some(reversed), [None, None, None, None, None, None]),
            (Some(promised), [None, None, None, None, None, Some(refunded)]),
            (Some(refunded), [None, None, None, None, None, None]),
        ];
        for (from, after) in table {
            let row = events.each_ref().map(|event| Receipt::evolve(from.as_ref(), event));
            assert_eq!(row, after, "{from:?}");
        }
    }
}
