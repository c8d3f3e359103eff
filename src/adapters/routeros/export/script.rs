//! RouterOS scripts: `/ip hotspot user export` of RouterOS 6 and 7, whole or `terse`, User
//! Manager's export, and Mikhmon's "Script".
//!
//! [`super::words`] takes a script apart; here the `add` statements of the user menus are picked
//! out, and every other menu of a full export is passed over.

use super::rows::{Draft, Rows};
use super::words::{Statement, Word, statements};
use super::{Format, NotVouchers};

const USER_MENUS: [&str; 3] = ["ip hotspot user", "user-manager user", "tool user-manager user"];
const OWN_ROW: &str = "It changes a user that the router already has; only `add` makes a voucher.";
const VARIABLE: &str = "It makes its code while the script runs; upload what the router exports.";
const BAD_LETTERS: &str = "Its letters are in an unknown alphabet.";
const VERBS: &str = "add set remove print export find disable enable comment move \
                     reset-counters edit";

pub(super) fn looks_like(text: &str) -> Option<Format> {
    let exported = text.lines().take(10).any(|line| line.contains(" by RouterOS "));
    let adds = text.lines().map(str::trim_start).any(|line| {
        (line.starts_with("add ") && line.contains('='))
            || (line.starts_with('/') && (line.contains(" add ") || line.contains("/add ")))
            || is_menu(line)
    });
    if !exported && !adds {
        return None;
    }
    let quotes_names = text
        .lines()
        .any(|line| line.trim_start().starts_with("add name=\"") && line.contains(" password=\""));
    Some(if quotes_names && !exported { Format::MikhmonScript } else { Format::RouterosScript })
}

/// A line that is nothing but the path of a user menu.
fn is_menu(line: &str) -> bool {
    let line = line.trim_end().trim_end_matches('\\').trim_end();
    let Some(path) = line.strip_prefix('/') else { return false };
    USER_MENUS.contains(&path.replace('/', " ").as_str())
}

pub(super) fn read(text: &str, format: Format, rows: &mut Rows) -> Result<(), NotVouchers> {
    rows.passwords_always_shown =
        text.lines().take(10).any(|line| line.contains(" by RouterOS 6."));
    // Lines pasted without their menu can only be users.
    let mut menu = USER_MENUS[0].to_owned();
    for statement in statements(text) {
        if let Some(words) = enter(&statement, &mut menu) {
            read_statement(&statement, words, format, rows);
        }
    }
    if rows.len() == 0 {
        return Err(NotVouchers::ScriptWithoutUsers);
    }
    Ok(())
}

/// Follows the statement's path, and returns its words from the verb on if it acts on a user menu.
/// Only a statement that is nothing but a path changes the menu for those below.
fn enter<'a>(statement: &'a Statement, menu: &mut String) -> Option<&'a [Word]> {
    let mut path: Vec<&str> = Vec::new();
    let mut absolute = false;
    let mut verb = None;
    'words: for (index, word) in statement.words.iter().enumerate() {
        let Some(bare) = word.bare() else { break };
        if index == 0 && bare.starts_with(':') {
            return None;
        }
        absolute |= index == 0 && bare.starts_with('/');
        for step in bare.split('/').filter(|step| !step.is_empty()) {
            if VERBS.split(' ').any(|verb| verb == step) {
                verb = Some(index);
                break 'words;
            }
            path.push(step);
        }
    }
    let here = match (absolute, path.is_empty()) {
        (true, _) => path.join(" "),
        (false, true) => menu.clone(),
        (false, false) => format!("{menu} {}", path.join(" ")),
    };
    if let Some(verb) = verb {
        return USER_MENUS.contains(&here.as_str()).then(|| &statement.words[verb..]);
    }
    if statement.broken.is_none() && absolute {
        *menu = here;
    }
    None
}

fn read_statement(statement: &Statement, words: &[Word], format: Format, rows: &mut Rows) {
    let number = statement.number;
    if let Some(why) = statement.broken {
        return rows.unreadable(number, why);
    }
    let verb = words.first().and_then(Word::bare).unwrap_or_default();
    if !verb.ends_with("add") {
        return rows.unreadable(number, OWN_ROW);
    }
    let mut draft = Draft::new(number);
    for word in words {
        let Some(key) = word.key.as_deref() else { continue };
        let identity = matches!(key, "name" | "username" | "password");
        if identity && word.variable && format != Format::MikhmonScript {
            return rows.unreadable(number, VARIABLE);
        }
        match str::from_utf8(&word.value) {
            Ok(value) => draft.set(key, value.to_owned()),
            Err(_) if identity => return rows.unreadable(number, BAD_LETTERS),
            // A comment typed in WinBox holds bytes of the Windows code page.
            Err(_) => draft.set(key, word.value.iter().copied().map(char::from).collect()),
        }
    }
    rows.push(draft);
}
