//! Shapes for charts, from numbers. A chart's lettering stands beside it, so that it stays as large
//! as other text on a narrow page. The shapes stretch with the page; a plot is [`SIDE`] wide and
//! high in its own units.

use serde::Serialize;

/// How wide and high a plot is, in its own units.
pub const SIDE: i64 = 1_000;

/// How much of a bar's place is bar, in hundredths.
const BAR_SHARE: i64 = 78;

/// A bar of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bar {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

/// The end of the scale: the next of 2, 4, 6, 10, 20, 40 … that is not under the greatest value,
/// so that half of it is a whole number too. For counts; amounts are handed over in shillings.
pub fn top(values: &[i64]) -> i64 {
    let most = values.iter().copied().max().unwrap_or_default();
    let mut unit = 1;
    loop {
        for step in [2, 4, 6, 10] {
            if unit * step >= most {
                return unit * step;
            }
        }
        unit *= 10;
    }
}

fn height(value: i64, top: i64) -> i64 {
    let share = i128::from(value.max(0)) * i128::from(SIDE) / i128::from(top.max(1));
    i64::try_from(share).unwrap_or(SIDE).min(SIDE)
}

/// A bar for each value; one that is not 0 can be seen.
pub fn bars(values: &[i64], top: i64) -> Vec<Bar> {
    let count = i64::try_from(values.len()).unwrap_or(SIDE).max(1);
    let bar = |(place, value): (i64, &i64)| {
        let (from, to) = (place * SIDE / count, (place + 1) * SIDE / count);
        let width = ((to - from) * BAR_SHARE / 100).max(1);
        let least = if *value > 0 { SIDE / 100 } else { 0 };
        let height = height(*value, top).max(least);
        Bar { x: from + (to - from - width) / 2, y: SIDE - height, width, height }
    };
    (0..).zip(values).map(bar).collect()
}

/// The corners of a line through the values, the first at the left edge and the last at the right:
/// the `points` of an SVG polyline.
pub fn line(values: &[i64], top: i64) -> String {
    let last = i64::try_from(values.len().saturating_sub(1)).unwrap_or(SIDE).max(1);
    let corner = |(place, value): (i64, &i64)| {
        format!("{},{}", place * SIDE / last, SIDE - height(*value, top))
    };
    let mut corners: Vec<String> = (0..).zip(values).map(corner).collect();
    // One value is a line too.
    if let [only] = values {
        corners.push(format!("{SIDE},{}", SIDE - height(*only, top)));
    }
    corners.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scales_end_on_round_numbers() {
        let ends = [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (450, 600), (1_001, 2_000)];
        for (most, end) in ends {
            assert_eq!(top(&[most]), end, "{most}");
        }
        assert_eq!(top(&[]), 2);
    }

    #[test]
    fn a_line_begins_and_ends_at_the_edges() {
        assert_eq!(line(&[0, 5, 10], 10), "0,1000 500,500 1000,0");
        assert_eq!(line(&[5], 10), "0,500 1000,500");
        assert_eq!(line(&[], 10), "");
    }

    proptest! {
        #[test]
        fn every_bar_stands_inside_and_beside_the_next(
            values in prop::collection::vec(0_i64..1_000_000_000, 1..400)
        ) {
            let top = top(&values);
            prop_assert!(values.iter().all(|value| *value <= top));
            let bars = bars(&values, top);
            for (bar, value) in bars.iter().zip(&values) {
                prop_assert!(bar.x >= 0 && bar.width >= 1 && bar.x + bar.width <= SIDE);
                prop_assert_eq!(bar.y + bar.height, SIDE);
                prop_assert!(bar.y >= 0);
                prop_assert_eq!(bar.height > 0, *value > 0);
            }
            for pair in bars.windows(2) {
                prop_assert!(pair[0].x + pair[0].width <= pair[1].x);
            }
        }
    }
}
