//! Medians with their spread.

use serde_json::{Map, Value};
use std::time::Duration;

/// A value of a sorted list, by how much of the list is not above it.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "lists are short")]
    let at = (sorted.len().saturating_sub(1)) as f64 * share;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in it")]
    let at = at.round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The figures of one name in several runs.
#[derive(Debug, Clone)]
pub struct Runs(Vec<f64>);

impl Runs {
    pub fn of(runs: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<_> = runs.collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    pub fn median(&self) -> f64 {
        let (low, high) = ((self.0.len().saturating_sub(1)) / 2, self.0.len() / 2);
        match (self.0.get(low), self.0.get(high)) {
            (Some(low), Some(high)) => f64::midpoint(*low, *high),
            _ => f64::NAN,
        }
    }

    pub fn least(&self) -> f64 {
        quantile(&self.0, 0.0)
    }

    pub fn most(&self) -> f64 {
        quantile(&self.0, 1.0)
    }

    /// The median, and from where to where the runs lie.
    pub fn text(&self) -> String {
        match self.0[..] {
            [] => "–".to_owned(),
            [only] => short(only),
            _ => {
                let [middle, least, most] = [self.median(), self.least(), self.most()].map(short);
                format!("{middle} ({least}–{most})")
            }
        }
    }
}

/// How long something took for half, 95 and 99 in a hundred, and at most, in milliseconds.
pub fn latencies(what: &str, mut times: Vec<Duration>) -> Map<String, Value> {
    times.sort_unstable();
    let times: Vec<_> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let shares = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("slowest", 1.0)];
    let found =
        shares.map(|(name, share)| (format!("{what}_{name}_ms"), quantile(&times, share).into()));
    found.into_iter().collect()
}

/// Three digits that matter, with commas between thousands.
pub fn short(number: f64) -> String {
    match number.abs() {
        0.0..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        100.0.. => {
            let digits = format!("{number:.0}");
            let parts = digits.as_bytes().rchunks(3).rev();
            let parts: Vec<_> = parts.map(|part| String::from_utf8_lossy(part)).collect();
            parts.join(",")
        }
        _ => "–".to_owned(),
    }
}
