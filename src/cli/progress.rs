//! How far long work is: told to a terminal, and to nobody else.

use std::io::{IsTerminal as _, Write as _};

/// How many places a bar has.
const PLACES: usize = 30;

/// One line of a terminal that says how far work is; gone when it is dropped.
pub struct Progress {
    shown: bool,
}

impl Progress {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal() }
    }

    /// So many of an unknown number are done.
    pub fn count(&self, what: &str, done: usize) {
        self.say(&format!("{done:>10} {what}"));
    }

    /// So many of all are done.
    pub fn bar(&self, what: &str, done: i64, all: i64) {
        self.say(&bar(what, done, all));
    }

    fn say(&self, line: &str) {
        if self.shown {
            eprint!("\r{line:<78}");
            // A terminal that does not take it loses nothing but this line.
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r{:78}\r", "");
        }
    }
}

fn bar(what: &str, done: i64, all: i64) -> String {
    let share = |of: usize| -> usize {
        let of = i64::try_from(of).unwrap_or_default();
        usize::try_from(done.clamp(0, all) * of / all.max(1)).unwrap_or_default()
    };
    let filled = if all == 0 { PLACES } else { share(PLACES) };
    let percent = if all == 0 { 100 } else { share(100) };
    format!("{what:<12} [{}{}] {percent:>3} %", "#".repeat(filled), ".".repeat(PLACES - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills() {
        assert_eq!(bar("stock", 0, 9), "stock        [..............................]   0 %");
        assert_eq!(bar("stock", 3, 9), "stock        [##########....................]  33 %");
        assert_eq!(bar("stock", 9, 9), "stock        [##############################] 100 %");
        assert_eq!(bar("stock", 0, 0), bar("stock", 1, 1));
    }
}
