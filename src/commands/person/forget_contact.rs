//! A person is forgotten: everything that identifies them leaves the vault, in one commit with the
//! event that says so. Their sales stay, and nobody can tell any more whose they were.

use crate::ledger::{
    command::{Command, Decision, Erased, VaultWrite},
    contact::{ContactEvent, forgotten_once},
    event::{Event, NewEvent},
    kernel::{
        fingerprint::Fingerprint,
        id::{ContactId, MessageId, PaymentId, PurchaseId},
        stream::Stream,
        time::Micros,
    },
    message::MessageStatus,
    needs::Need,
    payment::Payment,
    purchase::PurchaseStatus,
    refusal::Refusal,
    settlement::Settlement,
    world::World,
};

/// Forgets a person, by all that was found of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgetContact {
    pub contact: ContactId,
    /// The fingerprint by which they were found.
    pub fingerprint: Fingerprint,
    /// The devices that nobody else used.
    pub devices: Vec<ContactId>,
    pub purchases: Vec<PurchaseId>,
    pub payments: Vec<PaymentId>,
    pub messages: Vec<MessageId>,
    /// The rows of the inbox that name them.
    pub inbox_rows: Vec<i64>,
}

impl Command for ForgetContact {
    fn needs(&self, _: &World) -> Vec<Need> {
        let mut needs = vec![
            Need::Contact(self.fingerprint),
            Need::Open(self.contact),
            Need::Prompts(self.contact),
        ];
        let purchases = self.purchases.iter().map(|id| Stream::Purchase(*id));
        let messages = self.messages.iter().map(|id| Stream::Message(*id));
        let payments = self.payments.iter().map(|id| Stream::Payment(*id));
        needs.extend(purchases.chain(messages).chain(payments).map(Need::Stream));
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        if world.contact(&self.fingerprint) != Some(self.contact) {
            return Err(Refusal::ContactUnknown);
        }
        if self.is_open(world) {
            return Err(Refusal::ContactOpen);
        }
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let event = Event::Contact(ContactEvent::Forgotten {
            purchases: count(self.purchases.len()),
            messages: count(self.messages.len()),
            callbacks: count(self.inbox_rows.len()),
        });
        let event = NewEvent::alone(Stream::Contact(self.contact), event)
            .once(forgotten_once(self.contact));
        Ok(Decision::events(vec![event]).keep(self.erased().map(VaultWrite::Erase)))
    }
}

impl ForgetContact {
    /// Whether money, a code or a message is still to come, or came after all was looked up.
    fn is_open(&self, world: &World) -> bool {
        use PurchaseStatus::{Open, Owed, Settled};
        let purchase = |id: &PurchaseId| {
            let status = world.purchase(*id).map(|purchase| purchase.status);
            matches!(status, Some(Open | Owed | Settled(Settlement::RefundPromised)))
        };
        let payment = |id: &PaymentId| world.payment(*id).is_some_and(Payment::is_open);
        let message = |id: &MessageId| {
            use MessageStatus as S;
            let status = world.message(*id).map(|message| message.status);
            matches!(status, Some(S::Queued | S::Submitted | S::Failed | S::Unconfirmed))
        };
        let prompts = world.prompts(self.contact);
        world.open_purchase(self.contact).is_some()
            || prompts.iter().any(|prompt| !self.payments.contains(&prompt.payment))
            || self.purchases.iter().any(purchase)
            || self.payments.iter().any(payment)
            || self.messages.iter().any(message)
    }

    fn erased(&self) -> impl Iterator<Item = Erased> {
        let contacts = self.devices.iter().chain([&self.contact]).copied();
        let refs = self.payments.iter().copied().map(Erased::ProviderRefs);
        let texts = self.messages.iter().copied().map(Erased::MessageText);
        let rows = self.inbox_rows.iter().copied().map(Erased::Inbox);
        contacts.map(Erased::Contact).chain(refs).chain(texts).chain(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            money::take_news::{News, TakeNews},
            testing::{
                expired, given, kinds, message, owed_purchase, payment, prompted, purchase,
                queued_message, start, stocked,
            },
        },
        ledger::{kernel::money::Cents, payment::Learnt},
        ports::Decline,
    };

    fn forget() -> ForgetContact {
        let phone = start(1).phone;
        ForgetContact {
            contact: phone.new_id,
            fingerprint: phone.fingerprint,
            devices: vec![],
            purchases: vec![purchase(1)],
            payments: vec![payment(1)],
            messages: vec![message(1)],
            inbox_rows: vec![7],
        }
    }

    /// Of the payment nothing was heard, and in the end a person said that nobody paid.
    fn unpaid() -> Vec<NewEvent> {
        news(expired(1), News::Declined(Decline::PromptFailed))
    }

    fn news(mut history: Vec<NewEvent>, news: News) -> Vec<NewEvent> {
        let take = TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news,
            learnt: Learnt::Person,
            names: None,
            message: message(2),
        };
        history.extend(given(history.clone()).when(&take).then_recorded());
        history
    }

    /// Between the look-up and the word of whoever is asked, minutes may pass.
    #[test]
    fn nobody_is_forgotten_whose_money_came_after_the_look_up() {
        let amount = Some(Cents::from_kes(40));
        let paid = News::Paid { amount, receipt: None, paid_at: None };
        let late = news(unpaid(), paid);
        given(late).knowing(&start(1)).when(&forget()).then_refused(&Refusal::ContactOpen);
        let other = news(unpaid(), News::OfAnother);
        given(other).knowing(&start(1)).when(&forget()).then_refused(&Refusal::ContactOpen);
    }

    #[test]
    fn who_has_nothing_open_is_forgotten_with_all_that_names_them() {
        let (events, vault) = given(unpaid()).knowing(&start(1)).when(&forget()).then_both();
        assert_eq!(kinds(&events), ["contact_forgotten"]);
        assert_eq!(events[0].once, Some(forgotten_once(forget().contact)));
        let erased = [
            Erased::Contact(forget().contact),
            Erased::ProviderRefs(payment(1)),
            Erased::MessageText(message(1)),
            Erased::Inbox(7),
        ];
        assert_eq!(vault, erased.map(VaultWrite::Erase));
        let data = events[0].event.encode().data;
        assert_eq!(data, r#"{"callbacks":1,"messages":1,"purchases":1}"#, "and nothing personal");
    }

    #[test]
    fn nobody_is_forgotten_while_money_a_code_or_a_message_is_to_come() {
        for open in [prompted(1), expired(1), owed_purchase(1), queued_message(1)] {
            given(open).knowing(&start(1)).when(&forget()).then_refused(&Refusal::ContactOpen);
        }
    }

    #[test]
    fn a_sale_that_was_not_looked_up_keeps_its_person() {
        let before = ForgetContact { purchases: vec![], payments: vec![], ..forget() };
        given(expired(1)).knowing(&start(1)).when(&before).then_refused(&Refusal::ContactOpen);
    }

    #[test]
    fn whom_nobody_knows_nobody_forgets() {
        given(stocked(1)).when(&forget()).then_refused(&Refusal::ContactUnknown);
    }
}
