//! Calls to providers, running beside the processes: counted, bounded, never twice about the same
//! thing at a time.

use crate::processes::caught::caught;
use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Notify, Semaphore};

/// How many calls of one sort (prompts, queries, messages) may be under way: bounds sockets and
/// memory when a provider hangs, without keeping the other sorts waiting.
const CALLS_MAX: usize = 256;

/// The calls under way.
#[derive(Clone, Default)]
pub struct Calls {
    about: Arc<Mutex<HashSet<String>>>,
    ended: Arc<Notify>,
    rooms: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Takes its subject off the list, even when the call panics.
struct Ending {
    calls: Calls,
    subject: String,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.calls.list().remove(&self.subject);
        self.calls.ended.notify_waiters();
    }
}

impl Calls {
    fn list(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // Each name stands for itself: a panic while they are held leaves none half written.
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room of a sort of calls: the word before the colon of its subjects.
    fn room(&self, subject: &str) -> Arc<Semaphore> {
        let sort = subject.split(':').next().unwrap_or_default().to_owned();
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(rooms.entry(sort).or_insert_with(|| Arc::new(Semaphore::new(CALLS_MAX))))
    }

    /// Whether a call about `subject` is under way.
    pub fn under_way(&self, subject: &str) -> bool {
        self.list().contains(subject)
    }

    /// Makes a call about `subject`, beside the caller. Not made when one about it is under way.
    pub fn make(&self, subject: &str, call: impl Future<Output = ()> + Send + 'static) -> bool {
        if !self.list().insert(subject.to_owned()) {
            return false;
        }
        let ending = Ending { calls: self.clone(), subject: subject.to_owned() };
        tokio::spawn(async move {
            let room = ending.calls.room(&ending.subject);
            let _permit = room.acquire_owned().await;
            if caught(call).await.is_err() {
                tracing::error!(call = ending.subject, "a call panicked: a bug in Lango");
            }
            drop(ending);
        });
        true
    }

    /// Waits until no call is under way; tells whether there was one.
    pub async fn idle(&self) -> bool {
        let mut waited = false;
        loop {
            let ended = self.ended.notified();
            if self.list().is_empty() {
                return waited;
            }
            waited = true;
            ended.await;
        }
    }
}
