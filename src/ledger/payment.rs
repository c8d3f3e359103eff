//! Payments: one attempt to move money. Declined, refused or unresolved → paid is legal; paid →
//! declined is not.

use super::settlement::Settlement;
use crate::ledger::kernel::{
    id::{ContactId, PaymentId, PurchaseId, ReceiptId, Slug},
    money::Cents,
    time::Micros,
};
use serde::{Deserialize, Serialize};

/// What happens to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum PaymentEvent {
    /// Money is to be asked for.
    #[serde(rename = "payment_requested")]
    Requested {
        site: Slug,
        package: Slug,
        purchase: PurchaseId,
        /// Which attempt of the purchase, from 1.
        attempt: u32,
        amount_cents: Cents,
        payer: ContactId,
        /// Not before this many seconds from now: spaces attempts while the provider is busy.
        delay_seconds: u32,
    },
    /// The call is about to leave: from here on nobody else may make it.
    #[serde(rename = "payment_submitted")]
    Submitted {
        provider: String,
        /// The till or paybill that is to get the money, where it is not the shop's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<String>,
    },
    /// The provider took it and the phone will show a prompt.
    #[serde(rename = "payment_prompted")]
    Prompted {},
    /// The provider said no; nothing will happen.
    #[serde(rename = "payment_refused")]
    Refused { reason: String },
    /// Nobody knows whether the call reached the phone.
    #[serde(rename = "payment_submit_unknown")]
    SubmitUnknown { reason: String },
    #[serde(rename = "payment_confirmed")]
    Confirmed {
        site: Slug,
        package: Slug,
        amount_cents: Cents,
        learnt: Learnt,
        /// The provider's proof, where it was told.
        receipt: Option<ReceiptId>,
        /// When, by the provider's clock, where it was told.
        paid_at: Option<Micros>,
    },
    /// The money did not move.
    #[serde(rename = "payment_declined")]
    Declined { reason: String, learnt: Learnt },
    /// Confirmed, but not for a code: a person decides.
    #[serde(rename = "payment_set_aside")]
    SetAside {
        site: Slug,
        /// For what it was meant.
        package: Slug,
        amount_cents: Cents,
        reason: MoneySetAside,
    },
    /// A confirmation that cannot be right, such as a receipt of another payment: a person decides.
    #[serde(rename = "payment_disputed")]
    Disputed { reason: String },
    /// The proof of a confirmed payment came later.
    #[serde(rename = "payment_receipt_learnt")]
    ReceiptLearnt { receipt: ReceiptId },
    /// The provider was asked for the last time; only a callback or a statement may still speak.
    #[serde(rename = "payment_inquiry_ended")]
    InquiryEnded {},
    /// It is asked about again: the provider spoke of it when it was not to be asked any more, or a
    /// person found money of another amount for it, which says nothing of its own.
    #[serde(rename = "payment_inquiry_resumed")]
    InquiryResumed {},
    /// A person settled what was set aside.
    #[serde(rename = "payment_settled")]
    Settled {
        site: Slug,
        /// For what it was meant.
        package: Slug,
        amount_cents: Cents,
        how: Settlement,
    },
    /// A person looked into what cannot be right, and it needs nobody any more.
    #[serde(rename = "payment_dispute_settled")]
    DisputeSettled {},
}

/// How something about a payment was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learnt {
    Callback,
    Query,
    /// The provider told of money on the shop's number, whoever had asked for it.
    C2b,
    /// A person looked it up at the provider.
    Person,
}

/// Why money is set aside for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneySetAside {
    /// The purchase was paid already.
    Surplus,
    WrongAmount,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentStatus {
    Requested,
    /// The call may be under way.
    Submitted,
    /// The phone shows a prompt.
    Prompted,
    Refused,
    /// Nobody knows whether the phone shows a prompt.
    SubmitUnknown,
    Confirmed,
    Declined,
    SetAside,
    /// Paid, set aside, and settled by a person.
    Settled(Settlement),
}

/// A payment as its events leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub purchase: PurchaseId,
    /// Which attempt, from 1.
    pub attempt: u32,
    pub amount: Cents,
    pub payer: ContactId,
    /// The till or paybill that was asked for, where it is not the shop's.
    pub receiver: Option<String>,
    pub status: PaymentStatus,
    /// How much moved, once it did.
    pub moved: Option<Cents>,
    pub receipt: Option<ReceiptId>,
    /// Whether something about it cannot be right.
    pub dispute: Dispute,
    /// Whether the provider is asked about it.
    pub inquiry: Inquiry,
}

/// Whether a provider is asked what came of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inquiry {
    /// As its status says: from *submitted* until it is paid or refused.
    #[default]
    AsUsual,
    Ended,
    /// Again: the provider spoke late, or other money paid than it was asked for.
    Resumed,
}

/// Whether a payment is disputed. Once in its life is enough: what a provider repeats for ever
/// must not call a person again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dispute {
    /// It is not.
    #[default]
    None,
    Open,
    Settled,
}

impl Payment {
    /// The payment after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &PaymentEvent) -> Option<Self> {
        use PaymentEvent as E;
        if let (None, E::Requested { purchase, attempt, amount_cents, payer, .. }) = (state, event)
        {
            return Some(Self {
                purchase: *purchase,
                attempt: *attempt,
                amount: *amount_cents,
                payer: *payer,
                receiver: None,
                status: PaymentStatus::Requested,
                moved: None,
                receipt: None,
                dispute: Dispute::None,
                inquiry: Inquiry::AsUsual,
            });
        }
        let mut payment = state?.clone();
        payment.status = payment.status.after(event)?;
        match event {
            E::Submitted { receiver, .. } => payment.receiver.clone_from(receiver),
            E::Confirmed { receipt, amount_cents, .. } => {
                payment.moved = Some(*amount_cents);
                payment.receipt = *receipt;
                payment.inquiry = Inquiry::AsUsual;
            }
            E::ReceiptLearnt { receipt } => payment.receipt = Some(*receipt),
            E::Disputed { .. } if payment.dispute == Dispute::None => {
                payment.dispute = Dispute::Open;
            }
            E::DisputeSettled {} if payment.dispute != Dispute::Open => return None,
            E::DisputeSettled {} => payment.dispute = Dispute::Settled,
            E::InquiryEnded {} if payment.is_paid() && !payment.is_being_asked_about() => {
                return None;
            }
            E::InquiryEnded {} => payment.inquiry = Inquiry::Ended,
            E::InquiryResumed {} if !payment.may_be_asked_again() => return None,
            E::InquiryResumed {} => payment.inquiry = Inquiry::Resumed,
            _ => {}
        }
        Some(payment)
    }

    /// Whether the money is known to have moved.
    pub fn is_paid(&self) -> bool {
        use PaymentStatus as S;
        matches!(self.status, S::Confirmed | S::SetAside | S::Settled(_))
    }

    /// Whether it is certain that no money moved: nobody was asked for it, or the provider said so
    /// and has said nothing that speaks against it.
    pub fn is_surely_unpaid(&self) -> bool {
        use PaymentStatus as S;
        let said = match self.status {
            S::Requested | S::Declined => true,
            // Refused, and spoken of after that: then a phone was asked all the same.
            S::Refused => self.inquiry == Inquiry::AsUsual,
            _ => false,
        };
        said && self.dispute != Dispute::Open
    }

    /// Whether the provider is asked about it, or may still call.
    pub fn is_being_asked_about(&self) -> bool {
        use PaymentStatus as S;
        let under_way =
            matches!(self.status, S::Submitted | S::Prompted | S::SubmitUnknown | S::Declined);
        match self.inquiry {
            Inquiry::AsUsual => under_way,
            Inquiry::Ended => false,
            Inquiry::Resumed => under_way || self.is_paid() || self.status == S::Refused,
        }
    }

    /// Whether money of it may still move, or waits for a person.
    pub fn is_open(&self) -> bool {
        use PaymentStatus as S;
        let waits = match self.status {
            S::Submitted | S::Prompted | S::SubmitUnknown | S::SetAside => true,
            S::Settled(how) => how == Settlement::RefundPromised,
            S::Requested | S::Refused | S::Confirmed | S::Declined => false,
        };
        waits || self.dispute == Dispute::Open || self.inquiry == Inquiry::Resumed
    }

    /// Whether the provider is not asked about it any more, though it is not known to be paid.
    pub fn is_inquiry_over(&self) -> bool {
        match self.inquiry {
            Inquiry::AsUsual => self.status == PaymentStatus::Refused,
            Inquiry::Ended => !self.is_paid(),
            Inquiry::Resumed => false,
        }
    }

    /// Where other money than was asked for paid, nobody knows by that what came of the asking.
    fn may_be_asked_again(&self) -> bool {
        let by_other_money = self.moved.is_some_and(|moved| moved != self.amount);
        self.is_inquiry_over() || by_other_money && self.inquiry == Inquiry::AsUsual
    }
}

impl PaymentStatus {
    /// The transition table; `None` is an illegal step.
    fn after(self, event: &PaymentEvent) -> Option<Self> {
        use PaymentEvent as E;
        use PaymentStatus as S;
        match (self, event) {
            (S::Requested, E::Submitted { .. }) => Some(S::Submitted),
            (S::Submitted, E::Prompted {}) => Some(S::Prompted),
            // A request that is refused before it is submitted never left: the purchase was over.
            (S::Requested | S::Submitted, E::Refused { .. }) => Some(S::Refused),
            (S::Submitted, E::SubmitUnknown { .. }) => Some(S::SubmitUnknown),
            (
                S::Submitted | S::Prompted | S::Refused | S::SubmitUnknown | S::Declined,
                E::Confirmed { .. },
            ) => Some(S::Confirmed),
            // A call that was refused may have led to a prompt all the same.
            (S::Submitted | S::Prompted | S::Refused | S::SubmitUnknown, E::Declined { .. }) => {
                Some(S::Declined)
            }
            (S::Confirmed, E::SetAside { .. }) => Some(S::SetAside),
            (S::SetAside, E::Settled { how, .. }) => Some(S::Settled(*how)),
            (S::Settled(before), E::Settled { how, .. }) => {
                how.may_follow(before).then_some(S::Settled(*how))
            }
            // What is learnt beside the course of a payment, and changes nothing of it.
            (
                S::Confirmed | S::SetAside | S::Settled(_),
                E::ReceiptLearnt { .. }
                | E::Disputed { .. }
                | E::DisputeSettled {}
                | E::InquiryEnded {}
                | E::InquiryResumed {},
            )
            | (
                S::Submitted | S::Prompted | S::Refused | S::SubmitUnknown | S::Declined,
                E::Disputed { .. }
                | E::DisputeSettled {}
                | E::InquiryEnded {}
                | E::InquiryResumed {},
            ) => Some(self),
            _ => None,
        }
    }
}

/// How many digits of its id a payment's reference shows.
const REFERENCE_DIGITS: usize = 10;

/// What the payer reads in the M-PESA message: 12 letters and digits, different for each attempt.
/// Taken from the random end of the id, so two attempts of one second differ too.
pub fn account_reference(payment: PaymentId) -> String {
    let hex = payment.to_string();
    format!("LG{}", hex[hex.len() - REFERENCE_DIGITS..].to_uppercase())
}

/// The end of the payment's id that an account reference names; `None` where it is none of ours.
/// A payer may have typed it: blanks and small letters do no harm.
pub fn referenced(text: &str) -> Option<String> {
    let plain: String = text.split_whitespace().collect();
    let digits = plain.to_ascii_lowercase().strip_prefix("lg")?.to_owned();
    let ours = digits.len() == REFERENCE_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
    ours.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn events() -> Vec<PaymentEvent> {
        let (site, package) = (Slug::parse("mtaa").unwrap(), Slug::parse("daily").unwrap());
        let (s, p) = (|| site.clone(), || package.clone());
        let amount_cents = Cents(5000);
        let settled = |how| PaymentEvent::Settled { site: s(), package: p(), amount_cents, how };
        vec![
            PaymentEvent::Requested {
                site: s(),
                package: p(),
                purchase: PurchaseId(Uuid::nil()),
                attempt: 1,
                amount_cents,
                payer: ContactId(Uuid::nil()),
                delay_seconds: 0,
            },
            PaymentEvent::Submitted { provider: "mpesa".into(), receiver: None },
            PaymentEvent::Prompted {},
            PaymentEvent::Refused { reason: "bad_phone".into() },
            PaymentEvent::SubmitUnknown { reason: "no_answer".into() },
            PaymentEvent::Confirmed {
                site: s(),
                package: p(),
                amount_cents,
                learnt: Learnt::Query,
                receipt: None,
                paid_at: None,
            },
            PaymentEvent::Declined { reason: "cancelled".into(), learnt: Learnt::Query },
            PaymentEvent::SetAside {
                site: s(),
                package: p(),
                amount_cents,
                reason: MoneySetAside::Surplus,
            },
            PaymentEvent::Disputed { reason: "receipt_reused".into() },
            PaymentEvent::ReceiptLearnt { receipt: ReceiptId(Uuid::nil()) },
            PaymentEvent::InquiryEnded {},
            settled(Settlement::RefundPromised),
            settled(Settlement::RefundedCash),
            PaymentEvent::DisputeSettled {},
            PaymentEvent::InquiryResumed {},
            PaymentEvent::Confirmed {
                site: s(),
                package: p(),
                amount_cents: Cents(5100),
                learnt: Learnt::Person,
                receipt: None,
                paid_at: None,
            },
        ]
    }

    /// Rows are the events that led there, columns the events above; `-` is illegal, `=` changes
    /// nothing.
    #[test]
    fn every_cell_of_the_transition_table() {
        let table: [(&[usize], &str); 21] = [
            (&[], "req - - - - - - - - - - - - - - -"),
            (&[0], "- sub - refuse - - - - - - - - - - - -"),
            (&[0, 1], "- - prompt refuse unknown paid no - = - = - - - - paid"),
            (&[0, 1, 2], "- - - - - paid no - = - = - - - - paid"),
            (&[0, 1, 3], "- - - - - paid no - = - = - - - = paid"),
            (&[0, 1, 4], "- - - - - paid no - = - = - - - - paid"),
            (&[0, 1, 5], "- - - - - - - aside = = - - - - - -"),
            (&[0, 1, 6], "- - - - - paid - - = - = - - - - paid"),
            (&[0, 1, 5, 7], "- - - - - - - - = = - settled settled - - -"),
            (&[0, 1, 5, 7, 11], "- - - - - - - - = = - - settled - - -"),
            (&[0, 1, 5, 7, 12], "- - - - - - - - = = - - - - - -"),
            // A dispute is settled once, wherever the payment stands.
            (&[0, 1, 8], "- - prompt refuse unknown paid no - = - = - - = - paid"),
            (&[0, 1, 5, 8], "- - - - - - - aside = = - - - = - -"),
            (&[0, 1, 5, 8, 13], "- - - - - - - aside = = - - - - - -"),
            (&[0, 1, 5, 8, 13, 8], "- - - - - - - aside = = - - - - - -"),
            // It is asked about again when it was not asked about any more, and once.
            (&[0, 1, 4, 10], "- - - - - paid no - = - = - - - = paid"),
            (&[0, 1, 4, 10, 14], "- - - - - paid no - = - = - - - - paid"),
            (&[0, 1, 3, 14], "- - - - - paid no - = - = - - - - paid"),
            // Also where other money than its own paid for it.
            (&[0, 1, 15, 7], "- - - - - - - - = = - settled settled - = -"),
            (&[0, 1, 15, 7, 14], "- - - - - - - - = = = settled settled - - -"),
            (&[0, 1, 15, 7, 14, 10], "- - - - - - - - = = - settled settled - - -"),
        ];
        for (path, row) in table {
            let state = path.iter().fold(None, |state: Option<Payment>, i| {
                Payment::evolve(state.as_ref(), &events()[*i])
            });
            let words: Vec<&str> = events()
                .iter()
                .map(|event| {
                    let after = Payment::evolve(state.as_ref(), event).map(|p| p.status);
                    match after {
                        None => "-",
                        Some(now) if Some(now) == state.as_ref().map(|p| p.status) => "=",
                        Some(PaymentStatus::Requested) => "req",
                        Some(PaymentStatus::Submitted) => "sub",
                        Some(PaymentStatus::Prompted) => "prompt",
                        Some(PaymentStatus::Refused) => "refuse",
                        Some(PaymentStatus::SubmitUnknown) => "unknown",
                        Some(PaymentStatus::Confirmed) => "paid",
                        Some(PaymentStatus::Declined) => "no",
                        Some(PaymentStatus::SetAside) => "aside",
                        Some(PaymentStatus::Settled(_)) => "settled",
                    }
                })
                .collect();
            assert_eq!(words.join(" "), row, "after {path:?}");
        }
    }

    #[test]
    fn unpaid_for_certain_is_what_was_never_asked_or_answered_with_no() {
        let certain: [(&[usize], bool); 9] = [
            (&[0], true),
            (&[0, 1], false),
            (&[0, 1, 2], false),
            (&[0, 1, 3], true),
            (&[0, 1, 3, 14], false),
            (&[0, 1, 4, 10], false),
            (&[0, 1, 6, 10], true),
            (&[0, 1, 6, 8], false),
            (&[0, 1, 6, 8, 13], true),
        ];
        for (path, sure) in certain {
            let state = path.iter().fold(None, |state: Option<Payment>, i| {
                Payment::evolve(state.as_ref(), &events()[*i])
            });
            assert_eq!(state.unwrap().is_surely_unpaid(), sure, "after {path:?}");
        }
    }

    #[test]
    fn the_reference_fits_m_pesa() {
        let reference = account_reference(PaymentId(Uuid::from_u128(0x0123_4567_89ab_cdef)));
        assert_eq!(reference.len(), 12);
        assert!(reference.bytes().all(|b| b.is_ascii_alphanumeric()));
    }

    #[test]
    fn a_reference_leads_back_to_its_payment_however_it_was_typed() {
        let payment = PaymentId(Uuid::from_u128(0x0123_4567_89ab_cdef));
        let reference = account_reference(payment);
        for typed in [reference.clone(), format!(" {} ", reference.to_lowercase())] {
            let digits = referenced(&typed).unwrap();
            assert!(payment.to_string().ends_with(&digits), "{typed}");
        }
        for other in ["", "LG", "LG12345", "XX6789ABCDEF", "LG6789ABCDEG", "LG6789ABCDEF0"] {
            assert_eq!(referenced(other), None, "{other}");
        }
    }
}
