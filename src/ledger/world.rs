//! The world as a batch of commands sees it: what was read for them, and what they have decided so
//! far.

use super::{
    catalog::{Package, ShopEvent, Site},
    decision::{Fingerprint, Need},
    event::{Event, NewEvent},
    id::{
        ContactId, MessageId, PackageKey, PaymentId, PurchaseId, ReceiptId, Slug, StaffId,
        VoucherId,
    },
    message::Message,
    money::Cents,
    payment::{Payment, PaymentEvent},
    purchase::{Purchase, PurchaseEvent, PurchaseStatus},
    receipt::Receipt,
    staff::Staff,
    stream::Stream,
    time::{Micros, Month},
    usage::Usage,
    voucher::{Voucher, VoucherStatus},
};
use std::collections::{HashMap, HashSet, VecDeque};

/// The stock of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Free vouchers, oldest first; as many as the batch can need.
    pub free: VecDeque<VoucherId>,
    /// How many are free.
    pub free_count: i64,
    /// How many are held.
    pub held_count: i64,
    /// How many buyers are owed one.
    pub owed_count: i64,
}

impl Stock {
    /// Whether the list names all free vouchers, or as many as `commands` can need.
    fn lists(&self, commands: usize) -> bool {
        self.is_whole() || self.free.len() >= commands
    }

    fn is_whole(&self) -> bool {
        usize::try_from(self.free_count).is_ok_and(|count| count == self.free.len())
    }
}

/// A prompt that may have reached a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptSeen {
    /// Of which payment.
    pub payment: PaymentId,
    /// When.
    pub at: Micros,
    /// For how much.
    pub amount: Cents,
}

/// Events that cannot follow what was recorded: a bug, or a ledger from another program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event of kind {kind} cannot follow version {version} of {stream}")]
pub struct Illegal {
    /// Which stream.
    pub stream: String,
    /// Its version so far.
    pub version: i64,
    /// The event's kind.
    pub kind: String,
}

/// What the commands of a batch, and of the batches after it, see.
#[derive(Debug, Default)]
pub struct World {
    loaded: HashSet<Need>,
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
    codes: HashMap<Fingerprint, VoucherId>,
    tries: HashMap<String, i64>,
    charges: HashMap<Month, Cents>,
    /// Whether the ledger does not continue from what is remembered of it.
    history_doubted: bool,
}

impl World {
    /// Whether `need` has been read.
    pub fn has(&self, need: &Need) -> bool {
        self.loaded.contains(need)
    }

    /// Notes that `need` has been read, whether or not anything was there.
    pub fn mark(&mut self, need: Need) {
        self.loaded.insert(need);
    }

    /// Makes what a batch left behind ready for one of `batch` commands. Guesses leave no event, so
    /// another writer's would not be seen; a list of free codes may have become too short.
    pub fn forget_what_may_differ(&mut self, batch: usize) {
        self.tries.clear();
        let stock = &self.stock;
        self.loaded.retain(|need| match need {
            Need::Tries(_) => false,
            Need::Stock(key) => stock.get(key).is_some_and(|stock| stock.lists(batch)),
            _ => true,
        });
    }

    /// How many things it remembers, roughly.
    pub fn size(&self) -> usize {
        self.loaded.len() + self.versions.len()
    }

    /// Whether the history is in doubt: then nobody starts a new sale.
    pub const fn is_history_doubted(&self) -> bool {
        self.history_doubted
    }

    /// Says whether the history is in doubt.
    pub const fn doubt_history(&mut self, doubted: bool) {
        self.history_doubted = doubted;
    }

    /// The version of a stream: how many events it has.
    pub fn version(&self, stream: &Stream) -> i64 {
        self.versions.get(stream).copied().unwrap_or(0)
    }

    /// A site.
    pub fn site(&self, site: &Slug) -> Option<&Site> {
        self.sites.get(site)
    }

    /// A package.
    pub fn package(&self, key: &PackageKey) -> Option<&Package> {
        self.packages.get(key)
    }

    /// A voucher.
    pub fn voucher(&self, id: VoucherId) -> Option<&Voucher> {
        self.vouchers.get(&id)
    }

    /// What its router told of a voucher.
    pub fn usage(&self, id: VoucherId) -> Usage {
        self.usages.get(&id).copied().unwrap_or_default()
    }

    /// A purchase.
    pub fn purchase(&self, id: PurchaseId) -> Option<&Purchase> {
        self.purchases.get(&id)
    }

    /// A payment.
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id)
    }

    /// A receipt.
    pub fn receipt(&self, id: ReceiptId) -> Option<&Receipt> {
        self.receipts.get(&id)
    }

    /// A message.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(&id)
    }

    /// A member of the staff.
    pub fn staff(&self, id: StaffId) -> Option<&Staff> {
        self.staff.get(&id)
    }

    /// The stream on which a `once` name stands.
    pub fn once(&self, name: &str) -> Option<&Stream> {
        self.once.get(name)
    }

    /// The stock of a package.
    pub fn stock(&self, key: &PackageKey) -> &Stock {
        static NONE: Stock =
            Stock { free: VecDeque::new(), free_count: 0, held_count: 0, owed_count: 0 };
        self.stock.get(key).unwrap_or(&NONE)
    }

    /// The oldest free voucher of a package.
    pub fn first_free(&self, key: &PackageKey) -> Option<VoucherId> {
        self.stock.get(key).and_then(|stock| stock.free.front().copied())
    }

    /// The open purchase of a phone or device.
    pub fn open_purchase(&self, contact: ContactId) -> Option<PurchaseId> {
        self.open.get(&contact).copied()
    }

    /// The prompts to a phone in the last hour.
    pub fn prompts(&self, contact: ContactId) -> &[PromptSeen] {
        self.prompts.get(&contact).map_or(&[], Vec::as_slice)
    }

    /// The phone or device of a fingerprint.
    pub fn contact(&self, fingerprint: &Fingerprint) -> Option<ContactId> {
        self.contacts.get(fingerprint).copied()
    }

    /// The voucher of a code's fingerprint.
    pub fn code(&self, fingerprint: &Fingerprint) -> Option<VoucherId> {
        self.codes.get(fingerprint).copied()
    }

    /// What the payment provider took for itself in a month, as last stated.
    pub fn charges(&self, month: Month) -> Option<Cents> {
        self.charges.get(&month).copied()
    }

    /// How often something was guessed at.
    pub fn tries(&self, subject: &str) -> i64 {
        self.tries.get(subject).copied().unwrap_or(0)
    }

    /// What was read, or counted in this batch: guesses.
    pub fn put_tries(&mut self, subject: String, times: i64) {
        self.tries.insert(subject, times);
    }

    /// What was read: a `once` name that stands.
    pub fn put_once(&mut self, name: String, stream: Stream) {
        self.once.insert(name, stream);
    }

    /// What was read: a package's stock.
    pub fn put_stock(&mut self, key: PackageKey, stock: Stock) {
        self.stock.insert(key, stock);
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

    /// What was read, or decided in this batch: a code.
    pub fn put_code(&mut self, fingerprint: Fingerprint, voucher: VoucherId) {
        self.codes.insert(fingerprint, voucher);
    }

    /// Takes in an event that was read: only the state of its stream changes.
    pub fn replay(&mut self, stream: &Stream, event: &Event, at: Micros) -> Result<(), Illegal> {
        let legal = self.evolve(stream, event, at);
        if legal.is_none() {
            let version = self.version(stream);
            return Err(Illegal { stream: stream.to_string(), version, kind: event.encode().kind });
        }
        *self.versions.entry(stream.clone()).or_default() += 1;
        Ok(())
    }

    /// Takes in an event that was just decided: its stream, and all that the next commands look at.
    pub fn apply(&mut self, new: &NewEvent, at: Micros) -> Result<(), Illegal> {
        let voucher_before = match &new.stream {
            Stream::Voucher(id) => self.voucher(*id).map(|voucher| voucher.status),
            _ => None,
        };
        let was_owed = match &new.stream {
            Stream::Purchase(id) => {
                self.purchase(*id).is_some_and(|p| p.status == PurchaseStatus::Owed)
            }
            _ => false,
        };
        self.replay(&new.stream, &new.event, at)?;
        if let Some(name) = &new.once {
            self.once.insert(name.clone(), new.stream.clone());
        }
        match (&new.stream, &new.event) {
            (Stream::Voucher(id), _) => self.restock(*id, voucher_before),
            (Stream::Purchase(id), Event::Purchase(event)) => {
                self.open_or_close(*id, event, was_owed);
            }
            (Stream::Payment(id), Event::Payment(event)) => self.count_prompt(*id, event, at),
            _ => {}
        }
        Ok(())
    }

    fn evolve(&mut self, stream: &Stream, event: &Event, at: Micros) -> Option<()> {
        match (stream, event) {
            (Stream::Shop, Event::Shop(ShopEvent::ChargesStated { month, amount_cents, .. })) => {
                (self.version(stream) > 0).then_some(())?;
                self.charges.insert(*month, *amount_cents);
            }
            (
                Stream::Shop,
                Event::Shop(ShopEvent::KeyChanged { .. } | ShopEvent::HistoryAccepted(_)),
            ) => {
                (self.version(stream) > 0).then_some(())?;
            }
            (Stream::Shop, Event::Shop(ShopEvent::Opened { .. }))
            | (Stream::Batch(_), Event::Batch(_))
            | (Stream::Contact(_), Event::Contact(_)) => {
                (self.version(stream) == 0).then_some(())?;
            }
            (Stream::Site(id), Event::Site(event)) => {
                let next = Site::evolve(self.sites.get(id), event)?;
                self.sites.insert(id.clone(), next);
            }
            (Stream::Package(id), Event::Package(event)) => {
                let next = Package::evolve(self.packages.get(id), event)?;
                self.packages.insert(id.clone(), next);
            }
            (Stream::Voucher(id), Event::Voucher(event)) => {
                let next = Voucher::evolve(self.vouchers.get(id), event)?;
                self.vouchers.insert(*id, next);
            }
            (Stream::Usage(id), Event::Usage(event)) => {
                let next = self.usage(*id).evolve(event)?;
                self.usages.insert(*id, next);
            }
            (Stream::Purchase(id), Event::Purchase(event)) => {
                let next = Purchase::evolve(self.purchases.get(id), event, at)?;
                self.purchases.insert(*id, next);
            }
            (Stream::Payment(id), Event::Payment(event)) => {
                let next = Payment::evolve(self.payments.get(id), event)?;
                self.payments.insert(*id, next);
            }
            (Stream::Receipt(id), Event::Receipt(event)) => {
                let next = Receipt::evolve(self.receipts.get(id), event)?;
                self.receipts.insert(*id, next);
            }
            (Stream::Message(id), Event::Message(event)) => {
                let next = Message::evolve(self.messages.get(id), event)?;
                self.messages.insert(*id, next);
            }
            (Stream::Staff(id), Event::Staff(event)) => {
                let next = Staff::evolve(self.staff.get(id), event)?;
                self.staff.insert(*id, next);
            }
            _ => return None,
        }
        Some(())
    }

    fn restock(&mut self, id: VoucherId, before: Option<VoucherStatus>) {
        let Some(voucher) = self.vouchers.get(&id) else { return };
        let stock = self.stock.entry(voucher.package.clone()).or_default();
        match before {
            Some(VoucherStatus::Free) => {
                stock.free.retain(|free| *free != id);
                stock.free_count -= 1;
            }
            Some(VoucherStatus::Reserved(_)) => stock.held_count -= 1,
            _ => {}
        }
        match voucher.status {
            VoucherStatus::Free => {
                // Behind all others; where some were not read, they come before it.
                if stock.is_whole() {
                    stock.free.push_back(id);
                }
                stock.free_count += 1;
            }
            VoucherStatus::Reserved(_) => stock.held_count += 1,
            _ => {}
        }
    }

    /// From *submitted* on a phone may show a prompt; a refusal says that it does not.
    fn count_prompt(&mut self, id: PaymentId, event: &PaymentEvent, at: Micros) {
        let Some(&Payment { payer, amount, .. }) = self.payments.get(&id) else { return };
        match event {
            PaymentEvent::Submitted { .. } => {
                self.put_prompt(payer, PromptSeen { payment: id, at, amount });
            }
            PaymentEvent::Refused { .. } => {
                let prompts = self.prompts.entry(payer).or_default();
                prompts.retain(|prompt| prompt.payment != id);
            }
            _ => {}
        }
    }

    fn open_or_close(&mut self, id: PurchaseId, event: &PurchaseEvent, was_owed: bool) {
        if let PurchaseEvent::Started { contact, device, .. } = event {
            self.open.insert(*contact, id);
            device.map(|device| self.open.insert(device, id));
            return;
        }
        let Some(purchase) = self.purchases.get(&id) else { return };
        for contact in [Some(purchase.contact), purchase.device].into_iter().flatten() {
            if self.open.get(&contact) == Some(&id) {
                self.open.remove(&contact);
            }
        }
        let owed = i64::from(purchase.status == PurchaseStatus::Owed) - i64::from(was_owed);
        self.stock.entry(purchase.package.clone()).or_default().owed_count += owed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{id::BatchId, voucher::VoucherEvent};
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
    fn a_new_code_waits_behind_those_that_were_not_read() {
        let (mut whole, mut part) = (remembering(2, 2), remembering(2, 5));
        for world in [&mut whole, &mut part] {
            world.apply(&imported(9), Micros::default()).unwrap();
        }
        assert_eq!((whole.stock(&key()).free.len(), whole.stock(&key()).free_count), (3, 3));
        assert_eq!((part.stock(&key()).free.len(), part.stock(&key()).free_count), (2, 6));
    }
}
