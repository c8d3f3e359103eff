//! A provider tells of money on the shop's number, whoever asked for it. Where the message names an
//! attempt of ours, that attempt is paid. A person decides about all other money, and none is lost.

use super::{
    submit_payment::payment_needs,
    take_news::{News, ProvenMoney, ReceiptGiven, TakeNews, unmatched},
};
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
    receipt::{Receipt, Unmatched, receipt_once},
    refusal::Refusal,
    world::World,
};

/// Takes in a message about money on the shop's number.
#[derive(Debug, Clone)]
pub struct TakeC2b {
    pub provider: &'static str,
    pub receipt: ReceiptGiven,
    pub amount: Cents,
    /// When, by the provider's clock.
    pub paid_at: Option<Micros>,
    pub named: Option<PaymentId>,
    /// The id of the SMS, should one be queued.
    pub message: MessageId,
}

impl Command for TakeC2b {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![Need::Once(self.once())];
        if let Some(stream @ Stream::Receipt(_)) = world.once(&self.once()) {
            needs.push(Need::Stream(stream.clone()));
        }
        needs.extend(self.named.into_iter().flat_map(|named| payment_needs(world, named)));
        if let Some(payment) = self.whose(world) {
            needs.extend(self.news_of(payment).needs(world));
        }
        needs
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        if let Some(payment) = self.whose(world) {
            return self.news_of(payment).decide(world, now);
        }
        let known = world.once(&self.once()).is_some();
        // Told again, and still with a person.
        Ok(if known { Decision::default() } else { self.unmatched(world) })
    }

    fn actor(&self) -> &'static str {
        "provider:c2b"
    }
}

impl TakeC2b {
    fn once(&self) -> String {
        receipt_once(self.provider, &self.receipt.fingerprint)
    }

    /// The payment that this money is: the one its receipt is known to belong to, or the one it
    /// names if everything fits.
    fn whose(&self, world: &World) -> Option<PaymentId> {
        match world.once(&self.once()) {
            Some(Stream::Receipt(id)) => match world.receipt(*id)? {
                Receipt::Applied(payment) => Some(*payment),
                Receipt::Recorded(_)
                | Receipt::Unmatched(_)
                | Receipt::Reversed
                | Receipt::Settled(..) => None,
            },
            Some(_) => None,
            None => self.named.filter(|named| {
                world.payment(*named).is_some_and(|payment| self.misfit(payment).is_none())
            }),
        }
    }

    /// Why this cannot be the money that was asked for.
    fn misfit(&self, payment: &Payment) -> Option<Unmatched> {
        if payment.status == PaymentStatus::Requested {
            return Some(Unmatched::NotAsked);
        }
        if self.amount != payment.amount {
            // A prompt moves exactly what it shows: this was paid by hand, and the prompt may still
            // be answered. Confirming the payment here would stand in its way.
            return Some(Unmatched::WrongAmount);
        }
        payment.receipt.map(|_| Unmatched::PaidAlready)
    }

    fn news_of(&self, payment: PaymentId) -> TakeNews {
        TakeNews {
            payment,
            provider: self.provider,
            news: News::Paid {
                amount: Some(self.amount),
                receipt: Some(self.receipt.clone()),
                paid_at: self.paid_at,
            },
            learnt: Learnt::C2b,
            names: None,
            message: self.message,
        }
    }

    fn unmatched(&self, world: &World) -> Decision {
        let payment = self.named.and_then(|named| world.payment(named));
        let reason = payment.and_then(|payment| self.misfit(payment));
        let reason = reason.unwrap_or(Unmatched::UnknownReference);
        // A person finds it beside the purchase that it names.
        let purchase = payment.map(|payment| payment.purchase);
        let &Self { provider, ref receipt, amount, paid_at, .. } = self;
        unmatched(purchase, ProvenMoney { provider, receipt, amount, paid_at }, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{
            expired, given, kinds, message, payment, prompted, receipt, started, stocked, submitted,
        },
        ledger::{
            event::{Event, NewEvent},
            receipt::ReceiptEvent,
        },
    };

    fn came(shillings: i64, named: Option<u128>) -> TakeC2b {
        TakeC2b {
            provider: "mpesa",
            receipt: receipt(1),
            amount: Cents::from_kes(shillings),
            paid_at: None,
            named: named.map(payment),
            message: message(1),
        }
    }

    fn told(shillings: i64, by: Learnt) -> TakeNews {
        let proof = (by == Learnt::Callback).then(|| receipt(1));
        let amount = Some(Cents::from_kes(shillings));
        TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news: News::Paid { amount, receipt: proof, paid_at: None },
            learnt: by,
            names: None,
            message: message(1),
        }
    }

    fn after(mut history: Vec<NewEvent>, command: &dyn Command) -> Vec<NewEvent> {
        history.extend(given(history.clone()).when(command).then_recorded());
        history
    }

    fn reason(events: &[NewEvent]) -> Unmatched {
        match &events[1].event {
            Event::Receipt(ReceiptEvent::Unmatched { reason }) => *reason,
            other => panic!("not unmatched: {other:?}"),
        }
    }

    #[test]
    fn a_named_attempt_is_confirmed_whatever_was_known_of_it() {
        let declined = TakeNews {
            news: News::Declined(crate::ports::Decline::NoAnswer),
            ..told(50, Learnt::Callback)
        };
        for history in [submitted(1), prompted(1), after(prompted(1), &declined), expired(1)] {
            let events = given(history).when(&came(50, Some(1))).then_recorded();
            let sale = ["payment_confirmed", "receipt_recorded", "receipt_applied"];
            assert_eq!(kinds(&events)[..3], sale);
            assert!(events[0].event.encode().data.contains(r#""learnt":"c2b""#));
            assert!(kinds(&events).contains(&"purchase_fulfilled".to_owned()));
        }
    }

    #[test]
    fn the_same_money_told_by_callback_and_c2b_is_one_payment_in_either_order() {
        let callback = told(50, Learnt::Callback);
        let c2b = came(50, Some(1));
        given(after(prompted(1), &callback)).when(&c2b).then_nothing();
        given(after(prompted(1), &c2b)).when(&callback).then_nothing();
        given(after(prompted(1), &c2b)).when(&c2b).then_nothing();
        // A till's names no attempt: its receipt tells.
        given(after(prompted(1), &callback)).when(&came(50, None)).then_nothing();
    }

    #[test]
    fn after_a_query_it_brings_the_receipt() {
        let history = after(prompted(1), &told(50, Learnt::Query));
        let events = given(history).when(&came(50, Some(1))).then_recorded();
        let learnt = ["receipt_recorded", "receipt_applied", "payment_receipt_learnt"];
        assert_eq!(kinds(&events), learnt);
    }

    #[test]
    fn money_that_names_nothing_of_ours_is_a_persons_to_decide() {
        let events = given(stocked(1)).when(&came(50, None)).then_recorded();
        assert_eq!(kinds(&events), ["receipt_recorded", "receipt_unmatched"]);
        assert_eq!(reason(&events), Unmatched::UnknownReference);
        assert_eq!(events[0].correlation, None);
        given(after(stocked(1), &came(50, None))).when(&came(50, None)).then_nothing();
    }

    #[test]
    fn money_that_does_not_fit_stands_beside_its_purchase_and_not_in_its_way() {
        let paid = TakeNews {
            news: News::Paid { amount: None, receipt: Some(receipt(2)), paid_at: None },
            ..told(50, Learnt::Callback)
        };
        for (history, shillings, why) in [
            (started(1), 50, Unmatched::NotAsked),
            (prompted(1), 49, Unmatched::WrongAmount),
            (after(prompted(1), &paid), 50, Unmatched::PaidAlready),
        ] {
            let events = given(history).when(&came(shillings, Some(1))).then_recorded();
            assert_eq!(kinds(&events), ["receipt_recorded", "receipt_unmatched"]);
            assert_eq!(reason(&events), why);
            assert!(events.iter().all(|event| event.correlation.is_some()));
        }
    }

    #[test]
    fn a_tills_money_is_matched_as_soon_as_the_callback_names_its_receipt() {
        let callback = told(50, Learnt::Callback);
        let events = given(after(prompted(1), &came(50, None))).when(&callback).then_recorded();
        assert_eq!(kinds(&events)[..2], ["payment_confirmed", "receipt_applied"]);
        let history = after(after(prompted(1), &came(50, None)), &told(50, Learnt::Query));
        let events = given(history).when(&callback).then_recorded();
        assert_eq!(kinds(&events), ["receipt_applied", "payment_receipt_learnt"]);
    }

    #[test]
    fn two_amounts_for_one_receipt_are_disputed() {
        let history = after(prompted(1), &came(49, Some(1)));
        let events = given(history).when(&told(50, Learnt::Callback)).then_recorded();
        let beginning = ["payment_confirmed", "receipt_applied", "payment_disputed"];
        assert_eq!(kinds(&events)[..3], beginning);
    }
}
