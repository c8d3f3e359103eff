//! What a batch of events changes in the decision tables, pure: the last word on each row, so that
//! each table is written in one statement however often the batch touched a row.

use crate::{
    commands::sale::expire_purchase::HOLD_SECONDS,
    ledger::{
        catalogue::{Package, Site},
        command::WorkKind,
        event::{Event, NewEvent},
        kernel::{
            id::{ContactId, PackageKey, PaymentId, PurchaseId, Slug, StaffId, VoucherId},
            money::Cents,
            stream::Stream,
            time::{Micros, SECOND},
        },
        message::MessageEvent,
        payment::PaymentEvent,
        purchase::{PurchaseEvent, PurchaseStatus},
        staff::{Staff, StaffEvent},
        voucher::VoucherStatus,
        world::{Stock, World},
    },
};
use std::collections::BTreeMap;

/// A call that has not been answered for so long was interrupted: its process is gone.
pub const INTERRUPTED_SECONDS: i64 = 120;

/// No outcome is asked for sooner after a prompt: a PIN takes that long to type.
const FIRST_QUERY_SECONDS: i64 = 10;

/// A voucher that can still be sold online.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRow {
    pub key: PackageKey,
    pub since: i64,
    /// For whom it is held.
    pub holder: Option<PurchaseId>,
    /// Whether the router does not show it.
    pub away: bool,
}

/// A purchase that is owed a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedRow {
    pub key: PackageKey,
    /// By which payment it was paid.
    pub payment: PaymentId,
    pub amount: Cents,
    pub since: i64,
}

/// A prompt that may have reached a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRow {
    pub contact: ContactId,
    pub at: Micros,
    pub amount: Cents,
}

/// When a piece of work was made, and when it is due first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkRow {
    /// When it came into being.
    pub since: Micros,
    pub due_at: Micros,
}

/// The rows to write (`Some`) and to remove (`None`).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub sites: BTreeMap<Slug, Site>,
    /// Packages; a retired one is removed.
    pub packages: BTreeMap<PackageKey, Option<Package>>,
    pub staff: BTreeMap<StaffId, Staff>,
    pub stock: BTreeMap<VoucherId, Option<StockRow>>,
    pub counts: BTreeMap<PackageKey, (i64, i64, i64)>,
    /// Open purchases, with the phone and device that have them.
    pub open: BTreeMap<PurchaseId, Option<Vec<ContactId>>>,
    pub owed: BTreeMap<PurchaseId, Option<OwedRow>>,
    pub prompts: BTreeMap<PaymentId, Option<PromptRow>>,
    pub work: BTreeMap<(WorkKind, String), Option<WorkRow>>,
}

impl Changes {
    /// Takes in an event that `world` has just applied.
    pub fn take(&mut self, world: &World, new: &NewEvent, position: i64, at: Micros) {
        match (&new.stream, &new.event) {
            (Stream::Site(id), _) => {
                world.site(id).map(|site| self.sites.insert(id.clone(), site.clone()));
            }
            (Stream::Package(key), _) => {
                let offered = world.package(key).filter(|package| !package.retired).cloned();
                self.packages.insert(key.clone(), offered);
            }
            (
                Stream::Staff(id),
                Event::Staff(StaffEvent::Added { .. } | StaffEvent::Changed { .. }),
            ) => {
                world.staff(*id).map(|staff| self.staff.insert(*id, *staff));
            }
            (Stream::Voucher(id), _) => self.voucher(world, *id, position),
            (Stream::Purchase(id), Event::Purchase(event)) => {
                self.purchase(world, *id, event, position, at);
            }
            (Stream::Payment(id), Event::Payment(event)) => {
                self.payment(world, *id, event, at);
            }
            (Stream::Message(id), Event::Message(event)) => {
                let subject = id.to_string();
                match event {
                    MessageEvent::Queued { .. }
                    | MessageEvent::Failed { .. }
                    | MessageEvent::Unconfirmed { .. } => {
                        self.due(WorkKind::SendMessage, subject, at, 0);
                    }
                    MessageEvent::Submitted { .. } => {
                        self.due(WorkKind::SendMessage, subject, at, INTERRUPTED_SECONDS);
                    }
                    MessageEvent::Accepted { .. }
                    | MessageEvent::Delivered {}
                    | MessageEvent::GivenUp {} => self.done(WorkKind::SendMessage, subject),
                    MessageEvent::Undelivered { .. } => {}
                }
            }
            _ => {}
        }
    }

    /// Lets go of rows that are to be removed; what is left stands for whole tables.
    pub fn forget_what_has_no_row(&mut self) {
        self.packages.retain(|_, row| row.is_some());
        self.stock.retain(|_, row| row.is_some());
        self.open.retain(|_, row| row.is_some());
        self.owed.retain(|_, row| row.is_some());
        self.prompts.retain(|_, row| row.is_some());
        self.work.retain(|_, row| row.is_some());
    }

    /// Lets go of all but these tables.
    pub fn keep_only(&mut self, tables: &[&str]) {
        let all = std::mem::take(self);
        let is = |table| tables.contains(&table);
        *self = Self {
            sites: if is("sites") { all.sites } else { BTreeMap::new() },
            packages: if is("packages") { all.packages } else { BTreeMap::new() },
            staff: if is("staff") { all.staff } else { BTreeMap::new() },
            stock: if is("stock") { all.stock } else { BTreeMap::new() },
            counts: if is("stock_counts") { all.counts } else { BTreeMap::new() },
            open: if is("open_purchases") { all.open } else { BTreeMap::new() },
            owed: if is("owed") { all.owed } else { BTreeMap::new() },
            prompts: if is("prompts") { all.prompts } else { BTreeMap::new() },
            work: if is("work") { all.work } else { BTreeMap::new() },
        };
    }

    fn voucher(&mut self, world: &World, id: VoucherId, position: i64) {
        let Some(voucher) = world.voucher(id) else { return };
        let row = |holder, away| {
            Some(StockRow { key: voucher.package.clone(), since: position, holder, away })
        };
        let row = match voucher.status {
            VoucherStatus::Free => row(None, false),
            VoucherStatus::Missing => row(None, true),
            VoucherStatus::Reserved(purchase) => row(Some(purchase), false),
            VoucherStatus::Allocated(_) | VoucherStatus::SetAside(_) | VoucherStatus::Voided => {
                None
            }
        };
        self.stock.insert(id, row);
        self.count(world, &voucher.package);
    }

    fn count(&mut self, world: &World, key: &PackageKey) {
        let Stock { free_count, held_count, owed_count, .. } = world.stock(key);
        self.counts.insert(key.clone(), (*free_count, *held_count, *owed_count));
    }

    fn purchase(
        &mut self,
        world: &World,
        id: PurchaseId,
        event: &PurchaseEvent,
        position: i64,
        at: Micros,
    ) {
        let Some(purchase) = world.purchase(id) else { return };
        if purchase.status == PurchaseStatus::Open {
            let who = [Some(purchase.contact), purchase.device].into_iter().flatten().collect();
            self.open.insert(id, Some(who));
            self.due(WorkKind::ExpirePurchase, id.to_string(), at, HOLD_SECONDS);
        } else {
            self.open.insert(id, None);
            self.done(WorkKind::ExpirePurchase, id.to_string());
        }
        let owed = match event {
            PurchaseEvent::Owed { payment, amount_cents, .. } => Some(Some(OwedRow {
                key: purchase.package.clone(),
                payment: *payment,
                amount: *amount_cents,
                since: position,
            })),
            PurchaseEvent::Fulfilled { .. } | PurchaseEvent::Settled { .. } => Some(None),
            PurchaseEvent::Started { .. }
            | PurchaseEvent::Expired { .. }
            | PurchaseEvent::Replaced { .. } => None,
        };
        if let Some(row) = owed {
            self.owed.insert(id, row);
            self.count(world, &purchase.package);
        }
    }

    fn payment(&mut self, world: &World, id: PaymentId, event: &PaymentEvent, at: Micros) {
        use PaymentEvent as E;
        let Some(payment) = world.payment(id) else { return };
        let subject = || id.to_string();
        match event {
            E::Requested { delay_seconds, .. } => {
                self.due(WorkKind::SubmitPayment, subject(), at, i64::from(*delay_seconds));
            }
            E::Submitted { .. } => {
                let row = PromptRow { contact: payment.payer, at, amount: payment.amount };
                self.prompts.insert(id, Some(row));
                self.done(WorkKind::SubmitPayment, subject());
                self.due(WorkKind::SettlePayment, subject(), at, FIRST_QUERY_SECONDS);
                // The hold counts from the prompt, not from the click (design, rule 3).
                let purchase = payment.purchase.to_string();
                self.due(WorkKind::ExpirePurchase, purchase, at, HOLD_SECONDS);
            }
            E::Refused { .. } => {
                self.prompts.insert(id, None);
                self.done(WorkKind::SubmitPayment, subject());
                self.done(WorkKind::SettlePayment, subject());
            }
            E::Confirmed { .. } | E::InquiryEnded {} => {
                self.done(WorkKind::SettlePayment, subject());
            }
            E::InquiryResumed {} => {
                self.due(WorkKind::SettlePayment, subject(), at, FIRST_QUERY_SECONDS);
            }
            E::Prompted {}
            | E::SubmitUnknown { .. }
            | E::Declined { .. }
            | E::SetAside { .. }
            | E::Disputed { .. }
            | E::ReceiptLearnt { .. }
            | E::Settled { .. }
            | E::DisputeSettled {} => {}
        }
    }

    fn due(&mut self, kind: WorkKind, subject: String, at: Micros, seconds: i64) {
        let row = WorkRow { since: at, due_at: at.plus(seconds * SECOND) };
        self.work.insert((kind, subject), Some(row));
    }

    fn done(&mut self, kind: WorkKind, subject: String) {
        self.work.insert((kind, subject), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::payment::{Learnt, Payment};
    use uuid::Uuid;

    const ID: PaymentId = PaymentId(Uuid::from_u128(1));

    fn requested() -> PaymentEvent {
        PaymentEvent::Requested {
            site: Slug::parse("mtaa").unwrap(),
            package: Slug::parse("daily").unwrap(),
            purchase: PurchaseId(Uuid::from_u128(1)),
            attempt: 1,
            amount_cents: Cents(5000),
            payer: ContactId(Uuid::from_u128(1)),
            delay_seconds: 0,
        }
    }

    /// Takes in events of one payment; the payment, and whether somebody is to settle it.
    fn taken_in(events: &[PaymentEvent]) -> (Payment, bool) {
        let (mut world, mut changes) = (World::default(), Changes::default());
        let at = Micros(1_800_000_000_000_000);
        for (position, event) in (1..).zip(events) {
            let purchase = PurchaseId(Uuid::from_u128(1));
            let event = Event::Payment(event.clone());
            let new = NewEvent::of(purchase, Stream::Payment(ID), event);
            world.apply(&new, at).expect("a legal step");
            changes.take(&world, &new, position, at);
        }
        let row = changes.work.get(&(WorkKind::SettlePayment, ID.to_string()));
        (world.payment(ID).unwrap().clone(), row.is_some_and(Option::is_some))
    }

    #[test]
    fn a_payment_that_is_asked_about_is_work_and_no_other() {
        let submitted = || PaymentEvent::Submitted { provider: "mpesa".into(), receiver: None };
        let refused = || PaymentEvent::Refused { reason: "provider_busy".into() };
        let unknown = || PaymentEvent::SubmitUnknown { reason: "no_answer".into() };
        let (reason, learnt) = (String::from("cancelled"), Learnt::Callback);
        let declined = || PaymentEvent::Declined { reason: reason.clone(), learnt };
        let ended = || PaymentEvent::InquiryEnded {};
        let resumed = || PaymentEvent::InquiryResumed {};
        let prompted = || PaymentEvent::Prompted {};
        let other_money = || PaymentEvent::Confirmed {
            site: Slug::parse("mtaa").unwrap(),
            package: Slug::parse("daily").unwrap(),
            amount_cents: Cents(5100),
            learnt: Learnt::Person,
            receipt: None,
            paid_at: None,
        };
        for after in [
            vec![],
            vec![submitted()],
            vec![submitted(), prompted()],
            vec![submitted(), refused()],
            vec![submitted(), refused(), resumed()],
            vec![submitted(), refused(), resumed(), declined()],
            vec![submitted(), refused(), resumed(), ended()],
            vec![submitted(), unknown()],
            vec![submitted(), unknown(), ended()],
            vec![submitted(), unknown(), ended(), declined()],
            vec![submitted(), unknown(), ended(), resumed(), declined()],
            vec![submitted(), unknown(), ended(), resumed(), declined(), ended()],
            vec![submitted(), declined()],
            vec![submitted(), other_money()],
            vec![submitted(), other_money(), resumed()],
            vec![submitted(), other_money(), resumed(), ended()],
            vec![submitted(), unknown(), ended(), other_money(), resumed()],
        ] {
            let events = [vec![requested()], after].concat();
            let (payment, is_work) = taken_in(&events);
            assert_eq!(payment.is_being_asked_about(), is_work, "after {events:?}");
        }
    }
}
