//! Codes leave stock without being sold here: voided, or handed out on printed cards. A code that
//! is held or sold meanwhile stays its buyer's.

use crate::ledger::{
    command::{Answer, Command, Decision, Note, VaultWrite},
    event::{Event, NewEvent},
    kernel::{
        id::{HandoutId, StaffId, VoucherId},
        stream::Stream,
        time::Micros,
    },
    needs::Need,
    refusal::Refusal,
    staff::{Role, StaffEvent},
    voucher::{SetAside, VoidReason, VoucherEvent, VoucherStatus, handout_once},
    world::World,
};

/// How many codes share a commit: no buyer waits long for them, and a buyer in the same batch still
/// finds a free one among those that are read for it.
pub const CODES_PER_COMMIT: usize = 50;

/// The vouchers, and what their stock's counts need.
pub(in crate::commands) fn needs(world: &World, vouchers: &[VoucherId]) -> Vec<Need> {
    let of = |id: &VoucherId| {
        let stock = world.voucher(*id).map(|voucher| Need::Stock(voucher.package.clone()));
        [Some(Need::Stream(Stream::Voucher(*id))), stock]
    };
    vouchers.iter().flat_map(of).flatten().collect()
}

/// Voids codes that nobody has bought.
#[derive(Debug, Clone)]
pub struct VoidVouchers {
    /// Those that are held, sold or void stay as they are.
    pub vouchers: Vec<VoucherId>,
    pub reason: VoidReason,
}

impl Command for VoidVouchers {
    fn needs(&self, world: &World) -> Vec<Need> {
        needs(world, &self.vouchers)
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let void = |id: &VoucherId| {
            let voucher = world.voucher(*id)?;
            let unsold = matches!(
                voucher.status,
                VoucherStatus::Free | VoucherStatus::Missing | VoucherStatus::SetAside(_)
            );
            let (site, package) = (voucher.package.site.clone(), voucher.package.package.clone());
            let event = VoucherEvent::Voided { site, package, reason: self.reason };
            unsold.then(|| NewEvent::alone(Stream::Voucher(*id), Event::Voucher(event)))
        };
        let events: Vec<_> = self.vouchers.iter().filter_map(void).collect();
        Ok(Decision { answer: Answer::Codes(events.len()), ..Decision::events(events) })
    }
}

/// Takes codes out of online stock to be printed on cards that a person sells by hand.
#[derive(Debug, Clone)]
pub struct HandOut {
    pub handout: HandoutId,
    /// Those that are not free stay as they are.
    pub vouchers: Vec<VoucherId>,
    /// Who takes them, sealed.
    pub person: Vec<u8>,
    /// Whether these are the first of the cards: nobody has taken any under their id.
    pub first: bool,
}

impl Command for HandOut {
    fn needs(&self, world: &World) -> Vec<Need> {
        let once = Need::Once(handout_once(self.handout));
        needs(world, &self.vouchers).into_iter().chain([once]).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let once = handout_once(self.handout);
        if self.first && world.once(&once).is_some() {
            return Err(Refusal::NothingNew);
        }
        if world.is_history_doubted() {
            return Err(Refusal::HistoryDoubted);
        }
        let print = |id: &VoucherId| {
            let voucher = world.voucher(*id)?;
            let (site, package) = (voucher.package.site.clone(), voucher.package.package.clone());
            let (reason, handout) = (SetAside::Printed, Some(self.handout));
            let event = VoucherEvent::SetAside { site, package, reason, handout };
            let free = voucher.status == VoucherStatus::Free;
            free.then(|| NewEvent::alone(Stream::Voucher(*id), Event::Voucher(event)))
        };
        let mut events: Vec<_> = self.vouchers.iter().filter_map(print).collect();
        let head = events.first_mut().ok_or(Refusal::SoldOut)?;
        head.once = self.first.then_some(once);
        let note = Note::Handout(self.handout);
        let person = VaultWrite::Note { note, sealed: self.person.clone() };
        let answer = Answer::Codes(events.len());
        Ok(Decision { answer, ..Decision::events(events).keep([person]) })
    }
}

/// Records that somebody has the codes of printed cards in clear.
#[derive(Debug, Clone)]
pub struct PrintCodes {
    pub staff: StaffId,
    pub handout: HandoutId,
}

impl Command for PrintCodes {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Staff(self.staff))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let staff = world.staff(self.staff).ok_or(Refusal::NoSuchStaff)?;
        // Nobody has bought these yet: whoever sees one could sell it for themselves.
        if staff.disabled || staff.role != Role::Owner {
            return Err(Refusal::NotAllowed);
        }
        let printed = StaffEvent::PrintedCodes { handout: self.handout };
        let event = NewEvent::alone(Stream::Staff(self.staff), Event::Staff(printed));
        Ok(Decision::events(vec![event]))
    }

    fn actor(&self) -> &'static str {
        "desk"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            stock::import_vouchers::ImportLines,
            testing::{given, import_line, kinds, voucher},
        },
        ledger::kernel::id::BatchId,
    };
    use uuid::Uuid;

    fn imported() -> Vec<NewEvent> {
        let batch = BatchId(Uuid::from_u128(1));
        let lines = vec![import_line(1, None), import_line(2, Some(SetAside::Printed))];
        given([]).when(&ImportLines { batch, lines }).then_recorded()
    }

    fn hand_out(first: bool) -> HandOut {
        let handout = HandoutId(Uuid::from_u128(9));
        HandOut { handout, vouchers: vec![voucher(1), voucher(2)], person: vec![1], first }
    }

    #[test]
    fn what_nobody_bought_can_be_voided_once() {
        let vouchers = vec![voucher(1), voucher(2)];
        let void = VoidVouchers { vouchers, reason: VoidReason::Leaked };
        let voided = given(imported()).when(&void).then_recorded();
        assert_eq!(kinds(&voided), ["voucher_voided", "voucher_voided"]);
        given([imported(), voided].concat()).when(&void).then_nothing();
    }

    #[test]
    fn only_what_is_free_is_handed_out_and_never_comes_back() {
        let printed = given(imported()).when(&hand_out(true)).then_recorded();
        assert_eq!(kinds(&printed), ["voucher_set_aside"]);
        let history = [imported(), printed].concat();
        given(history.clone()).when(&hand_out(false)).then_refused(&Refusal::SoldOut);
        given(history).when(&hand_out(true)).then_refused(&Refusal::NothingNew);
    }
}
