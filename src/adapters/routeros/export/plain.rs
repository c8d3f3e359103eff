//! Lists with one code on each line and nothing else.

use super::rows::{Draft, Rows};
use super::{Format, NotVouchers};

/// The longest code that is taken for one, in bytes: twice what any voucher tool offers, and still
/// typed by hand if it must be.
pub(super) const CODE_BYTES_MAX: usize = 64;

/// Whether a word could be a code: no blanks, no control characters, not too long, and with a
/// letter or a digit in it.
pub(super) fn looks_like_code(word: &str) -> bool {
    (1..=CODE_BYTES_MAX).contains(&word.len())
        && word.chars().all(|it| !it.is_whitespace() && !it.is_control())
        && word.chars().any(char::is_alphanumeric)
}

/// Reads a plain list; it is one when at least three lines of four could be codes.
pub(super) fn read(text: &str, rows: &mut Rows) -> Result<Format, NotVouchers> {
    let numbered = || {
        text.lines()
            .map(|line| line.trim_matches(['\u{1a}', '\u{feff}']).trim())
            .zip(1..)
            .filter(|(line, _)| !line.is_empty())
    };
    let codes = numbered().filter(|(line, _)| looks_like_code(line)).count();
    if codes == 0 || codes * 4 < numbered().count() * 3 {
        return Err(NotVouchers::OtherText);
    }
    for (line, number) in numbered() {
        if looks_like_code(line) {
            let mut draft = Draft::new(number);
            draft.set("name", line.to_owned());
            rows.push(draft);
        } else {
            rows.unreadable(number, "It is not a single code.");
        }
    }
    Ok(Format::PlainCodes)
}
