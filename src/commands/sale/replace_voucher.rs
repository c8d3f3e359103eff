//! A person takes a buyer's code back: the buyer gets another of the same package, and an SMS with
//! it. The former is void. [`crate::commands::router::replace_missed`] does the same by itself.

use crate::{
    commands::money::take_news::queue_sms,
    ledger::{
        command::{Command, Decision},
        event::{Event, NewEvent},
        kernel::{
            id::{MessageId, PackageKey, PurchaseId, VoucherId},
            stream::Stream,
            time::Micros,
        },
        message::{Purpose, sms_once},
        needs::Need,
        purchase::{Purchase, PurchaseEvent, PurchaseStatus},
        refusal::Refusal,
        voucher::{VoidReason, VoucherEvent, VoucherStatus, sale_once},
        world::World,
    },
};

/// How many messages of a purchase are looked at for the next number.
const MESSAGES_MAX: u32 = 32;

/// A sale whose buyer has a code.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Sale<'a> {
    id: PurchaseId,
    pub purchase: &'a Purchase,
    former: VoucherId,
}

impl<'a> Sale<'a> {
    /// The sale whose buyer has this code.
    pub fn of(world: &'a World, former: VoucherId) -> Option<Self> {
        let VoucherStatus::Allocated(id) = world.voucher(former)?.status else { return None };
        let purchase = world.purchase(id)?;
        let has_it = purchase.status == PurchaseStatus::Fulfilled(former);
        has_it.then_some(Self { id, purchase, former })
    }

    /// What must be read to give its buyer another code.
    pub fn needs(world: &World, former: VoucherId) -> Vec<Need> {
        let mut needs = vec![Need::Stream(Stream::Voucher(former))];
        let Some(voucher) = world.voucher(former) else { return needs };
        needs.push(Need::Stock(voucher.package.clone()));
        if let VoucherStatus::Allocated(id) = voucher.status {
            needs.push(Need::Stream(Stream::Purchase(id)));
            needs.extend((1..=MESSAGES_MAX).map(|n| Need::Once(sms_once(id, n))));
        }
        needs
    }

    /// The former code is void, the buyer gets `next`, and an SMS tells it.
    pub fn replaced(
        self,
        world: &World,
        reason: VoidReason,
        next: VoucherId,
        message: MessageId,
    ) -> Vec<NewEvent> {
        let Self { id, purchase, former } = self;
        let PackageKey { site, package } = &purchase.package;
        let (s, p) = (|| site.clone(), || package.clone());
        let of = |voucher, event| NewEvent::of(id, Stream::Voucher(voucher), Event::Voucher(event));
        let void = VoucherEvent::Voided { site: s(), package: p(), reason };
        let allocated = VoucherEvent::Allocated { site: s(), package: p(), purchase: id };
        let replaced = PurchaseEvent::Replaced { site: s(), package: p(), former, voucher: next };
        let mut events = vec![
            of(former, void),
            of(next, allocated).once(sale_once(next)),
            NewEvent::of(id, Stream::Purchase(id), Event::Purchase(replaced)),
        ];
        let nth = (1..=MESSAGES_MAX).find(|n| world.once(&sms_once(id, *n)).is_none());
        events.extend(nth.map(|nth| queue_sms(message, id, purchase, Purpose::Code, nth)));
        events
    }
}

/// What a free code needs that is about to be sold: to be free by its own events, and never sold.
pub(in crate::commands) fn taken(voucher: VoucherId) -> [Need; 2] {
    [Need::Stream(Stream::Voucher(voucher)), Need::Once(sale_once(voucher))]
}

/// A person gives a buyer another code.
#[derive(Debug, Clone)]
pub struct ReplaceVoucher {
    pub former: VoucherId,
    pub message: MessageId,
}

impl Command for ReplaceVoucher {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = Sale::needs(world, self.former);
        let next = world.voucher(self.former).and_then(|it| world.first_free(&it.package));
        needs.extend(next.into_iter().flat_map(taken));
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let sale = Sale::of(world, self.former).ok_or(Refusal::NotDue)?;
        let next = world.first_free(&sale.purchase.package).ok_or(Refusal::SoldOut)?;
        Ok(Decision::events(sale.replaced(world, VoidReason::TakenBack, next, self.message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{given, kinds, message, served, voucher, voucher_imported};

    #[test]
    fn a_person_gives_another_code_for_one_that_its_buyer_has() {
        let (mut history, former) = served(1);
        let replace = ReplaceVoucher { former, message: message(9) };
        given(history.clone()).when(&replace).then_refused(&Refusal::SoldOut);
        history.push(voucher_imported(7));
        let events = given(history.clone()).when(&replace).then_recorded();
        let wanted = ["voucher_voided", "voucher_allocated", "purchase_replaced", "message_queued"];
        assert_eq!(kinds(&events), wanted);
        history.extend(events);
        given(history.clone()).when(&replace).then_refused(&Refusal::NotDue);
        let unsold = ReplaceVoucher { former: voucher(8), ..replace };
        given(history).when(&unsold).then_refused(&Refusal::NotDue);
    }
}
