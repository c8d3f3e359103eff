//! Applies events to the world: those that were read, and those that the batch decides.

use super::World;
use crate::ledger::{
    catalogue::Package, catalogue::ShopEvent, catalogue::Site, catalogue::SiteEvent, event::Event,
    event::NewEvent, kernel::id::PaymentId, kernel::id::PurchaseId, kernel::id::Slug,
    kernel::id::VoucherId, kernel::stream::Stream, kernel::time::Micros, message::Message,
    needs::Need, payment::Payment, payment::PaymentEvent, purchase::Purchase,
    purchase::PurchaseEvent, purchase::PurchaseStatus, receipt::Receipt, staff::Staff,
    voucher::Voucher, voucher::VoucherEvent, voucher::VoucherStatus, world::seen::Illegal,
    world::seen::PromptSeen,
};

impl World {
    /// Takes in an event that was read: only the state of its stream changes.
    pub fn replay(&mut self, stream: &Stream, event: &Event, at: Micros) -> Result<(), Illegal> {
        let legal = self.evolve(stream, event, at);
        if legal.is_none() {
            let version = self.version_so_far(stream);
            return Err(Illegal { stream: stream.to_string(), version, kind: event.encode().kind });
        }
        *self.versions.entry(stream.clone()).or_default() += 1;
        Ok(())
    }

    /// Takes in an event that was just decided: its stream, and all that the next commands look at.
    pub fn apply(&mut self, new: &NewEvent, at: Micros) -> Result<(), Illegal> {
        let voucher_before = match &new.stream {
            Stream::Voucher(id) => self.vouchers.get(id).map(|voucher| voucher.status),
            _ => None,
        };
        let was_owed = match &new.stream {
            Stream::Purchase(id) => {
                self.purchases.get(id).is_some_and(|p| p.status == PurchaseStatus::Owed)
            }
            _ => false,
        };
        self.replay(&new.stream, &new.event, at)?;
        if self.version_so_far(&new.stream) == 1 {
            self.mark(Need::Stream(new.stream.clone()));
        }
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
                (self.version_so_far(stream) > 0).then_some(())?;
                self.charges.insert(*month, *amount_cents);
            }
            (
                Stream::Shop,
                Event::Shop(
                    ShopEvent::KeyChanged { .. }
                    | ShopEvent::HistoryAccepted(_)
                    | ShopEvent::TablesMended { .. },
                ),
            ) => {
                (self.version_so_far(stream) > 0).then_some(())?;
            }
            (Stream::Shop, Event::Shop(ShopEvent::Opened { .. }))
            | (Stream::Batch(_), Event::Batch(_))
            | (Stream::Contact(_), Event::Contact(_)) => {
                (self.version_so_far(stream) == 0).then_some(())?;
            }
            (Stream::Site(id), Event::Site(event)) => {
                let next = Site::evolve(self.sites.get(id), event)?;
                self.sites.insert(id.clone(), next);
                self.evolve_router(id, event, at);
            }
            (Stream::Package(id), Event::Package(event)) => {
                let next = Package::evolve(self.packages.get(id), event)?;
                self.packages.insert(id.clone(), next);
            }
            (Stream::Voucher(id), Event::Voucher(event)) => {
                let next = Voucher::evolve(self.vouchers.get(id), event)?;
                self.vouchers.insert(*id, next);
                if let VoucherEvent::Allocated { .. } = event {
                    self.sold_at.insert(*id, at);
                }
            }
            (Stream::Usage(id), Event::Usage(event)) => {
                let next = self.usages.get(id).copied().unwrap_or_default().evolve(event, at)?;
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

    fn evolve_router(&mut self, site: &Slug, event: &SiteEvent, at: Micros) {
        match event {
            SiteEvent::RouterDiffers { other, .. } => {
                self.unlike.insert((site.clone(), other.clone()));
            }
            SiteEvent::RouterReported { .. } => {
                self.reports_since.insert(site.clone(), at);
            }
            SiteEvent::RouterLeft { .. } => {
                self.reports_since.remove(site);
            }
            SiteEvent::Registered { .. }
            | SiteEvent::Changed { .. }
            | SiteEvent::CodesWritten { .. } => {}
        }
    }

    fn restock(&mut self, id: VoucherId, before: Option<VoucherStatus>) {
        let Some(voucher) = self.vouchers.get(&id) else { return };
        // Counts are written as they are here: without those that were read they would be wrong.
        self.look(false, || Need::Stock(voucher.package.clone()));
        let stock = self.stock.entry(voucher.package.clone()).or_default();
        match before {
            Some(VoucherStatus::Free) => {
                // Nearly always the oldest is sold.
                if stock.free.front() == Some(&id) {
                    stock.free.pop_front();
                } else {
                    stock.free.retain(|free| *free != id);
                }
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
        if owed == 0 {
            return;
        }
        self.look(false, || Need::Stock(purchase.package.clone()));
        self.stock.entry(purchase.package.clone()).or_default().owed_count += owed;
    }
}
