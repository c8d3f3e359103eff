//! What a site's router tells of single codes: somebody has logged in with them, or it has switched
//! them off. What the shop knows already changes nothing, so a router may tell everything again.
//! [`super::hear_list`] takes in its whole list.

use crate::ledger::{
    catalogue::SiteEvent,
    command::{Answer, Command, Decision},
    event::{Event, NewEvent},
    kernel::{
        id::{PackageKey, Slug, VoucherId},
        stream::Stream,
        time::Micros,
    },
    needs::Need,
    refusal::Refusal,
    usage::UsageEvent,
    voucher::{SetAside, VoucherEvent, VoucherStatus},
    world::World,
};
use std::collections::BTreeSet;

/// The actor of all that routers tell.
pub(super) const ACTOR: &str = "router";

/// The vouchers, their use, and what their stock's counts need.
pub(super) fn needs(world: &World, vouchers: &[VoucherId]) -> Vec<Need> {
    let usage = vouchers.iter().map(|id| Need::Stream(Stream::Usage(*id)));
    crate::commands::stock::leave_stock::needs(world, vouchers).into_iter().chain(usage).collect()
}

pub(super) fn of_voucher(id: VoucherId, event: VoucherEvent) -> NewEvent {
    NewEvent::alone(Stream::Voucher(id), Event::Voucher(event))
}

pub(super) fn of_usage(id: VoucherId, event: UsageEvent) -> NewEvent {
    NewEvent::alone(Stream::Usage(id), Event::Usage(event))
}

/// A code that several devices use is told of for each.
fn once_each(vouchers: &[VoucherId]) -> BTreeSet<VoucherId> {
    vouchers.iter().copied().collect()
}

/// The event by which a router shows a code again that it lacked, or lets in with a void one.
pub(super) fn shown(world: &World, id: VoucherId) -> Option<NewEvent> {
    let voucher = world.voucher(id)?;
    let PackageKey { site, package } = voucher.package.clone();
    let usage = world.usage(id);
    match voucher.status {
        VoucherStatus::Missing => Some(of_voucher(id, VoucherEvent::Shown { site, package })),
        VoucherStatus::Voided => {
            usage.off.then(|| of_usage(id, UsageEvent::BackOn { site, package }))
        }
        VoucherStatus::Free
        | VoucherStatus::Reserved(_)
        | VoucherStatus::Allocated(_)
        | VoucherStatus::SetAside(_) => {
            usage.lost_since.is_some().then(|| of_usage(id, UsageEvent::Found { site, package }))
        }
    }
}

/// Takes in that somebody has logged in with codes. One that nobody bought leaves the stock in the
/// same commit.
#[derive(Debug, Clone)]
pub struct HearLogins {
    pub vouchers: Vec<VoucherId>,
}

impl Command for HearLogins {
    fn needs(&self, world: &World) -> Vec<Need> {
        needs(world, &self.vouchers)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let mut events = vec![];
        for id in &once_each(&self.vouchers) {
            let Some(voucher) = world.voucher(*id) else { continue };
            if voucher.status == VoucherStatus::Voided {
                events.extend(shown(world, *id));
            }
            if world.usage(*id).activated_at.is_some() {
                continue;
            }
            let PackageKey { site, package } = voucher.package.clone();
            let (s, p) = (site.clone(), package.clone());
            let reason = SetAside::Used;
            let aside = VoucherEvent::SetAside { site: s, package: p, reason, handout: None };
            let aside = of_voucher(*id, aside);
            let activated = of_usage(*id, UsageEvent::Activated { site, package });
            match voucher.status {
                VoucherStatus::Free | VoucherStatus::Missing | VoucherStatus::Reserved(_) => {
                    events.extend([aside, activated]);
                }
                // Sold in the time that the ledger has lost: it never goes back on sale, and nobody
                // needs to look into it, which what stands in the other order asks for.
                VoucherStatus::SetAside(SetAside::Fenced) => events.extend([activated, aside]),
                VoucherStatus::Allocated(_)
                | VoucherStatus::SetAside(_)
                | VoucherStatus::Voided => events.push(activated),
            }
        }
        Ok(Decision { answer: Answer::Codes(events.len()), ..Decision::events(events) })
    }

    fn actor(&self) -> &'static str {
        ACTOR
    }
}

/// Takes in that the router has switched void codes off.
#[derive(Debug, Clone)]
pub struct HearSwitchedOff {
    /// Those that are not void stay as they are.
    pub vouchers: Vec<VoucherId>,
}

impl Command for HearSwitchedOff {
    fn needs(&self, world: &World) -> Vec<Need> {
        needs(world, &self.vouchers)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let off = |id: &VoucherId| {
            let voucher = world.voucher(*id)?;
            let PackageKey { site, package } = voucher.package.clone();
            let is_news = voucher.status == VoucherStatus::Voided && !world.usage(*id).off;
            is_news.then(|| of_usage(*id, UsageEvent::SwitchedOff { site, package }))
        };
        let events: Vec<_> = once_each(&self.vouchers).iter().filter_map(off).collect();
        Ok(Decision { answer: Answer::Codes(events.len()), ..Decision::events(events) })
    }

    fn actor(&self) -> &'static str {
        ACTOR
    }
}

/// A site's router reports no longer.
#[derive(Debug, Clone)]
pub struct RouterLeaves {
    pub site: Slug,
}

impl Command for RouterLeaves {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Site(self.site.clone()))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let site = world.site(&self.site).ok_or(Refusal::NoSuchSite)?;
        if !site.reports {
            return Err(Refusal::NothingNew);
        }
        let left = Event::Site(SiteEvent::RouterLeft { site: self.site.clone() });
        Ok(Decision::events(vec![NewEvent::alone(Stream::Site(self.site.clone()), left)]))
    }
}

/// Codes that no router showed are for sale again, since none is asked any more.
#[derive(Debug, Clone)]
pub struct SellUnshown {
    /// Those that are not missing stay as they are.
    pub vouchers: Vec<VoucherId>,
}

impl Command for SellUnshown {
    fn needs(&self, world: &World) -> Vec<Need> {
        needs(world, &self.vouchers)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let missing = |id: &&VoucherId| {
            let status = world.voucher(**id).map(|voucher| voucher.status);
            status == Some(VoucherStatus::Missing)
        };
        let back = self.vouchers.iter().filter(missing).filter_map(|id| shown(world, *id));
        let events: Vec<_> = back.collect();
        Ok(Decision { answer: Answer::Codes(events.len()), ..Decision::events(events) })
    }
}

/// Records that somebody took a site's codes in clear, for a router that was replaced.
#[derive(Debug, Clone)]
pub struct WriteCodes {
    pub site: Slug,
    pub codes: u32,
}

impl Command for WriteCodes {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Site(self.site.clone()))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        world.site(&self.site).ok_or(Refusal::NoSuchSite)?;
        let written = SiteEvent::CodesWritten { site: self.site.clone(), codes: self.codes };
        let stream = Stream::Site(self.site.clone());
        Ok(Decision::events(vec![NewEvent::alone(stream, Event::Site(written))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            router::hear_list::{HearList, Listed, ListedCode},
            stock::leave_stock::VoidVouchers,
            testing::{at, given, key, kinds, prompted, router_reported, stocked, voucher},
        },
        ledger::voucher::VoidReason,
    };

    fn then(mut history: Vec<NewEvent>, command: &dyn Command) -> Vec<NewEvent> {
        history.extend(given(history.clone()).when(command).then_recorded());
        history
    }

    /// A list that lacks one code.
    fn gone(n: u128) -> HearList {
        let codes = vec![ListedCode { voucher: voucher(n), listed: Listed::No }];
        HearList { site: key().site, at: at(0), codes }
    }

    #[test]
    fn codes_that_no_router_shows_any_more_are_for_sale_again() {
        let away = then(stocked(2), &gone(2));
        let back = SellUnshown { vouchers: vec![voucher(1), voucher(2)] };
        let events = given(away).when(&back).then_recorded();
        assert_eq!(kinds(&events), ["voucher_shown"]);
    }

    #[test]
    fn a_used_code_that_nobody_bought_leaves_the_stock_with_its_first_login() {
        let logins = HearLogins { vouchers: vec![voucher(1), voucher(2), voucher(1)] };
        let told = given(stocked(2)).when(&logins).then_recorded();
        let wanted = ["voucher_set_aside", "voucher_activated"];
        assert_eq!(kinds(&told), [wanted, wanted].concat());
        given([stocked(2), told].concat()).when(&logins).then_nothing();
    }

    #[test]
    fn who_is_paying_for_a_code_that_somebody_uses_gets_another() {
        let history = then(prompted(1), &HearLogins { vouchers: vec![voucher(1)] });
        let paid = crate::commands::money::take_news::TakeNews {
            payment: crate::commands::testing::payment(1),
            provider: "mpesa",
            news: crate::commands::money::take_news::News::Paid {
                amount: None,
                receipt: None,
                paid_at: None,
            },
            learnt: crate::ledger::payment::Learnt::Callback,
            names: None,
            message: crate::commands::testing::message(1),
        };
        let sold = given(history).when(&paid).then_recorded();
        let other = Stream::Voucher(voucher(2));
        assert!(sold.iter().any(|new| new.stream == other), "{sold:?}");
    }

    #[test]
    fn a_void_code_is_off_once_the_router_says_so() {
        let vouchers = vec![voucher(1), voucher(2)];
        let void = VoidVouchers { vouchers: vouchers.clone(), reason: VoidReason::Leaked };
        let history = then(stocked(3), &void);
        let off = HearSwitchedOff { vouchers: vec![voucher(1), voucher(3), voucher(1)] };
        let told = given(history).when(&off).then_recorded();
        assert_eq!(kinds(&told), ["voucher_switched_off"]);
    }

    #[test]
    fn a_void_code_that_somebody_puts_back_is_to_be_switched_off_again() {
        let vouchers = vec![voucher(1)];
        let void = VoidVouchers { vouchers: vouchers.clone(), reason: VoidReason::Leaked };
        let off = HearSwitchedOff { vouchers: vouchers.clone() };
        let history = then(then(stocked(2), &void), &off);
        let told = given(history.clone()).when(&HearLogins { vouchers }).then_recorded();
        assert_eq!(kinds(&told), ["voucher_back_on", "voucher_activated"]);
        let history = [history, told].concat();
        let told = given(history).when(&off).then_recorded();
        assert_eq!(kinds(&told), ["voucher_switched_off"]);
    }

    #[test]
    fn a_router_leaves_once() {
        let leave = RouterLeaves { site: key().site };
        given(stocked(1)).when(&leave).then_refused(&Refusal::NothingNew);
        let history = [stocked(1), vec![router_reported()]].concat();
        let left = given(history.clone()).when(&leave).then_recorded();
        assert_eq!(kinds(&left), ["site_router_left"]);
        given([history, left].concat()).when(&leave).then_refused(&Refusal::NothingNew);
    }
}
