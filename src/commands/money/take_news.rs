//! A provider's news of a payment is matched before it is believed. Confirmation, code and SMS are
//! one commit. Late truth wins.

use crate::{
    commands::sale::expire_purchase::{expire, release},
    ledger::{
        command::{Command, Decision, VaultWrite},
        event::{Event, NewEvent},
        kernel::{
            id::{MessageId, PaymentId, PurchaseId, ReceiptId, VoucherId},
            money::Cents,
            stream::Stream,
            time::Micros,
        },
        message::{MessageEvent, Purpose, sms_once},
        needs::Need,
        payment::{Dispute, Learnt, MoneySetAside, Payment, PaymentEvent, PaymentStatus},
        purchase::{Expiry, Purchase, PurchaseEvent, PurchaseStatus},
        receipt::{Receipt, ReceiptEvent, Unmatched, receipt_once},
        refusal::Refusal,
        voucher::{VoucherEvent, VoucherStatus, sale_once},
        world::World,
    },
    ports::Decline,
};

use super::submit_payment::{loaded, payment_needs};

/// A receipt number, found again by fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptGiven {
    pub new_id: ReceiptId,
    /// By which it is found, as text for the `once` name.
    pub fingerprint: String,
    pub sealed: Vec<u8>,
}

/// What a provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Paid {
        /// How much, where it was told; the asked amount otherwise.
        amount: Option<Cents>,
        /// The proof, where it was told.
        receipt: Option<ReceiptGiven>,
        /// When, by the provider's clock.
        paid_at: Option<Micros>,
    },
    /// The money did not move.
    Declined(Decline),
    /// It speaks of the payment, and does not say whether the money moved.
    Unclear,
    /// The money of another attempt moved, so it says, on the path of this one.
    OfAnother,
}

/// Takes in what a provider says of a payment.
#[derive(Debug, Clone)]
pub struct TakeNews {
    pub payment: PaymentId,
    pub provider: &'static str,
    pub news: News,
    pub learnt: Learnt,
    /// Its names for the payment, sealed, where none were known: with them it can be asked.
    pub names: Option<Vec<u8>>,
    /// The id of the SMS, should one be queued.
    pub message: MessageId,
}

impl Command for TakeNews {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = payment_needs(world, self.payment);
        if let News::Paid { receipt: Some(receipt), .. } = &self.news {
            let name = receipt_once(self.provider, &receipt.fingerprint);
            if let Some(stream @ Stream::Receipt(_)) = world.once(&name) {
                needs.push(Need::Stream(stream.clone()));
            }
            needs.push(Need::Once(name));
        }
        if let Ok((payment, purchase)) = loaded(world, self.payment)
            && matches!(self.news, News::Paid { .. })
        {
            needs.push(Need::Once(sms_once(payment.purchase, 1)));
            if let Some(voucher) = code_for(world, payment.purchase, purchase) {
                needs.push(Need::Stream(Stream::Voucher(voucher)));
            }
        }
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let decision = match (&self.news, loaded(world, self.payment)) {
            // A ledger that was restored from an older backup: the money moved all the same.
            (News::Paid { amount: Some(amount), receipt: Some(receipt), .. }, Err(_)) => {
                self.unasked(world, None, receipt, *amount, Unmatched::UnknownReference)
            }
            (_, Err(refusal)) => return Err(refusal),
            (News::Declined(reason), Ok((payment, purchase))) => {
                self.declined(world, payment, purchase, *reason)
            }
            (News::Unclear, Ok((payment, _))) => {
                Decision::events(self.unclear(payment).into_iter().collect())
            }
            (News::OfAnother, Ok((payment, _))) => self.dispute(payment, "names_differ"),
            (News::Paid { amount, receipt, paid_at }, Ok((payment, purchase))) => {
                self.paid(world, payment, purchase, *amount, receipt.as_ref(), *paid_at)
            }
        };
        Ok(decision.keep(self.heard(world)))
    }

    fn actor(&self) -> &'static str {
        match self.learnt {
            Learnt::Callback => "provider:callback",
            Learnt::Query => "process:collect_payment",
            Learnt::C2b => "provider:c2b",
            Learnt::Person => "cli",
        }
    }
}

impl TakeNews {
    fn own(&self, purchase: PurchaseId, event: PaymentEvent) -> NewEvent {
        NewEvent::of(purchase, Stream::Payment(self.payment), Event::Payment(event))
    }

    /// The provider's names, by which it can be asked from now on. What this ledger knows of as not
    /// submitted will have other names.
    fn heard(&self, world: &World) -> Option<VaultWrite> {
        let payment = world.payment(self.payment)?;
        let sealed = self.names.clone()?;
        let submitted = payment.status != PaymentStatus::Requested;
        submitted.then_some(VaultWrite::NamesHeard { payment: self.payment, sealed })
    }

    /// Whoever speaks of a call has taken it, whatever its answer will say, and can be asked.
    fn unclear(&self, payment: &Payment) -> Option<NewEvent> {
        let taken = payment.status == PaymentStatus::Submitted;
        let prompted = taken.then(|| self.own(payment.purchase, PaymentEvent::Prompted {}));
        prompted.or_else(|| self.resumed(payment))
    }

    /// A provider that speaks of a payment late is asked about it again.
    fn resumed(&self, payment: &Payment) -> Option<NewEvent> {
        let late = self.learnt == Learnt::Callback && payment.is_inquiry_over();
        late.then(|| self.own(payment.purchase, PaymentEvent::InquiryResumed {}))
    }

    fn declined(
        &self,
        world: &World,
        payment: &Payment,
        purchase: &Purchase,
        reason: Decline,
    ) -> Decision {
        use PaymentStatus as S;
        if payment.is_paid() && payment.is_being_asked_about() {
            // What was paid for it was other money, and is all there is.
            return Decision::events(vec![self.inquiry_ended(payment)]);
        }
        let refused = payment.status == S::Refused;
        if !refused && !matches!(payment.status, S::Submitted | S::Prompted | S::SubmitUnknown) {
            // Told before, or told after the money had come: paid never becomes declined.
            return Decision::default();
        }
        let declined =
            PaymentEvent::Declined { reason: decline_word(reason).into(), learnt: self.learnt };
        let mut events: Vec<_> = self.resumed(payment).into_iter().collect();
        events.push(self.own(payment.purchase, declined));
        // After a refusal the purchase is over, or waits for its next attempt.
        if !refused && purchase.status == PurchaseStatus::Open {
            events.extend(expire(world, payment.purchase, Expiry::Declined));
        }
        Decision::events(events)
    }

    fn paid(
        &self,
        world: &World,
        payment: &Payment,
        purchase: &Purchase,
        told: Option<Cents>,
        receipt: Option<&ReceiptGiven>,
        paid_at: Option<Micros>,
    ) -> Decision {
        let proof = receipt.map(|receipt| self.proof(world, receipt));
        if let Some(Proof::AnothersReceipt) = proof {
            return self.dispute(payment, "receipt_of_another_payment");
        }
        if payment.status == PaymentStatus::Requested {
            // Nobody was asked, by what this ledger knows; one that was restored has forgotten.
            let amount = told.unwrap_or(payment.amount);
            return receipt.map_or_else(Decision::default, |receipt| {
                self.unasked(world, Some(payment.purchase), receipt, amount, Unmatched::NotAsked)
            });
        }
        if payment.is_paid() {
            return self.paid_again(payment, told, receipt, proof);
        }
        let amount = told.unwrap_or(payment.amount);
        let (package_site, package) =
            (purchase.package.site.clone(), purchase.package.package.clone());
        let receipt_id = proof.and_then(Proof::id);
        let confirmed = PaymentEvent::Confirmed {
            site: package_site,
            package,
            amount_cents: amount,
            learnt: self.learnt,
            receipt: receipt_id,
            paid_at,
        };
        let mut events = vec![self.own(payment.purchase, confirmed)];
        let (recorded, kept) = self.record(payment, amount, receipt.zip(proof));
        events.extend(recorded);
        events.extend(proof.and_then(|proof| self.applied(payment, proof)));
        let wrong = proof.and_then(|proof| proof.contradiction(amount));
        events.extend(wrong.and_then(|reason| self.disputed(payment, reason)));
        events.extend(self.settle(world, payment, purchase, amount));
        events.extend(self.asked_about_still(payment, amount));
        Decision::events(events).keep(kept)
    }

    /// Money that a person found, and of another amount than was asked: what came of the asking is
    /// still to be found out.
    fn asked_about_still(&self, payment: &Payment, amount: Cents) -> Option<NewEvent> {
        let other = self.learnt == Learnt::Person && amount != payment.amount;
        let open = payment.is_being_asked_about() || !payment.is_surely_unpaid();
        let resumed = PaymentEvent::InquiryResumed {};
        (other && open).then(|| self.own(payment.purchase, resumed))
    }

    fn inquiry_ended(&self, payment: &Payment) -> NewEvent {
        self.own(payment.purchase, PaymentEvent::InquiryEnded {})
    }

    /// Money that nobody was asked for is a person's to decide about, once.
    fn unasked(
        &self,
        world: &World,
        purchase: Option<PurchaseId>,
        receipt: &ReceiptGiven,
        amount: Cents,
        reason: Unmatched,
    ) -> Decision {
        let News::Paid { paid_at, .. } = self.news else { return Decision::default() };
        let money = ProvenMoney { provider: self.provider, receipt, amount, paid_at };
        match self.proof(world, receipt) {
            Proof::New(_) => unmatched(purchase, money, reason),
            Proof::Nobodys(..) | Proof::Known(_) | Proof::AnothersReceipt => Decision::default(),
        }
    }

    /// What a confirmed payment gives: a code, the promise of one, or a place with a person.
    fn settle(
        &self,
        world: &World,
        payment: &Payment,
        purchase: &Purchase,
        amount: Cents,
    ) -> Vec<NewEvent> {
        let id = payment.purchase;
        let finished = match purchase.status {
            PurchaseStatus::Fulfilled(_) | PurchaseStatus::Owed | PurchaseStatus::Settled(_) => {
                true
            }
            PurchaseStatus::Open | PurchaseStatus::Expired(_) => false,
        };
        let reason = match (finished, amount == payment.amount) {
            (true, _) => Some(MoneySetAside::Surplus),
            (false, false) => Some(MoneySetAside::WrongAmount),
            (false, true) => None,
        };
        let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
        if let Some(reason) = reason {
            let aside = PaymentEvent::SetAside { site, package, amount_cents: amount, reason };
            return vec![self.own(id, aside)];
        }
        let Some(voucher) = code_for(world, id, purchase) else {
            let owed =
                PurchaseEvent::Owed { site, package, amount_cents: amount, payment: self.payment };
            let message = queue_sms(self.message, id, purchase, Purpose::Owed, 1);
            return vec![NewEvent::of(id, Stream::Purchase(id), Event::Purchase(owed)), message];
        };
        let mut events = fulfil(id, purchase, voucher, self.payment, amount);
        if voucher != purchase.held {
            events.extend(release(world, id));
        }
        events.push(queue_sms(self.message, id, purchase, Purpose::Code, 1));
        events
    }

    fn proof(&self, world: &World, receipt: &ReceiptGiven) -> Proof {
        match world.once(&receipt_once(self.provider, &receipt.fingerprint)) {
            None => Proof::New(receipt.new_id),
            Some(Stream::Receipt(id)) => match world.receipt(*id) {
                Some(Receipt::Applied(payment)) if *payment == self.payment => Proof::Known(*id),
                Some(Receipt::Recorded(told) | Receipt::Unmatched(told)) => {
                    Proof::Nobodys(*id, *told)
                }
                Some(Receipt::Applied(_) | Receipt::Reversed | Receipt::Settled(..)) | None => {
                    Proof::AnothersReceipt
                }
            },
            Some(_) => Proof::AnothersReceipt,
        }
    }

    /// A person must look. Once is enough, and nobody has paid what nobody was asked for.
    fn disputed(&self, payment: &Payment, reason: &str) -> Option<NewEvent> {
        let asked = payment.status != PaymentStatus::Requested;
        let disputed = PaymentEvent::Disputed { reason: reason.into() };
        (asked && payment.dispute == Dispute::None).then(|| self.own(payment.purchase, disputed))
    }

    fn dispute(&self, payment: &Payment, reason: &str) -> Decision {
        Decision::events(self.disputed(payment, reason).into_iter().collect())
    }

    /// The same money told again: it may bring a proof that the first telling had not. Another
    /// amount, or a second proof, cannot be right; what it brought is kept all the same.
    fn paid_again(
        &self,
        payment: &Payment,
        told: Option<Cents>,
        receipt: Option<&ReceiptGiven>,
        proof: Option<Proof>,
    ) -> Decision {
        // What was asked for moved too.
        let besides = payment.is_being_asked_about();
        let differs = besides || told.is_some_and(|told| Some(told) != payment.moved);
        let mut wrong = differs.then_some("another_amount");
        let amount = told.unwrap_or(payment.amount);
        let (recorded, kept) = self.record(payment, amount, receipt.zip(proof));
        let mut events: Vec<_> = recorded.into_iter().collect();
        let unseen = proof.filter(|proof| !matches!(proof, Proof::Known(_)));
        if payment.receipt.is_some() {
            wrong = unseen.map(|_| "second_receipt").or(wrong);
            if let Some(Proof::New(id)) = unseen {
                events.push(left_over(Some(payment.purchase), id, Unmatched::PaidAlready));
            }
        } else if let Some((proof, receipt)) = unseen.and_then(|proof| Some((proof, proof.id()?))) {
            wrong = wrong.or(proof.contradiction(amount));
            events.extend(self.applied(payment, proof));
            events.push(self.own(payment.purchase, PaymentEvent::ReceiptLearnt { receipt }));
        }
        events.extend(wrong.and_then(|reason| self.disputed(payment, reason)));
        events.extend(besides.then(|| self.inquiry_ended(payment)));
        Decision::events(events).keep(kept)
    }

    /// What is recorded of a proof that nobody has seen.
    fn record(
        &self,
        payment: &Payment,
        amount: Cents,
        proof: Option<(&ReceiptGiven, Proof)>,
    ) -> (Option<NewEvent>, Option<VaultWrite>) {
        let Some((receipt, Proof::New(id))) = proof else { return (None, None) };
        let kept = VaultWrite::Receipt { receipt: id, sealed: receipt.sealed.clone() };
        let News::Paid { paid_at, .. } = self.news else { return (None, None) };
        let money = ProvenMoney { provider: self.provider, receipt, amount, paid_at };
        (Some(record_receipt(Some(payment.purchase), money)), Some(kept))
    }

    /// From now on this payment's.
    fn applied(&self, payment: &Payment, proof: Proof) -> Option<NewEvent> {
        let (Proof::New(id) | Proof::Nobodys(id, _)) = proof else { return None };
        let applied = Event::Receipt(ReceiptEvent::Applied { payment: self.payment });
        Some(NewEvent::of(payment.purchase, Stream::Receipt(id), applied))
    }
}

/// Money that moved, with a proof that nobody has seen.
#[derive(Clone, Copy)]
pub(in crate::commands) struct ProvenMoney<'a> {
    pub provider: &'a str,
    pub receipt: &'a ReceiptGiven,
    pub amount: Cents,
    /// When, by the provider's clock.
    pub paid_at: Option<Micros>,
}

/// Money that belongs to no payment: a person decides about it. It may stand beside a purchase.
pub(in crate::commands) fn unmatched(
    purchase: Option<PurchaseId>,
    money: ProvenMoney<'_>,
    reason: Unmatched,
) -> Decision {
    let id = money.receipt.new_id;
    let recorded = record_receipt(purchase, money);
    let kept = VaultWrite::Receipt { receipt: id, sealed: money.receipt.sealed.clone() };
    Decision::events(vec![recorded, left_over(purchase, id, reason)]).keep([kept])
}

fn left_over(purchase: Option<PurchaseId>, id: ReceiptId, reason: Unmatched) -> NewEvent {
    let unmatched = Event::Receipt(ReceiptEvent::Unmatched { reason });
    NewEvent { correlation: purchase, ..NewEvent::alone(Stream::Receipt(id), unmatched) }
}

/// The event by which the proof is recorded, for a purchase or for none.
fn record_receipt(purchase: Option<PurchaseId>, money: ProvenMoney<'_>) -> NewEvent {
    let ProvenMoney { provider, receipt, amount: amount_cents, paid_at } = money;
    let stream = Stream::Receipt(receipt.new_id);
    let recorded = ReceiptEvent::Recorded { provider: provider.into(), amount_cents, paid_at };
    let name = receipt_once(provider, &receipt.fingerprint);
    let event = NewEvent::alone(stream, Event::Receipt(recorded)).once(name);
    NewEvent { correlation: purchase, ..event }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    New(ReceiptId),
    /// Seen, and no payment's yet; for how much.
    Nobodys(ReceiptId, Cents),
    Known(ReceiptId),
    AnothersReceipt,
}

impl Proof {
    fn id(self) -> Option<ReceiptId> {
        match self {
            Self::New(id) | Self::Nobodys(id, _) | Self::Known(id) => Some(id),
            Self::AnothersReceipt => None,
        }
    }

    /// What was told of it before, and cannot be right beside this amount.
    fn contradiction(self, amount: Cents) -> Option<&'static str> {
        matches!(self, Self::Nobodys(_, told) if told != amount).then_some("another_amount")
    }
}

/// The code a paid purchase gets: the one held for it, or any free one.
fn code_for(world: &World, id: PurchaseId, purchase: &Purchase) -> Option<VoucherId> {
    let held = world.voucher(purchase.held).map(|voucher| voucher.status);
    if held == Some(VoucherStatus::Reserved(id)) {
        return Some(purchase.held);
    }
    world.first_free(&purchase.package)
}

/// The events by which a purchase gets its code.
pub(in crate::commands) fn fulfil(
    id: PurchaseId,
    purchase: &Purchase,
    voucher: VoucherId,
    payment: PaymentId,
    amount_cents: Cents,
) -> Vec<NewEvent> {
    let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
    let (s, p) = (site.clone(), package.clone());
    let allocated = VoucherEvent::Allocated { site: s, package: p, purchase: id };
    let fulfilled = PurchaseEvent::Fulfilled { site, package, amount_cents, payment, voucher };
    vec![
        NewEvent::of(id, Stream::Voucher(voucher), Event::Voucher(allocated))
            .once(sale_once(voucher)),
        NewEvent::of(id, Stream::Purchase(id), Event::Purchase(fulfilled)),
    ]
}

/// The event by which a purchase's `n`th SMS is queued.
pub(in crate::commands) fn queue_sms(
    message: MessageId,
    id: PurchaseId,
    purchase: &Purchase,
    purpose: Purpose,
    n: u32,
) -> NewEvent {
    let queued = MessageEvent::Queued { purchase: Some(id), contact: purchase.contact, purpose };
    NewEvent::of(id, Stream::Message(message), Event::Message(queued)).once(sms_once(id, n))
}

/// The word under which a decline stands in the ledger.
pub fn decline_word(reason: Decline) -> &'static str {
    match reason {
        Decline::InsufficientFunds => "insufficient_funds",
        Decline::Cancelled => "cancelled",
        Decline::NoAnswer => "no_answer",
        Decline::WrongPin => "wrong_pin",
        Decline::PayerLimit => "payer_limit",
        Decline::TooSoon => "too_soon",
        Decline::Busy => "busy",
        Decline::PromptFailed => "prompt_failed",
        Decline::PayerAccount => "payer_account",
        Decline::Unavailable => "unavailable",
        Decline::Configuration => "configuration",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{
        expired, given, kinds, message, package, payment, prompted, purchase, receipt, started,
        stocked, submitted, voucher, voucher_imported,
    };

    fn paid(shillings: i64) -> TakeNews {
        let amount = Some(Cents::from_kes(shillings));
        take(News::Paid { amount, receipt: Some(receipt(1)), paid_at: None })
    }

    fn paid_by_query() -> TakeNews {
        let news = News::Paid { amount: None, receipt: None, paid_at: None };
        TakeNews { learnt: Learnt::Query, ..take(news) }
    }

    fn take(news: News) -> TakeNews {
        TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news,
            learnt: Learnt::Callback,
            names: None,
            message: message(1),
        }
    }

    const SALE: [&str; 6] = [
        "payment_confirmed",
        "receipt_recorded",
        "receipt_applied",
        "voucher_allocated",
        "purchase_fulfilled",
        "message_queued",
    ];

    #[test]
    fn money_code_and_sms_are_one_commit() {
        let events = given(prompted(1)).when(&paid(50)).then_recorded();
        assert_eq!(kinds(&events), SALE);
    }

    #[test]
    fn a_callback_may_come_before_the_answer_to_the_submit() {
        let events = given(submitted(1)).when(&paid(50)).then_recorded();
        assert_eq!(kinds(&events), SALE);
    }

    #[test]
    fn the_same_callback_again_changes_nothing() {
        let mut history = prompted(1);
        history.extend(given(prompted(1)).when(&paid(50)).then_recorded());
        given(history).when(&paid(50)).then_nothing();
    }

    #[test]
    fn money_that_nobody_was_asked_for_is_a_persons_to_decide() {
        // A ledger that was restored from a backup knows less than M-PESA: of the payment, that it
        // was to be asked for, or nothing.
        for history in [started(1), stocked(1)] {
            let events = given(history.clone()).when(&paid(50)).then_recorded();
            assert_eq!(kinds(&events), ["receipt_recorded", "receipt_unmatched"]);
            let again = history.into_iter().chain(events);
            given(again).when(&paid(50)).then_nothing();
        }
        given(started(1)).when(&paid_by_query()).then_nothing();
        given(stocked(1)).when(&paid_by_query()).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_query_confirms_and_a_later_callback_brings_the_receipt() {
        let mut history = prompted(1);
        let events = given(prompted(1)).when(&paid_by_query()).then_recorded();
        assert_eq!(kinds(&events)[0], "payment_confirmed");
        assert!(!kinds(&events).contains(&"receipt_recorded".to_owned()));
        history.extend(events);
        let events = given(history).when(&paid(50)).then_recorded();
        let learnt = ["receipt_recorded", "receipt_applied", "payment_receipt_learnt"];
        assert_eq!(kinds(&events), learnt);
    }

    #[test]
    fn money_after_a_decline_is_taken() {
        let mut history = prompted(1);
        let decline = take(News::Declined(Decline::NoAnswer));
        let events = given(prompted(1)).when(&decline).then_recorded();
        assert_eq!(kinds(&events), ["payment_declined", "purchase_expired", "voucher_released"]);
        history.extend(events);
        let events = given(history).when(&paid(50)).then_recorded();
        assert_eq!(kinds(&events), SALE);
    }

    #[test]
    fn a_decline_after_the_money_changes_nothing() {
        let mut history = prompted(1);
        history.extend(given(prompted(1)).when(&paid(50)).then_recorded());
        given(history).when(&take(News::Declined(Decline::Cancelled))).then_nothing();
    }

    #[test]
    fn late_money_without_a_free_code_is_owed() {
        let mut history = expired(1);
        history.extend(crate::commands::testing::another_holds(1, 2));
        let events = given(history).when(&paid(50)).then_recorded();
        assert_eq!(kinds(&events)[3..], ["purchase_owed", "message_queued"]);
    }

    #[test]
    fn late_money_takes_any_free_code() {
        let mut history = expired(1);
        history.extend(crate::commands::testing::another_holds(1, 2));
        history.push(voucher_imported(5));
        let events = given(history).when(&paid(50)).then_recorded();
        assert_eq!(kinds(&events), SALE);
    }

    #[test]
    fn a_wrong_amount_is_set_aside_for_a_person() {
        let events = given(prompted(1)).when(&paid(49)).then_recorded();
        assert_eq!(kinds(&events).last().unwrap(), "payment_set_aside");
        assert!(!kinds(&events).contains(&"voucher_allocated".to_owned()));
    }

    fn after(first: &TakeNews) -> Vec<NewEvent> {
        let mut history = prompted(1);
        history.extend(given(prompted(1)).when(first).then_recorded());
        history
    }

    #[test]
    fn another_amount_for_the_same_money_is_disputed_once() {
        let mut history = after(&paid(50));
        let events = given(history.clone()).when(&paid(45)).then_recorded();
        assert_eq!(kinds(&events), ["payment_disputed"]);
        history.extend(events);
        given(history).when(&paid(45)).then_nothing();
    }

    #[test]
    fn an_amount_that_a_query_could_not_tell_is_disputed_when_it_was_another() {
        let events = given(after(&paid_by_query())).when(&paid(45)).then_recorded();
        let kinds_wanted =
            ["receipt_recorded", "receipt_applied", "payment_receipt_learnt", "payment_disputed"];
        assert_eq!(kinds(&events), kinds_wanted);
    }

    #[test]
    fn a_second_proof_is_kept_under_its_own_name_and_disputed() {
        let amount = Some(Cents::from_kes(50));
        let second = take(News::Paid { amount, receipt: Some(receipt(2)), paid_at: None });
        let (events, vault) = given(after(&paid(50))).when(&second).then_both();
        let both = ["receipt_recorded", "receipt_unmatched", "payment_disputed"];
        assert_eq!(kinds(&events), both);
        assert_eq!(events[0].once, Some("receipt:mpesa:fingerprint-2".into()));
        assert!(matches!(vault[..], [VaultWrite::Receipt { .. }]));
        // A payment is disputed once; the money of a third proof is on the desk all the same.
        let mut history = after(&paid(50));
        history.extend(events);
        let third = take(News::Paid { amount, receipt: Some(receipt(3)), paid_at: None });
        let events = given(history).when(&third).then_recorded();
        assert_eq!(kinds(&events), ["receipt_recorded", "receipt_unmatched"]);
    }

    #[test]
    fn names_that_nobody_knew_are_kept_in_the_commit_that_takes_the_news() {
        for news in [News::Declined(Decline::Cancelled), News::Unclear, paid(50).news] {
            let told = TakeNews { names: Some(vec![7]), ..take(news) };
            let (_, vault) = given(submitted(1)).when(&told).then_both();
            let kept = VaultWrite::NamesHeard { payment: payment(1), sealed: vec![7] };
            assert!(vault.contains(&kept), "{told:?}");
            // Of a call that this ledger knows nothing of; its own will have other names.
            let (_, vault) = given(started(1)).when(&told).then_both();
            assert!(!vault.contains(&kept), "{told:?}");
        }
    }

    #[test]
    fn a_provider_that_speaks_late_is_asked_again_and_once() {
        let declined = take(News::Declined(Decline::Cancelled));
        let refused = crate::commands::money::submit_payment::RecordSubmit {
            payment: payment(1),
            outcome: crate::ports::Submitted::Refused {
                reason: "provider_busy",
                again: crate::ports::Again::WhenProviderRests,
            },
            sealed_refs: None,
            next_payment: payment(9),
        };
        let ended = crate::commands::money::submit_payment::EndInquiry {
            payment: payment(1),
            status: PaymentStatus::Prompted,
        };
        let mut over = prompted(1);
        over.extend(given(over.clone()).when(&ended).then_recorded());
        let mut busy = submitted(1);
        busy.extend(given(busy.clone()).when(&refused).then_recorded());
        for history in [over, busy] {
            let resumed = given(history.clone()).when(&take(News::Unclear)).then_recorded();
            assert_eq!(kinds(&resumed), ["payment_inquiry_resumed"]);
            let again = history.clone().into_iter().chain(resumed);
            given(again).when(&take(News::Unclear)).then_nothing();
            let events = given(history.clone()).when(&declined).then_recorded();
            // The next attempt of a busy provider is not ended by an older one.
            let both = ["payment_inquiry_resumed", "payment_declined"];
            assert_eq!(kinds(&events)[..2], both);
            let by_query = TakeNews { learnt: Learnt::Query, ..take(News::Unclear) };
            given(history).when(&by_query).then_nothing();
        }
    }

    #[test]
    fn a_word_before_the_answer_says_that_the_call_was_taken() {
        let events = given(submitted(1)).when(&take(News::Unclear)).then_recorded();
        assert_eq!(kinds(&events), ["payment_prompted"]);
        given(prompted(1)).when(&take(News::Unclear)).then_nothing();
    }

    /// The purchase as a person or the router changed it after it was paid.
    fn changed_after_payment() -> Vec<Vec<NewEvent>> {
        use crate::ledger::settlement::Settlement;
        let (site, package) = (package().site, package().package);
        let (s, p) = (|| site.clone(), || package.clone());
        let amount_cents = Cents::from_kes(50);
        let how = Settlement::RefundedCash;
        let own = |event| {
            NewEvent::of(purchase(1), Stream::Purchase(purchase(1)), Event::Purchase(event))
        };
        let (former, other) = (voucher(1), voucher(2));
        let replaced = PurchaseEvent::Replaced { site: s(), package: p(), former, voucher: other };
        let taken_back = PurchaseEvent::Settled { site: s(), package: p(), amount_cents, how };
        let settled = PaymentEvent::Settled { site: s(), package: p(), amount_cents, how };
        let settled =
            NewEvent::of(purchase(1), Stream::Payment(payment(1)), Event::Payment(settled));
        let with = |mut history: Vec<NewEvent>, event| {
            history.push(event);
            history
        };
        vec![
            after(&paid(50)),
            with(after(&paid(50)), own(replaced)),
            with(after(&paid(50)), own(taken_back)),
            with(after(&paid(49)), settled),
        ]
    }

    #[test]
    fn another_receipt_is_money_too_whatever_became_of_the_purchase() {
        let amount = Some(Cents::from_kes(50));
        let second = take(News::Paid { amount, receipt: Some(receipt(2)), paid_at: None });
        let told = |named| crate::commands::money::take_c2b::TakeC2b {
            provider: "mpesa",
            receipt: receipt(2),
            amount: Cents::from_kes(50),
            paid_at: None,
            named,
            message: message(1),
        };
        for history in changed_after_payment() {
            let events = given(history.clone()).when(&second).then_recorded();
            assert_eq!(kinds(&events)[..2], ["receipt_recorded", "receipt_unmatched"]);
            for named in [Some(payment(1)), None] {
                let events = given(history.clone()).when(&told(named)).then_recorded();
                assert_eq!(kinds(&events), ["receipt_recorded", "receipt_unmatched"]);
            }
        }
    }

    #[test]
    fn money_of_another_attempt_on_this_path_is_disputed() {
        let events = given(prompted(1)).when(&take(News::OfAnother)).then_recorded();
        assert_eq!(kinds(&events), ["payment_disputed"]);
        given(started(1)).when(&take(News::OfAnother)).then_nothing();
    }

    #[test]
    fn a_receipt_of_another_payment_is_disputed_and_sells_nothing() {
        let mut history = prompted(1);
        history.extend(given(prompted(1)).when(&paid(50)).then_recorded());
        history.extend(prompted(2).split_off(stocked(8).len()));
        let replayed = TakeNews { payment: payment(2), message: message(2), ..paid(50) };
        let events = given(history).when(&replayed).then_recorded();
        assert_eq!(kinds(&events), ["payment_disputed"]);
    }
}
