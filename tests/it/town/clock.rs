//! The time of day in a town.

use lango::{
    ledger::kernel::time::{Micros, SECOND},
    ports::Clock,
};
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that a story moves.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this moment, in microseconds since 1970.
    pub const fn at(micros: i64) -> Self {
        Self(AtomicI64::new(micros))
    }

    /// Moves on.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}
