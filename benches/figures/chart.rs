//! Draws sales a second against the events in the ledger, of one run or of several.

use crate::{
    results::{Of, Results},
    statistics::{Runs, short},
};
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Where the lines may be drawn.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 360.0;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#222}.grid{stroke:#ddd}.axis{stroke:#666}
.SQLite{stroke:#0b6e4f}.PostgreSQL{stroke:#1f5fbf}text.SQLite{fill:#0b6e4f;stroke:none}
text.PostgreSQL{fill:#1f5fbf;stroke:none}path,.spread{fill:none;stroke-width:2}
.before{stroke-dasharray:6 4}
@media (prefers-color-scheme:dark){text{fill:#eee}.grid{stroke:#444}.axis{stroke:#999}
.SQLite{stroke:#4fdcb0}.PostgreSQL{stroke:#7fb2ff}text.SQLite{fill:#4fdcb0}
text.PostgreSQL{fill:#7fb2ff}}";

/// The sales of a run on one database.
struct Line<'a> {
    on: &'static str,
    commit: &'a str,
    /// How many events were there before, and how the runs went.
    points: Vec<(usize, Runs)>,
}

/// The drawing, as SVG. The last run is drawn whole, those before it dashed.
pub fn draw(all: &[Results]) -> String {
    let lines: Vec<_> = all.iter().flat_map(lines).filter(|line| !line.points.is_empty()).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let mut sizes: Vec<_> = points().map(|(size, _)| *size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let most = points().map(|(_, runs)| runs.most()).fold(1.0, f64::max);
    let step = [50.0, 100.0, 200.0, 500.0].into_iter().find(|step| most / step <= 6.0);
    let step = step.unwrap_or(1_000.0);
    let steps = (most / step).ceil();
    let x = |size: usize| {
        let place = sizes.iter().position(|it| *it == size).unwrap_or_default();
        LEFT + 30.0 + f64_of(place) * (RIGHT - LEFT - 60.0) / f64_of(sizes.len().max(2) - 1)
    };
    let y = |rate: f64| BOTTOM - rate / (steps * step) * (BOTTOM - TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Sales a second against events in the ledger\"><style>{STYLE}</style>\n\
         <text x=\"{LEFT}\" y=\"24\">Whole sales a second (median, and from the least to the most \
         of the runs)</text>\n"
    );
    let mut put = |text: String| svg.push_str(&(text + "\n"));
    let mut rate = 0.0;
    while rate <= steps * step {
        let (at, shown) = (y(rate), if rate == 0.0 { "0".to_owned() } else { short(rate) });
        put(format!("<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>"));
        let place = format!("x=\"{}\" y=\"{:.1}\"", LEFT - 8.0, at + 4.0);
        put(format!("<text {place} text-anchor=\"end\">{shown}</text>"));
        rate += step;
    }
    put(format!("<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>"));
    for size in &sizes {
        let place = format!("x=\"{:.1}\" y=\"{}\"", x(*size), BOTTOM + 20.0);
        put(format!("<text {place} text-anchor=\"middle\">{}</text>", count(*size)));
    }
    let place = format!("x=\"{}\" y=\"{}\"", f64::midpoint(LEFT, RIGHT), BOTTOM + 44.0);
    put(format!("<text {place} text-anchor=\"middle\">events in the ledger before</text>"));
    let last = all.last().map(Results::commit);
    for line in &lines {
        let class = if Some(line.commit) == last { "" } else { " before" };
        put(drawn(line, class, &x, &y));
    }
    svg + "</svg>\n"
}

fn lines(results: &Results) -> impl Iterator<Item = Line<'_>> {
    ["SQLite", "PostgreSQL"].into_iter().map(|on| {
        let of = |events| Of { figure: "sale", on, events, shop: "" };
        let sizes = results.sizes("sale", on).into_iter();
        let points = sizes.map(|events| (events, results.runs(of(events), "sales_per_second")));
        Line { on, commit: results.commit(), points: points.collect() }
    })
}

fn drawn(line: &Line, class: &str, x: &dyn Fn(usize) -> f64, y: &dyn Fn(f64) -> f64) -> String {
    let (on, mut path, mut spreads) = (line.on, String::new(), String::new());
    for (size, runs) in &line.points {
        let (at, middle) = (x(*size), y(runs.median()));
        let (low, high) = (y(runs.least()), y(runs.most()));
        let letter = if path.is_empty() { 'M' } else { 'L' };
        write!(path, "{letter}{at:.1} {middle:.1}").expect("a string takes every text");
        write!(spreads, "M{at:.1} {low:.1}V{high:.1}").expect("a string takes every text");
    }
    let end = line.points.last().map_or(BOTTOM, |(_, runs)| y(runs.median()));
    format!(
        "<path class=\"{on}{class}\" d=\"{path}\"/><path class=\"{on} spread\" d=\"{spreads}\"/>\n\
         <text class=\"{on}\" x=\"{}\" y=\"{:.1}\">{on}, {}</text>",
        RIGHT - 15.0,
        end + 4.0,
        line.commit
    )
}

fn count(events: usize) -> String {
    match events {
        1_000_000.. => format!("{} M", events / 1_000_000),
        1_000.. => format!("{} k", events / 1_000),
        _ => events.to_string(),
    }
}

fn f64_of(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("a short list"))
}
