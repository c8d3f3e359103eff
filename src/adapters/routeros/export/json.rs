//! The router's REST answer: an array of objects whose values are strings.

use super::rows::{Draft, Rows};
use super::{Format, NotVouchers};
use serde_json::{Map, Value, value::RawValue};

/// Whether the text begins as an array or object. A terminal's prompt begins with a bracket too,
/// but no value follows it.
pub(super) fn looks_like(text: &str) -> bool {
    let mut letters = text.chars().filter(|it| !it.is_whitespace());
    match letters.next() {
        Some('[') => matches!(letters.next(), Some('{' | '"' | ']')),
        Some('{') => matches!(letters.next(), Some('"' | '}')),
        _ => false,
    }
}

/// Reads an array of users (or of bare codes), or one user.
pub(super) fn read(text: &str, rows: &mut Rows) -> Result<Format, NotVouchers> {
    let start = text.len() - text.trim_start().len();
    let body = text.trim_matches(|it: char| it.is_whitespace() || it == '\u{1a}');
    let items: Vec<&RawValue> = if body.starts_with('[') {
        serde_json::from_str(body).map_err(|_| NotVouchers::Damaged)?
    } else {
        vec![serde_json::from_str(body).map_err(|_| NotVouchers::Damaged)?]
    };
    let mut line = Lines { text, at: 0, number: 1 };
    for item in items {
        let offset = item.get().as_ptr().addr() - body.as_ptr().addr();
        read_item(item, line.number_at(start + offset), rows);
    }
    if rows.len() == 0 {
        return Err(NotVouchers::OtherText);
    }
    Ok(Format::RouterosJson)
}

fn read_item(item: &RawValue, number: usize, rows: &mut Rows) {
    let mut draft = Draft::new(number);
    if let Ok(code) = serde_json::from_str::<String>(item.get()) {
        draft.set("name", code);
        return rows.push(draft);
    }
    let Ok(user) = serde_json::from_str::<Map<String, Value>>(item.get()) else {
        return rows.unreadable(number, "It is not an object with a name.");
    };
    if !user.contains_key("name") && !user.contains_key("username") {
        return rows.unreadable(number, "It has no name.");
    }
    for (key, value) in user {
        let value = match value {
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        draft.set(&key, value);
    }
    rows.push(draft);
}

/// Counts lines up to places that only move forward.
pub(super) struct Lines<'a> {
    pub text: &'a str,
    pub at: usize,
    pub number: usize,
}

impl Lines<'_> {
    /// The line of the file on which this byte stands; the first is 1.
    pub fn number_at(&mut self, offset: usize) -> usize {
        let between = &self.text[self.at..offset.max(self.at)];
        self.number += between.matches('\n').count();
        self.at = offset.max(self.at);
        self.number
    }
}
