//! Time: UTC microseconds everywhere, and the shop's local *business day*.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

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

    /// What lies before the year -9999 or after 9999, as nothing does that happened, is written as
    /// the first or the last moment that can be: a forged time must be shown, not end the program.
    fn timestamp(self) -> Timestamp {
        let farthest = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_microsecond(self.0).unwrap_or(farthest)
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

    /// `22 Nov`, local.
    pub fn local_day(self, zone: &TimeZone) -> String {
        self.timestamp().to_zoned(zone.clone()).strftime("%-d %b").to_string()
    }

    /// What a clock on the wall shows.
    pub fn clock(self, zone: &TimeZone) -> Time {
        self.timestamp().to_zoned(zone.clone()).time()
    }

    /// RFC 3339 in UTC, for exports and logs.
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }
}

/// A moment as a person names it; a day means its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointInTime {
    /// `2026-11-22`: the end of that day.
    Day(Date),
    /// `2026-11-22 18:05`, local.
    Local(DateTime),
    /// `2026-11-22T18:05:00Z`.
    Exact(Micros),
}

/// A text that names no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write 2026-11-22 for the end of that day, or \"2026-11-22 18:05\"")]
pub struct BadTime;

impl FromStr for PointInTime {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        if let Ok(exact) = text.parse::<Timestamp>() {
            return Ok(Self::Exact(Micros(exact.as_microsecond())));
        }
        // A date alone would be read as a time too, at midnight.
        if text.contains([' ', 'T']) {
            return text.parse().map(Self::Local).map_err(|_| BadTime);
        }
        text.parse().map(Self::Day).map_err(|_| BadTime)
    }
}

impl PointInTime {
    /// The moment, in a zone: the last one that it still means.
    pub fn at(self, zone: &TimeZone) -> Micros {
        match self {
            Self::Day(day) => {
                let end = day.tomorrow().map_or(latest(), |next| midnight(next, zone).plus(-1));
                end.max(earliest())
            }
            Self::Local(local) => local_time(local, zone),
            Self::Exact(at) => at,
        }
    }
}

/// A month of the shop's calendar, such as `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(Date);

/// A text that is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a month like 2026-11")]
pub struct BadMonth;

impl FromStr for Month {
    type Err = BadMonth;

    fn from_str(text: &str) -> Result<Self, BadMonth> {
        if text.len() != "2026-11".len() {
            return Err(BadMonth);
        }
        format!("{text}-01").parse().map(Self).map_err(|_| BadMonth)
    }
}

impl TryFrom<String> for Month {
    type Error = BadMonth;

    fn try_from(text: String) -> Result<Self, BadMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl Month {
    /// Its first moment, and that of the next month.
    pub fn period(self, zone: &TimeZone) -> (Micros, Micros) {
        let next = self.0.saturating_add(1.month());
        (midnight(self.0, zone), midnight(next, zone))
    }
}

fn midnight(day: Date, zone: &TimeZone) -> Micros {
    local_time(day.at(0, 0, 0, 0), zone)
}

fn local_time(local: DateTime, zone: &TimeZone) -> Micros {
    // Out of range only in the years -9999 and 9999.
    zone.to_timestamp(local).map_or_else(
        |_| if local.year() < 0 { earliest() } else { latest() },
        |exact| Micros(exact.as_microsecond()),
    )
}

/// The last moment that can be written, and not `i64::MAX`, which cannot.
fn latest() -> Micros {
    Micros(Timestamp::MAX.as_microsecond())
}

fn earliest() -> Micros {
    Micros(Timestamp::MIN.as_microsecond())
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
    fn moments_and_months_are_read_in_the_shops_zone() {
        let nairobi = TimeZone::get("Africa/Nairobi").unwrap();
        let utc = |text: &str| Micros(text.parse::<Timestamp>().unwrap().as_microsecond());
        let at = |text: &str| text.parse::<PointInTime>().unwrap().at(&nairobi);
        assert_eq!(at("2026-11-22"), utc("2026-11-22T21:00:00Z").plus(-1));
        assert_eq!(at("2026-11-22 18:05"), utc("2026-11-22T15:05:00Z"));
        assert_eq!(at("2026-11-22T18:05:07Z"), utc("2026-11-22T18:05:07Z"));
        let november: Month = "2026-11".parse().unwrap();
        let period = (utc("2026-10-31T21:00:00Z"), utc("2026-11-30T21:00:00Z"));
        assert_eq!(november.period(&nairobi), period);
        assert_eq!(november.to_string(), "2026-11");
        for bad in ["", "yesterday", "2026-13-01", "2026-11-22 99:00"] {
            assert_eq!(bad.parse::<PointInTime>(), Err(BadTime), "{bad}");
        }
        for bad in ["", "2026", "2026-13", "11/2026", "2026-1"] {
            assert_eq!(bad.parse::<Month>(), Err(BadMonth), "{bad}");
        }
    }

    #[test]
    fn the_first_and_the_last_day_of_all_can_be_written() {
        let nairobi = TimeZone::get("Africa/Nairobi").unwrap();
        for text in ["9999-12-31", "9999-12-31 23:59", "-009999-01-01", "-009999-01-01 00:00"] {
            let at = text.parse::<PointInTime>().unwrap().at(&nairobi);
            assert_eq!(at.rfc3339().starts_with('-'), text.starts_with('-'), "{text}");
            let _ = (at.local(&nairobi), at.plus(DAY), at.plus(-DAY));
        }
        for forged in [Micros(i64::MIN), Micros(i64::MAX)] {
            let _ = (forged.rfc3339(), forged.local(&nairobi), forged.business_day(&nairobi));
        }
    }

    #[test]
    fn daraja_is_told_nairobi_time() {
        let at = Micros("2026-11-22T20:59:59Z".parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(at.east_africa_compact(), "20261122235959");
    }
}
