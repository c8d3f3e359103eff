//! Buyers whose codes the router has lost get others by themselves. If it has lost many, nobody
//! does: then it has lost its users, and putting them back serves everybody.

use super::{hear_list::is_missed, hear_router::ACTOR};
use crate::{
    commands::sale::replace_voucher::{Sale, taken},
    ledger::{
        command::{Command, Decision},
        kernel::{
            id::{MessageId, VoucherId},
            stream::Stream,
            time::Micros,
        },
        needs::Need,
        refusal::Refusal,
        usage::Usage,
        voucher::VoidReason,
        world::World,
    },
};

/// So many buyers get other codes by themselves at most.
const REPLACED_AT_ONCE: usize = 5;

/// A sold code that a list lacks.
#[derive(Debug, Clone, Copy)]
pub struct MissedCode {
    pub voucher: VoucherId,
    pub message: MessageId,
}

/// Gives other codes to the buyers of those that are missed. A buyer for whom there is no code
/// stays on the list of what needs a person.
#[derive(Debug, Clone)]
pub struct ReplaceMissed {
    /// The codes that one list lacks.
    pub codes: Vec<MissedCode>,
}

struct Replacement<'a> {
    sale: Sale<'a>,
    next: VoucherId,
    message: MessageId,
}

impl ReplaceMissed {
    fn due<'a>(
        &self,
        world: &'a World,
        is_missed: impl Fn(Usage) -> bool,
    ) -> Vec<(MissedCode, Sale<'a>)> {
        let sale = |code: &MissedCode| Some((*code, Sale::of(world, code.voucher)?));
        let missed = self.codes.iter().filter(|code| is_missed(world.usage(code.voucher)));
        missed.filter_map(sale).collect()
    }
}

/// Gives each sale a code of its own, the oldest first, while there are any.
fn replacements<'a>(world: &World, due: Vec<(MissedCode, Sale<'a>)>) -> Vec<Replacement<'a>> {
    let mut found: Vec<Replacement> = vec![];
    for (MissedCode { message, .. }, sale) in due {
        let mut free = world.stock(&sale.purchase.package).free.iter();
        let next = free.find(|id| found.iter().all(|other| other.next != **id)).copied();
        found.extend(next.map(|next| Replacement { sale, next, message }));
    }
    found
}

impl Command for ReplaceMissed {
    fn needs(&self, world: &World) -> Vec<Need> {
        let of = |code: &MissedCode| {
            let usage = Need::Stream(Stream::Usage(code.voucher));
            Sale::needs(world, code.voucher).into_iter().chain([usage])
        };
        let mut needs: Vec<Need> = self.codes.iter().flat_map(of).collect();
        // As many as may be due when it is decided.
        let may_be_due = self.due(world, |usage| is_missed(usage, Micros(i64::MAX)));
        let next = replacements(world, may_be_due).into_iter().map(|it| it.next);
        needs.extend(next.flat_map(taken));
        needs
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        let due = self.due(world, |usage| is_missed(usage, now));
        if due.len() > REPLACED_AT_ONCE {
            return Err(Refusal::NotDue);
        }
        let reason = VoidReason::NotOnRouter;
        let events = |it: Replacement| it.sale.replaced(world, reason, it.next, it.message);
        Ok(Decision::events(replacements(world, due).into_iter().flat_map(events).collect()))
    }

    fn actor(&self) -> &'static str {
        ACTOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{
            Given, at, given, kinds, lost, message, of_usage, sold, voucher, voucher_imported,
        },
        ledger::{kernel::time::MINUTE, usage::UsageEvent},
    };

    /// So many sold codes that the router has lacked since a time, and as many in stock.
    fn missing(codes: u128, since: i64) -> Given {
        let spare = (1..=codes).map(|n| voucher_imported(100 + n));
        given(sold(codes).into_iter().chain(spare)).and_at(at(since), (1..=codes).map(lost))
    }

    fn replace(codes: u128) -> ReplaceMissed {
        let code = |n| MissedCode { voucher: voucher(n), message: message(100 + n) };
        ReplaceMissed { codes: (1..=codes).map(code).collect() }
    }

    const EACH: [&str; 4] =
        ["voucher_voided", "voucher_allocated", "purchase_replaced", "message_queued"];

    #[test]
    fn each_buyer_gets_a_code_of_its_own() {
        let events = missing(5, -10 * MINUTE).when(&replace(5)).then_recorded();
        assert_eq!(kinds(&events), [EACH; 5].concat());
    }

    #[test]
    fn the_last_code_goes_to_one_buyer_and_the_other_waits() {
        let history = sold(2).into_iter().chain([voucher_imported(7)]);
        let both = given(history).and_at(at(-10 * MINUTE), [lost(1), lost(2)]);
        assert_eq!(kinds(&both.when(&replace(2)).then_recorded()), EACH);
    }

    #[test]
    fn a_router_that_lost_many_codes_has_lost_its_users() {
        missing(6, -10 * MINUTE).when(&replace(6)).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_code_that_is_back_or_used_since_the_list_was_compared_stays() {
        let back = of_usage(1, |site, package| UsageEvent::Found { site, package });
        let found = missing(6, -10 * MINUTE).and_at(at(-1), [back]);
        let events = found.when(&replace(6)).then_recorded();
        assert_eq!(kinds(&events), [EACH; 5].concat(), "five are still missed");
        let used = of_usage(1, |site, package| UsageEvent::Activated { site, package });
        missing(1, -10 * MINUTE).and_at(at(-1), [used]).when(&replace(1)).then_nothing();
    }

    /// What stood in a read model may be an hour old; the ledger has the last word.
    #[test]
    fn a_code_that_came_back_and_was_lost_again_just_now_is_not_missed_yet() {
        let back = of_usage(1, |site, package| UsageEvent::Found { site, package });
        let again = missing(1, -60 * MINUTE).and_at(at(-MINUTE), [back, lost(1)]);
        again.when(&replace(1)).then_nothing();
    }
}
