//! What the router's terminal shows: `print detail`, `print terse` and `print as-value`.
//!
//! A row begins with its number and flags; in `detail` a comment follows `;;;` and the properties
//! stand on indented lines. Names and passwords may be unquoted and hold blanks (`terse`), so a
//! value ends where the next known property begins.

use super::rows::{Draft, KNOWN, Rows};
use super::{Format, NotVouchers};

const BROKEN: &str = "It is cut off or wrapped in the middle of a value; use export, not print.";
/// The longest key looked for; the router's longest for users is `limit-bytes-total`.
const KEY_BYTES_MAX: usize = 32;
const NO_ROW: &str = "It is not a row of the listing.";

pub(super) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| {
        let start = line.trim_start();
        start.starts_with("Flags: ")
            || start.starts_with("Columns: ")
            || start.starts_with(".id=*")
            || row_start(line).is_some_and(|row| first_property(row.rest).is_some())
    })
}

pub(super) fn read(text: &str, rows: &mut Rows) -> Result<Format, NotVouchers> {
    let mut row: Option<Row> = None;
    let mut seen_any = false;
    for (line, number) in text.lines().zip(1..) {
        let trimmed = line.trim_matches(|it: char| it.is_whitespace() || it == '\u{1a}');
        if trimmed.starts_with(".id=") {
            read_as_value(trimmed, number, rows);
        } else if let Some(start) = row_start(line) {
            finish(row.take(), rows);
            row = Some(Row::begin(number, &start));
            seen_any = true;
        } else if trimmed.is_empty() || is_frame(trimmed) {
            finish(row.take(), rows);
        } else if let Some(row) = row.as_mut().filter(|_| line.starts_with([' ', '\t'])) {
            row.more(trimmed);
        } else if seen_any {
            rows.unreadable(number, NO_ROW);
        }
    }
    finish(row.take(), rows);
    if rows.len() == 0 {
        return Err(NotVouchers::ShortPrint);
    }
    Ok(Format::RouterosPrint)
}

/// Lines of the terminal itself: the legend, a prompt, the pager.
fn is_frame(line: &str) -> bool {
    let prompt = line.starts_with('[') && line.contains("] >");
    prompt || ["Flags:", "Columns:", "-- [", "#"].iter().any(|it| line.starts_with(it))
}

struct RowStart<'a> {
    flags: String,
    rest: &'a str,
}

/// `  0 X ;;; comment`, ` 12 XD name=…`: a number, flags, and the rest.
fn row_start(line: &str) -> Option<RowStart<'_>> {
    let line = line.trim();
    let after = line.trim_start_matches(|it: char| it.is_ascii_digit());
    if after.len() == line.len() || !after.starts_with([' ', '\t']) {
        return None;
    }
    let mut rest = after.trim_start();
    let mut flags = String::new();
    loop {
        let word = rest.split([' ', '\t']).next().unwrap_or_default();
        let is_flags = !word.is_empty() && word.bytes().all(|it| b"*XDIABHP".contains(&it));
        if !is_flags {
            return Some(RowStart { flags, rest });
        }
        flags.push_str(word);
        rest = rest[word.len()..].trim_start();
    }
}

/// A row being gathered from its lines.
struct Row {
    number: usize,
    flags: String,
    comment: Option<String>,
    properties: String,
}

impl Row {
    fn begin(number: usize, start: &RowStart<'_>) -> Self {
        let flags = start.flags.clone();
        let mut row = Self { number, flags, comment: None, properties: String::new() };
        row.more(start.rest);
        row
    }

    fn more(&mut self, text: &str) {
        if let Some(comment) = text.strip_prefix(";;;") {
            let line = comment.trim();
            self.comment = Some(match self.comment.take() {
                Some(before) => format!("{before}\n{line}"),
                None => line.to_owned(),
            });
        } else {
            self.properties.push(' ');
            self.properties.push_str(text);
        }
    }
}

fn finish(row: Option<Row>, rows: &mut Rows) {
    let Some(row) = row else { return };
    let mut draft = Draft::new(row.number);
    if let Some(comment) = row.comment {
        draft.set("comment", comment);
    }
    if row.flags.contains('X') {
        draft.set("disabled", "yes".to_owned());
    }
    if row.flags.contains(['D', '*']) {
        draft.set("dynamic", "yes".to_owned());
    }
    match set_properties(&row.properties, &mut draft) {
        Some(true) => rows.push(draft),
        Some(false) => rows.unreadable(row.number, "It shows no name; use print detail."),
        None => rows.unreadable(row.number, BROKEN),
    }
}

/// Sets what `key=value key="value"` says, and tells whether a name was among it. `None` when a
/// quoted value does not end.
fn set_properties(text: &str, draft: &mut Draft) -> Option<bool> {
    let mut named = false;
    let mut rest = text;
    loop {
        let Some((key, value)) = first_property(rest) else {
            // A property of a later RouterOS: pass over it.
            let Some(next) = next_property(rest.trim_start(), is_known) else { return Some(named) };
            rest = &rest.trim_start()[next..];
            continue;
        };
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            unescape(quoted)?
        } else {
            // What people typed may hold an equals sign; the router's own words do not.
            let typed = ["name", "password", "comment"].contains(&key);
            let is_key = if typed { is_known } else { is_key_shaped };
            let end = next_property(value, is_key).unwrap_or(value.len());
            (value[..end].trim_end().to_owned(), &value[end..])
        };
        named |= key == "name";
        draft.set(key, value);
        rest = after;
    }
}

/// The property at the beginning, as its key and all that follows its equals sign.
fn first_property(text: &str) -> Option<(&str, &str)> {
    let key = key_at(text).filter(|key| is_known(key))?;
    Some((key, &text.trim_start()[key.len() + 1..]))
}

/// The word before an equals sign. Keys are short, so the search does not run through the text.
fn key_at(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text.bytes().take(KEY_BYTES_MAX + 1).position(|it| it == b'=' || it == b' ')?;
    text[end..].starts_with('=').then_some(&text[..end])
}

fn is_known(key: &str) -> bool {
    KNOWN.contains(&key)
}

fn is_key_shaped(key: &str) -> bool {
    is_known(key)
        || (key.starts_with(|it: char| it.is_ascii_lowercase())
            && key.bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-')))
}

/// Where the next property with such a key begins, counted with the blank before it.
fn next_property(value: &str, is_key: fn(&str) -> bool) -> Option<usize> {
    // The last blank of a run decides; asking at each would take the square of the run.
    let begins_word = |at: &usize| !value[*at..].starts_with("  ");
    let blanks = value.match_indices(' ').map(|(at, _)| at).filter(begins_word);
    let mut keys = blanks.filter(|at| key_at(&value[*at..]).is_some_and(is_key));
    keys.next()
}

/// A quoted value with `\"` and `\\`, and what follows it.
fn unescape(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

/// `.id=*1;name=abc;…;.id=*2;…`: every user on one line. A value may hold semicolons, so a piece
/// that is no known property belongs to the one before.
fn read_as_value(text: &str, number: usize, rows: &mut Rows) {
    let mut draft: Option<Draft> = None;
    let mut pending: Option<(&str, String)> = None;
    for piece in text.split(';') {
        let Some((key, value)) = first_property(piece) else {
            if let Some((_, value)) = &mut pending {
                value.push(';');
                value.push_str(piece);
            }
            continue;
        };
        settle(draft.as_mut(), pending.take());
        if key == ".id"
            && let Some(done) = draft.replace(Draft::new(number))
        {
            rows.push(done);
        }
        pending = Some((key, value.to_owned()));
    }
    // The terminal may end the last row with a semicolon.
    let pending = pending.map(|(key, value)| (key, value.trim_end_matches(';').to_owned()));
    settle(draft.as_mut(), pending);
    if let Some(done) = draft {
        rows.push(done);
    }
}

fn settle(draft: Option<&mut Draft>, property: Option<(&str, String)>) {
    if let (Some(draft), Some((key, value))) = (draft, property) {
        draft.set(key, value);
    }
}
