//! A buyer chooses a package and gives a phone number: the shop holds a code, and records that it
//! asks for the money before it does.

use crate::ledger::{
    command::{Answer, Command, Decision, LinkRow, VaultWrite},
    event::{Event, NewEvent},
    kernel::{
        fingerprint::Fingerprint,
        id::{ContactId, PackageKey, PaymentId, PurchaseId, VoucherId},
        money::Cents,
        stream::Stream,
        time::{HOUR, Micros, SECOND},
    },
    needs::Need,
    payment::PaymentEvent,
    purchase::{Language, PurchaseEvent, form_once},
    refusal::Refusal,
    voucher::VoucherEvent,
    world::{PromptSeen, Stock, World},
};

/// M-PESA wants a minute between two prompts of one phone (`docs/reference/m-pesa.md`).
pub const PROMPT_GAP_SECONDS: i64 = 60;

/// M-PESA declines the same amount from the same phone within two minutes, with result code 17
/// (`docs/reference/m-pesa.md`).
pub const SAME_AMOUNT_GAP_SECONDS: i64 = 120;

/// More prompts than this in an hour is not buying but pestering; one provider blocks a phone at
/// ten.
pub const PROMPTS_PER_HOUR_MAX: usize = 6;

/// Below this many codes, unpaid holds may take all of them: a small shop sells its last code too.
const HOLDS_ALWAYS_ALLOWED: i64 = 20;

/// Above that, unpaid holds take at most this share of free and held codes together.
const HOLD_SHARE_PERCENT: i64 = 80;

/// The same where no device is named: nothing but a made-up number stands behind such a wish, and a
/// stock must not be held empty by them.
const NAMELESS_HOLDS_ALWAYS_ALLOWED: i64 = 5;
const NAMELESS_HOLD_SHARE_PERCENT: i64 = 50;

/// A phone number or device, found again by fingerprint; a new id is used where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactGiven {
    pub new_id: ContactId,
    pub fingerprint: Fingerprint,
    pub sealed: Vec<u8>,
}

impl ContactGiven {
    pub(in crate::commands) fn id(&self, world: &World) -> ContactId {
        world.contact(&self.fingerprint).unwrap_or(self.new_id)
    }

    pub(in crate::commands) fn keep(&self, world: &World) -> Option<VaultWrite> {
        world.contact(&self.fingerprint).is_none().then(|| VaultWrite::Contact {
            contact: self.new_id,
            fingerprint: self.fingerprint,
            sealed: self.sealed.clone(),
        })
    }
}

/// Starts a purchase.
#[derive(Debug, Clone)]
pub struct StartPurchase {
    pub purchase: PurchaseId,
    pub payment: PaymentId,
    pub package: PackageKey,
    /// The version the buyer saw.
    pub package_version: u32,
    pub phone: ContactGiven,
    pub device: Option<ContactGiven>,
    pub language: Language,
    /// The keyed fingerprint of the form's nonce: the same form sent twice is one purchase. Never
    /// the nonce itself, which would lead a reader of the ledger to the purchase's page.
    pub nonce: String,
    pub link: LinkRow,
    /// Who is asked to collect the money.
    pub provider: &'static str,
}

impl Command for StartPurchase {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![
            Need::Once(form_once(&self.nonce)),
            Need::Stream(Stream::Package(self.package.clone())),
            Need::Stream(Stream::Site(self.package.site.clone())),
            Need::Stock(self.package.clone()),
            Need::Contact(self.phone.fingerprint),
        ];
        needs.extend(self.device.iter().map(|device| Need::Contact(device.fingerprint)));
        needs.extend(self.known(world).map(Need::Open));
        needs.extend(world.contact(&self.phone.fingerprint).map(Need::Prompts));
        if let Some(earlier) = world.once(&form_once(&self.nonce)) {
            needs.push(Need::Stream(earlier.clone()));
        }
        if let Some(voucher) = world.first_free(&self.package) {
            needs.push(Need::Stream(Stream::Voucher(voucher)));
        }
        needs
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        if let Some(Stream::Purchase(earlier)) = world.once(&form_once(&self.nonce)) {
            // A form names a purchase to whoever filled it in, and to nobody else.
            let payer = world.purchase(*earlier).map(|purchase| purchase.contact);
            if payer != Some(self.phone.id(world)) {
                return Err(Refusal::NotDue);
            }
            return Ok(Decision { answer: Answer::StartedBefore(*earlier), ..Decision::default() });
        }
        if world.is_history_doubted() {
            return Err(Refusal::HistoryDoubted);
        }
        let package = world.package(&self.package).filter(|package| !package.retired);
        let package = package.ok_or(Refusal::NoSuchPackage)?;
        if package.version != self.package_version {
            return Err(Refusal::PackageChanged);
        }
        let payer = self.phone.id(world);
        let device = self.device.as_ref().map(|device| device.id(world));
        for contact in self.known(world) {
            if let Some(open) = world.open_purchase(contact) {
                return Err(Refusal::PurchaseOpen(open));
            }
        }
        let payer_before = world.contact(&self.phone.fingerprint);
        let prompts = payer_before.map_or(&[][..], |payer| world.prompts(payer));
        may_prompt(prompts, package.price_cents, now)?;
        may_hold(world.stock(&self.package), device.is_some())?;
        let voucher = world.first_free(&self.package).ok_or(Refusal::SoldOut)?;
        let kept = [self.phone.keep(world), self.device.as_ref().and_then(|d| d.keep(world))];
        let link = VaultWrite::Link(self.link);
        let receiver = world.site(&self.package.site).and_then(|site| site.receiver.clone());
        let mut events = self.events(package.price_cents, payer, device, voucher);
        events.push(self.submitted(receiver.clone()));
        let answer = Answer::Started { amount: package.price_cents, receiver };
        let decision = Decision { events, answer, ..Decision::default() };
        Ok(decision.keep(kept.into_iter().flatten().chain([link])))
    }

    fn actor(&self) -> &'static str {
        "buyer"
    }
}

impl StartPurchase {
    /// The phone and device as far as they are known; a new one has bought nothing.
    fn known(&self, world: &World) -> impl Iterator<Item = ContactId> {
        let given = [Some(&self.phone), self.device.as_ref()].into_iter().flatten();
        given.filter_map(|contact| world.contact(&contact.fingerprint))
    }

    fn events(
        &self,
        amount_cents: Cents,
        payer: ContactId,
        device: Option<ContactId>,
        voucher: VoucherId,
    ) -> Vec<NewEvent> {
        let (site, package) = (self.package.site.clone(), self.package.package.clone());
        let started = PurchaseEvent::Started {
            site: site.clone(),
            package: package.clone(),
            package_version: self.package_version,
            amount_cents,
            contact: payer,
            device,
            voucher,
            language: self.language,
        };
        let reserved = VoucherEvent::Reserved {
            site: site.clone(),
            package: package.clone(),
            purchase: self.purchase,
        };
        let requested = PaymentEvent::Requested {
            site,
            package,
            purchase: self.purchase,
            attempt: 1,
            amount_cents,
            payer,
            delay_seconds: 0,
        };
        let of = |stream, event| NewEvent::of(self.purchase, stream, event);
        vec![
            of(Stream::Purchase(self.purchase), Event::Purchase(started))
                .once(form_once(&self.nonce)),
            of(Stream::Voucher(voucher), Event::Voucher(reserved)),
            of(Stream::Payment(self.payment), Event::Payment(requested)),
        ]
    }

    /// The call for the money is about to leave. Whoever has this recorded makes it.
    fn submitted(&self, receiver: Option<String>) -> NewEvent {
        let event = PaymentEvent::Submitted { provider: self.provider.into(), receiver };
        NewEvent::of(self.purchase, Stream::Payment(self.payment), Event::Payment(event))
    }
}

fn may_prompt(prompts: &[PromptSeen], amount: Cents, now: Micros) -> Result<(), Refusal> {
    let last_hour = prompts.iter().filter(|prompt| prompt.at.until(now) < HOUR).count();
    if last_hour >= PROMPTS_PER_HOUR_MAX {
        return Err(Refusal::TooManyPrompts);
    }
    let wait = |prompt: &PromptSeen| {
        let same = prompt.amount == amount;
        let gap = if same { SAME_AMOUNT_GAP_SECONDS } else { PROMPT_GAP_SECONDS };
        gap - prompt.at.until(now) / SECOND
    };
    match prompts.iter().map(wait).max() {
        Some(seconds) if seconds > 0 => Err(Refusal::TooSoon { seconds }),
        _ => Ok(()),
    }
}

fn may_hold(stock: &Stock, named: bool) -> Result<(), Refusal> {
    let (percent, always) = if named {
        (HOLD_SHARE_PERCENT, HOLDS_ALWAYS_ALLOWED)
    } else {
        (NAMELESS_HOLD_SHARE_PERCENT, NAMELESS_HOLDS_ALWAYS_ALLOWED)
    };
    // Those who have paid come first: a free code that is owed is not for sale.
    if stock.free_count <= stock.owed_count {
        return Err(if stock.held_count > 0 { Refusal::AllHeld } else { Refusal::SoldOut });
    }
    let share = (stock.free_count + stock.held_count) * percent / 100;
    if stock.held_count >= share.max(always) {
        return Err(Refusal::AllHeld);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{
            at, given, kinds, package_defined, site, start, stocked, voucher_imported,
        },
        ledger::kernel::time::MINUTE,
    };

    #[test]
    fn a_code_is_held_before_money_is_asked_for() {
        let events = given(stocked(1)).when(&start(1)).then_recorded();
        let recorded =
            ["purchase_started", "voucher_reserved", "payment_requested", "payment_submitted"];
        assert_eq!(kinds(&events), recorded);
        assert_eq!(events[0].once, Some("form:nonce-1".into()));
    }

    #[test]
    fn sold_out_is_said_before_money_moves() {
        given([site(), package_defined()]).when(&start(1)).then_refused(&Refusal::SoldOut);
    }

    #[test]
    fn the_last_code_is_held_for_one_buyer_only() {
        let mut history = stocked(1);
        history.extend(given(stocked(1)).when(&start(1)).then_recorded());
        given(history).when(&start(2)).then_refused(&Refusal::AllHeld);
    }

    #[test]
    fn the_same_form_sent_twice_is_one_purchase() {
        let mut history = stocked(2);
        history.extend(given(stocked(2)).when(&start(1)).then_recorded());
        let again = StartPurchase { purchase: PurchaseId(uuid::Uuid::from_u128(77)), ..start(1) };
        given(history).when(&again).then_answered(Answer::StartedBefore(start(1).purchase));
    }

    #[test]
    fn another_phone_learns_nothing_from_a_form() {
        let mut history = stocked(2);
        history.extend(given(stocked(2)).when(&start(1)).then_recorded());
        let stranger = StartPurchase { nonce: "nonce-1".into(), ..start(2) };
        given(history).when(&stranger).then_refused(&Refusal::NotDue);
    }

    #[test]
    fn a_phone_has_one_open_purchase() {
        let mut history = stocked(2);
        history.extend(given(stocked(2)).when(&start(1)).then_recorded());
        let other = StartPurchase { nonce: "other".into(), ..start(1) };
        given(history)
            .knowing(&start(1))
            .when(&other)
            .then_refused(&Refusal::PurchaseOpen(start(1).purchase));
    }

    #[test]
    fn a_changed_price_is_told() {
        let stale = StartPurchase { package_version: 7, ..start(1) };
        given(stocked(1)).when(&stale).then_refused(&Refusal::PackageChanged);
    }

    #[test]
    fn a_code_that_is_owed_is_not_for_sale() {
        let mut history = stocked(0);
        history.extend(crate::commands::testing::owed_purchase(9));
        history.push(voucher_imported(1));
        given(history).when(&start(1)).then_refused(&Refusal::SoldOut);
    }

    #[test]
    fn two_prompts_keep_their_distance() {
        let amount = Cents(5000);
        let payment = start(1).payment;
        let seen = |minutes: i64| PromptSeen { payment, at: at(-minutes * MINUTE), amount };
        assert_eq!(may_prompt(&[], amount, at(0)), Ok(()));
        assert_eq!(may_prompt(&[seen(3)], amount, at(0)), Ok(()));
        let same = may_prompt(&[seen(1)], amount, at(0));
        assert_eq!(same, Err(Refusal::TooSoon { seconds: 60 }));
        let other = may_prompt(&[seen(1)], Cents(100), at(0));
        assert_eq!(other, Ok(()));
        let many: Vec<_> = (10..16).map(seen).collect();
        assert_eq!(may_prompt(&many, amount, at(0)), Err(Refusal::TooManyPrompts));
    }

    #[test]
    fn unpaid_holds_leave_a_share_of_a_large_stock() {
        let stock = |free_count, held_count| Stock { free_count, held_count, ..Stock::default() };
        assert_eq!(may_hold(&stock(1, 19), true), Ok(()));
        assert_eq!(may_hold(&stock(1, 20), true), Err(Refusal::AllHeld));
        assert_eq!(may_hold(&stock(21, 79), true), Ok(()));
        assert_eq!(may_hold(&stock(20, 80), true), Err(Refusal::AllHeld));
        assert_eq!(may_hold(&stock(1, 4), false), Ok(()));
        assert_eq!(may_hold(&stock(1, 5), false), Err(Refusal::AllHeld));
        assert_eq!(may_hold(&stock(51, 49), false), Ok(()));
        assert_eq!(may_hold(&stock(50, 50), false), Err(Refusal::AllHeld));
    }
}
