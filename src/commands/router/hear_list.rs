//! What a router's whole list of codes means: one is there again, one is gone, or one has been gone
//! for so long that its buyer gets another. The same rule picks what may be news from a read model,
//! and decides it from the ledger.

use super::hear_router::{ACTOR, needs, of_usage, of_voucher, shown};
use crate::ledger::{
    catalogue::SiteEvent,
    command::{Answer, Command, Decision},
    event::{Event, NewEvent},
    kernel::{
        id::{PackageKey, Slug, VoucherId},
        stream::Stream,
        time::{DAY, HOUR, MINUTE, Micros},
    },
    needs::Need,
    refusal::Refusal,
    usage::{Usage, UsageEvent},
    voucher::{SetAside, VoucherEvent, VoucherStatus},
    world::World,
};
use serde::Deserialize;

/// A code is gone so long before its buyer gets another, in µs: somebody may be at work at the
/// router.
const MISSED_FOR: i64 = 10 * MINUTE;

/// A code that was sold so long ago and never used is not missed any more, in µs.
const MISSED_AFTER_SALE: i64 = 30 * DAY;

/// A router lists all its codes so often, in µs.
const LIST_EVERY: i64 = HOUR;

/// And so soon when codes came since, to the shop or to the router, in µs.
const LIST_SOON: i64 = 2 * MINUTE;

/// Whether a router is to list all its codes: `last` it did so then, and `came` says whether codes
/// came since.
pub fn is_list_due(last: Option<Micros>, came: bool, now: Micros) -> bool {
    let every = if came { LIST_SOON } else { LIST_EVERY };
    last.is_none_or(|last| last.plus(every) <= now)
}

/// How a list shows a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The router lets people in with it.
    On,
    /// The router has it, switched off.
    Off,
    /// The router does not have it.
    No,
}

/// Where a code stands that a router should know, or should switch off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Free,
    /// In stock, but not for sale since the router does not show it.
    Missing,
    /// Held for a buyer who is paying.
    Held,
    Sold,
    #[serde(rename = "set_aside")]
    Printed,
    #[serde(rename = "voided")]
    Void,
}

impl Standing {
    /// `None` for codes of which a router need not know.
    fn of(status: VoucherStatus) -> Option<Self> {
        match status {
            VoucherStatus::Free => Some(Self::Free),
            VoucherStatus::Missing => Some(Self::Missing),
            VoucherStatus::Reserved(_) => Some(Self::Held),
            VoucherStatus::Allocated(_) => Some(Self::Sold),
            VoucherStatus::SetAside(SetAside::Printed) => Some(Self::Printed),
            VoucherStatus::SetAside(SetAside::Used | SetAside::Fenced) => None,
            VoucherStatus::Voided => Some(Self::Void),
        }
    }
}

/// What is known of a code when a list comes.
#[derive(Debug, Clone, Copy)]
pub struct KnownCode {
    pub standing: Standing,
    pub sold_at: Option<Micros>,
    pub usage: Usage,
    /// How long it lasts from its first login, where its package is known.
    pub lasts_seconds: Option<u64>,
}

impl KnownCode {
    fn of(world: &World, id: VoucherId) -> Option<Self> {
        let voucher = world.voucher(id)?;
        Some(Self {
            standing: Standing::of(voucher.status)?,
            sold_at: world.sold_at(id),
            usage: world.usage(id),
            lasts_seconds: world.package(&voucher.package).map(|package| package.validity_seconds),
        })
    }

    /// When its time is over; `None` before the first login.
    pub fn ends_at(&self) -> Option<Micros> {
        self.lasts_seconds.and_then(|lasts| self.usage.ends_at(lasts))
    }

    /// Whether somebody may still log in with it, or buy it.
    pub fn is_good(&self, now: Micros) -> bool {
        self.standing != Standing::Void && !self.is_over(now)
    }

    fn is_over(&self, now: Micros) -> bool {
        self.ends_at().is_some_and(|ends| ends <= now)
    }
}

/// What a list says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Shown,
    Gone,
    /// It is sold, unused and gone for so long that its buyer gets another.
    Missed,
}

/// A whole list of a router's codes, as the shop compares it with its own.
#[derive(Debug, Clone, Copy)]
pub struct List {
    pub at: Micros,
    /// Since when the router reports; `None` where this is its first list.
    pub reports_since: Option<Micros>,
}

impl List {
    /// What it says of a code; `None` where that is no news.
    pub fn means(self, listed: Listed, code: &KnownCode) -> Option<Meaning> {
        let is_lost = code.usage.lost_since.is_some();
        let is_there = listed != Listed::No;
        // Nobody can log in with one that is switched off: until it is sold, it is as if it were
        // not there. Once it is sold, whoever switched it off may have had a reason.
        let is_usable = listed == Listed::On;
        match code.standing {
            // What the router does not know lets nobody in.
            Standing::Void if !is_there && !code.usage.off => Some(Meaning::Gone),
            // Somebody has put it back.
            Standing::Void => (is_usable && code.usage.off).then_some(Meaning::Shown),
            Standing::Free => (!is_usable).then_some(Meaning::Gone),
            Standing::Missing => is_usable.then_some(Meaning::Shown),
            Standing::Held | Standing::Sold | Standing::Printed if is_there => {
                is_lost.then_some(Meaning::Shown)
            }
            Standing::Sold if is_lost => is_missed(code.usage, self.at).then_some(Meaning::Missed),
            Standing::Sold | Standing::Printed => self.is_loss(code).then_some(Meaning::Gone),
            // A buyer is paying for it: it is looked at again once that is decided.
            Standing::Held => None,
        }
    }

    /// Whether it matters that a sold or printed code is not there. One whose time is over may be
    /// gone; and nobody knows whether one was ever there that was sold before the router reported.
    fn is_loss(self, code: &KnownCode) -> bool {
        let Some(since) = self.reports_since else { return false };
        let is_known = match code.standing {
            Standing::Sold => code
                .sold_at
                .is_some_and(|sold| since <= sold && sold.plus(MISSED_AFTER_SALE) > self.at),
            _ => since < self.at,
        };
        is_known && code.usage.lost_since.is_none() && !code.is_over(self.at)
    }
}

/// Whether a sold code has been gone for so long, unused, that its buyer gets another.
pub(super) fn is_missed(usage: Usage, now: Micros) -> bool {
    let long = usage.lost_since.is_some_and(|lost| lost.plus(MISSED_FOR) <= now);
    long && usage.activated_at.is_none()
}

/// How a list shows one code.
#[derive(Debug, Clone, Copy)]
pub struct ListedCode {
    pub voucher: VoucherId,
    pub listed: Listed,
}

/// Takes in what a router's whole list shows of some codes.
#[derive(Debug, Clone)]
pub struct HearList {
    pub site: Slug,
    /// When the list was compared: all that is decided about it speaks of one moment.
    pub at: Micros,
    pub codes: Vec<ListedCode>,
}

impl Command for HearList {
    fn needs(&self, world: &World) -> Vec<Need> {
        let vouchers: Vec<_> = self.codes.iter().map(|code| code.voucher).collect();
        let package = |id: &VoucherId| Some(world.voucher(*id)?.package.clone());
        let packages = vouchers.iter().filter_map(package).map(Stream::Package);
        let site = Stream::Site(self.site.clone());
        let others = packages.chain([site]).map(Need::Stream);
        needs(world, &vouchers).into_iter().chain(others).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        world.site(&self.site).ok_or(Refusal::NoSuchSite)?;
        let list = List { at: self.at, reports_since: world.reports_since(&self.site) };
        let mut events = vec![];
        if list.reports_since.is_none() {
            let first = SiteEvent::RouterReported { site: self.site.clone() };
            events.push(NewEvent::alone(Stream::Site(self.site.clone()), Event::Site(first)));
        }
        for ListedCode { voucher: id, listed } in &self.codes {
            let code = KnownCode::of(world, *id);
            events.extend(match code.and_then(|code| list.means(*listed, &code)) {
                Some(Meaning::Shown) => shown(world, *id),
                Some(Meaning::Gone) => gone(world, *id),
                Some(Meaning::Missed) | None => None,
            });
        }
        Ok(Decision { answer: Answer::Codes(events.len()), ..Decision::events(events) })
    }

    fn actor(&self) -> &'static str {
        ACTOR
    }
}

fn gone(world: &World, id: VoucherId) -> Option<NewEvent> {
    let voucher = world.voucher(id)?;
    let PackageKey { site, package } = voucher.package.clone();
    match voucher.status {
        VoucherStatus::Free => Some(of_voucher(id, VoucherEvent::Missing { site, package })),
        VoucherStatus::Allocated(_) | VoucherStatus::SetAside(_) => {
            Some(of_usage(id, UsageEvent::Lost { site, package }))
        }
        VoucherStatus::Voided => Some(of_usage(id, UsageEvent::SwitchedOff { site, package })),
        VoucherStatus::Reserved(_) | VoucherStatus::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            router::hear_router::{HearLogins, HearSwitchedOff},
            stock::leave_stock::{HandOut, VoidVouchers},
            testing::{
                at, given, key, kinds, lost, router_reported, sold, started, stocked, voucher,
            },
        },
        ledger::{kernel::id::HandoutId, voucher::VoidReason},
    };

    fn then(mut history: Vec<NewEvent>, command: &dyn Command) -> Vec<NewEvent> {
        history.extend(given(history.clone()).when(command).then_recorded());
        history
    }

    /// A list, compared now, that shows these codes so.
    fn list(on: &[u128], no: &[u128]) -> HearList {
        let code = |listed| move |n: &u128| ListedCode { voucher: voucher(*n), listed };
        let codes = on.iter().map(code(Listed::On)).chain(no.iter().map(code(Listed::No)));
        HearList { site: key().site, at: at(0), codes: codes.collect() }
    }

    /// The kinds that a list records for a site whose router reported before all else.
    fn heard(history: &[NewEvent], list: &HearList) -> Vec<String> {
        let (site, others) = history.split_first().unwrap();
        let history = [site.clone(), router_reported()].into_iter().chain(others.to_vec());
        kinds(&given(history).when(list).then_recorded())
    }

    #[test]
    fn a_list_is_due_every_hour_and_soon_after_codes_came() {
        assert!(is_list_due(None, false, at(0)));
        for (came, minutes) in [(false, 60), (true, 2)] {
            assert!(is_list_due(Some(at(0)), came, at(minutes * MINUTE)));
            assert!(!is_list_due(Some(at(0)), came, at(minutes * MINUTE - 1)));
        }
    }

    #[test]
    fn what_the_router_does_not_show_is_not_for_sale_until_it_does() {
        let first = list(&[1], &[2]);
        let history = then(stocked(2), &first);
        assert_eq!(kinds(&history[4..]), ["site_router_reported", "voucher_missing"]);
        given(history.clone()).when(&first).then_nothing();
        let told = given(history).when(&list(&[1, 2], &[])).then_recorded();
        assert_eq!(kinds(&told), ["voucher_shown"]);
    }

    #[test]
    fn an_unsold_code_that_is_switched_off_is_as_good_as_gone() {
        let off = |n| ListedCode { voucher: voucher(n), listed: Listed::Off };
        let off = HearList { codes: vec![off(1), off(2)], ..list(&[], &[]) };
        assert_eq!(heard(&stocked(2), &off), ["voucher_missing"; 2]);
        assert_eq!(heard(&sold(2), &off), [""; 0], "a sold one was switched off for a reason");
    }

    #[test]
    fn a_code_that_is_being_paid_for_stays_its_buyers() {
        assert_eq!(heard(&started(1), &list(&[], &[1])), [""; 0]);
    }

    #[test]
    fn a_sold_code_is_lost_once_and_found() {
        let gone = list(&[], &[1]);
        assert_eq!(heard(&sold(1), &gone), ["voucher_lost"]);
        let history = [sold(1), vec![lost(1)]].concat();
        assert_eq!(heard(&history, &gone), [""; 0]);
        assert_eq!(heard(&history, &list(&[1], &[])), ["voucher_found"]);
    }

    #[test]
    fn nobody_knows_whether_a_code_was_there_that_was_sold_before_the_router_reported() {
        let gone = list(&[], &[1]);
        let history = then(sold(1), &gone);
        assert_eq!(kinds(&history[history.len() - 1..]), ["site_router_reported"]);
        let cards = HandOut {
            handout: HandoutId(uuid::Uuid::from_u128(9)),
            vouchers: vec![voucher(1)],
            person: vec![1],
            first: true,
        };
        let printed = then(stocked(1), &cards);
        let first = kinds(&given(printed.clone()).when(&gone).then_recorded());
        assert_eq!(first, ["site_router_reported"]);
        assert_eq!(heard(&printed, &gone), ["voucher_lost"], "from its second list on");
    }

    #[test]
    fn a_sold_code_is_not_missed_when_its_time_is_over_or_nobody_ever_used_it() {
        let day = 86_400;
        let used = HearLogins { vouchers: vec![voucher(1)] };
        for (lasts, activated, late, wanted) in [
            (Some(day), None, 29, Some(Meaning::Gone)),
            (Some(day), None, 30, None),
            (Some(day), Some(at(0)), 1, None),
            (Some(2 * day), Some(at(0)), 1, Some(Meaning::Gone)),
            (None, Some(at(0)), 1, Some(Meaning::Gone)),
        ] {
            let usage = Usage { activated_at: activated, ..Usage::default() };
            let standing = Standing::Sold;
            let code = KnownCode { standing, sold_at: Some(at(0)), usage, lasts_seconds: lasts };
            let list = List { at: at(late * DAY), reports_since: Some(at(0)) };
            assert_eq!(list.means(Listed::No, &code), wanted, "{code:?} after {late} days");
        }
        // An hour after its first login it is still good for the rest of its day.
        assert_eq!(heard(&then(sold(1), &used), &list(&[], &[1])), ["voucher_lost"]);
    }

    #[test]
    fn a_void_code_is_off_once_the_router_does_not_know_it_and_may_be_put_back() {
        let vouchers = vec![voucher(1)];
        let void = VoidVouchers { vouchers: vouchers.clone(), reason: VoidReason::Leaked };
        let history = then(stocked(1), &void);
        assert_eq!(heard(&history, &list(&[], &[1])), ["voucher_switched_off"]);
        assert_eq!(heard(&history, &list(&[1], &[])), [""; 0], "it will be told so");
        let off = then(history, &HearSwitchedOff { vouchers });
        assert_eq!(heard(&off, &list(&[1], &[])), ["voucher_back_on"]);
    }
}
