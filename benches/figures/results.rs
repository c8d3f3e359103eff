//! The samples of a run: written to a file as they come, read again for tables and charts.

use crate::{
    machine,
    statistics::{Runs, short},
};
use lango::app;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A table or index that a sale lets grow by fewer bytes is not worth a line.
const SHOWN: f64 = 20.0;

/// What was measured, on which database, with how many events before, and by whose `lango`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of<'a> {
    pub figure: &'a str,
    pub on: &'a str,
    pub events: usize,
    pub shop: &'a str,
}

/// All samples of a run, with what a reader must know of commit and machine.
pub struct Results {
    file: Option<PathBuf>,
    whole: Value,
}

impl Results {
    /// None yet.
    pub fn new(file: Option<PathBuf>, commit: &str) -> Self {
        let date = app::machine().0.now().business_day(&app::nairobi()).to_string();
        let whole = json!({
            "date": date,
            "commit": commit,
            "machine": machine::facts(),
            "samples": [],
        });
        Self { file, whole }
    }

    /// Those of a day's run of this commit, to be kept beside the code.
    pub fn of_today(commit: &str) -> Self {
        let mut results = Self::new(None, commit);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results");
        std::fs::create_dir_all(&folder).expect("the folder is ours");
        let name = ["date", "commit"].map(|part| results.whole[part].as_str().unwrap_or("unknown"));
        results.file = Some(folder.join(format!("{}.json", name.join("-"))));
        results
    }

    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { file: None, whole: serde_json::from_str(&text).expect("results are JSON") }
    }

    pub fn commit(&self) -> &str {
        self.whole["commit"].as_str().unwrap_or_default()
    }

    /// Keeps a sample, and prints it.
    pub fn add(&mut self, of: Of, sample: &Value) {
        let figures = sample.as_object().expect("a sample names its figures");
        let shown = figures
            .iter()
            .filter_map(|(name, value)| Some(format!("{name} {}", short(value.as_f64()?))));
        let shown: Vec<_> = shown.collect();
        let Of { figure, on, events, shop } = of;
        println!("{figure}, {on}, {events} events, {shop}: {}", shown.join("  "));
        let sample = json!({
            "figure": figure, "on": on, "events": events, "shop": shop, "found": sample,
        });
        self.whole["samples"].as_array_mut().expect("it is a list").push(sample);
        if let Some(file) = &self.file {
            let text = serde_json::to_string_pretty(&self.whole).expect("plain data");
            std::fs::write(file, text + "\n").expect("the folder is ours");
        }
    }

    fn samples(&self) -> impl Iterator<Item = (Of<'_>, &Value)> {
        let samples = self.whole["samples"].as_array().into_iter().flatten();
        samples.map(|sample| {
            let text = |name: &str| sample[name].as_str().unwrap_or_default();
            let events = sample["events"].as_u64().and_then(|events| events.try_into().ok());
            let (figure, on, shop) = (text("figure"), text("on"), text("shop"));
            (Of { figure, on, events: events.unwrap_or_default(), shop }, &sample["found"])
        })
    }

    /// The runs of one figure's number, by any shop if none is named.
    pub fn runs(&self, of: Of, name: &str) -> Runs {
        let any = of.shop.is_empty();
        let found = self.samples().filter(|(found, _)| {
            *found == Of { shop: if any { found.shop } else { of.shop }, ..of }
        });
        Runs::of(found.filter_map(|(_, sample)| sample[name].as_f64()))
    }

    /// The figures whose name begins so, with how many events the ledger had before.
    pub fn figures(&self, beginning: &str, on: &str) -> Vec<(String, usize)> {
        let mut found: Vec<(String, usize)> = vec![];
        for (of, _) in self.samples().filter(|(of, _)| of.on == on) {
            if of.figure.starts_with(beginning) && found.iter().all(|(name, _)| name != of.figure) {
                found.push((of.figure.to_owned(), of.events));
            }
        }
        found
    }

    /// The names of a figure's numbers that begin so, the largest first; none below [`SHOWN`].
    pub fn numbers(&self, of: Of, beginning: &str) -> Vec<String> {
        let alike = |found: &Of| Of { shop: "", ..*found } == of;
        let sample = self.samples().find(|(found, _)| alike(found)).map(|(_, sample)| sample);
        let numbers = sample.and_then(Value::as_object).into_iter().flatten();
        let numbers = numbers.filter(|(name, _)| name.starts_with(beginning));
        let mut found: Vec<_> =
            numbers.filter_map(|(name, number)| Some((number.as_f64()?, name))).collect();
        found.retain(|(number, _)| *number >= SHOWN);
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        found.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// How many events the ledgers had on which a figure was measured.
    pub fn sizes(&self, figure: &str, on: &str) -> Vec<usize> {
        let found = self.samples().filter(|(of, _)| of.figure == figure && of.on == on);
        let mut sizes: Vec<_> = found.map(|(of, _)| of.events).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Prints the median of each number with its spread, and how it stands to that of the first
    /// shop.
    pub fn print_medians(&self) {
        let mut said: Vec<Of> = vec![];
        for (of, sample) in self.samples() {
            if said.contains(&of) {
                continue;
            }
            let alike = |other: &Of| Of { shop: "", ..*other } == Of { shop: "", ..of };
            let first = said.iter().copied().find(alike);
            said.push(of);
            println!("\n{}, {}, {} events, {}", of.figure, of.on, of.events, of.shop);
            for (name, _) in sample.as_object().into_iter().flatten() {
                let runs = self.runs(of, name);
                let ratio = first.map(|first| runs.median() / self.runs(first, name).median());
                let ratio = ratio.filter(|ratio| ratio.is_finite());
                let ratio = ratio.map(|ratio| format!("{ratio:.3} of the first"));
                println!("  {name:<28} {:<30} {}", runs.text(), ratio.unwrap_or_default());
            }
        }
    }
}
