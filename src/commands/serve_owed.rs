//! Stock has come: those who paid and got nothing are served first.

use crate::ledger::{
    decision::{Command, Decision, Need},
    id::{MessageId, PaymentId, PurchaseId},
    message::{Purpose, sms_once},
    money::Cents,
    purchase::PurchaseStatus,
    refusal::Refusal,
    stream::Stream,
    time::Micros,
    world::World,
};

use super::take_news::{fulfil, queue_sms};

/// Gives an owed purchase its code.
#[derive(Debug, Clone)]
pub struct ServeOwed {
    /// Which purchase.
    pub purchase: PurchaseId,
    /// The payment by which it was paid.
    pub payment: PaymentId,
    /// What was paid.
    pub amount: Cents,
    /// The id of the SMS.
    pub message: MessageId,
}

impl Command for ServeOwed {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![
            Need::Stream(Stream::Purchase(self.purchase)),
            Need::Once(sms_once(self.purchase, 2)),
        ];
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
        let voucher = world.first_free(&purchase.package).ok_or(Refusal::SoldOut)?;
        let mut events = fulfil(self.purchase, purchase, voucher, (self.payment, self.amount));
        events.push(queue_sms(self.message, self.purchase, purchase, Purpose::Code, 2));
        Ok(Decision::events(events))
    }

    fn actor(&self) -> &'static str {
        "process:fulfil"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{
        given, kinds, message, owed_purchase, payment, purchase, stocked, voucher_imported,
    };

    fn serve() -> ServeOwed {
        let amount = Cents::from_kes(50);
        ServeOwed { purchase: purchase(9), payment: payment(9), amount, message: message(2) }
    }

    #[test]
    fn the_owed_get_the_first_code_that_comes() {
        let mut history = stocked(0);
        history.extend(owed_purchase(9));
        given(history.clone()).when(&serve()).then_refused(&Refusal::SoldOut);
        history.push(voucher_imported(1));
        let events = given(history.clone()).when(&serve()).then_recorded();
        let served = ["voucher_allocated", "purchase_fulfilled", "message_queued"];
        assert_eq!(kinds(&events), served);
        history.extend(events);
        given(history).when(&serve()).then_refused(&Refusal::NotDue);
    }
}
