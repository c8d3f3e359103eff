//! A person settles money that bought nothing, takes a code back for its money, settles a dispute,
//! or states the provider's charges. The money itself moves elsewhere, by hand. Here it leaves the
//! list, and the books follow.

use crate::ledger::{
    catalogue::ShopEvent,
    command::{Command, Decision},
    event::{Event, NewEvent},
    kernel::{
        id::{PaymentId, PurchaseId, ReceiptId, VoucherId},
        money::Cents,
        stream::Stream,
        time::{Micros, Month},
    },
    needs::Need,
    payment::{Dispute, Payment, PaymentEvent, PaymentStatus},
    purchase::{Purchase, PurchaseEvent, PurchaseStatus},
    receipt::{Receipt, ReceiptEvent},
    refusal::Refusal,
    settlement::Settlement,
    voucher::{VoidReason, VoucherEvent},
    world::World,
};

/// Whose money is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettled {
    /// Of a receipt that belongs to no payment; and the purchase beside which it stands.
    Receipt(ReceiptId, Option<PurchaseId>),
    /// Of a payment that was set aside.
    Payment(PaymentId),
    /// Of a purchase that is owed a code, or whose money is promised back; and how much was paid.
    Purchase(PurchaseId, Cents),
    /// Of a purchase whose code is taken back.
    Code(PurchaseId),
}

/// Settles money that bought nothing.
#[derive(Debug, Clone, Copy)]
pub struct Settle {
    pub what: Unsettled,
    pub how: Settlement,
}

impl Command for Settle {
    fn needs(&self, world: &World) -> Vec<Need> {
        match self.what {
            Unsettled::Receipt(id, _) => vec![Need::Stream(Stream::Receipt(id))],
            Unsettled::Payment(id) => {
                let mut needs = vec![Need::Stream(Stream::Payment(id))];
                let purchase = world.payment(id).map(|payment| payment.purchase);
                needs.extend(purchase.map(|id| Need::Stream(Stream::Purchase(id))));
                needs
            }
            Unsettled::Purchase(id, _) | Unsettled::Code(id) => {
                let mut needs = vec![Need::Stream(Stream::Purchase(id))];
                if let Some(purchase) = world.purchase(id) {
                    needs.push(Need::Stock(purchase.package.clone()));
                    if let PurchaseStatus::Fulfilled(voucher) = purchase.status {
                        needs.push(Need::Stream(Stream::Voucher(voucher)));
                    }
                }
                needs
            }
        }
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let mut events = vec![];
        let event = match self.what {
            Unsettled::Receipt(id, beside) => {
                let event = self.receipt(world.receipt(id))?;
                let alone = NewEvent::alone(Stream::Receipt(id), Event::Receipt(event));
                NewEvent { correlation: beside, ..alone }
            }
            Unsettled::Payment(id) => {
                let payment = world.payment(id).ok_or(Refusal::NotDue)?;
                let purchase = world.purchase(payment.purchase).ok_or(Refusal::NotDue)?;
                let event = Event::Payment(self.payment(payment, purchase)?);
                NewEvent::of(payment.purchase, Stream::Payment(id), event)
            }
            Unsettled::Purchase(id, _) | Unsettled::Code(id) => {
                let purchase = world.purchase(id).ok_or(Refusal::NotDue)?;
                let event = Event::Purchase(self.purchase(purchase)?);
                // A code that was sold to somebody else stays theirs, whatever the purchase says.
                if let PurchaseStatus::Fulfilled(voucher) = purchase.status
                    && world.voucher(voucher).is_some_and(|it| it.sold_to == Some(id))
                {
                    events.push(taken_back(id, purchase, voucher));
                }
                NewEvent::of(id, Stream::Purchase(id), event)
            }
        };
        events.push(event);
        Ok(Decision::events(events))
    }
}

impl Settle {
    fn may_follow(&self, before: Settlement) -> Result<(), Refusal> {
        if self.how == before {
            return Err(Refusal::NothingNew);
        }
        self.how.may_follow(before).then_some(()).ok_or(Refusal::NotDue)
    }

    fn receipt(&self, receipt: Option<&Receipt>) -> Result<ReceiptEvent, Refusal> {
        let amount_cents = match receipt {
            Some(Receipt::Unmatched(amount)) => *amount,
            Some(Receipt::Settled(amount, before)) => {
                self.may_follow(*before)?;
                *amount
            }
            Some(Receipt::Recorded(_) | Receipt::Applied(_) | Receipt::Reversed) | None => {
                return Err(Refusal::NotDue);
            }
        };
        Ok(ReceiptEvent::Settled { amount_cents, how: self.how })
    }

    fn payment(&self, payment: &Payment, purchase: &Purchase) -> Result<PaymentEvent, Refusal> {
        match payment.status {
            PaymentStatus::SetAside => {}
            PaymentStatus::Settled(before) => self.may_follow(before)?,
            PaymentStatus::Requested
            | PaymentStatus::Submitted
            | PaymentStatus::Prompted
            | PaymentStatus::Refused
            | PaymentStatus::SubmitUnknown
            | PaymentStatus::Confirmed
            | PaymentStatus::Declined => return Err(Refusal::NotDue),
        }
        let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
        let amount_cents = payment.moved.ok_or(Refusal::NotDue)?;
        Ok(PaymentEvent::Settled { site, package, amount_cents, how: self.how })
    }

    fn purchase(&self, purchase: &Purchase) -> Result<PurchaseEvent, Refusal> {
        let amount_cents = match self.what {
            Unsettled::Purchase(_, paid) => paid,
            _ => purchase.price,
        };
        match purchase.status {
            // What is owed has no code to take back.
            PurchaseStatus::Owed if matches!(self.what, Unsettled::Code(_)) => {
                return Err(Refusal::NotDue);
            }
            PurchaseStatus::Owed => {}
            PurchaseStatus::Fulfilled(_) if self.how.is_refund() => {}
            PurchaseStatus::Settled(before) => self.may_follow(before)?,
            PurchaseStatus::Open | PurchaseStatus::Fulfilled(_) | PurchaseStatus::Expired(_) => {
                return Err(Refusal::NotDue);
            }
        }
        let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
        Ok(PurchaseEvent::Settled { site, package, amount_cents, how: self.how })
    }
}

/// The code of a purchase is void: its buyer has the money or another code.
fn taken_back(id: PurchaseId, purchase: &Purchase, voucher: VoucherId) -> NewEvent {
    let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
    let void = VoucherEvent::Voided { site, package, reason: VoidReason::TakenBack };
    NewEvent::of(id, Stream::Voucher(voucher), Event::Voucher(void))
}

/// A person has looked into a payment that cannot be right.
#[derive(Debug, Clone, Copy)]
pub struct SettleDispute {
    pub payment: PaymentId,
}

impl Command for SettleDispute {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Payment(self.payment))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let payment = world.payment(self.payment).ok_or(Refusal::NotDue)?;
        match payment.dispute {
            Dispute::None => Err(Refusal::NotDue),
            Dispute::Settled => Err(Refusal::NothingNew),
            Dispute::Open => {
                let event = Event::Payment(PaymentEvent::DisputeSettled {});
                let stream = Stream::Payment(self.payment);
                Ok(Decision::events(vec![NewEvent::of(payment.purchase, stream, event)]))
            }
        }
    }
}

/// What the provider took for itself in a month, as its statement says.
#[derive(Debug, Clone, Copy)]
pub struct StateCharges {
    pub month: Month,
    pub amount: Cents,
    /// The month's last moment, in the shop's time zone.
    pub ends_at: Micros,
}

impl Command for StateCharges {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Shop)]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        if world.charges(self.month) == Some(self.amount) {
            return Err(Refusal::NothingNew);
        }
        let &Self { month, amount: amount_cents, ends_at } = self;
        let stated = ShopEvent::ChargesStated { month, amount_cents, ends_at };
        Ok(Decision::events(vec![NewEvent::alone(Stream::Shop, Event::Shop(stated))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            money::{
                take_c2b::TakeC2b,
                take_news::{News, TakeNews},
            },
            testing::{
                given, kinds, message, owed_purchase, payment, prompted, purchase, receipt,
                serve_owed, served, stocked, voucher_imported,
            },
        },
        ledger::{catalogue::LedgerPurpose, payment::Learnt},
    };

    fn then(mut history: Vec<NewEvent>, command: &dyn Command) -> Vec<NewEvent> {
        history.extend(given(history.clone()).when(command).then_recorded());
        history
    }

    fn settle(what: Unsettled, how: Settlement) -> Settle {
        Settle { what, how }
    }

    /// Each sort of money that waits for a person.
    fn waiting() -> Vec<(Vec<NewEvent>, Unsettled, &'static str)> {
        let by_hand = TakeC2b {
            provider: "mpesa",
            receipt: receipt(1),
            amount: Cents::from_kes(50),
            paid_at: None,
            named: None,
            message: message(1),
        };
        let wrong = TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news: News::Paid { amount: Some(Cents::from_kes(40)), receipt: None, paid_at: None },
            learnt: Learnt::Callback,
            names: None,
            message: message(1),
        };
        let mut owed = stocked(0);
        owed.extend(owed_purchase(9));
        let receipt = Unsettled::Receipt(receipt(1).new_id, None);
        vec![
            (then(stocked(1), &by_hand), receipt, "receipt_settled"),
            (then(prompted(1), &wrong), Unsettled::Payment(payment(1)), "payment_settled"),
            (owed, Unsettled::Purchase(purchase(9), Cents::from_kes(50)), "purchase_settled"),
        ]
    }

    #[test]
    fn money_is_settled_once_but_a_promise_is_kept_later() {
        for (history, what, kind) in waiting() {
            let promised = settle(what, Settlement::RefundPromised);
            let kept = settle(what, Settlement::RefundedMpesa);
            let by_hand = settle(what, Settlement::ServedByHand);
            let after = then(history.clone(), &promised);
            assert_eq!(kinds(&after[after.len() - 1..]), [kind]);
            given(after.clone()).when(&promised).then_refused(&Refusal::NothingNew);
            given(after.clone()).when(&by_hand).then_refused(&Refusal::NotDue);
            let after = then(after, &kept);
            given(after.clone()).when(&kept).then_refused(&Refusal::NothingNew);
            given(after).when(&promised).then_refused(&Refusal::NotDue);
            let after = then(history, &by_hand);
            given(after).when(&kept).then_refused(&Refusal::NotDue);
        }
    }

    #[test]
    fn what_needs_nobody_is_not_settled() {
        let amount = Cents::from_kes(50);
        for what in [
            Unsettled::Receipt(receipt(7).new_id, None),
            Unsettled::Payment(payment(1)),
            Unsettled::Purchase(purchase(1), amount),
            Unsettled::Purchase(purchase(7), amount),
        ] {
            let command = settle(what, Settlement::RefundedCash);
            given(prompted(1)).when(&command).then_refused(&Refusal::NotDue);
        }
        given(prompted(1))
            .when(&SettleDispute { payment: payment(1) })
            .then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_code_is_taken_back_for_its_money_and_what_is_owed_has_none() {
        let (sold, _) = served(1);
        let code = Unsettled::Code(purchase(1));
        let refund = settle(code, Settlement::RefundedCash);
        let events = given(sold.clone()).when(&refund).then_recorded();
        assert_eq!(kinds(&events), ["voucher_voided", "purchase_settled"]);
        let by_hand = settle(code, Settlement::ServedByHand);
        given(sold).when(&by_hand).then_refused(&Refusal::NotDue);
        let owed = [stocked(0), owed_purchase(1)].concat();
        given(owed).when(&refund).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn who_was_given_the_money_back_gets_no_code_when_stock_comes() {
        let (history, what, _) = waiting().pop().unwrap();
        let mut history = then(history, &settle(what, Settlement::RefundPromised));
        history.push(voucher_imported(1));
        given(history).when(&serve_owed(9)).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_dispute_is_settled_once_and_does_not_come_up_again() {
        let other = TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news: News::OfAnother,
            learnt: Learnt::Callback,
            names: None,
            message: message(1),
        };
        let looked = SettleDispute { payment: payment(1) };
        let history = then(then(prompted(1), &other), &looked);
        given(history.clone()).when(&looked).then_refused(&Refusal::NothingNew);
        given(history).when(&other).then_nothing();
    }

    #[test]
    fn charges_are_stated_and_corrected() {
        let opened = ShopEvent::Opened {
            purpose: LedgerPurpose::Shop,
            timezone: "Africa/Nairobi".into(),
            currency: "KES".into(),
        };
        let history = vec![NewEvent::alone(Stream::Shop, Event::Shop(opened))];
        let month = "2026-11".parse().unwrap();
        let state = |kes| StateCharges { month, amount: Cents::from_kes(kes), ends_at: Micros(1) };
        let history = then(history, &state(120));
        given(history.clone()).when(&state(120)).then_refused(&Refusal::NothingNew);
        let history = then(history, &state(125));
        given(history).when(&state(120)).then_recorded();
    }
}
