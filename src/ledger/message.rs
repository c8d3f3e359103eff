//! Messages: one SMS to a buyer, or to the owner. Sending is tried on each gateway in turn; a
//! delivery report is advice.

use crate::ledger::kernel::id::{ContactId, PurchaseId};
use serde::{Deserialize, Serialize};

/// What happens to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum MessageEvent {
    /// To be sent; its text is in the vault. Its `once` is [`sms_once`] or [`digest_once`].
    #[serde(rename = "message_queued")]
    Queued {
        /// For which purchase; `None` for the owner's digest.
        purchase: Option<PurchaseId>,
        contact: ContactId,
        purpose: Purpose,
    },
    /// The call is about to leave.
    #[serde(rename = "message_submitted")]
    Submitted { gateway: String },
    #[serde(rename = "message_accepted")]
    Accepted { gateway: String },
    /// A gateway did not take it.
    #[serde(rename = "message_failed")]
    Failed { gateway: String, reason: String },
    /// Nobody knows whether the gateway took it: its answer was lost, or whoever called was.
    #[serde(rename = "message_unconfirmed")]
    Unconfirmed { gateway: String, reason: String },
    /// On the phone, so the gateway says.
    #[serde(rename = "message_delivered")]
    Delivered {},
    /// Not on the phone, so the gateway says.
    #[serde(rename = "message_undelivered")]
    Undelivered { reason: String },
    /// Nothing more is tried; the page still shows the code.
    #[serde(rename = "message_given_up")]
    GivenUp {},
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Code,
    /// Paid, but the code is owed.
    Owed,
    /// What the day brought: the owner's.
    Digest,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    Queued,
    /// The call may be under way.
    Submitted,
    Accepted,
    /// The last try failed; another is to come.
    Failed,
    /// It may have left; it is sent once more unless a report says that it arrived.
    Unconfirmed,
    Delivered,
    Undelivered,
    GivenUp,
}

/// A message as its events leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// For which purchase; `None` for the owner's digest.
    pub purchase: Option<PurchaseId>,
    pub contact: ContactId,
    pub status: MessageStatus,
    /// The gateways it was submitted to, in order.
    pub tried: Vec<String>,
    /// How often nobody knew whether a gateway took it.
    pub unconfirmed_times: u32,
}

impl Message {
    /// The message after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &MessageEvent) -> Option<Self> {
        if let (None, MessageEvent::Queued { purchase, contact, .. }) = (state, event) {
            return Some(Self {
                purchase: *purchase,
                contact: *contact,
                status: MessageStatus::Queued,
                tried: vec![],
                unconfirmed_times: 0,
            });
        }
        let mut message = state?.clone();
        message.status = message.status.after(event)?;
        match event {
            MessageEvent::Submitted { gateway } => message.tried.push(gateway.clone()),
            MessageEvent::Unconfirmed { .. } => message.unconfirmed_times += 1,
            _ => {}
        }
        Some(message)
    }
}

impl MessageStatus {
    /// The transition table; `None` is an illegal step.
    fn after(self, event: &MessageEvent) -> Option<Self> {
        use MessageEvent as E;
        use MessageStatus as S;
        match (self, event) {
            (S::Queued | S::Failed | S::Unconfirmed, E::Submitted { .. }) => Some(S::Submitted),
            // The answer may come after it was believed lost.
            (S::Submitted | S::Unconfirmed, E::Accepted { .. }) => Some(S::Accepted),
            (S::Submitted, E::Failed { .. }) => Some(S::Failed),
            (S::Submitted, E::Unconfirmed { .. }) => Some(S::Unconfirmed),
            (S::Queued | S::Failed | S::Unconfirmed, E::GivenUp {}) => Some(S::GivenUp),
            (
                S::Submitted
                | S::Accepted
                | S::Failed
                | S::Unconfirmed
                | S::Undelivered
                | S::GivenUp,
                E::Delivered {},
            ) => Some(S::Delivered),
            (S::Accepted, E::Undelivered { .. }) => Some(S::Undelivered),
            _ => None,
        }
    }
}

/// The name under which the `n`th message of a purchase stands in the ledger.
pub fn sms_once(purchase: PurchaseId, n: u32) -> String {
    format!("sms:{purchase}:{n}")
}

/// The name under which the digest of a business day stands in the ledger.
pub fn digest_once(day: &str) -> String {
    format!("digest:{day}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn events() -> Vec<MessageEvent> {
        let gateway = || "main".to_owned();
        vec![
            MessageEvent::Queued {
                purchase: Some(PurchaseId(Uuid::nil())),
                contact: ContactId(Uuid::nil()),
                purpose: Purpose::Code,
            },
            MessageEvent::Submitted { gateway: gateway() },
            MessageEvent::Accepted { gateway: gateway() },
            MessageEvent::Failed { gateway: gateway(), reason: "no_credit".into() },
            MessageEvent::Delivered {},
            MessageEvent::Undelivered { reason: "absent".into() },
            MessageEvent::GivenUp {},
            MessageEvent::Unconfirmed { gateway: gateway(), reason: "no_answer".into() },
        ]
    }

    /// Rows are the events that led there, columns the events above; `-` is illegal.
    #[test]
    fn every_cell_of_the_transition_table() {
        let table: [(&[usize], &str); 9] = [
            (&[], "queued - - - - - - -"),
            (&[0], "- sub - - - - given_up -"),
            (&[0, 1], "- - acc failed dlvd - - unconfirmed"),
            (&[0, 1, 2], "- - - - dlvd undlvd - -"),
            (&[0, 1, 3], "- sub - - dlvd - given_up -"),
            (&[0, 1, 7], "- sub acc - dlvd - given_up -"),
            (&[0, 1, 2, 4], "- - - - - - - -"),
            (&[0, 1, 2, 5], "- - - - dlvd - - -"),
            (&[0, 6], "- - - - dlvd - - -"),
        ];
        for (path, row) in table {
            let state = path.iter().fold(None, |state: Option<Message>, i| {
                Message::evolve(state.as_ref(), &events()[*i])
            });
            let words: Vec<&str> = events()
                .iter()
                .map(|event| match Message::evolve(state.as_ref(), event).map(|m| m.status) {
                    None => "-",
                    Some(MessageStatus::Queued) => "queued",
                    Some(MessageStatus::Submitted) => "sub",
                    Some(MessageStatus::Accepted) => "acc",
                    Some(MessageStatus::Failed) => "failed",
                    Some(MessageStatus::Unconfirmed) => "unconfirmed",
                    Some(MessageStatus::Delivered) => "dlvd",
                    Some(MessageStatus::Undelivered) => "undlvd",
                    Some(MessageStatus::GivenUp) => "given_up",
                })
                .collect();
            assert_eq!(words.join(" "), row, "after {path:?}");
        }
    }
}
