//! Handing an SMS to a gateway: *submitted* before the call, its outcome after, the next gateway on
//! a refusal. A delivery report is advice and may come in any order.

use crate::{
    ledger::{
        decision::{Command, Decision, Fingerprint, Need, VaultWrite},
        event::{Event, NewEvent},
        id::MessageId,
        message::{Message, MessageEvent, MessageStatus},
        refusal::Refusal,
        stream::Stream,
        time::Micros,
        world::World,
    },
    ports::{Delivery, SmsSubmitted},
};

fn own(id: MessageId, message: &Message, event: MessageEvent) -> NewEvent {
    NewEvent::of(message.purchase, Stream::Message(id), Event::Message(event))
}

/// Records that the call is about to leave. Refused when somebody else has made it.
#[derive(Debug, Clone)]
pub struct SubmitMessage {
    /// Which message.
    pub message: MessageId,
    /// By which gateway.
    pub gateway: String,
    /// What it says, sealed.
    pub sealed_text: Vec<u8>,
}

impl Command for SubmitMessage {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Message(self.message))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        if !matches!(message.status, MessageStatus::Queued | MessageStatus::Failed) {
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
    /// Which message.
    pub message: MessageId,
    /// By which gateway.
    pub gateway: String,
    /// What came of it.
    pub outcome: SmsSubmitted,
    /// The fingerprint of the gateway's name for it.
    pub reference: Option<Fingerprint>,
}

impl Command for RecordSend {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Message(self.message))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        let reference = self
            .reference
            .map(|fingerprint| VaultWrite::MessageRef { message: self.message, fingerprint });
        if message.status != MessageStatus::Submitted {
            return Ok(Decision::default().keep(reference));
        }
        let gateway = self.gateway.clone();
        let event = match &self.outcome {
            SmsSubmitted::Accepted { .. } => MessageEvent::Accepted { gateway },
            SmsSubmitted::Refused { reason, .. } | SmsSubmitted::Unknown { reason } => {
                MessageEvent::Failed { gateway, reason: (*reason).into() }
            }
        };
        Ok(Decision::events(vec![own(self.message, message, event)]).keep(reference))
    }

    fn actor(&self) -> &'static str {
        "process:send_messages"
    }
}

/// Gives up on a message; the page still shows the code, and the owner is told.
#[derive(Debug, Clone)]
pub struct GiveUpMessage {
    /// Which.
    pub message: MessageId,
}

impl Command for GiveUpMessage {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Message(self.message))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let message = world.message(self.message).ok_or(Refusal::NotDue)?;
        let interrupted = match message.status {
            MessageStatus::Queued | MessageStatus::Failed => None,
            // Whoever made the call did not live to record its outcome; the message may have left.
            MessageStatus::Submitted => Some(MessageEvent::Failed {
                gateway: message.tried.last().cloned().unwrap_or_default(),
                reason: "interrupted".into(),
            }),
            MessageStatus::Accepted
            | MessageStatus::Delivered
            | MessageStatus::Undelivered
            | MessageStatus::GivenUp => return Err(Refusal::NotDue),
        };
        let events = interrupted.into_iter().chain([MessageEvent::GivenUp {}]);
        let events = events.map(|event| own(self.message, message, event)).collect();
        Ok(Decision::events(events))
    }

    fn actor(&self) -> &'static str {
        "process:send_messages"
    }
}

/// Takes in a delivery report.
#[derive(Debug, Clone)]
pub struct TakeReport {
    /// Of which message.
    pub message: MessageId,
    /// What became of it.
    pub outcome: Delivery,
    /// The row of the inbox it came from.
    pub inbox_row: i64,
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
        let decided = VaultWrite::InboxDecided { row: self.inbox_row, outcome: "taken" };
        Ok(Decision::events(events).keep([decided]))
    }

    fn actor(&self) -> &'static str {
        "provider:report"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{given, kinds, message, queued_message},
        ports::SmsRetry,
    };

    fn submit(gateway: &str) -> SubmitMessage {
        SubmitMessage { message: message(1), gateway: gateway.into(), sealed_text: vec![1] }
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
    fn a_message_under_way_is_not_sent_by_another() {
        given(after(&[&submit("main")])).when(&submit("main")).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_report_may_come_before_the_answer_and_twice() {
        let delivered =
            TakeReport { message: message(1), outcome: Delivery::Delivered, inbox_row: 1 };
        let history = after(&[&submit("main"), &delivered]);
        assert_eq!(kinds(&history).last().unwrap(), "message_delivered");
        given(history).when(&delivered).then_nothing();
    }

    #[test]
    fn a_late_sent_after_delivered_says_nothing_new() {
        let accepted = SmsSubmitted::Accepted { reference: None };
        let delivered =
            TakeReport { message: message(1), outcome: Delivery::Delivered, inbox_row: 1 };
        let underway = TakeReport { outcome: Delivery::Underway, ..delivered.clone() };
        let history = after(&[&submit("main"), &record(accepted), &delivered]);
        given(history).when(&underway).then_nothing();
    }
}
