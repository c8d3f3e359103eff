//! Time: UTC microseconds everywhere, and the shop's local *business day*.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Microseconds since 1970 in UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Micros(pub i64);

/// One second in µs.
pub const SECOND: i64 = 1_000_000;
/// One minute in µs.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour in µs.
pub const HOUR: i64 = 60 * MINUTE;
/// One day of 24 hours in µs.
pub const DAY: i64 = 24 * HOUR;

impl Micros {
    /// This time plus `micros`.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0 + micros)
    }

    /// From this time until `later`, in µs; negative when `later` has passed.
    pub const fn until(self, later: Self) -> i64 {
        later.0 - self.0
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).expect("a time between the years -9999 and 9999")
    }

    /// The local date in the shop's time zone.
    pub fn business_day(self, zone: &TimeZone) -> Date {
        self.timestamp().to_zoned(zone.clone()).date()
    }

    /// `22 Nov 2026 18:05`, local.
    pub fn local(self, zone: &TimeZone) -> String {
        self.timestamp().to_zoned(zone.clone()).strftime("%-d %b %Y %H:%M").to_string()
    }

    /// `18:05:07`, local.
    pub fn local_clock(self, zone: &TimeZone) -> String {
        self.timestamp().to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
    }

    /// `20261122180507` in East Africa Time (UTC+3, no summer time), which Daraja wants whatever
    /// the shop's zone.
    pub fn east_africa_compact(self) -> String {
        let zone = jiff::tz::Offset::constant(3).to_time_zone();
        self.timestamp().to_zoned(zone).strftime("%Y%m%d%H%M%S").to_string()
    }

    /// RFC 3339 in UTC, for exports and logs.
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_day_turns_at_local_midnight() {
        let nairobi = TimeZone::get("Africa/Nairobi").unwrap();
        let before = Micros("2026-11-22T20:59:59Z".parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(before.business_day(&nairobi).to_string(), "2026-11-22");
        assert_eq!(before.plus(SECOND).business_day(&nairobi).to_string(), "2026-11-23");
    }

    #[test]
    fn daraja_is_told_nairobi_time() {
        let at = Micros("2026-11-22T20:59:59Z".parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(at.east_africa_compact(), "20261122235959");
    }
}
