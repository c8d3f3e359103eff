//! Reads the lines of a RouterOS script that make hotspot users and profiles, and nothing else of
//! it; also the router's way of writing durations.

use super::users::{Profile, User};
use crate::ledger::time::{DAY, HOUR, MINUTE, SECOND};
use std::collections::BTreeMap;

/// What a script makes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Its users.
    pub users: Vec<User>,
    /// Its user profiles.
    pub profiles: Vec<Profile>,
}

/// Reads `/ip hotspot user add …`, also with the menu on a line of its own and lines that are
/// continued, as `export` writes them.
pub fn read(text: &str) -> Script {
    let mut script = Script::default();
    let mut menu = String::new();
    for line in joined(text).lines() {
        let mut words = words(line);
        if let Some(path) = words.first().filter(|word| word.starts_with('/')) {
            let mut path: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
            path.extend(words.drain(..).skip(1));
            let verb = path.iter().position(|word| word == "add").unwrap_or(path.len());
            words = path.split_off(verb);
            menu = path.join(" ");
        }
        if words.first().is_none_or(|verb| verb != "add") {
            continue;
        }
        let values: BTreeMap<&str, &str> =
            words.iter().filter_map(|word| word.split_once('=')).collect();
        match menu.as_str() {
            "ip hotspot user" => script.users.push(user(&values)),
            "ip hotspot user profile" => script.profiles.push(profile(&values)),
            _ => {}
        }
    }
    script
}

fn user(values: &BTreeMap<&str, &str>) -> User {
    let text = |name: &str| values.get(name).copied().unwrap_or_default().to_owned();
    User {
        name: text("name"),
        password: text("password"),
        profile: text("profile"),
        limit_uptime: values.get("limit-uptime").and_then(|value| duration(value)),
        limit_bytes_total: values.get("limit-bytes-total").and_then(|value| bytes(value)),
        mac_address: values.get("mac-address").map(|mac| mac.to_uppercase()),
        server: values.get("server").filter(|name| **name != "all").map(|it| (*it).to_owned()),
        disabled: values.get("disabled").is_some_and(|value| matches!(*value, "yes" | "true")),
        uptime: 0,
        bytes: 0,
    }
}

fn profile(values: &BTreeMap<&str, &str>) -> Profile {
    let mut profile = Profile::named(values.get("name").copied().unwrap_or_default());
    if let Some(shared) = values.get("shared-users") {
        profile.shared_users = shared.parse().ok();
    }
    profile.session_timeout = values.get("session-timeout").and_then(|value| duration(value));
    profile
}

fn joined(text: &str) -> String {
    let mut joined = String::new();
    let mut continued = false;
    for line in text.lines() {
        let line = if continued { line.trim_start() } else { line };
        continued = line.ends_with('\\');
        joined.push_str(line.strip_suffix('\\').unwrap_or(line));
        if !continued {
            joined.push('\n');
        }
    }
    joined
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut characters = line.trim().chars();
    while let Some(character) = characters.next() {
        match character {
            '#' if words.is_empty() && word.is_empty() => return words,
            '"' => quoted = !quoted,
            '\\' if quoted => word.extend(characters.next()),
            ' ' | '\t' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

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

fn bytes(text: &str) -> Option<u64> {
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
    fn an_export_and_single_lines_are_read() {
        let script = read(
            "# by RouterOS 7.24\n\
             /ip hotspot user profile\n\
             add name=daily shared-users=2 session-timeout=1d\n\
             /ip hotspot user\n\
             add comment=\"vc 1\" limit-uptime=8h name=ggp353 password=ggp353 \\\n\
             \x20   profile=daily\n\
             /ip pool add name=x\n\
             /ip/hotspot/user/add name=\"a \\\"b\" disabled=yes limit-bytes-total=1G server=all\n",
        );
        assert_eq!(script.profiles[0].shared_users, Some(2));
        assert_eq!(script.profiles[0].session_timeout, Some(DAY));
        assert_eq!(script.users.len(), 2);
        assert_eq!(script.users[0].name, "ggp353");
        assert_eq!(script.users[0].profile, "daily");
        assert_eq!(script.users[0].limit_uptime, Some(8 * HOUR));
        assert_eq!(script.users[1].name, "a \"b");
        assert_eq!(script.users[1].limit_bytes_total, Some(1 << 30));
        assert!(script.users[1].disabled && script.users[1].server.is_none());
    }

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
