//! The owner's evening digest: one SMS a business day.

use crate::{
    commands::sale::start_purchase::ContactGiven,
    ledger::{
        command::{Command, Decision},
        event::{Event, NewEvent},
        kernel::{id::MessageId, stream::Stream, time::Micros},
        message::{MessageEvent, Purpose, digest_once},
        needs::Need,
        refusal::Refusal,
        world::World,
    },
};

/// Queues the digest of a day; refused when it was queued before.
#[derive(Debug, Clone)]
pub struct QueueDigest {
    /// The business day, as 2026-11-22.
    pub day: String,
    pub owner: ContactGiven,
    pub message: MessageId,
}

impl Command for QueueDigest {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Once(digest_once(&self.day)), Need::Contact(self.owner.fingerprint)]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let name = digest_once(&self.day);
        if world.once(&name).is_some() {
            return Err(Refusal::NotDue);
        }
        let contact = self.owner.id(world);
        let queued = MessageEvent::Queued { purchase: None, contact, purpose: Purpose::Digest };
        let event = NewEvent::alone(Stream::Message(self.message), Event::Message(queued));
        Ok(Decision::events(vec![event.once(name)]).keep(self.owner.keep(world)))
    }

    fn actor(&self) -> &'static str {
        "process:tell_owner"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{given, kinds, message, start};

    #[test]
    fn a_day_has_one_digest() {
        let digest = |day: &str| QueueDigest {
            day: day.to_owned(),
            owner: start(1).phone,
            message: message(1),
        };
        let events = given([]).when(&digest("2026-11-22")).then_recorded();
        assert_eq!(kinds(&events), ["message_queued"]);
        given(events.clone()).when(&digest("2026-11-22")).then_refused(&Refusal::NotDue);
        let another = QueueDigest { message: message(2), ..digest("2026-11-23") };
        given(events).when(&another).then_recorded();
    }
}
