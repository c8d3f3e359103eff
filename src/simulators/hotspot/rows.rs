//! How the terminal writes what the router holds: dates, and users as rows of their menu.

use super::{Version, users::User};
use crate::{
    adapters::routeros::units::{bytes, duration},
    ledger::kernel::time::{Micros, SECOND},
    simulators::hotspot::console::{Row, Value},
};
use std::collections::BTreeMap;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// ISO since 7.10; `nov/23/2026` before.
pub(super) fn date(at: Micros, version: Version) -> String {
    let day = at.business_day(&jiff::tz::TimeZone::UTC);
    let iso = day.to_string();
    if version >= Version(7, 10, 0) {
        return iso;
    }
    let mut parts = iso.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    format!("{}/{}/{}", MONTHS[month - 1], day.unwrap_or_default(), year.unwrap_or_default())
}

/// A date in either way of writing, as `2026-11-23`.
pub(super) fn day(date: &str) -> Option<String> {
    let parts: Vec<&str> = date.split(['-', '/']).collect();
    let [a, b, c] = parts[..] else { return None };
    match MONTHS.iter().position(|month| month.eq_ignore_ascii_case(a)) {
        Some(month) => Some(format!("{c}-{:02}-{b}", month + 1)),
        None => Some(date.to_owned()),
    }
}

pub(super) fn user_row(user: &User) -> Row {
    let mut properties: BTreeMap<String, Value> = BTreeMap::new();
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    put("name", Value::text(user.name.clone()));
    put("password", Value::text(user.password.clone()));
    put("profile", Value::text(user.profile.clone()));
    put("disabled", Value::Bool(user.disabled));
    put("uptime", Value::Time(user.uptime));
    put("dynamic", Value::Bool(false));
    if !user.comment.is_empty() {
        put("comment", Value::text(user.comment.clone()));
    }
    if let Some(limit) = user.limit_uptime {
        put("limit-uptime", Value::Time(limit));
    }
    if let Some(limit) = user.limit_bytes_total {
        put("limit-bytes-total", Value::Number(i64::try_from(limit).unwrap_or(i64::MAX)));
    }
    Row { id: format!("*{}", user.name), properties }
}

pub(super) fn set_user(user: &mut User, name: &str, value: &str) {
    match name {
        "password" => value.clone_into(&mut user.password),
        "profile" => value.clone_into(&mut user.profile),
        "comment" => value.clone_into(&mut user.comment),
        "disabled" => user.disabled = value == "yes",
        "limit-uptime" => {
            let seconds = value.parse::<i64>().ok().map(|seconds| seconds * SECOND);
            user.limit_uptime = seconds.or_else(|| duration(value)).filter(|limit| *limit > 0);
        }
        "limit-bytes-total" => user.limit_bytes_total = bytes(value),
        "mac-address" => user.mac_address = Some(value.to_uppercase()),
        "server" => user.server = Some(value.to_owned()).filter(|name| name != "all"),
        _ => {}
    }
}
