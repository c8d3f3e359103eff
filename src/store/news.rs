//! Who waits for news of which purchase. A page that waits holds a place here and costs nothing
//! until its own purchase changes.

use crate::ledger::id::PurchaseId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

type Places = HashMap<PurchaseId, watch::Sender<()>>;

/// The places of all who wait.
#[derive(Debug, Clone, Default)]
pub struct News {
    places: Arc<Mutex<Places>>,
}

/// A place; given up when dropped.
pub struct Place {
    news: News,
    purchase: PurchaseId,
    receiver: Option<watch::Receiver<()>>,
}

impl News {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().expect("nothing panics while it holds the places")
    }

    /// Takes a place. What happens from now on is not missed.
    pub fn wait_for(&self, purchase: PurchaseId) -> Place {
        let receiver = self.places().entry(purchase).or_default().subscribe();
        Place { news: self.clone(), purchase, receiver: Some(receiver) }
    }

    /// Tells those who wait for any of `purchases`.
    pub(super) fn tell(&self, purchases: impl Iterator<Item = PurchaseId>) {
        let places = self.places();
        if places.is_empty() {
            return;
        }
        for purchase in purchases {
            if let Some(sender) = places.get(&purchase) {
                sender.send_replace(());
            }
        }
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
