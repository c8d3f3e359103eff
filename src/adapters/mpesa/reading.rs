//! One reading of whatever Daraja, or the firewall in front of it, answers.

use super::wire::Reply;
use std::fmt;

/// An answer, read as far as it can be.
pub enum Reading {
    Json(Box<Reply>),
    Html,
    Other { empty: bool },
}

impl Reading {
    /// Reads an answer's bytes. The firewall's page is known by its first character or its name.
    pub fn of(body: &[u8]) -> Self {
        let text = body.trim_ascii();
        if let Some(reply) = Reply::read(text) {
            return Self::Json(Box::new(reply));
        }
        let named = text.windows(9).any(|word| word.eq_ignore_ascii_case(b"incapsula"));
        if text.first() == Some(&b'<') || named {
            return Self::Html;
        }
        Self::Other { empty: text.is_empty() }
    }
}

/// For log lines: the error's code and the harmless words of its message.
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(reply) => {
                let code = reply.error_code.as_deref().unwrap_or("no error code");
                write!(f, "{}: {}", harmless(code, true), harmless(reply.message(), false))
            }
            Self::Html => f.write_str("a page of the firewall"),
            Self::Other { empty: true } => f.write_str("nothing"),
            Self::Other { empty: false } => f.write_str("no JSON"),
        }
    }
}

/// Error messages echo phone numbers and even the bearer token, so words that are long or contain
/// digits are left out. Codes are digits and dots, and short.
fn harmless(text: &str, digits: bool) -> String {
    let is_harmless = |word: &str| {
        word.len() <= 24
            && word.bytes().all(|b| b.is_ascii_graphic())
            && (digits || !word.bytes().any(|b| b.is_ascii_digit()))
    };
    let words: Vec<&str> = text
        .split_whitespace()
        .take(12)
        .map(|word| if is_harmless(word) { word } else { "…" })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_firewall_is_known_in_all_its_dresses() {
        for body in [
            "<html style=\"height:100%\"><head><META NAME=\"ROBOTS\"></head></html>",
            "\r\n<!DOCTYPE html>",
            "Request unsuccessful. Incapsula incident ID: 1-2",
        ] {
            assert!(matches!(Reading::of(body.as_bytes()), Reading::Html), "{body}");
        }
        assert!(matches!(Reading::of(b" \n"), Reading::Other { empty: true }));
        assert!(matches!(Reading::of(b"Bad gateway"), Reading::Other { empty: false }));
    }

    #[test]
    fn log_lines_echo_no_token_and_no_number() {
        let body = br#"{"errorCode":"401.002.01","errorMessage":
            "Error Occurred - Invalid Access Token - c9SQxWWhmdVRlyh0zh8gZDTkubVF 254700000001"}"#;
        let line = format!("{:?}", Reading::of(body));
        assert_eq!(line, "401.002.01: Error Occurred - Invalid Access Token - … …");
    }
}
