//! A buyer has paid for a code that the router does not know, or that a person takes back: they get
//! another of the same package, and an SMS with it. The former is void.

use crate::{
    commands::money::{settle::taken_back, take_news::queue_sms},
    ledger::{
        command::{Command, Decision, Need},
        event::{Event, NewEvent},
        kernel::{
            id::{MessageId, PurchaseId, VoucherId},
            stream::Stream,
            time::Micros,
        },
        message::{Purpose, sms_once},
        purchase::{Purchase, PurchaseEvent, PurchaseStatus},
        refusal::Refusal,
        voucher::{VoidReason, VoucherEvent, VoucherStatus, sale_once},
        world::World,
    },
};

/// How many messages of a purchase are looked at for the next number.
const MESSAGES_MAX: u32 = 32;

/// Gives a buyer another code.
#[derive(Debug, Clone)]
pub struct ReplaceVoucher {
    /// The code that goes.
    pub former: VoucherId,
    /// The id of the SMS.
    pub message: MessageId,
    /// Whether a person says so, who may have seen more than the router tells.
    pub by_person: bool,
}

impl ReplaceVoucher {
    /// The purchase that has the code; unless a person says so, while nobody has used it.
    fn purchase<'a>(&self, world: &'a World) -> Option<(PurchaseId, &'a Purchase)> {
        let VoucherStatus::Allocated(id) = world.voucher(self.former)?.status else { return None };
        let purchase = world.purchase(id)?;
        let usage = world.usage(self.former);
        let has_it = purchase.status == PurchaseStatus::Fulfilled(self.former);
        let is_due = self.by_person || (usage.lost && !usage.activated);
        (has_it && is_due).then_some((id, purchase))
    }
}

impl Command for ReplaceVoucher {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![
            Need::Stream(Stream::Voucher(self.former)),
            Need::Stream(Stream::Usage(self.former)),
        ];
        let Some(voucher) = world.voucher(self.former) else { return needs };
        needs.push(Need::Stock(voucher.package.clone()));
        if let VoucherStatus::Allocated(id) = voucher.status {
            needs.push(Need::Stream(Stream::Purchase(id)));
            needs.extend((1..=MESSAGES_MAX).map(|n| Need::Once(sms_once(id, n))));
        }
        if let Some(next) = world.first_free(&voucher.package) {
            needs.push(Need::Stream(Stream::Voucher(next)));
            needs.push(Need::Once(sale_once(next)));
        }
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let (id, purchase) = self.purchase(world).ok_or(Refusal::NotDue)?;
        let voucher = world.first_free(&purchase.package).ok_or(Refusal::SoldOut)?;
        let (site, package) = (&purchase.package.site, &purchase.package.package);
        let (s, p) = (|| site.clone(), || package.clone());
        let of = |voucher, event| NewEvent::of(id, Stream::Voucher(voucher), Event::Voucher(event));
        let void = if self.by_person {
            taken_back(id, purchase, self.former)
        } else {
            let reason = VoidReason::NotOnRouter;
            of(self.former, VoucherEvent::Voided { site: s(), package: p(), reason })
        };
        let allocated = VoucherEvent::Allocated { site: s(), package: p(), purchase: id };
        let replaced =
            PurchaseEvent::Replaced { site: s(), package: p(), former: self.former, voucher };
        let mut events = vec![
            void,
            of(voucher, allocated).once(sale_once(voucher)),
            NewEvent::of(id, Stream::Purchase(id), Event::Purchase(replaced)),
        ];
        let next = (1..=MESSAGES_MAX).find(|n| world.once(&sms_once(id, *n)).is_none());
        if let Some(nth) = next {
            events.push(queue_sms(self.message, id, purchase, Purpose::Code, nth));
        }
        Ok(Decision::events(events))
    }

    fn actor(&self) -> &'static str {
        "router"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{
        router::hear_router::{HearInventory, HearLogins},
        testing::{given, key, kinds, message, served, voucher, voucher_imported},
    };

    fn lost() -> Vec<NewEvent> {
        let (mut history, sold) = served(1);
        let gone = HearInventory { site: key().site, shown: vec![], missing: vec![sold] };
        history.extend(given(history.clone()).when(&gone).then_recorded());
        history
    }

    fn replace() -> ReplaceVoucher {
        ReplaceVoucher { former: voucher(1), message: message(9), by_person: false }
    }

    #[test]
    fn a_lost_code_is_replaced_once_and_told() {
        let mut history = lost();
        given(history.clone()).when(&replace()).then_refused(&Refusal::SoldOut);
        history.push(voucher_imported(7));
        let events = given(history.clone()).when(&replace()).then_recorded();
        let wanted = ["voucher_voided", "voucher_allocated", "purchase_replaced", "message_queued"];
        assert_eq!(kinds(&events), wanted);
        history.extend(events);
        given(history).when(&replace()).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_code_that_somebody_used_or_that_is_there_is_not_replaced() {
        let (mut there, _) = served(1);
        there.push(voucher_imported(7));
        given(there).when(&replace()).then_refused(&Refusal::NotDue);
        let mut used = lost();
        used.push(voucher_imported(7));
        let login = HearLogins { vouchers: vec![voucher(1)] };
        used.extend(given(used.clone()).when(&login).then_recorded());
        given(used.clone()).when(&replace()).then_refused(&Refusal::NotDue);
        let person = ReplaceVoucher { by_person: true, ..replace() };
        let events = given(used.clone()).when(&person).then_recorded();
        let wanted = ["voucher_voided", "voucher_allocated", "purchase_replaced", "message_queued"];
        assert_eq!(kinds(&events), wanted, "a person may have seen more");
        used.extend(events);
        given(used).when(&person).then_refused(&Refusal::NotDue);
    }
}
