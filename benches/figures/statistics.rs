//! Medians with their spread, as text and as JSON.

use serde_json::Value;

/// A value of a sorted list, by how much of the list is not above it.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
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
    pub fn of(samples: &[Value], name: &str) -> Self {
        let mut all: Vec<_> = samples.iter().filter_map(|sample| sample[name].as_f64()).collect();
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

    /// The median, and from where to where the runs lie.
    pub fn text(&self) -> String {
        let (least, most) = (quantile(&self.0, 0.0), quantile(&self.0, 1.0));
        format!("{} ({}–{})", short(self.median()), short(least), short(most))
    }
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
