//! Where a day's time and chance come from: one seed, and a clock that the day moves.

use lango::{
    ledger::kernel::time::Micros,
    ports::{Clock, Random},
};
use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

/// Numbers that follow from a seed (SplitMix64): the same ones on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// For one purpose of a seed; each purpose has numbers of its own.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut mixed = Self(seed ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03));
        Self(mixed.next())
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`, and 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let number = self.next();
        usize::try_from(number % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// From `from` on, and below `end`.
    pub fn between(&mut self, from: i64, end: i64) -> i64 {
        from + i64::try_from(self.below(usize::try_from(end - from).unwrap())).unwrap()
    }

    /// Whether something happens that happens so often in a hundred.
    pub fn percent(&mut self, often: usize) -> bool {
        self.below(100) < often
    }

    /// One of them, where there is any.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// The shop's randomness.
pub struct Luck(Mutex<Dice>);

impl Luck {
    /// Of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Dice::new(seed, 2)))
    }
}

impl Random for Luck {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock().unwrap();
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&dice.next().to_le_bytes()[..piece.len()]);
        }
    }
}

/// The clock on the wall; whoever stands there may set it wrong.
pub struct Hands(AtomicI64);

impl Hands {
    /// It shows a time.
    pub const fn at(time: Micros) -> Self {
        Self(AtomicI64::new(time.0))
    }

    /// Moves it, back too.
    pub fn turn(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}
