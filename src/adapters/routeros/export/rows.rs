//! Collects the rows of every format, so that field names, limits and defaults are decided in one
//! place.

use super::{Export, ExportLine, Format, LINES_MAX, NotVouchers, Unreadable, UsedBecause, comment};

/// What has been read so far.
#[derive(Default)]
pub(super) struct Rows {
    lines: Vec<ExportLine>,
    unreadable: Vec<Unreadable>,
    too_many: bool,
    /// RouterOS 6 shows passwords unless told otherwise, so one left out is blank.
    pub passwords_always_shown: bool,
}

impl Rows {
    pub fn push(&mut self, draft: Draft) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(draft.finish());
        } else {
            self.too_many = true;
        }
    }

    pub fn unreadable(&mut self, number: usize, why: &'static str) {
        if self.unreadable.len() < LINES_MAX {
            self.unreadable.push(Unreadable { number, why });
        } else {
            self.too_many = true;
        }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Settles what only the whole file can tell.
    pub fn finish(mut self, format: Format, guessed: bool) -> Result<Export, NotVouchers> {
        if self.too_many {
            return Err(NotVouchers::TooLarge);
        }
        if format.is_router_rows() {
            self.settle_passwords();
        }
        if guessed {
            self.refuse_guessed_letters();
        }
        self.unreadable.sort_by_key(|row| row.number);
        Ok(Export { format, lines: self.lines, unreadable: self.unreadable })
    }

    /// The router leaves out a blank password, and RouterOS 7 leaves out all of them unless asked:
    /// where one row shows its password, a row without has a blank one.
    fn settle_passwords(&mut self) {
        let shown = self.lines.iter().any(|line| line.password.is_some());
        if shown || self.passwords_always_shown {
            for line in &mut self.lines {
                line.password.get_or_insert_default();
            }
        }
    }

    fn refuse_guessed_letters(&mut self) {
        let plain = |line: &ExportLine| {
            line.code.is_ascii() && line.password.as_ref().is_none_or(|it| it.is_ascii())
        };
        let (kept, refused) = self.lines.drain(..).partition(plain);
        self.lines = kept;
        for line in refused {
            self.unreadable(line.number, "Its letters are in an unknown alphabet; save as UTF-8.");
        }
    }
}

/// A row being read: what a format knows of it, by the router's names.
#[derive(Default)]
pub(super) struct Draft {
    line: Option<ExportLine>,
    number: usize,
    counted: bool,
}

/// The properties of a hotspot user, as the router and its tools name them. `print terse` needs
/// them to see where an unquoted value ends.
pub(super) const KNOWN: [&str; 24] = [
    ".id",
    "address",
    "bytes-in",
    "bytes-out",
    "bytes-total",
    "comment",
    "default",
    "disabled",
    "dynamic",
    "email",
    "limit-bytes-in",
    "limit-bytes-out",
    "limit-bytes-total",
    "limit-uptime",
    "mac-address",
    "name",
    "packets-in",
    "packets-out",
    "password",
    "profile",
    "routes",
    "server",
    "otp-secret",
    "uptime",
];

impl Draft {
    pub fn new(number: usize) -> Self {
        Self { line: None, number, counted: false }
    }

    /// Sets a property by the router's name; names that do not matter here are passed over.
    pub fn set(&mut self, key: &str, value: String) {
        let number = self.number;
        let line = self.line.get_or_insert_with(|| blank(number));
        let given = (!value.is_empty()).then(|| value.clone());
        match key {
            "name" | "username" | "user" => line.code = value,
            "password" => line.password = Some(value),
            "profile" | "actual-profile" | "group" => line.profile = given,
            "server" => line.server = given,
            "comment" => line.comment = given,
            "limit-uptime" => line.limit_uptime = given,
            "limit-bytes-total" => line.limit_bytes_total = given,
            "mac-address" | "caller-id" => line.mac_address = given,
            "disabled" => line.disabled = is_yes(&value),
            "dynamic" | "default" => line.router_owned |= is_yes(&value),
            "uptime" | "bytes-in" | "bytes-out" | "bytes-total" => {
                self.counted |= value.contains(|digit| matches!(digit, '1'..='9'));
            }
            _ => {}
        }
    }

    fn finish(self) -> ExportLine {
        let mut line = self.line.unwrap_or_else(|| blank(self.number));
        line.used = used(&line, self.counted);
        line
    }
}

fn blank(number: usize) -> ExportLine {
    ExportLine {
        number,
        code: String::new(),
        password: None,
        profile: None,
        server: None,
        comment: None,
        limit_uptime: None,
        limit_bytes_total: None,
        mac_address: None,
        disabled: false,
        router_owned: false,
        used: None,
    }
}

fn is_yes(value: &str) -> bool {
    ["yes", "true", "1", "x"].iter().any(|yes| value.trim().eq_ignore_ascii_case(yes))
}

/// What `lango-tell.rsc` writes into a comment at the first login.
const UNTIL: &str = "lango: until=";

fn used(line: &ExportLine, counted: bool) -> Option<UsedBecause> {
    if counted {
        return Some(UsedBecause::Counters);
    }
    let holds_end = |note: &str| comment::holds_expiry(note) || note.contains(UNTIL);
    if line.comment.as_deref().is_some_and(holds_end) {
        return Some(UsedBecause::ExpiryInComment);
    }
    // `00:00:00:00:00:00` and `0.0.0.0` stand for "any device".
    let bound = |mac: &str| mac.contains(|it: char| it.is_ascii_alphanumeric() && it != '0');
    if line.mac_address.as_deref().is_some_and(bound) {
        return Some(UsedBecause::BoundToDevice);
    }
    if line.limit_uptime.as_deref() == Some("1s") {
        return Some(UsedBecause::Expired);
    }
    None
}
