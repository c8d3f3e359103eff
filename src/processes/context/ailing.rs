//! Processes of this instance that keep panicking, for `/readyz`.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Their names.
#[derive(Debug, Default)]
pub struct Ailing(Mutex<BTreeSet<&'static str>>);

impl Ailing {
    fn names(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process keeps panicking.
    pub fn ill(&self, process: &'static str) {
        self.names().insert(process);
    }

    /// A process has looked and all was well.
    pub fn well(&self, process: &'static str) {
        self.names().remove(process);
    }

    /// One that keeps panicking.
    pub fn first(&self) -> Option<&'static str> {
        self.names().first().copied()
    }
}
