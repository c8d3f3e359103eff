//! Who waits for news of which purchase. A page that waits holds a place here and costs nothing
//! until its own purchase changes.

use crate::ledger::kernel::id::PurchaseId;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::watch;

type Places = HashMap<PurchaseId, watch::Sender<()>>;

/// The places of all who wait.
#[derive(Debug, Clone)]
pub struct News {
    places: Arc<Mutex<Places>>,
    /// Up to where everybody was told everything.
    heard: Arc<AtomicI64>,
}

/// A place; given up when dropped.
pub struct Place {
    news: News,
    purchase: PurchaseId,
    receiver: Option<watch::Receiver<()>>,
}

impl News {
    /// News of what comes after a position.
    pub(in crate::store) fn after(position: i64) -> Self {
        Self { places: Arc::default(), heard: Arc::new(AtomicI64::new(position)) }
    }

    /// Up to where everybody was told everything; there may be events of other instances behind it.
    pub(in crate::store) fn heard(&self) -> i64 {
        self.heard.load(Ordering::Acquire)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        // Each place stands for itself: a panic while they are held leaves none half made.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place. What happens from now on is not missed.
    pub fn wait_for(&self, purchase: PurchaseId) -> Place {
        let receiver = self.places().entry(purchase).or_default().subscribe();
        Place { news: self.clone(), purchase, receiver: Some(receiver) }
    }

    /// Tells those who wait for any of `purchases`, which are all that the events in `(from, to]`
    /// belong to.
    pub(in crate::store) fn tell(
        &self,
        purchases: impl Iterator<Item = PurchaseId>,
        from: i64,
        to: i64,
    ) {
        let places = self.places();
        if !places.is_empty() {
            for purchase in purchases {
                if let Some(sender) = places.get(&purchase) {
                    sender.send_replace(());
                }
            }
        }
        drop(places);
        // Where others recorded something in between, it is still to be heard.
        let _ = self.heard.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Place {
    /// Returns when something has happened to the purchase since the place was taken, or since the
    /// last return.
    pub async fn changed(&mut self) {
        let receiver = self.receiver.as_mut().expect("a place has a receiver until it is dropped");
        // The sender lives as long as this place does.
        let _ = receiver.changed().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.receiver.take();
        let mut places = self.news.places();
        let left = places.get(&self.purchase).map_or(0, watch::Sender::receiver_count);
        if left == 0 {
            places.remove(&self.purchase);
        }
    }
}
