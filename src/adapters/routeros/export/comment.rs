//! What a voucher's comment says: the group it was made in, or the date when it expires.
//!
//! Mikhmon writes `vc-815-05.15.23-FREE` when it makes a voucher and overwrites it at the first
//! login with the expiry date, `may/16/2023 10:00:00` before RouterOS 7.10 and
//! `2023-05-16 10:00:00` since (`docs/reference/routeros.md`). The first means unused, the second
//! used: taking one for the other sells a used voucher or hides a good one.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Whether the comment holds an expiry date: a date followed by a time anywhere in it, or nothing
/// but a date.
pub fn holds_expiry(comment: &str) -> bool {
    let words: Vec<&str> = comment.split_ascii_whitespace().collect();
    match words.as_slice() {
        [one] => is_date(one) || one.split_once('T').is_some_and(|(d, t)| is_date(d) && is_time(t)),
        _ => words.windows(2).any(|pair| is_date(pair[0]) && is_time(pair[1])),
    }
}

/// The group a voucher was made in, from its comment: trimmed, without a serial number at its end
/// (`hall #12`, `hall 12/50`, `hall no. 12`). `None` for no comment and for expiry dates. Mikhmon's
/// creation comments are groups as they are; so is `batch-42`, whose number names the batch.
pub fn group(comment: &str) -> Option<&str> {
    let comment = comment.trim();
    if comment.is_empty() || holds_expiry(comment) {
        return None;
    }
    let Some((before, last)) = comment.rsplit_once([' ', '\t']) else { return Some(comment) };
    let before = before.trim_end();
    if is_serial(last) {
        return Some(before);
    }
    let is_number = !last.is_empty() && last.bytes().all(|it| it.is_ascii_digit());
    match before.rsplit_once([' ', '\t']) {
        Some((rest, no)) if is_number && ["no", "no.", "nr", "nr."].contains(&no) => {
            Some(rest.trim_end())
        }
        _ => Some(comment),
    }
}

/// Whether a comment belongs to what the owner named: that very comment, its group, or a group of
/// which the name is the beginning up to a mark (`vc-815` for `vc-815-05.15.23-FREE`, but `vs-1`
/// not for `vs-10`).
pub fn belongs_to(comment: &str, named: &str) -> bool {
    let (comment, named) = (comment.trim(), named.trim());
    if named.is_empty() {
        return false;
    }
    let Some(rest) = comment.strip_prefix(named) else { return false };
    let ends_with_mark = named.ends_with(|it: char| !it.is_alphanumeric());
    ends_with_mark || !rest.starts_with(char::is_alphanumeric)
}

/// `#12`, `(12)` or `12/50`.
fn is_serial(word: &str) -> bool {
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    word.strip_prefix('#').is_some_and(digits)
        || word.strip_prefix('(').and_then(|it| it.strip_suffix(')')).is_some_and(digits)
        || word.split_once('/').is_some_and(|(serial, of)| digits(serial) && digits(of))
}

/// `may/16/2023` or `2023-05-16`.
fn is_date(word: &str) -> bool {
    let (month, day, year) = if let [month, day, year] = parts(word, '/').as_slice() {
        let month = MONTHS.iter().position(|it| it.eq_ignore_ascii_case(month));
        (month.map(|index| index + 1), number(day, 2), number(year, 4))
    } else if let [year, month, day] = parts(word, '-').as_slice() {
        (number(month, 2), number(day, 2), number(year, 4))
    } else {
        return false;
    };
    month.is_some_and(|it| (1..=12).contains(&it))
        && day.is_some_and(|it| (1..=31).contains(&it))
        && year.is_some_and(|it| (1970..=2999).contains(&it))
}

/// `10:00:00` or `10:00`.
fn is_time(word: &str) -> bool {
    let parts = parts(word, ':');
    (2..=3).contains(&parts.len()) && parts.iter().all(|it| number(it, 2).is_some_and(|n| n < 60))
}

fn parts(word: &str, mark: char) -> Vec<&str> {
    word.splitn(4, mark).collect()
}

fn number(digits: &str, width: usize) -> Option<usize> {
    let is_number = digits.len() == width && digits.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_date_means_used_and_a_creation_date_does_not() {
        for used in [
            "may/16/2023 10:00:00",
            "May/16/2023 10:00",
            "2023-05-16 10:00:00",
            "2023-05-16T10:00:00",
            "2023-05-16",
            "exp 2023-05-16 10:00:00 remc",
        ] {
            assert!(holds_expiry(used), "{used}");
        }
        for unused in [
            "",
            "vc-815-05.15.23-FREE",
            "vc-815-05.15.23-",
            "made 2023-05-16 for the hall",
            "2023-13-16 10:00:00",
            "foo/16/2023 10:00:00",
            "up-100-12.31.25-2023-05-16",
            "vs:batch-42",
        ] {
            assert!(!holds_expiry(unused), "{unused}");
        }
    }

    #[test]
    fn a_group_is_the_comment_without_its_serial_number() {
        assert_eq!(group("vc-815-05.15.23-FREE"), Some("vc-815-05.15.23-FREE"));
        assert_eq!(group(" hall #12 "), Some("hall"));
        assert_eq!(group("hall 12/50"), Some("hall"));
        assert_eq!(group("hall (3)"), Some("hall"));
        assert_eq!(group("hall no. 12"), Some("hall"));
        assert_eq!(group("batch 12"), Some("batch 12"));
        assert_eq!(group("may/16/2023 10:00:00"), None);
        assert_eq!(group("  "), None);
    }

    #[test]
    fn a_named_group_does_not_swallow_its_neighbour() {
        assert!(belongs_to("vs-1", "vs-1"));
        assert!(belongs_to("vc-815-05.15.23-FREE", "vc-815"));
        assert!(belongs_to("hall #12", "hall"));
        assert!(belongs_to("vs:batch-42", "vs:"));
        assert!(!belongs_to("vs-10", "vs-1"));
        assert!(!belongs_to("vs-1", ""));
    }
}
