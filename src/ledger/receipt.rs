//! Receipts: the provider's proof numbers, each recorded once in the whole ledger, so that one
//! payment of money is never counted for two purchases. The number itself is in the vault.

use super::{id::PaymentId, money::Cents};
use serde::{Deserialize, Serialize};

/// What happens to a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum ReceiptEvent {
    /// Seen for the first time. Its `once` is [`receipt_once`].
    #[serde(rename = "receipt_recorded")]
    Recorded {
        /// Whose proof.
        provider: String,
        /// For how much.
        amount_cents: Cents,
    },
    /// Belongs to a payment.
    #[serde(rename = "receipt_applied")]
    Applied {
        /// Which.
        payment: PaymentId,
    },
}

/// A receipt as its events leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Known, not yet anyone's.
    Recorded,
    /// A payment's.
    Applied(PaymentId),
}

impl Receipt {
    /// The receipt after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &ReceiptEvent) -> Option<Self> {
        match (state, event) {
            (None, ReceiptEvent::Recorded { .. }) => Some(Self::Recorded),
            (Some(Self::Recorded), ReceiptEvent::Applied { payment }) => {
                Some(Self::Applied(*payment))
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
        let recorded =
            ReceiptEvent::Recorded { provider: "mpesa".into(), amount_cents: Cents(100) };
        let applied = ReceiptEvent::Applied { payment: PaymentId(uuid::Uuid::nil()) };
        let payment = PaymentId(uuid::Uuid::nil());
        let table = [
            (None, Some(Receipt::Recorded), None),
            (Some(Receipt::Recorded), None, Some(Receipt::Applied(payment))),
            (Some(Receipt::Applied(payment)), None, None),
        ];
        for (from, after_recorded, after_applied) in table {
            assert_eq!(Receipt::evolve(from.as_ref(), &recorded), after_recorded);
            assert_eq!(Receipt::evolve(from.as_ref(), &applied), after_applied);
        }
    }
}
