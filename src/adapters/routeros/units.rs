//! The router's way of writing lengths of time and amounts of data.

use crate::ledger::kernel::time::{DAY, HOUR, MINUTE, SECOND};

/// Reads `1d2h`, `30m`, `45`, `01:30:00` or `1d02:00:00`, in µs. Zero means no limit, and so does
/// more than fits.
pub fn duration(text: &str) -> Option<i64> {
    let (units, clock) = match text.rfind(['w', 'd']) {
        Some(end) if text.contains(':') => text.split_at(end + 1),
        None if text.contains(':') => ("", text),
        _ => (text, ""),
    };
    let micros = in_units(units)?.checked_add(on_a_clock(clock)?)?;
    (micros > 0).then_some(micros)
}

fn in_units(text: &str) -> Option<i64> {
    let (mut micros, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        let unit = match after.bytes().next() {
            Some(b'w') => 7 * DAY,
            Some(b'd') => DAY,
            Some(b'h') => HOUR,
            Some(b'm') => MINUTE,
            Some(b's') | None => SECOND,
            Some(_) => return None,
        };
        micros = micros.checked_add(number(digits)?.checked_mul(unit)?)?;
        rest = after.get(1..).unwrap_or_default();
    }
    Some(micros)
}

fn on_a_clock(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let parts: Vec<&str> = text.splitn(4, ':').collect();
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (hours, minutes, "0"),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let hours = number(hours)?.checked_mul(HOUR)?;
    let minutes = number(minutes)?.checked_mul(MINUTE)?;
    hours.checked_add(minutes)?.checked_add(number(seconds)?.checked_mul(SECOND)?)
}

/// A number without a sign, which `parse` alone would take.
fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|it| it.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Writes a duration as the router does: `1d2h3m4s`, `0s`.
pub fn write_duration(micros: i64) -> String {
    let mut seconds = micros.max(0) / SECOND;
    let mut text = String::new();
    for (unit, length) in [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            text.extend([&(seconds / length).to_string(), unit]);
            seconds %= length;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

/// Reads `500M` or `1073741824`, in bytes. Zero means no limit.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['k', 'K', 'M', 'G']);
    let unit = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    let number =
        digits.bytes().all(|it| it.is_ascii_digit()).then(|| digits.parse::<u64>().ok())?;
    number?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        assert_eq!(duration("1d02:03:04"), Some(DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND));
        assert_eq!(duration("01:30:00"), Some(90 * MINUTE));
        assert_eq!(duration("90"), Some(90 * SECOND));
        assert_eq!(duration("0s"), None);
        assert_eq!(write_duration(10 * HOUR + 2 * MINUTE + 33 * SECOND), "10h2m33s");
        assert_eq!(write_duration(0), "0s");
    }

    #[test]
    fn what_does_not_fit_is_no_limit() {
        for text in ["99999999999w", "9999999999999h", "99999999999999:00", "1:-30", "1:2:3:4"] {
            assert_eq!(duration(text), None, "{text}");
        }
        let sum = format!("{}s", "9223372036854s".repeat(2));
        assert_eq!(duration(&sum), None);
        assert_eq!(bytes("99999999999999999G"), None);
        assert_eq!(bytes("+5M"), None);
        assert_eq!(bytes("500M"), Some(500 << 20));
    }

    /// Asked at each digit whether a colon follows, a file of one long number took hours.
    #[test]
    fn a_long_number_is_read_once() {
        assert_eq!(duration(&"1".repeat(4_000_000)), None);
    }
}
