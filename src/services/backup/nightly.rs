//! Says when the nightly backup is due: once after each night's hour at each place, the first at
//! once, and after a failure again and again with growing pauses.

use super::{Place, Prover};
use crate::{
    ledger::kernel::time::{DAY, HOUR, MINUTE, Micros, PointInTime},
    store::BackupRecord,
};
use jiff::{civil::Time, tz::TimeZone};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// The first pause after a failure, and the longest.
const PAUSE_MIN: i64 = MINUTE;
const PAUSE_MAX: i64 = HOUR;

/// The nightly backup as configured.
pub struct Nightly {
    pub places: Vec<Place>,
    pub at: Time,
    pub zone: TimeZone,
    pub prover: Arc<Prover>,
    rests_until: AtomicI64,
}

impl fmt::Debug for Nightly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, at, .. } = self;
        f.debug_struct("Nightly").field("places", places).field("at", at).finish_non_exhaustive()
    }
}

impl Nightly {
    /// The nightly backup at `places`.
    pub const fn new(places: Vec<Place>, at: Time, zone: TimeZone, prover: Arc<Prover>) -> Self {
        Self { places, at, zone, prover, rests_until: AtomicI64::new(0) }
    }

    /// Whether nothing can be due now; saves looking.
    pub fn rests(&self, now: Micros) -> bool {
        now.0 < self.rests_until.load(Ordering::Relaxed)
    }

    /// Nothing is due before then.
    pub fn rest_until(&self, then: Micros) {
        self.rests_until.store(then.0, Ordering::Relaxed);
    }

    /// When the next backup at a place is due, from what is known of the last.
    pub fn due(&self, record: Option<&BackupRecord>, now: Micros) -> Micros {
        let Some(record) = record else { return now };
        let night = self.last_night(now);
        if record.made.as_ref().is_some_and(|made| made.at >= night) {
            return self.last_night(now.plus(DAY)).max(now.plus(1));
        }
        match record.failed_at {
            Some(failed_at) => failed_at.plus(pause(record.failures)),
            None => now,
        }
    }

    /// The last time that the clock showed the night's hour.
    fn last_night(&self, now: Micros) -> Micros {
        let today = now.business_day(&self.zone);
        let at =
            |day: jiff::civil::Date| PointInTime::Local(day.to_datetime(self.at)).at(&self.zone);
        let tonight = at(today);
        if tonight <= now { tonight } else { today.yesterday().map_or(tonight, at) }
    }
}

/// How long to wait after so many failures in a row.
fn pause(failures: i64) -> i64 {
    let doublings = u32::try_from(failures.clamp(1, 16) - 1).unwrap_or_default();
    (PAUSE_MIN << doublings).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ports::SystemRandom, store::BackupMade};
    use jiff::civil::date;

    fn nightly() -> Nightly {
        let zone = TimeZone::get("Africa/Nairobi").unwrap();
        let prover = Prover::new([7; 32], std::env::temp_dir(), Arc::new(SystemRandom));
        Nightly::new(vec![], Time::constant(3, 0, 0, 0), zone, Arc::new(prover))
    }

    fn at(day: i8, hour: i8, minute: i8) -> Micros {
        let local = date(2026, 11, day).at(hour, minute, 0, 0);
        PointInTime::Local(local).at(&nightly().zone)
    }

    fn record(made: Option<Micros>, failed: Option<(Micros, i64)>) -> BackupRecord {
        BackupRecord {
            place: "a".into(),
            off_box: true,
            made: made.map(|at| BackupMade { at, position: 1, bytes: 1 }),
            failed_at: failed.map(|(at, _)| at),
            failures: failed.map_or(0, |(_, failures)| failures),
            cause: None,
            file: None,
            proved: None,
            doubt: None,
            spoiled: None,
        }
    }

    #[test]
    fn once_after_each_night() {
        let nightly = nightly();
        assert_eq!(nightly.due(None, at(22, 18, 0)), at(22, 18, 0), "the first at once");
        let made = record(Some(at(22, 18, 0)), None);
        assert_eq!(nightly.due(Some(&made), at(22, 18, 1)), at(23, 3, 0));
        assert_eq!(nightly.due(Some(&made), at(23, 2, 59)), at(23, 3, 0));
        assert_eq!(nightly.due(Some(&made), at(23, 3, 0)), at(23, 3, 0));
        assert_eq!(nightly.due(Some(&made), at(24, 9, 0)), at(24, 9, 0), "the shop was off");
        let made = record(Some(at(23, 3, 1)), None);
        assert_eq!(nightly.due(Some(&made), at(23, 3, 2)), at(24, 3, 0));
    }

    #[test]
    fn a_failed_night_is_tried_again_with_growing_pauses() {
        let nightly = nightly();
        for (failures, minutes) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60)] {
            let failed = record(Some(at(22, 3, 0)), Some((at(23, 3, 0), failures)));
            let due = nightly.due(Some(&failed), at(23, 3, 1));
            assert_eq!(due, at(23, 3, 0).plus(minutes * MINUTE), "after {failures}");
        }
    }
}
