//! A buyer says that no SMS came: the code is sent once more.

use crate::{
    commands::money::take_news::queue_sms,
    ledger::{
        command::{Command, Decision},
        kernel::{
            id::{MessageId, PurchaseId},
            stream::Stream,
            time::Micros,
        },
        message::{
            MessageStatus::{Failed, Queued, Submitted, Unconfirmed},
            Purpose, sms_once,
        },
        needs::Need,
        purchase::PurchaseStatus,
        refusal::Refusal,
        world::World,
    },
};

/// How many messages a purchase has at most, whoever asks: each costs money, and the code is on
/// the buyer's page too.
const MESSAGES_MAX: u32 = 6;

/// Sends the code of a purchase once more.
#[derive(Debug, Clone)]
pub struct ResendMessage {
    pub purchase: PurchaseId,
    pub message: MessageId,
}

impl ResendMessage {
    fn names(&self) -> impl Iterator<Item = String> {
        (1..=MESSAGES_MAX).map(|n| sms_once(self.purchase, n))
    }
}

impl Command for ResendMessage {
    fn needs(&self, world: &World) -> Vec<Need> {
        let purchase = Need::Stream(Stream::Purchase(self.purchase));
        let sent = self.names().filter_map(|name| world.once(&name).cloned()).map(Need::Stream);
        self.names().map(Need::Once).chain(sent).chain([purchase]).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let purchase = world.purchase(self.purchase).ok_or(Refusal::NotDue)?;
        if !matches!(purchase.status, PurchaseStatus::Fulfilled(_)) {
            return Err(Refusal::NotDue);
        }
        let under_way = |name: &String| {
            let Some(Stream::Message(id)) = world.once(name) else { return false };
            let status = world.message(*id).map(|message| message.status);
            matches!(status, Some(Queued | Submitted | Failed | Unconfirmed))
        };
        if self.names().any(|name| under_way(&name)) {
            return Err(Refusal::NothingNew);
        }
        let next = (1..=MESSAGES_MAX).find(|n| world.once(&sms_once(self.purchase, *n)).is_none());
        let nth = next.ok_or(Refusal::TooManyTries)?;
        let queued = queue_sms(self.message, self.purchase, purchase, Purpose::Code, nth);
        Ok(Decision::events(vec![queued]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{given, kinds, message, owed_purchase, purchase, served, stocked},
        ledger::{
            event::{Event, NewEvent},
            message::MessageEvent,
        },
    };

    fn resend(id: u128) -> ResendMessage {
        ResendMessage { purchase: purchase(1), message: message(id) }
    }

    fn delivered(id: u128) -> Vec<NewEvent> {
        let gateway = || "at".to_owned();
        let events = [
            MessageEvent::Submitted { gateway: gateway() },
            MessageEvent::Accepted { gateway: gateway() },
            MessageEvent::Delivered {},
        ];
        let of = |event| {
            let stream = Stream::Message(message(id));
            NewEvent::of(purchase(1), stream, Event::Message(event))
        };
        events.map(of).into()
    }

    #[test]
    fn a_code_is_sent_again_when_the_last_sms_is_done_and_not_for_ever() {
        let (mut history, _) = served(1);
        given(history.clone()).when(&resend(50)).then_refused(&Refusal::NothingNew);
        history.extend(delivered(2));
        for id in 50.. {
            let outcome = given(history.clone()).when(&resend(id));
            let sent = |event: &&NewEvent| matches!(event.stream, Stream::Message(_));
            let sent = history.iter().filter(sent).filter(|event| event.once.is_some());
            if sent.count() == 6 {
                return outcome.then_refused(&Refusal::TooManyTries);
            }
            let queued = outcome.then_recorded();
            assert_eq!(kinds(&queued), ["message_queued"]);
            history.extend(queued);
            given(history.clone()).when(&resend(id + 1)).then_refused(&Refusal::NothingNew);
            history.extend(delivered(id));
        }
    }

    #[test]
    fn without_a_code_there_is_nothing_to_send() {
        let mut history = stocked(0);
        history.extend(owed_purchase(1));
        given(history).when(&resend(50)).then_refused(&Refusal::NotDue);
    }
}
