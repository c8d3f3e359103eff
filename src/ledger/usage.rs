//! What the router tells of a voucher's code: that somebody logged in with it, that it has gone,
//! that it was switched off. A stream of its own beside the voucher's, since none of it moves the
//! code from one place of the stock to another.

use crate::ledger::kernel::id::Slug;
use serde::{Deserialize, Serialize};

/// What a site's router tells of a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum UsageEvent {
    /// Somebody has logged in with it for the first time.
    #[serde(rename = "voucher_activated")]
    Activated {
        /// Where it is valid.
        site: Slug,
        /// What it gives.
        package: Slug,
    },
    /// It is sold or printed, and the router does not show it.
    #[serde(rename = "voucher_lost")]
    Lost {
        /// Where it is valid.
        site: Slug,
        /// What it gives.
        package: Slug,
    },
    /// The router shows it again.
    #[serde(rename = "voucher_found")]
    Found {
        /// Where it is valid.
        site: Slug,
        /// What it gives.
        package: Slug,
    },
    /// It is void, and the router lets nobody in with it any more.
    #[serde(rename = "voucher_switched_off")]
    SwitchedOff {
        /// Where it was valid.
        site: Slug,
        /// What it gave.
        package: Slug,
    },
    /// It is void, and the router lets people in with it again: somebody put it back there.
    #[serde(rename = "voucher_back_on")]
    BackOn {
        /// Where it was valid.
        site: Slug,
        /// What it gave.
        package: Slug,
    },
}

/// What is known of a voucher's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Somebody has logged in with it.
    pub activated: bool,
    /// The router does not show it, though it should.
    pub lost: bool,
    /// The router lets nobody in with it any more.
    pub off: bool,
}

impl Usage {
    /// The use after `event`; `None` where the event cannot follow.
    pub fn evolve(self, event: &UsageEvent) -> Option<Self> {
        match event {
            UsageEvent::Activated { .. } => {
                (!self.activated).then_some(Self { activated: true, ..self })
            }
            UsageEvent::Lost { .. } => (!self.lost).then_some(Self { lost: true, ..self }),
            UsageEvent::Found { .. } => self.lost.then_some(Self { lost: false, ..self }),
            UsageEvent::SwitchedOff { .. } => (!self.off).then_some(Self { off: true, ..self }),
            UsageEvent::BackOn { .. } => self.off.then_some(Self { off: false, ..self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are states, columns activated, lost, found, switched off and back on; `-` is illegal.
    #[test]
    fn every_cell_of_the_transition_table() {
        let slug = || Slug::parse("mtaa").unwrap();
        let events = [
            UsageEvent::Activated { site: slug(), package: slug() },
            UsageEvent::Lost { site: slug(), package: slug() },
            UsageEvent::Found { site: slug(), package: slug() },
            UsageEvent::SwitchedOff { site: slug(), package: slug() },
            UsageEvent::BackOn { site: slug(), package: slug() },
        ];
        let of = |text: &str| Usage {
            activated: text.contains('a'),
            lost: text.contains('l'),
            off: text.contains('o'),
        };
        let table = [
            (".", ["a", "l", "-", "o", "-"]),
            ("a", ["-", "al", "-", "ao", "-"]),
            ("l", ["al", "-", ".", "lo", "-"]),
            ("al", ["-", "-", "a", "alo", "-"]),
            ("o", ["ao", "lo", "-", "-", "."]),
            ("alo", ["-", "-", "ao", "-", "al"]),
        ];
        for (from, row) in table {
            for (event, after) in events.iter().zip(row) {
                let wanted = (after != "-").then(|| of(after));
                assert_eq!(of(from).evolve(event), wanted, "{event:?} from {from}");
            }
        }
    }
}
