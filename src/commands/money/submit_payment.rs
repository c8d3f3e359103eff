//! Asks for money: *submitted* is recorded before the call leaves, and its outcome after. Whoever
//! records *submitted* makes the call; nobody else ever does.

use crate::{
    commands::sale::expire_purchase::expire,
    ledger::{
        command::{Answer, Command, Decision, VaultWrite},
        event::{Event, NewEvent},
        kernel::{
            id::{PaymentId, PurchaseId},
            stream::Stream,
            time::Micros,
        },
        needs::Need,
        payment::{Dispute, Payment, PaymentEvent, PaymentStatus},
        purchase::{Expiry, Purchase, PurchaseStatus},
        refusal::Refusal,
        voucher::VoucherStatus,
        world::World,
    },
    ports::{Again, Submitted},
};

/// While the provider is busy, a purchase asks this often before it gives up.
pub const ATTEMPTS_MAX: u32 = 3;

/// The pause before another attempt while the provider is busy, times the number of the attempt.
const ATTEMPT_PAUSE_SECONDS: u32 = 20;

/// The pause before another attempt while the payer's phone is busy: another payment of it ends
/// within a minute (`docs/reference/m-pesa.md`).
const PHONE_BUSY_PAUSE_SECONDS: u32 = 60;

pub(in crate::commands) fn payment_needs(world: &World, payment: PaymentId) -> Vec<Need> {
    let mut needs = vec![Need::Stream(Stream::Payment(payment))];
    if let Some(payment) = world.payment(payment) {
        needs.push(Need::Stream(Stream::Purchase(payment.purchase)));
        if let Some(purchase) = world.purchase(payment.purchase) {
            needs.push(Need::Stream(Stream::Voucher(purchase.held)));
            needs.push(Need::Stock(purchase.package.clone()));
        }
    }
    needs
}

pub(in crate::commands) fn loaded(
    world: &World,
    payment: PaymentId,
) -> Result<(&Payment, &Purchase), Refusal> {
    let payment = world.payment(payment).ok_or(Refusal::NotDue)?;
    let purchase = world.purchase(payment.purchase).ok_or(Refusal::NotDue)?;
    Ok((payment, purchase))
}

/// Records that the call is about to leave. Refused when somebody else has, or nobody must.
#[derive(Debug, Clone)]
pub struct SubmitPayment {
    pub payment: PaymentId,
    pub provider: &'static str,
    /// The till or paybill that is to get the money, where it is not the shop's.
    pub receiver: Option<String>,
}

impl Command for SubmitPayment {
    fn needs(&self, world: &World) -> Vec<Need> {
        payment_needs(world, self.payment)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let (payment, purchase) = loaded(world, self.payment)?;
        if payment.status != PaymentStatus::Requested {
            return Err(Refusal::NotDue);
        }
        let open = purchase.status == PurchaseStatus::Open;
        let held = world.voucher(purchase.held).map(|voucher| voucher.status);
        let is_held = held == Some(VoucherStatus::Reserved(payment.purchase));
        let (event, answer) = if open && is_held {
            let (provider, receiver) = (self.provider.into(), self.receiver.clone());
            (PaymentEvent::Submitted { provider, receiver }, Answer::Go)
        } else {
            // The hold is gone, so there is nothing to sell: never ask.
            (PaymentEvent::Refused { reason: "purchase_over".into() }, Answer::Done)
        };
        let stream = Stream::Payment(self.payment);
        let mut events = vec![NewEvent::of(payment.purchase, stream, Event::Payment(event))];
        if open && !is_held {
            // Fenced, or somebody uses it: whoever waits for it may choose anew.
            events.extend(expire(world, payment.purchase, Expiry::Refused));
        }
        Ok(Decision { events, answer, ..Decision::default() })
    }

    fn actor(&self) -> &'static str {
        "process:collect_payment"
    }
}

/// Records what came of the call.
#[derive(Debug, Clone)]
pub struct RecordSubmit {
    pub payment: PaymentId,
    pub outcome: Submitted,
    /// The provider's names, sealed, where it accepted.
    pub sealed_refs: Option<Vec<u8>>,
    /// The id of another attempt, should one be made.
    pub next_payment: PaymentId,
}

impl Command for RecordSubmit {
    fn needs(&self, world: &World) -> Vec<Need> {
        payment_needs(world, self.payment)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let (payment, purchase) = loaded(world, self.payment)?;
        let refs = self
            .sealed_refs
            .clone()
            .map(|sealed| VaultWrite::ProviderRefs { payment: self.payment, sealed });
        if payment.status != PaymentStatus::Submitted {
            // A callback was faster than the answer, or a takeover called it unknown. The names are
            // worth keeping all the same.
            return Ok(Decision::default().keep(refs));
        }
        let of = |stream, event| NewEvent::of(payment.purchase, stream, event);
        let own = |event| of(Stream::Payment(self.payment), Event::Payment(event));
        let events = match &self.outcome {
            Submitted::Accepted(_) => vec![own(PaymentEvent::Prompted {})],
            Submitted::Unknown { reason } => {
                vec![own(PaymentEvent::SubmitUnknown { reason: (*reason).into() })]
            }
            Submitted::Refused { reason, again } => {
                let mut events = vec![own(PaymentEvent::Refused { reason: (*reason).into() })];
                let open = purchase.status == PurchaseStatus::Open;
                match pause_seconds(*again, payment.attempt) {
                    Some(seconds) if open => {
                        events.push(self.next_attempt(payment, purchase, seconds));
                    }
                    None if open => {
                        events.extend(expire(world, payment.purchase, Expiry::Refused));
                    }
                    Some(_) | None => {}
                }
                events
            }
        };
        Ok(Decision::events(events).keep(refs))
    }

    fn actor(&self) -> &'static str {
        "process:collect_payment"
    }
}

/// How long to wait before the attempt after this one; `None` where there is none.
fn pause_seconds(again: Again, attempt: u32) -> Option<u32> {
    match again {
        _ if attempt >= ATTEMPTS_MAX => None,
        Again::Never => None,
        Again::WhenProviderRests => Some(ATTEMPT_PAUSE_SECONDS * attempt),
        Again::WhenPhoneIsFree => Some(PHONE_BUSY_PAUSE_SECONDS),
    }
}

impl RecordSubmit {
    fn next_attempt(&self, payment: &Payment, purchase: &Purchase, seconds: u32) -> NewEvent {
        let id: PurchaseId = payment.purchase;
        let requested = PaymentEvent::Requested {
            site: purchase.package.site.clone(),
            package: purchase.package.package.clone(),
            purchase: id,
            attempt: payment.attempt + 1,
            amount_cents: payment.amount,
            payer: payment.payer,
            delay_seconds: seconds,
        };
        NewEvent::of(id, Stream::Payment(self.next_payment), Event::Payment(requested))
    }
}

/// Records that the provider was asked for the last time.
#[derive(Debug, Clone)]
pub struct EndInquiry {
    pub payment: PaymentId,
    /// Where it stood when that was found; what came meanwhile is worth another question.
    pub status: PaymentStatus,
}

impl Command for EndInquiry {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Payment(self.payment))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let payment = world.payment(self.payment).ok_or(Refusal::NotDue)?;
        if !payment.is_being_asked_about() || payment.status != self.status {
            return Err(Refusal::NotDue);
        }
        // Where other money paid, the list has no line yet for what nobody answered.
        let disputed = PaymentEvent::Disputed { reason: "prompt_unanswered".into() };
        let disputed = (payment.is_paid() && payment.dispute == Dispute::None).then_some(disputed);
        let own = |event| {
            let stream = Stream::Payment(self.payment);
            NewEvent::of(payment.purchase, stream, Event::Payment(event))
        };
        let events = std::iter::once(PaymentEvent::InquiryEnded {}).chain(disputed);
        Ok(Decision::events(events.map(own).collect()))
    }

    fn actor(&self) -> &'static str {
        "process:collect_payment"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            stock::fence::FenceStock,
            testing::{given, kinds, payment, started, submitted, voucher},
        },
        ports::ProviderRefs,
    };

    fn record(outcome: Submitted) -> RecordSubmit {
        let sealed_refs = matches!(outcome, Submitted::Accepted(_)).then(|| vec![1]);
        let next_payment = PaymentId(uuid::Uuid::from_u128(99));
        RecordSubmit { payment: payment(1), outcome, sealed_refs, next_payment }
    }

    fn refused(again: Again) -> Submitted {
        Submitted::Refused { reason: "provider_busy", again }
    }

    #[test]
    fn nobody_asks_twice() {
        let submit = SubmitPayment { payment: payment(1), provider: "mpesa", receiver: None };
        let events = given(started(1)).when(&submit).then_recorded();
        assert_eq!(kinds(&events), ["payment_submitted"]);
        given(submitted(1)).when(&submit).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn nobody_is_asked_for_money_while_no_code_is_held() {
        let mut history = started(1);
        // As a ledger that is put back has it: the buyer may have paid since.
        let fence = FenceStock { vouchers: vec![voucher(1)] };
        let fenced = given(history.clone()).when(&fence).then_recorded();
        history.extend(fenced);
        let submit = SubmitPayment { payment: payment(1), provider: "mpesa", receiver: None };
        let events = given(history).when(&submit).then_recorded();
        assert_eq!(kinds(&events), ["payment_refused", "purchase_expired"]);
    }

    #[test]
    fn an_accepted_call_leaves_the_providers_names_in_the_vault() {
        let refs = ProviderRefs { request: "ws".into(), merchant: "m".into() };
        let (events, vault) =
            given(submitted(1)).when(&record(Submitted::Accepted(refs))).then_both();
        assert_eq!(kinds(&events), ["payment_prompted"]);
        assert_eq!(vault.len(), 1);
    }

    #[test]
    fn an_unknown_answer_is_unknown_and_the_hold_stays() {
        let unknown = Submitted::Unknown { reason: "no_answer" };
        let events = given(submitted(1)).when(&record(unknown)).then_recorded();
        assert_eq!(kinds(&events), ["payment_submit_unknown"]);
    }

    #[test]
    fn a_busy_provider_is_asked_again_later_by_another_attempt() {
        for (again, seconds) in [(Again::WhenProviderRests, 20), (Again::WhenPhoneIsFree, 60)] {
            let events = given(submitted(1)).when(&record(refused(again))).then_recorded();
            assert_eq!(kinds(&events), ["payment_refused", "payment_requested"]);
            let Event::Payment(PaymentEvent::Requested { delay_seconds, .. }) = &events[1].event
            else {
                panic!("{events:?}")
            };
            assert_eq!(*delay_seconds, seconds, "{again:?}");
        }
    }

    #[test]
    fn a_final_refusal_frees_the_code() {
        let events = given(submitted(1)).when(&record(refused(Again::Never))).then_recorded();
        assert_eq!(kinds(&events), ["payment_refused", "purchase_expired", "voucher_released"]);
    }
}
