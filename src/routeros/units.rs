//! The router's way of writing lengths of time and amounts of data.

use crate::ledger::time::{DAY, HOUR, MINUTE, SECOND};

/// Reads `1d2h`, `30m`, `45`, `01:30:00` or `1d02:00:00`, in µs. Zero means no limit.
pub fn duration(text: &str) -> Option<i64> {
    let mut micros = 0;
    let mut number = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if rest.contains(':') && !rest.contains(['w', 'd']) {
            let mut parts = rest.split(':').map(|part| part.parse::<i64>().ok());
            let (hours, minutes) = (parts.next()??, parts.next()??);
            let seconds = parts.next().unwrap_or(Some(0))?;
            micros += hours * HOUR + minutes * MINUTE + seconds * SECOND;
            break;
        }
        let unit = match character {
            'w' => 7 * DAY,
            'd' => DAY,
            'h' => HOUR,
            'm' => MINUTE,
            's' => SECOND,
            '0'..='9' => 0,
            _ => return None,
        };
        if unit == 0 {
            number.push(character);
        } else {
            micros += number.parse::<i64>().ok()? * unit;
            number.clear();
        }
        rest = &rest[1..];
    }
    if !number.is_empty() {
        micros += number.parse::<i64>().ok()? * SECOND;
    }
    (micros > 0).then_some(micros)
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
    digits.parse::<u64>().ok().map(|number| number * unit).filter(|bytes| *bytes > 0)
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
}
