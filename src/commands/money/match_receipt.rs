//! A person matches a receipt with a sale: M-PESA told of it and it names no sale, as on a till, or
//! only the statement shows it.

use super::take_news::{News, ReceiptGiven, TakeNews};
use crate::ledger::{
    command::{Command, Decision},
    kernel::{
        id::{MessageId, PaymentId},
        money::Cents,
        stream::Stream,
        time::Micros,
    },
    needs::Need,
    payment::{Learnt, Payment, PaymentStatus},
    receipt::{Receipt, receipt_once},
    refusal::Refusal,
    world::World,
};

/// Matches a receipt with a payment of a sale; what follows is as if the provider had told it.
#[derive(Debug, Clone)]
pub struct MatchReceipt {
    /// The payments of the sale, in order.
    pub payments: Vec<PaymentId>,
    pub provider: &'static str,
    pub receipt: ReceiptGiven,
    /// For how much, where the provider has not told it.
    pub amount: Option<Cents>,
    /// The id of the SMS, should one be queued.
    pub message: MessageId,
}

impl Command for MatchReceipt {
    fn needs(&self, world: &World) -> Vec<Need> {
        let payments = self.payments.iter().map(|id| Need::Stream(Stream::Payment(*id)));
        let news = self.chosen(world).map(|payment| self.news(payment, None).needs(world));
        payments.chain(news.into_iter().flatten()).collect()
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        let id = self.chosen(world).ok_or(Refusal::NotDue)?;
        let payment = world.payment(id).ok_or(Refusal::NotDue)?;
        let known = self.known(world)?;
        if payment.status == PaymentStatus::Requested {
            return Err(Refusal::NotDue);
        }
        if payment.receipt.is_some() {
            return Err(Refusal::PaidAlready);
        }
        let amount = known.or(self.amount).ok_or(Refusal::AmountUnknown)?;
        if self.amount.is_some_and(|said| said != amount) || contradicts(payment, amount) {
            return Err(Refusal::AmountDiffers);
        }
        self.news(id, Some(amount)).decide(world, now)
    }
}

/// Whether the money is known to have moved, and was another amount.
fn contradicts(payment: &Payment, amount: Cents) -> bool {
    payment.moved.is_some_and(|moved| moved != amount)
}

impl MatchReceipt {
    /// The payment that still lacks its receipt, the paid one first; otherwise the last.
    fn chosen(&self, world: &World) -> Option<PaymentId> {
        let bare = |paid: bool| {
            let is_bare = |payment: &Payment| {
                let asked = payment.status != PaymentStatus::Requested;
                asked && payment.receipt.is_none() && payment.is_paid() == paid
            };
            self.payments.iter().rev().find(|id| world.payment(**id).is_some_and(is_bare))
        };
        bare(true).or_else(|| bare(false)).or(self.payments.last()).copied()
    }

    /// What the provider has told of the receipt, if anything.
    fn known(&self, world: &World) -> Result<Option<Cents>, Refusal> {
        match world.once(&receipt_once(self.provider, &self.receipt.fingerprint)) {
            None => Ok(None),
            Some(Stream::Receipt(id)) => match world.receipt(*id) {
                Some(Receipt::Recorded(amount) | Receipt::Unmatched(amount)) => Ok(Some(*amount)),
                Some(Receipt::Applied(payment)) if self.payments.contains(payment) => {
                    Err(Refusal::NothingNew)
                }
                Some(Receipt::Applied(_) | Receipt::Reversed | Receipt::Settled(..)) | None => {
                    Err(Refusal::ReceiptTaken)
                }
            },
            Some(_) => Err(Refusal::ReceiptTaken),
        }
    }

    fn news(&self, payment: PaymentId, amount: Option<Cents>) -> TakeNews {
        TakeNews {
            payment,
            provider: self.provider,
            news: News::Paid { amount, receipt: Some(self.receipt.clone()), paid_at: None },
            learnt: Learnt::Person,
            names: None,
            message: self.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            money::{submit_payment::EndInquiry, take_c2b::TakeC2b},
            testing::{
                Given, expired, given, kinds, message, payment, prompted, receipt, started, stocked,
            },
        },
        ledger::event::NewEvent,
        ports::Decline,
    };

    fn matching(amount: Option<i64>) -> MatchReceipt {
        MatchReceipt {
            payments: vec![payment(1)],
            provider: "mpesa",
            receipt: receipt(1),
            amount: amount.map(Cents::from_kes),
            message: message(1),
        }
    }

    /// A till's money came, and its message names no sale.
    fn told(mut history: Vec<NewEvent>, shillings: i64) -> Vec<NewEvent> {
        let came = TakeC2b {
            provider: "mpesa",
            receipt: receipt(1),
            amount: Cents::from_kes(shillings),
            paid_at: None,
            named: None,
            message: message(1),
        };
        history.extend(given(history.clone()).when(&came).then_recorded());
        history
    }

    /// The provider was asked, and said yes without a receipt.
    fn found_by_asking(mut history: Vec<NewEvent>) -> Vec<NewEvent> {
        let news = TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news: News::Paid { amount: None, receipt: None, paid_at: None },
            learnt: Learnt::Query,
            names: None,
            message: message(1),
        };
        history.extend(given(history.clone()).when(&news).then_recorded());
        history
    }

    fn matched(history: Vec<NewEvent>) -> Given {
        let events = given(history.clone()).when(&matching(Some(50))).then_recorded();
        given(history.into_iter().chain(events))
    }

    #[test]
    fn a_tills_receipt_is_matched_with_the_payment_that_was_found_by_asking() {
        let history = told(found_by_asking(prompted(1)), 50);
        let events = given(history.clone()).when(&matching(None)).then_recorded();
        assert_eq!(kinds(&events), ["receipt_applied", "payment_receipt_learnt"]);
        matched(history).when(&matching(None)).then_refused(&Refusal::NothingNew);
    }

    #[test]
    fn money_that_nobody_heard_of_again_gives_its_buyer_the_code() {
        for history in [told(prompted(1), 50), told(expired(1), 50)] {
            let events = given(history).when(&matching(None)).then_recorded();
            assert_eq!(kinds(&events)[..2], ["payment_confirmed", "receipt_applied"]);
            assert!(events[0].event.encode().data.contains(r#""learnt":"person""#));
            assert!(kinds(&events).contains(&"purchase_fulfilled".to_owned()));
        }
        let events = given(prompted(1)).when(&matching(Some(50))).then_recorded();
        assert_eq!(kinds(&events)[..2], ["payment_confirmed", "receipt_recorded"]);
    }

    #[test]
    fn a_wrong_amount_is_set_aside_and_what_came_of_the_prompt_is_still_asked() {
        let events = given(told(prompted(1), 40)).when(&matching(None)).then_recorded();
        let common = ["payment_confirmed", "receipt_applied", "payment_set_aside"];
        assert_eq!(kinds(&events), [&common[..], &["payment_inquiry_resumed"]].concat());
        // Asked to the end before, and never answered.
        let mut history = prompted(1);
        history.extend(given(history.clone()).when(&end(PaymentStatus::Prompted)).then_recorded());
        let events = given(told(history, 40)).when(&matching(None)).then_recorded();
        assert_eq!(kinds(&events)[3], "payment_inquiry_resumed");
    }

    fn end(status: PaymentStatus) -> EndInquiry {
        EndInquiry { payment: payment(1), status }
    }

    #[test]
    fn what_came_of_the_prompt_beside_other_money_is_found_or_listed() {
        let mut history = told(prompted(1), 40);
        history.extend(given(history.clone()).when(&matching(None)).then_recorded());
        let said = |news, learnt| {
            let (names, message) = (None, message(1));
            let (payment, provider) = (payment(1), "mpesa");
            let said = TakeNews { payment, provider, news, learnt, names, message };
            let events = given(history.clone()).when(&said).then_recorded();
            kinds(&events)
        };
        let paid = |amount, receipt| News::Paid { amount, receipt, paid_at: None };
        let no = News::Declined(Decline::Cancelled);
        assert_eq!(said(no, Learnt::Query), ["payment_inquiry_ended"]);
        let found = ["payment_disputed", "payment_inquiry_ended"];
        assert_eq!(said(paid(None, None), Learnt::Query), found);
        assert_eq!(said(paid(Some(Cents::from_kes(50)), None), Learnt::Query), found);
        let with_proof = paid(Some(Cents::from_kes(50)), Some(receipt(2)));
        let proven = ["receipt_recorded", "receipt_unmatched"];
        assert_eq!(said(with_proof, Learnt::Callback), [&proven[..], &found].concat());
        let events = given(history.clone()).when(&end(PaymentStatus::SetAside)).then_recorded();
        assert_eq!(kinds(&events), ["payment_inquiry_ended", "payment_disputed"]);
        history.extend(events);
        given(history).when(&end(PaymentStatus::SetAside)).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        let refused = |history: Vec<NewEvent>, amount, refusal| {
            given(history).when(&matching(amount)).then_refused(&refusal);
        };
        refused(stocked(1), Some(50), Refusal::NotDue);
        refused(started(1), Some(50), Refusal::NotDue);
        refused(prompted(1), None, Refusal::AmountUnknown);
        refused(told(prompted(1), 50), Some(49), Refusal::AmountDiffers);
        refused(found_by_asking(prompted(1)), Some(49), Refusal::AmountDiffers);
        let second = MatchReceipt { receipt: receipt(2), ..matching(Some(50)) };
        matched(prompted(1)).when(&second).then_refused(&Refusal::PaidAlready);
    }
}
