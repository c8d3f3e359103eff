//! Ends the waiting for money: the held code goes back to stock. Money that comes later is still
//! taken.

use crate::ledger::{
    command::{Command, Decision},
    event::{Event, NewEvent},
    kernel::{id::PurchaseId, stream::Stream, time::Micros},
    needs::Need,
    purchase::{Expiry, PurchaseEvent, PurchaseStatus},
    refusal::Refusal,
    voucher::{VoucherEvent, VoucherStatus},
    world::World,
};

/// A hold lasts this long after the prompt (design, rule 3).
pub const HOLD_SECONDS: i64 = 300;

/// Ends the waiting for an open purchase.
#[derive(Debug, Clone)]
pub struct ExpirePurchase {
    pub purchase: PurchaseId,
}

impl Command for ExpirePurchase {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![Need::Stream(Stream::Purchase(self.purchase))];
        if let Some(purchase) = world.purchase(self.purchase) {
            needs.push(Need::Stream(Stream::Voucher(purchase.held)));
            needs.push(Need::Stock(purchase.package.clone()));
        }
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let open = world.purchase(self.purchase).map(|p| p.status) == Some(PurchaseStatus::Open);
        if !open {
            return Err(Refusal::NotDue);
        }
        Ok(Decision::events(expire(world, self.purchase, Expiry::Unresolved)))
    }

    fn actor(&self) -> &'static str {
        "process:release_holds"
    }
}

/// The events that end an open purchase and free its code.
pub(in crate::commands) fn expire(world: &World, id: PurchaseId, reason: Expiry) -> Vec<NewEvent> {
    let purchase = world.purchase(id).expect("the purchase was read");
    let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
    let expired = PurchaseEvent::Expired { site, package, reason };
    let mut events = vec![NewEvent::of(id, Stream::Purchase(id), Event::Purchase(expired))];
    events.extend(release(world, id));
    events
}

/// The event that frees the code held for a purchase, where one is.
pub(in crate::commands) fn release(world: &World, id: PurchaseId) -> Option<NewEvent> {
    let purchase = world.purchase(id).expect("the purchase was read");
    let held = world.voucher(purchase.held)?;
    if held.status != VoucherStatus::Reserved(id) {
        return None;
    }
    let (site, package) = (purchase.package.site.clone(), purchase.package.package.clone());
    let released = VoucherEvent::Released { site, package, purchase: id };
    Some(NewEvent::of(id, Stream::Voucher(purchase.held), Event::Voucher(released)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{expired, given, kinds, purchase, submitted};

    #[test]
    fn the_code_goes_back_to_stock() {
        let events =
            given(submitted(1)).when(&ExpirePurchase { purchase: purchase(1) }).then_recorded();
        assert_eq!(kinds(&events), ["purchase_expired", "voucher_released"]);
    }

    #[test]
    fn it_happens_once() {
        given(expired(1))
            .when(&ExpirePurchase { purchase: purchase(1) })
            .then_refused(&Refusal::NotDue);
    }
}
