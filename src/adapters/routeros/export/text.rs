//! Turns an upload's bytes into text, or refuses them.
//!
//! RouterOS stores bytes, and WinBox writes comments in the Windows code page, so a list may be
//! neither ASCII nor UTF-8. Such bytes are shown as Latin-1; a code that holds one is refused later
//! because its bytes can no longer be told ([`super::rows`]).

use super::NotVouchers;
use std::borrow::Cow;

pub(super) struct Decoded<'a> {
    /// Without byte-order mark.
    pub text: Cow<'a, str>,
    /// Whether the letters beyond ASCII are a guess.
    pub guessed: bool,
}

/// UTF-8, UTF-16 with its mark (Windows' "Unicode"), or else Latin-1.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, NotVouchers> {
    let mut decoded = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => eight_bit(rest),
        _ => eight_bit(bytes),
    };
    if decoded.text.trim_end_matches('\u{1a}').chars().any(is_binary) {
        return Err(NotVouchers::NotText);
    }
    // Lines that end as they did on old Macs, and as some spreadsheets still save them.
    if decoded.text.contains('\r') && !decoded.text.contains('\n') {
        decoded.text = Cow::Owned(decoded.text.replace('\r', "\n"));
    }
    Ok(decoded)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded<'static>, NotVouchers> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotVouchers::NotText);
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.map_err(|_| NotVouchers::NotText)?;
    Ok(Decoded { text: Cow::Owned(text), guessed: false })
}

fn eight_bit(bytes: &[u8]) -> Decoded<'_> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Decoded { text: Cow::Borrowed(text), guessed: false };
    }
    let text = bytes.iter().map(|byte| char::from(*byte)).collect();
    Decoded { text: Cow::Owned(text), guessed: true }
}

/// Characters that no text file holds. The C1 range is left out: it is where Windows keeps its
/// quotation marks.
fn is_binary(letter: char) -> bool {
    letter.is_ascii_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{c}')
}
