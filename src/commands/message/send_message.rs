//! Hands an SMS to a gateway: *submitted* is recorded before the call, its outcome after. On a
//! refusal the next gateway is tried. A delivery report is advice and may come in any order.

use crate::{
    ledger::{
        command::{Command, Decision, Postponed, VaultWrite, WorkKind},
        event::{Event, NewEvent},
        kernel::{
            fingerprint::Fingerprint,
            id::MessageId,
            stream::Stream,
            time::{Micros, SECOND},
        },
        message::{Message, MessageEvent, MessageStatus},
        needs::Need,
        purchase::PurchaseStatus,
        refusal::Refusal,
        world::World,
    },
    ports::{Delivery, SmsSubmitted},
};

fn own(id: MessageId, message: &Message, event: MessageEvent) -> NewEvent {
    let alone = NewEvent::alone(Stream::Message(id), Event::Message(event));
    NewEvent { correlation: message.purchase, ..alone }
}

/// Records that the call is about to leave. Refused when somebody else has made it.
#[derive(Debug, Clone)]
pub struct SubmitMessage {
    pub message: MessageId,
    pub gateway: String,
    pub sealed_text: Vec<u8>,
    /// Whether it tells the code. A text that was composed before the code came is not sent after.
    pub tells_code: bool,
}

impl Command for SubmitMessage {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![Need::Stream(Stream::Message(self.message))];
        let purchase = world.message(self.message).and_then(|message| message.purchase);
        needs.extend(purchase.map(|purchase| Need::Stream(Stream::Purchase(purchase))));
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        use MessageStatus as S;
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        if !matches!(message.status, S::Queued | S::Failed | S::Unconfirmed) {
            return Err(Refusal::NotDue);
        }
        let purchase = message.purchase.and_then(|purchase| world.purchase(purchase));
        let status = purchase.map(|purchase| purchase.status);
        if matches!(status, Some(PurchaseStatus::Fulfilled(_))) != self.tells_code {
            return Err(Refusal::NotDue);
        }
        let event = MessageEvent::Submitted { gateway: self.gateway.clone() };
        let sealed = self.sealed_text.clone();
        let text = VaultWrite::MessageText { message: self.message, sealed };
        Ok(Decision::events(vec![own(self.message, message, event)]).keep([text]))
    }

    fn actor(&self) -> &'static str {
        "process:send_messages"
    }
}

/// Records what came of the call.
#[derive(Debug, Clone)]
pub struct RecordSend {
    pub message: MessageId,
    pub gateway: String,
    pub outcome: SmsSubmitted,
    /// The fingerprint of the gateway's name for it.
    pub reference: Option<Fingerprint>,
}

/// A message that may have left waits this long for its delivery report before it is sent once
/// more (`docs/reference/sms-gateways.md`).
const UNCONFIRMED_PAUSE_SECONDS: i64 = 60;

/// So often nobody may know whether it left; then nothing more is tried. Two of the same text harm
/// nobody and cost a few cents; three are a nuisance.
pub const UNCONFIRMED_MAX: u32 = 2;

impl Command for RecordSend {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Message(self.message))]
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        let reference = self
            .reference
            .map(|fingerprint| VaultWrite::MessageRef { message: self.message, fingerprint });
        let gateway = self.gateway.clone();
        let event = match (&self.outcome, message.status) {
            // Late, but in time to save the second one.
            (
                SmsSubmitted::Accepted { .. },
                MessageStatus::Submitted | MessageStatus::Unconfirmed,
            ) => MessageEvent::Accepted { gateway },
            (SmsSubmitted::Refused { reason, .. }, MessageStatus::Submitted) => {
                MessageEvent::Failed { gateway, reason: (*reason).into() }
            }
            (SmsSubmitted::Unknown { reason }, MessageStatus::Submitted) => {
                MessageEvent::Unconfirmed { gateway, reason: (*reason).into() }
            }
            _ => return Ok(Decision::default().keep(reference)),
        };
        let unconfirmed = matches!(event, MessageEvent::Unconfirmed { .. });
        let postponed = unconfirmed.then(|| Postponed {
            kind: WorkKind::SendMessage,
            subject: self.message.to_string(),
            due_at: now.plus(UNCONFIRMED_PAUSE_SECONDS * SECOND),
            // This pause is that between two rounds too.
            seen: 1,
        });
        let events = vec![own(self.message, message, event)];
        let postponed = postponed.into_iter().collect();
        Ok(Decision { postponed, ..Decision::events(events) }.keep(reference))
    }

    fn actor(&self) -> &'static str {
        "process:send_messages"
    }
}

/// Gives up on a message; the page still shows the code, and the owner is told.
#[derive(Debug, Clone)]
pub struct GiveUpMessage {
    pub message: MessageId,
}

impl Command for GiveUpMessage {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Message(self.message))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        use MessageStatus as S;
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        if !matches!(message.status, S::Queued | S::Failed | S::Unconfirmed) {
            return Err(Refusal::NotDue);
        }
        Ok(Decision::events(vec![own(self.message, message, MessageEvent::GivenUp {})]))
    }

    fn actor(&self) -> &'static str {
        "process:send_messages"
    }
}

/// Takes in a delivery report.
#[derive(Debug, Clone)]
pub struct TakeReport {
    pub message: MessageId,
    pub outcome: Delivery,
}

impl Command for TakeReport {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Message(self.message))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        let event = match (self.outcome, message.status) {
            (Delivery::Underway, _) | (_, MessageStatus::Delivered | MessageStatus::Queued) => None,
            (Delivery::Delivered, _) => Some(MessageEvent::Delivered {}),
            (Delivery::Failed(reason), MessageStatus::Accepted) => {
                Some(MessageEvent::Undelivered { reason: reason.into() })
            }
            (Delivery::Failed(_), _) => None,
        };
        let events = event.into_iter().map(|event| own(self.message, message, event)).collect();
        Ok(Decision::events(events))
    }

    fn actor(&self) -> &'static str {
        "provider:report"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{
            at, given, kinds, message, owed_purchase, package_defined, purchase, queued_message,
            serve_owed, site, voucher_imported,
        },
        ledger::{
            kernel::id::ContactId,
            message::{Purpose, sms_once},
        },
        ports::SmsRetry,
    };

    fn submit(gateway: &str) -> SubmitMessage {
        SubmitMessage {
            message: message(1),
            gateway: gateway.into(),
            sealed_text: vec![1],
            tells_code: false,
        }
    }

    fn record(outcome: SmsSubmitted) -> RecordSend {
        RecordSend { message: message(1), gateway: "main".into(), outcome, reference: None }
    }

    fn after(commands: &[&dyn Command]) -> Vec<NewEvent> {
        let mut history = queued_message(1);
        for command in commands {
            history.extend(given(history.clone()).when(*command).then_recorded());
        }
        history
    }

    const REFUSED: SmsSubmitted =
        SmsSubmitted::Refused { reason: "no_credit", retry: SmsRetry::OtherGateway };

    #[test]
    fn a_refused_message_goes_to_the_next_gateway() {
        let history = after(&[&submit("main"), &record(REFUSED)]);
        let events = given(history).when(&submit("second")).then_recorded();
        assert_eq!(kinds(&events), ["message_submitted"]);
    }

    #[test]
    fn a_message_that_may_have_left_waits_for_its_report() {
        let history = after(&[&submit("main")]);
        let unknown = record(SmsSubmitted::Unknown { reason: "no_answer" });
        let postponed = given(history).when(&unknown).then_postponed();
        assert_eq!(postponed.map(|work| work.due_at), Some(at(60 * SECOND)));
        let history = after(&[&submit("main")]);
        assert_eq!(given(history).when(&record(REFUSED)).then_postponed(), None);
    }

    const LOST: SmsSubmitted = SmsSubmitted::Unknown { reason: "no_answer" };

    #[test]
    fn a_report_or_a_late_answer_saves_the_second_sms() {
        let lost = after(&[&submit("main"), &record(LOST)]);
        assert_eq!(kinds(&lost).last().unwrap(), "message_unconfirmed");
        let delivered = TakeReport { message: message(1), outcome: Delivery::Delivered };
        let accepted = record(SmsSubmitted::Accepted { reference: None });
        for heard in [&delivered as &dyn Command, &accepted] {
            let mut history = lost.clone();
            history.extend(given(history.clone()).when(heard).then_recorded());
            given(history).when(&submit("main")).then_refused(&Refusal::NotDue);
        }
        given(lost).when(&record(REFUSED)).then_nothing();
    }

    #[test]
    fn a_report_of_the_first_counts_while_the_second_is_under_way_and_after() {
        let delivered = TakeReport { message: message(1), outcome: Delivery::Delivered };
        let twice = after(&[&submit("main"), &record(LOST), &submit("main")]);
        let events = given(twice.clone()).when(&delivered).then_recorded();
        assert_eq!(kinds(&events), ["message_delivered"]);
        let mut ended = twice;
        let give_up = GiveUpMessage { message: message(1) };
        for command in [&record(LOST) as &dyn Command, &give_up] {
            ended.extend(given(ended.clone()).when(command).then_recorded());
        }
        let events = given(ended).when(&delivered).then_recorded();
        assert_eq!(kinds(&events), ["message_delivered"]);
    }

    #[test]
    fn a_call_under_way_is_not_given_up() {
        let give_up = GiveUpMessage { message: message(1) };
        given(after(&[&submit("main")])).when(&give_up).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_text_without_the_code_is_not_sent_once_the_code_is_there() {
        let mut history = owed_purchase(9);
        let queued = MessageEvent::Queued {
            purchase: Some(purchase(9)),
            contact: ContactId(uuid::Uuid::from_u128(9)),
            purpose: Purpose::Owed,
        };
        let stream = Stream::Message(message(1));
        let queued = NewEvent::of(purchase(9), stream, Event::Message(queued));
        history.push(queued.once(sms_once(purchase(9), 1)));
        let events = given(history.clone()).when(&submit("main")).then_recorded();
        assert_eq!(kinds(&events), ["message_submitted"]);
        history.extend([site(), package_defined(), voucher_imported(1)]);
        let served = given(history.clone()).when(&serve_owed(9)).then_recorded();
        assert!(!kinds(&served).contains(&"message_queued".to_owned()), "the first one waits");
        history.extend(served);
        given(history.clone()).when(&submit("main")).then_refused(&Refusal::NotDue);
        let with_code = SubmitMessage { tells_code: true, ..submit("main") };
        let events = given(history).when(&with_code).then_recorded();
        assert_eq!(kinds(&events), ["message_submitted"]);
    }

    #[test]
    fn a_message_under_way_is_not_sent_by_another() {
        given(after(&[&submit("main")])).when(&submit("main")).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_report_may_come_before_the_answer_and_twice() {
        let delivered = TakeReport { message: message(1), outcome: Delivery::Delivered };
        let history = after(&[&submit("main"), &delivered]);
        assert_eq!(kinds(&history).last().unwrap(), "message_delivered");
        given(history).when(&delivered).then_nothing();
    }

    #[test]
    fn a_late_sent_after_delivered_says_nothing_new() {
        let accepted = SmsSubmitted::Accepted { reference: None };
        let delivered = TakeReport { message: message(1), outcome: Delivery::Delivered };
        let underway = TakeReport { outcome: Delivery::Underway, ..delivered.clone() };
        let history = after(&[&submit("main"), &record(accepted), &delivered]);
        given(history).when(&underway).then_nothing();
    }
}
