//! The finding of one look at the shop, and all of them on a page.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Pass,
    Warn,
    Fail,
}

/// The sentence says what to do too.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) says: String,
}

/// A finding with the name of its line.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    about: &'static str,
    #[serde(flatten)]
    pub(super) finding: Finding,
}

pub(in crate::cli) fn pass(says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Pass, says: says.into() }
}

pub(super) fn warn(says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Warn, says: says.into() }
}

pub(in crate::cli) fn fail(says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Fail, says: says.into() }
}

impl Finding {
    pub(super) fn about(self, about: &'static str) -> Check {
        Check { about, finding: self }
    }
}

/// A part that cannot be looked at fails, and does not stop the look at the others.
pub(super) fn seen<E: Into<anyhow::Error>>(
    about: &'static str,
    looked: Result<Finding, E>,
) -> Check {
    looked.unwrap_or_else(|failure| cannot_look(&failure.into())).about(about)
}

pub(super) fn cannot_look(failure: &anyhow::Error) -> Finding {
    fail(format!("it cannot be looked at: {failure:#}"))
}

/// The widest line, in letters.
const WIDTH: usize = 80;

/// The column in which a sentence begins.
const INDENT: usize = 22;

pub(super) fn written(checks: &[Check]) -> String {
    let mut text = String::new();
    for Check { about, finding } in checks {
        let word = match finding.verdict {
            Verdict::Pass => "PASS",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        let mut line = format!("{word}  {about:<14}");
        for part in finding.says.split(' ') {
            if line.chars().count() + 1 + part.chars().count() > WIDTH {
                text.push_str(line.trim_end());
                text.push('\n');
                line = " ".repeat(INDENT - 1);
            }
            line.push(' ');
            line.push_str(part);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let count = |verdict| checks.iter().filter(|check| check.finding.verdict == verdict).count();
    let end = match (count(Verdict::Fail), count(Verdict::Warn)) {
        (0, 0) => "All is well.".to_owned(),
        (0, warned) => format!("Nothing fails; {warned} to look at."),
        (failed, warned) => format!("{failed} failed, {warned} to look at."),
    };
    format!("{text}\n{end}\n")
}
