//! The whole ledger, read and decoded, for questions that a story asks at its end.

use lango::{
    ledger::{
        catalogue::ShopEvent,
        event::Event,
        kernel::{
            id::{PaymentId, PurchaseId, ReceiptId, VoucherId},
            money::Cents,
            stream::Stream,
        },
        payment::{Learnt, PaymentEvent},
        purchase::PurchaseEvent,
        receipt::ReceiptEvent,
        settlement::Settlement,
    },
    store::{Store, StoredEvent},
};
use std::collections::{BTreeMap, BTreeSet};

/// A payment that was confirmed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// How much.
    pub amount: Cents,
    /// The proof, once known.
    pub receipt: Option<ReceiptId>,
    /// Whether it was learnt from a person.
    pub by_person: bool,
}

/// Every event of a ledger.
pub struct Ledger {
    /// In order.
    pub events: Vec<(StoredEvent, Stream, Event)>,
}

impl Ledger {
    /// Reads it.
    pub async fn read(store: &Store) -> Self {
        let stored = store.read().events_after(0, 1_000_000).await.unwrap();
        let decoded = stored.into_iter().map(|stored| {
            let (stream, event) = stored.decode().unwrap();
            (stored, stream, event)
        });
        Self { events: decoded.collect() }
    }

    /// How often an event of a kind stands in it.
    pub fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|(stored, ..)| stored.kind == kind).count()
    }

    fn payments(&self) -> impl Iterator<Item = (PaymentId, &PaymentEvent)> {
        self.events.iter().filter_map(|(_, stream, event)| match (stream, event) {
            (Stream::Payment(id), Event::Payment(event)) => Some((*id, event)),
            _ => None,
        })
    }

    fn purchases(&self) -> impl Iterator<Item = (PurchaseId, &PurchaseEvent)> {
        self.events.iter().filter_map(|(_, stream, event)| match (stream, event) {
            (Stream::Purchase(id), Event::Purchase(event)) => Some((*id, event)),
            _ => None,
        })
    }

    /// Every payment by which money came.
    pub fn confirmed(&self) -> BTreeMap<PaymentId, Confirmed> {
        let mut confirmed = BTreeMap::new();
        for (id, event) in self.payments() {
            match event {
                PaymentEvent::Confirmed { amount_cents, receipt, learnt, .. } => {
                    let by_person = *learnt == Learnt::Person;
                    let payment = Confirmed { amount: *amount_cents, receipt: *receipt, by_person };
                    assert!(confirmed.insert(id, payment).is_none(), "confirmed once");
                }
                PaymentEvent::ReceiptLearnt { receipt } => {
                    confirmed.get_mut(&id).expect("confirmed before").receipt = Some(*receipt);
                }
                _ => {}
            }
        }
        confirmed
    }

    /// Every payment that came to an end of its own: a code, the promise of one, a person's desk.
    pub fn ended_well(&self) -> BTreeSet<PaymentId> {
        let aside = self
            .payments()
            .filter_map(|(id, event)| matches!(event, PaymentEvent::SetAside { .. }).then_some(id));
        let served = self.purchases().filter_map(|(_, event)| match event {
            PurchaseEvent::Fulfilled { payment, .. } | PurchaseEvent::Owed { payment, .. } => {
                Some(*payment)
            }
            _ => None,
        });
        aside.chain(served).collect()
    }

    /// What moved M-PESA's sum by a person's word: given back, and its charges as last stated.
    pub fn taken_out(&self) -> Cents {
        let (mut given_back, mut charges) = (0, BTreeMap::new());
        for (_, _, event) in &self.events {
            match event {
                Event::Purchase(PurchaseEvent::Settled { amount_cents, how, .. })
                | Event::Payment(PaymentEvent::Settled { amount_cents, how, .. })
                | Event::Receipt(ReceiptEvent::Settled { amount_cents, how }) => {
                    let back = *how == Settlement::RefundedMpesa;
                    given_back += if back { amount_cents.0 } else { 0 };
                }
                Event::Shop(ShopEvent::ChargesStated { month, amount_cents, .. }) => {
                    charges.insert(month.to_string(), amount_cents.0);
                }
                _ => {}
            }
        }
        Cents(given_back + charges.values().sum::<i64>())
    }

    /// Every receipt that a person must decide or has decided about, and its money.
    pub fn unmatched(&self) -> BTreeMap<ReceiptId, Cents> {
        let (mut told, mut unmatched) = (BTreeMap::new(), BTreeMap::new());
        for (_, stream, event) in &self.events {
            let (Stream::Receipt(id), Event::Receipt(event)) = (stream, event) else { continue };
            match event {
                ReceiptEvent::Recorded { amount_cents, .. } => {
                    told.insert(*id, *amount_cents);
                }
                ReceiptEvent::Unmatched { .. } => {
                    unmatched.insert(*id, told[id]);
                }
                ReceiptEvent::Applied { .. } | ReceiptEvent::Reversed {} => {
                    unmatched.remove(id);
                }
                // It came all the same.
                ReceiptEvent::Settled { .. } => {}
            }
        }
        unmatched
    }

    /// Every purchase.
    pub fn purchase_ids(&self) -> BTreeSet<PurchaseId> {
        self.purchases().map(|(id, _)| id).collect()
    }

    /// Every payment.
    pub fn payment_ids(&self) -> BTreeSet<PaymentId> {
        self.payments().map(|(id, _)| id).collect()
    }

    /// Which purchase got which code instead of one that the router lost.
    pub fn replacements(&self) -> Vec<(PurchaseId, VoucherId)> {
        let given = |(id, event): (PurchaseId, &PurchaseEvent)| match event {
            PurchaseEvent::Replaced { voucher, .. } => Some((id, *voucher)),
            _ => None,
        };
        self.purchases().filter_map(given).collect()
    }

    /// Every sale: which purchase got which code.
    pub fn sales(&self) -> Vec<(PurchaseId, VoucherId)> {
        let sale = |(id, event): (PurchaseId, &PurchaseEvent)| match event {
            PurchaseEvent::Fulfilled { voucher, .. } => Some((id, *voucher)),
            _ => None,
        };
        self.purchases().filter_map(sale).collect()
    }
}
