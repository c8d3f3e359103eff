//! The world as a batch of commands sees it: what was read for them, and what they have decided so
//! far.
//!
//! A command sees only what it asked for. What was not read would look absent, and an absent sale
//! is a code sold twice: so debug builds, all tests among them, stop a command that looks at more.

mod apply;
mod reading;
pub(super) mod seen;

use super::{
    message::Message,
    payment::Payment,
    purchase::{Purchase, PurchaseStatus},
    receipt::Receipt,
    staff::Staff,
    usage::Usage,
    voucher::{Voucher, VoucherStatus},
};
use crate::ledger::{
    catalogue::{Package, Site},
    kernel::{
        fingerprint::Fingerprint,
        id::{
            ContactId, MessageId, PackageKey, PaymentId, PurchaseId, ReceiptId, Slug, StaffId,
            VoucherId,
        },
        money::Cents,
        stream::Stream,
        time::{Micros, Month},
    },
    needs::Need,
};
use std::collections::{HashMap, HashSet, VecDeque};

pub use crate::ledger::world::seen::{Illegal, PromptSeen, Stock};

/// What the commands of a batch, and of the batches after it, see.
#[derive(Debug, Default)]
pub struct World {
    loaded: HashSet<Need>,
    /// Guesses and stock that were read are known for shorter.
    tries_read: HashSet<String>,
    stock_read: HashSet<PackageKey>,
    /// It holds all that ever happened: nothing in it is unread.
    whole: bool,
    /// A command is asked what it needs, and may look whether that was read.
    asking: bool,
    versions: HashMap<Stream, i64>,
    sites: HashMap<Slug, Site>,
    packages: HashMap<PackageKey, Package>,
    vouchers: HashMap<VoucherId, Voucher>,
    purchases: HashMap<PurchaseId, Purchase>,
    payments: HashMap<PaymentId, Payment>,
    receipts: HashMap<ReceiptId, Receipt>,
    messages: HashMap<MessageId, Message>,
    usages: HashMap<VoucherId, Usage>,
    staff: HashMap<StaffId, Staff>,
    once: HashMap<String, Stream>,
    stock: HashMap<PackageKey, Stock>,
    open: HashMap<ContactId, PurchaseId>,
    prompts: HashMap<ContactId, Vec<PromptSeen>>,
    contacts: HashMap<Fingerprint, ContactId>,
    codes: HashMap<Fingerprint, Vec<VoucherId>>,
    /// When codes were sold that somebody has.
    sold_at: HashMap<VoucherId, Micros>,
    /// Since when sites' routers report.
    reports_since: HashMap<Slug, Micros>,
    unlike: HashSet<(Slug, Slug)>,
    tries: HashMap<String, i64>,
    charges: HashMap<Month, Cents>,
    /// Whether the ledger does not continue from what is remembered of it.
    history_doubted: bool,
}

impl World {
    /// Whether the history is in doubt: then nobody starts a new sale.
    pub const fn is_history_doubted(&self) -> bool {
        self.history_doubted
    }

    /// Says whether the history is in doubt.
    pub const fn doubt_history(&mut self, doubted: bool) {
        self.history_doubted = doubted;
    }

    /// Whether events of a stream are in it, for whoever reads or records them.
    pub fn holds(&self, stream: &Stream) -> bool {
        self.versions.contains_key(stream)
    }

    /// The version of a stream: how many events it has.
    #[track_caller]
    pub fn version(&self, stream: &Stream) -> i64 {
        self.look_at(|| stream.clone());
        self.version_so_far(stream)
    }

    fn version_so_far(&self, stream: &Stream) -> i64 {
        self.versions.get(stream).copied().unwrap_or(0)
    }

    /// A site.
    #[track_caller]
    pub fn site(&self, site: &Slug) -> Option<&Site> {
        self.look_at(|| Stream::Site(site.clone()));
        self.sites.get(site)
    }

    /// A package.
    #[track_caller]
    pub fn package(&self, key: &PackageKey) -> Option<&Package> {
        self.look_at(|| Stream::Package(key.clone()));
        self.packages.get(key)
    }

    /// A voucher.
    #[track_caller]
    pub fn voucher(&self, id: VoucherId) -> Option<&Voucher> {
        self.look_at(|| Stream::Voucher(id));
        self.vouchers.get(&id)
    }

    /// What its router told of a voucher.
    #[track_caller]
    pub fn usage(&self, id: VoucherId) -> Usage {
        self.look_at(|| Stream::Usage(id));
        self.usages.get(&id).copied().unwrap_or_default()
    }

    /// When a voucher was sold.
    #[track_caller]
    pub fn sold_at(&self, id: VoucherId) -> Option<Micros> {
        self.look_at(|| Stream::Voucher(id));
        self.sold_at.get(&id).copied()
    }

    /// Since when a site's router reports; `None` where it does not.
    #[track_caller]
    pub fn reports_since(&self, site: &Slug) -> Option<Micros> {
        self.look_at(|| Stream::Site(site.clone()));
        self.reports_since.get(site).copied()
    }

    /// All vouchers that were read.
    pub fn vouchers(&self) -> impl Iterator<Item = VoucherId> {
        self.vouchers.keys().copied()
    }

    /// All purchases that were read.
    pub fn purchases(&self) -> impl Iterator<Item = PurchaseId> {
        self.purchases.keys().copied()
    }

    /// A purchase.
    #[track_caller]
    pub fn purchase(&self, id: PurchaseId) -> Option<&Purchase> {
        self.look_at(|| Stream::Purchase(id));
        self.purchases.get(&id)
    }

    /// A payment.
    #[track_caller]
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.look_at(|| Stream::Payment(id));
        self.payments.get(&id)
    }

    /// A receipt.
    #[track_caller]
    pub fn receipt(&self, id: ReceiptId) -> Option<&Receipt> {
        self.look_at(|| Stream::Receipt(id));
        self.receipts.get(&id)
    }

    /// A message.
    #[track_caller]
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.look_at(|| Stream::Message(id));
        self.messages.get(&id)
    }

    /// A member of the staff.
    #[track_caller]
    pub fn staff(&self, id: StaffId) -> Option<&Staff> {
        self.look_at(|| Stream::Staff(id));
        self.staff.get(&id)
    }

    /// The stream on which a `once` name stands.
    #[track_caller]
    pub fn once(&self, name: &str) -> Option<&Stream> {
        self.look(self.once.contains_key(name), || Need::Once(name.to_owned()));
        self.once.get(name)
    }

    /// The stock of a package.
    #[track_caller]
    pub fn stock(&self, key: &PackageKey) -> &Stock {
        static NONE: Stock =
            Stock { free: VecDeque::new(), free_count: 0, held_count: 0, owed_count: 0 };
        self.look(false, || Need::Stock(key.clone()));
        self.stock.get(key).unwrap_or(&NONE)
    }

    /// The oldest free voucher of a package.
    #[track_caller]
    pub fn first_free(&self, key: &PackageKey) -> Option<VoucherId> {
        self.look(false, || Need::Stock(key.clone()));
        self.stock.get(key).and_then(|stock| stock.free.front().copied())
    }

    /// The open purchase of a phone or device.
    #[track_caller]
    pub fn open_purchase(&self, contact: ContactId) -> Option<PurchaseId> {
        self.look(self.open.contains_key(&contact), || Need::Open(contact));
        self.open.get(&contact).copied()
    }

    /// The prompts to a phone in the last hour.
    #[track_caller]
    pub fn prompts(&self, contact: ContactId) -> &[PromptSeen] {
        self.look(false, || Need::Prompts(contact));
        self.prompts.get(&contact).map_or(&[], Vec::as_slice)
    }

    /// The phone or device of a fingerprint.
    #[track_caller]
    pub fn contact(&self, fingerprint: &Fingerprint) -> Option<ContactId> {
        self.look(self.contacts.contains_key(fingerprint), || Need::Contact(*fingerprint));
        self.contacts.get(fingerprint).copied()
    }

    /// The vouchers of a code in the vault, one at each site that has it.
    #[track_caller]
    pub fn vouchers_of_code(&self, shop_wide: &Fingerprint) -> &[VoucherId] {
        self.look(self.codes.contains_key(shop_wide), || Need::Code(*shop_wide));
        self.codes.get(shop_wide).map_or(&[], Vec::as_slice)
    }

    /// Whether a person said that two sites have different routers. Told of either of them.
    #[track_caller]
    pub fn routers_differ(&self, one: &Slug, other: &Slug) -> bool {
        for site in [one, other] {
            self.look_at(|| Stream::Site(site.clone()));
        }
        let said = |site: &Slug, other: &Slug| self.unlike.contains(&(site.clone(), other.clone()));
        said(one, other) || said(other, one)
    }

    /// What the payment provider took for itself in a month, as last stated.
    #[track_caller]
    pub fn charges(&self, month: Month) -> Option<Cents> {
        self.look_at(|| Stream::Shop);
        self.charges.get(&month).copied()
    }

    /// How often something was guessed at.
    #[track_caller]
    pub fn tries(&self, subject: &str) -> i64 {
        self.look(false, || Need::Tries(subject.to_owned()));
        self.tries.get(subject).copied().unwrap_or(0)
    }

    /// What was read, or counted in this batch: guesses. They are never taken back, so a row that
    /// says fewer than are known here was tampered with.
    pub fn put_tries(&mut self, subject: String, times: i64) {
        let known = self.tries.entry(subject).or_default();
        *known = times.max(*known);
    }

    /// What was read: a `once` name that stands.
    pub fn put_once(&mut self, name: String, stream: Stream) {
        self.once.insert(name, stream);
    }

    /// What was read: a package's stock.
    pub fn put_stock(&mut self, key: PackageKey, stock: Stock) {
        self.stock.insert(key, stock);
    }

    /// Packages whose list of free vouchers begins with one that is not free, by its own events.
    pub fn with_a_lie_in_stock(&self) -> Vec<PackageKey> {
        let lies = |(key, stock): (&PackageKey, &Stock)| {
            let first = *stock.free.front()?;
            let stream = Stream::Voucher(first);
            let read = self.holds(&stream) || self.has(&Need::Stream(stream));
            (read && !self.is_free(first, key)).then(|| key.clone())
        };
        self.stock.iter().filter_map(lies).collect()
    }

    /// Takes vouchers out of a package's list of free ones that are not free, by their own events.
    pub fn drop_what_is_not_free(&mut self, key: &PackageKey) {
        let Some(mut stock) = self.stock.remove(key) else { return };
        stock.free.retain(|id| self.is_free(*id, key));
        self.stock.insert(key.clone(), stock);
    }

    fn is_free(&self, id: VoucherId, key: &PackageKey) -> bool {
        let voucher = self.vouchers.get(&id);
        voucher.is_some_and(|it| it.status == VoucherStatus::Free && it.package == *key)
    }

    /// Whether a purchase waits for the money of this phone, or from this device.
    pub fn is_open_for(&self, purchase: PurchaseId, contact: ContactId) -> bool {
        self.purchase(purchase).is_some_and(|it| {
            let theirs = it.contact == contact || it.device == Some(contact);
            it.status == PurchaseStatus::Open && theirs
        })
    }

    /// What was read: a phone's or device's open purchase.
    pub fn put_open(&mut self, contact: ContactId, purchase: PurchaseId) {
        self.open.insert(contact, purchase);
    }

    /// What was read, or decided: a prompt. It may have been decided before the others were read,
    /// and counts once.
    pub fn put_prompt(&mut self, contact: ContactId, prompt: PromptSeen) {
        let prompts = self.prompts.entry(contact).or_default();
        if prompts.iter().all(|known| known.payment != prompt.payment) {
            prompts.push(prompt);
        }
    }

    /// What was read, or decided in this batch: a phone or device.
    pub fn put_contact(&mut self, fingerprint: Fingerprint, contact: ContactId) {
        self.contacts.insert(fingerprint, contact);
    }

    /// What was decided in this batch: a contact is found by nothing any more.
    pub fn drop_contact(&mut self, gone: ContactId) {
        self.contacts.retain(|_, contact| *contact != gone);
    }

    /// What was read, or decided in this batch: a code at a site.
    pub fn put_code(&mut self, shop_wide: Fingerprint, voucher: VoucherId) {
        let vouchers = self.codes.entry(shop_wide).or_default();
        if !vouchers.contains(&voucher) {
            vouchers.push(voucher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        command::{Answer, Command, Decision},
        kernel::id::BatchId,
        refusal::Refusal,
    };
    use crate::ledger::{
        event::{Event, NewEvent},
        voucher::VoucherEvent,
    };
    use uuid::Uuid;

    fn key() -> PackageKey {
        PackageKey { site: Slug::parse("mtaa").unwrap(), package: Slug::parse("daily").unwrap() }
    }

    fn imported(n: u128) -> NewEvent {
        let PackageKey { site, package } = key();
        let event = VoucherEvent::Imported { site, package, batch: BatchId(Uuid::nil()) };
        let stream = Stream::Voucher(VoucherId(Uuid::from_u128(n)));
        NewEvent::alone(stream, Event::Voucher(event))
    }

    fn remembering(listed: u128, free_count: i64) -> World {
        let mut world = World::default();
        let free = (1..=listed).map(|n| VoucherId(Uuid::from_u128(n))).collect();
        world.put_stock(key(), Stock { free, free_count, ..Stock::default() });
        world.mark(Need::Stock(key()));
        world.mark(Need::Tries("code".into()));
        world
    }

    /// Looks at the codes of a package; asks for them only if it is `honest`.
    struct Peep {
        honest: bool,
    }

    impl Command for Peep {
        fn needs(&self, world: &World) -> Vec<Need> {
            // Before anything is read, this is absent and leads to nothing.
            let first = world.first_free(&key()).map(|id| Need::Stream(Stream::Voucher(id)));
            let stock = self.honest.then(|| Need::Stock(key()));
            stock.into_iter().chain(first).collect()
        }

        fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
            Ok(Decision {
                answer: Answer::Codes(world.stock(&key()).free.len()),
                ..Decision::default()
            })
        }

        fn actor(&self) -> &'static str {
            "test"
        }
    }

    #[test]
    fn one_need_leads_to_the_next() {
        let mut world = World::default();
        assert_eq!(world.unread(&Peep { honest: true }), [Need::Stock(key())]);
        let mut world = remembering(1, 1);
        let voucher = Stream::Voucher(VoucherId(Uuid::from_u128(1)));
        assert_eq!(world.unread(&Peep { honest: true }), [Need::Stream(voucher)]);
    }

    #[test]
    #[should_panic(expected = "Stock(PackageKey")]
    fn what_was_not_asked_for_cannot_be_decided_by() {
        let _ = Peep { honest: false }.decide(&World::default(), Micros::default());
    }

    #[test]
    #[should_panic(expected = "was neither asked for nor decided")]
    fn what_needs_are_told_by_is_one_of_them() {
        World::default().unread(&Peep { honest: false });
    }

    #[test]
    #[should_panic(expected = "was neither asked for nor decided")]
    fn codes_come_into_a_stock_that_was_read() {
        let _ = World::default().apply(&imported(1), Micros::default());
    }

    #[test]
    fn what_this_batch_has_decided_may_be_looked_at() {
        let mut world = remembering(0, 0);
        world.apply(&imported(7), Micros::default()).unwrap();
        assert!(world.voucher(VoucherId(Uuid::from_u128(7))).is_some());
        let event = imported(8).once("form:one".into());
        world.apply(&event, Micros::default()).unwrap();
        assert_eq!(world.once("form:one"), Some(&event.stream));
    }

    #[test]
    fn guesses_and_lists_that_became_too_short_are_read_again() {
        let known = |listed, free_count, batch| {
            let mut world = remembering(listed, free_count);
            world.forget_what_may_differ(batch);
            assert!(!world.has(&Need::Tries("code".into())));
            world.has(&Need::Stock(key()))
        };
        assert!(known(3, 3, 9), "these are all");
        assert!(known(9, 50, 9), "as many as there are commands");
        assert!(!known(8, 50, 9));
    }

    #[test]
    fn a_lower_count_of_guesses_is_not_believed() {
        let mut world = World::whole();
        world.put_tries("unlock:x".into(), 5);
        world.forget_what_may_differ(1);
        world.put_tries("unlock:x".into(), 0);
        assert_eq!(world.tries("unlock:x"), 5);
        world.put_tries("unlock:x".into(), 6);
        assert_eq!(world.tries("unlock:x"), 6, "another instance has counted on");
    }

    #[test]
    fn of_a_list_of_free_codes_only_those_are_believed_whose_events_say_so() {
        let mut world = remembering(3, 3);
        world.replay(&imported(1).stream, &imported(1).event, Micros::default()).unwrap();
        assert_eq!(world.with_a_lie_in_stock(), []);
        world.drop_what_is_not_free(&key());
        assert_eq!(world.stock(&key()).free.len(), 1);
        assert_eq!(world.first_free(&key()), Some(VoucherId(Uuid::from_u128(1))));
        let other = PackageKey { site: Slug::parse("mtaa").unwrap(), ..key() };
        let hourly = PackageKey { package: Slug::parse("hourly").unwrap(), ..other };
        let free = [VoucherId(Uuid::from_u128(1))].into();
        world.put_stock(hourly.clone(), Stock { free, free_count: 1, ..Stock::default() });
        assert_eq!(world.with_a_lie_in_stock(), [hourly], "it gives another package");
    }

    #[test]
    fn a_new_code_waits_behind_those_that_were_not_read() {
        let (mut whole, mut part) = (remembering(2, 2), remembering(2, 5));
        for world in [&mut whole, &mut part] {
            world.apply(&imported(9), Micros::default()).unwrap();
        }
        assert_eq!((whole.stock(&key()).free.len(), whole.stock(&key()).free_count), (3, 3));
        assert_eq!((part.stock(&key()).free.len(), part.stock(&key()).free_count), (2, 6));
    }
}
