//! When stock comes, buyers who paid and got nothing are served first.

use crate::{
    commands::money::take_news::{fulfil, queue_sms},
    ledger::{
        command::{Command, Decision},
        kernel::{
            id::{MessageId, PurchaseId},
            stream::Stream,
            time::Micros,
        },
        message::{MessageStatus, Purpose, sms_once},
        needs::Need,
        purchase::PurchaseStatus,
        refusal::Refusal,
        world::World,
    },
};

/// Gives an owed purchase its code.
#[derive(Debug, Clone)]
pub struct ServeOwed {
    pub purchase: PurchaseId,
    pub message: MessageId,
}

impl Command for ServeOwed {
    fn needs(&self, world: &World) -> Vec<Need> {
        let first = sms_once(self.purchase, 1);
        let mut needs = vec![
            Need::Stream(Stream::Purchase(self.purchase)),
            Need::Once(first.clone()),
            Need::Once(sms_once(self.purchase, 2)),
        ];
        needs.extend(world.once(&first).map(|stream| Need::Stream(stream.clone())));
        if let Some(purchase) = world.purchase(self.purchase) {
            needs.push(Need::Stock(purchase.package.clone()));
            let free = world.first_free(&purchase.package);
            needs.extend(free.map(|voucher| Need::Stream(Stream::Voucher(voucher))));
        }
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let purchase = world.purchase(self.purchase).ok_or(Refusal::NotDue)?;
        if purchase.status != PurchaseStatus::Owed {
            return Err(Refusal::NotDue);
        }
        let (payment, amount) = purchase.owed_for.ok_or(Refusal::NotDue)?;
        let voucher = world.first_free(&purchase.package).ok_or(Refusal::SoldOut)?;
        let mut events = fulfil(self.purchase, purchase, voucher, payment, amount);
        if !self.is_first_waiting(world) {
            events.push(queue_sms(self.message, self.purchase, purchase, Purpose::Code, 2));
        }
        Ok(Decision::events(events))
    }

    fn actor(&self) -> &'static str {
        "process:fulfil"
    }
}

impl ServeOwed {
    /// Whether the SMS that was to say *owed* has not left yet: it will tell the code instead.
    fn is_first_waiting(&self, world: &World) -> bool {
        match world.once(&sms_once(self.purchase, 1)) {
            Some(Stream::Message(id)) => {
                world.message(*id).map(|message| message.status) == Some(MessageStatus::Queued)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{
            given, kinds, owed_purchase, payment, serve_owed, stocked, voucher_imported,
        },
        ledger::{event::Event, kernel::money::Cents, purchase::PurchaseEvent},
    };

    #[test]
    fn the_owed_get_the_first_code_that_comes() {
        let mut history = stocked(0);
        history.extend(owed_purchase(9));
        given(history.clone()).when(&serve_owed(9)).then_refused(&Refusal::SoldOut);
        history.push(voucher_imported(1));
        let events = given(history.clone()).when(&serve_owed(9)).then_recorded();
        let served = ["voucher_allocated", "purchase_fulfilled", "message_queued"];
        assert_eq!(kinds(&events), served);
        let Event::Purchase(PurchaseEvent::Fulfilled { payment: by, amount_cents, .. }) =
            &events[1].event
        else {
            panic!("{events:?}")
        };
        assert_eq!((*by, *amount_cents), (payment(9), Cents::from_kes(50)), "as it was paid");
        history.extend(events);
        given(history).when(&serve_owed(9)).then_refused(&Refusal::NotDue);
    }
}
