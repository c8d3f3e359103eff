//! What a router tells the shop, and what it is answered, in lines: it has no JSON before 7.13.
//!
//! ```text
//! lango-report 1            which layout
//! routeros 7.24.1           what it runs
//! pages 0.1.0-3f2a90        the files of ours that it has; none where buyers see other pages
//! clock 2026-11-23 10:00:00 its own clock, as it writes it
//! users 120                 how many users it has
//! list 12 1 3               piece 1 of 3 of the list of all its codes that it calls 12
//! known us K7QX2M           a code: u logged in with, s its end is noted, x off, - none
//! off K7QX2M                an order that it has carried out
//! ```
//!
//! Without `list` and `off`, the codes are those of the devices that are online. The answer:
//! [`Orders::write`].

use std::fmt::Write as _;

/// What stands for the pages where the hotspot shows none of ours.
pub const NO_PAGES: &str = "none";

const FIRST: &str = "lango-report 1";

/// One report of a router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub routeros: String,
    /// The edition of the pages that it serves, or [`NO_PAGES`]; empty where it does not know.
    pub pages: String,
    pub clock: String,
    /// How many users it has, where it tells.
    pub users: Option<i64>,
    /// Which piece of a list of all its codes this is; `None` where it tells only of some.
    pub piece: Option<Piece>,
    pub known: Vec<Known>,
    /// The codes that it has switched off because it was told to.
    pub off: Vec<String>,
}

/// A piece of a list of all codes that a router knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub run: String,
    /// Which piece, from 1.
    pub piece: u32,
    pub pieces: u32,
}

/// A code that a router tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub code: String,
    /// Somebody has logged in with it.
    pub used: bool,
    /// When it ends is noted at the router.
    pub ends: bool,
    pub disabled: bool,
}

/// A text that is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {0} does not belong in a report")]
pub struct NoReport(pub usize);

/// The most pieces a list can have: 500 codes each.
const PIECES_MAX: u32 = 2_000;

impl Report {
    /// How many devices are online; `None` where it tells of something else.
    pub fn online(&self) -> Option<i64> {
        let of_sessions = self.piece.is_none() && self.off.is_empty();
        of_sessions.then(|| i64::try_from(self.known.len()).unwrap_or(i64::MAX))
    }

    /// Reads a report; what newer routers tell besides is passed over.
    ///
    /// # Errors
    ///
    /// The first line that cannot be read, from 1.
    pub fn read(text: &str) -> Result<Self, NoReport> {
        let mut lines = text.lines().map(|line| line.trim_end_matches('\r')).enumerate();
        if lines.next().is_none_or(|(_, first)| first != FIRST) {
            return Err(NoReport(1));
        }
        let mut report = Self::default();
        for (at, line) in lines {
            report.take(line).ok_or(NoReport(at + 1))?;
        }
        Ok(report)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "routeros" => plain(rest)?.clone_into(&mut self.routeros),
            "pages" => plain(rest)?.clone_into(&mut self.pages),
            "clock" => plain(rest)?.clone_into(&mut self.clock),
            "users" => self.users = Some(rest.parse().ok()?),
            "list" => self.piece = Some(Piece::read(rest)?),
            "known" => {
                let (flags, code) = rest.split_once(' ').filter(|(_, code)| !code.is_empty())?;
                self.known.push(Known {
                    code: code.to_owned(),
                    used: flags.contains('u'),
                    ends: flags.contains('s'),
                    disabled: flags.contains('x'),
                });
            }
            "off" if !rest.is_empty() => self.off.push(rest.to_owned()),
            "off" => return None,
            _ => {}
        }
        Some(())
    }
}

/// Text that is kept as it is: a database may refuse a control character.
fn plain(text: &str) -> Option<&str> {
    (!text.contains(char::is_control)).then_some(text)
}

impl Piece {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let run = plain(words.next().filter(|run| !run.is_empty())?)?.to_owned();
        let (piece, pieces) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let sound = 1 <= piece && piece <= pieces && pieces <= PIECES_MAX;
        sound.then_some(Self { run, piece, pieces })
    }
}

/// What a router is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// The shop's time, in seconds since 1970, UTC: the router ends what is used up by it.
    pub time: i64,
    pub list: bool,
    /// Codes to be switched off, their sessions ended.
    pub off: Vec<String>,
    /// Codes whose end is to be noted.
    pub ends: Vec<End>,
}

/// When a code ends, and what limits it gets at the router where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub code: String,
    /// In seconds since 1970, UTC.
    pub at: i64,
    pub seconds: u64,
    /// How much data it gives, in bytes; `None` for as much as its time allows.
    pub bytes: Option<u64>,
}

impl Orders {
    /// As the router reads them: `time <seconds since 1970>`, `list` where all codes are to be
    /// told, `off <code>` for each code to be switched off, `ends <at> <seconds> <bytes> <code>`
    /// for each whose end is to be noted, and `end`: this is all.
    pub fn write(&self) -> String {
        let mut text = format!("time {}\n", self.time);
        if self.list {
            text.push_str("list\n");
        }
        for code in &self.off {
            writeln!(text, "off {code}").expect("a string takes what is written");
        }
        for End { code, at, seconds, bytes } in &self.ends {
            let bytes = bytes.unwrap_or(0);
            writeln!(text, "ends {at} {seconds} {bytes} {code}")
                .expect("a string takes what is written");
        }
        text.push_str("end\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_report_is_read_line_by_line() {
        let text = "lango-report 1\nrouteros 7.24.1 (stable)\npages 0.1.0\nclock nov/23/2026\n\
                    users 4\n\
                    list 12 1 3\nknown u- K7 QX\nknown x Z\nknown - A\r\nfuture 1\noff B\n";
        let report = Report::read(text).unwrap();
        assert_eq!(report.routeros, "7.24.1 (stable)");
        assert_eq!(report.clock, "nov/23/2026");
        assert_eq!(report.users, Some(4));
        assert_eq!(report.piece, Some(Piece { run: "12".into(), piece: 1, pieces: 3 }));
        let known =
            |code: &str, used, disabled| Known { code: code.into(), used, ends: false, disabled };
        let all = [known("K7 QX", true, false), known("Z", false, true), known("A", false, false)];
        assert_eq!(report.known, all);
        assert_eq!(report.off, ["B"]);
        assert_eq!(report.online(), None, "a list tells of all");
        let minute = Report::read("lango-report 1\nknown u K7\nknown u K7\n").unwrap();
        assert_eq!(minute.online(), Some(2));
    }

    #[test]
    fn what_is_no_report_is_refused_by_its_line() {
        for (text, line) in [
            ("", 1),
            ("lango-report 2\n", 1),
            ("lango-report 1\nknown K7\n", 2),
            ("lango-report 1\nlist 1 0 3\n", 2),
            ("lango-report 1\nlist 1 4 3\n", 2),
            ("lango-report 1\nlist 1 1 4000000000\n", 2),
            ("lango-report 1\nclock x\noff\n", 3),
            ("lango-report 1\nclock x\0\n", 2),
            ("lango-report 1\nlist 1\0 1 3\n", 2),
        ] {
            assert_eq!(Report::read(text), Err(NoReport(line)), "{text:?}");
        }
    }

    #[test]
    fn orders_end_with_a_word() {
        let end = End { code: "C D".into(), at: 9, seconds: 2, bytes: None };
        let off = vec!["K7".into(), "A B".into()];
        let orders = Orders { time: 7, list: true, off, ends: vec![end] };
        assert_eq!(orders.write(), "time 7\nlist\noff K7\noff A B\nends 9 2 0 C D\nend\n");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(lango-report 1\n)?[ -~\n]{0,200}") {
            let _ = Report::read(&text);
        }
    }
}
