//! A ledger that was restored from an older backup does not know what was sold since. Its codes are
//! fenced: kept out of sale until the owner, who can look at the router, releases them.

use crate::{
    commands::stock::leave_stock::needs,
    ledger::{
        command::{Answer, Command, Decision},
        event::{Event, NewEvent},
        kernel::{id::VoucherId, stream::Stream, time::Micros},
        needs::Need,
        refusal::Refusal,
        voucher::{SetAside, VoucherEvent, VoucherStatus},
        world::World,
    },
};

/// Keeps codes out of sale that may have been sold. A code that is held may have been sold to its
/// buyer; the hold ends too.
#[derive(Debug, Clone)]
pub struct FenceStock {
    /// Those that are not for sale stay as they are.
    pub vouchers: Vec<VoucherId>,
}

impl Command for FenceStock {
    fn needs(&self, world: &World) -> Vec<Need> {
        needs(world, &self.vouchers)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let mut events = vec![];
        let mut fenced = 0;
        for id in &self.vouchers {
            let Some(voucher) = world.voucher(*id) else { continue };
            let (site, package) = (voucher.package.site.clone(), voucher.package.package.clone());
            let stream = Stream::Voucher(*id);
            match voucher.status {
                VoucherStatus::Free | VoucherStatus::Missing => {}
                VoucherStatus::Reserved(purchase) => {
                    let (site, package) = (site.clone(), package.clone());
                    let released = VoucherEvent::Released { site, package, purchase };
                    let released = Event::Voucher(released);
                    events.push(NewEvent::of(purchase, stream.clone(), released));
                }
                VoucherStatus::Allocated(_)
                | VoucherStatus::SetAside(_)
                | VoucherStatus::Voided => continue,
            }
            let fence =
                VoucherEvent::SetAside { site, package, reason: SetAside::Fenced, handout: None };
            events.push(NewEvent::alone(stream, Event::Voucher(fence)));
            fenced += 1;
        }
        Ok(Decision { answer: Answer::Codes(fenced), ..Decision::events(events) })
    }

    fn actor(&self) -> &'static str {
        "system"
    }
}

/// Puts fenced codes back on sale, but for those with which somebody has logged in. Where the
/// router reports, they are sold once it shows them.
#[derive(Debug, Clone)]
pub struct ReleaseFenced {
    /// Those that are not fenced stay as they are.
    pub vouchers: Vec<VoucherId>,
}

impl Command for ReleaseFenced {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut all = needs(world, &self.vouchers);
        for id in &self.vouchers {
            all.push(Need::Stream(Stream::Usage(*id)));
            let site = world.voucher(*id).map(|voucher| voucher.package.site.clone());
            all.extend(site.map(|site| Need::Stream(Stream::Site(site))));
        }
        all
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let (mut events, mut released) = (vec![], 0);
        for id in &self.vouchers {
            let Some(voucher) = world.voucher(*id) else { continue };
            let fenced = voucher.status == VoucherStatus::SetAside(SetAside::Fenced);
            if !fenced || world.usage(*id).activated_at.is_some() {
                continue;
            }
            let (site, package) = (voucher.package.site.clone(), voucher.package.package.clone());
            let reports = world.site(&site).is_some_and(|site| site.reports);
            let event = |event| NewEvent::alone(Stream::Voucher(*id), Event::Voucher(event));
            let (s, p) = (site.clone(), package.clone());
            events.push(event(VoucherEvent::Returned { site: s, package: p }));
            events.extend(reports.then(|| event(VoucherEvent::Missing { site, package })));
            released += 1;
        }
        Ok(Decision { answer: Answer::Codes(released), ..Decision::events(events) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{
        router::hear_router::HearLogins,
        testing::{given, kinds, router_reported, started, stocked},
    };
    use uuid::Uuid;

    fn vouchers(count: u128) -> Vec<VoucherId> {
        (1..=count).map(|n| VoucherId(Uuid::from_u128(n))).collect()
    }

    #[test]
    fn what_may_have_been_sold_is_kept_out_of_sale_until_the_owner_says_so() {
        let mut history = stocked(2);
        let fence = FenceStock { vouchers: vouchers(2) };
        history.extend(given(stocked(2)).when(&fence).then_recorded());
        given(history.clone()).when(&fence).then_nothing();
        let release = ReleaseFenced { vouchers: vouchers(1) };
        let events = given(history.clone()).when(&release).then_recorded();
        assert_eq!(kinds(&events), ["voucher_returned"]);
        history.extend(events);
        given(history).when(&release).then_nothing();
    }

    #[test]
    fn a_fenced_code_that_somebody_uses_never_goes_back_on_sale() {
        let fence = FenceStock { vouchers: vouchers(2) };
        let mut history = stocked(2);
        history.extend(given(stocked(2)).when(&fence).then_recorded());
        let login = HearLogins { vouchers: vouchers(1) };
        let used = given(history.clone()).when(&login).then_recorded();
        assert_eq!(kinds(&used), ["voucher_activated", "voucher_set_aside"]);
        history.extend(used);
        history.push(router_reported());
        let release = ReleaseFenced { vouchers: vouchers(2) };
        let events = given(history).when(&release).then_recorded();
        assert_eq!(kinds(&events), ["voucher_returned", "voucher_missing"], "the other, once seen");
    }

    #[test]
    fn a_held_code_may_have_been_sold_to_its_buyer() {
        let fence = FenceStock { vouchers: vouchers(1) };
        let events = given(started(1)).when(&fence).then_recorded();
        assert_eq!(kinds(&events), ["voucher_released", "voucher_set_aside"]);
    }
}
