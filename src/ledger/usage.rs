//! The router's reports about a code: first login, missing, switched off. A stream of its own
//! beside the voucher's, since none of it moves the code from one place of the stock to another.

use crate::ledger::kernel::{
    id::Slug,
    time::{Micros, SECOND},
};
use serde::{Deserialize, Serialize};

/// What a site's router tells of a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum UsageEvent {
    /// Somebody has logged in with it for the first time.
    #[serde(rename = "voucher_activated")]
    Activated { site: Slug, package: Slug },
    /// It is sold or printed, and the router does not show it.
    #[serde(rename = "voucher_lost")]
    Lost { site: Slug, package: Slug },
    /// The router shows it again.
    #[serde(rename = "voucher_found")]
    Found { site: Slug, package: Slug },
    /// It is void, and the router lets nobody in with it any more.
    #[serde(rename = "voucher_switched_off")]
    SwitchedOff { site: Slug, package: Slug },
    /// It is void, and the router lets people in with it again: somebody put it back there.
    #[serde(rename = "voucher_back_on")]
    BackOn { site: Slug, package: Slug },
}

/// What is known of a voucher's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// When somebody logged in with it for the first time.
    pub activated_at: Option<Micros>,
    /// Since when the router does not show it, though it should.
    pub lost_since: Option<Micros>,
    /// The router lets nobody in with it any more.
    pub off: bool,
}

impl Usage {
    /// The use after `event`, recorded at `at`; `None` where the event cannot follow.
    pub fn evolve(self, event: &UsageEvent, at: Micros) -> Option<Self> {
        let Self { activated_at, lost_since, off } = self;
        match event {
            UsageEvent::Activated { .. } => {
                activated_at.is_none().then_some(Self { activated_at: Some(at), ..self })
            }
            UsageEvent::Lost { .. } => {
                lost_since.is_none().then_some(Self { lost_since: Some(at), ..self })
            }
            UsageEvent::Found { .. } => {
                lost_since.is_some().then_some(Self { lost_since: None, ..self })
            }
            UsageEvent::SwitchedOff { .. } => (!off).then_some(Self { off: true, ..self }),
            UsageEvent::BackOn { .. } => off.then_some(Self { off: false, ..self }),
        }
    }

    /// When its time is over, for a code that lasts so long; `None` before the first login.
    pub fn ends_at(self, lasts_seconds: u64) -> Option<Micros> {
        let lasts = i64::try_from(lasts_seconds).unwrap_or(i64::MAX).saturating_mul(SECOND);
        self.activated_at.map(|at| Micros(at.0.saturating_add(lasts)))
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
            activated_at: text.contains('a').then_some(Micros(7)),
            lost_since: text.contains('l').then_some(Micros(7)),
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
                assert_eq!(of(from).evolve(event, Micros(7)), wanted, "{event:?} from {from}");
            }
        }
    }
}
