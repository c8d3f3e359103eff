//! Where the shop's time goes while it sells: `perf` on its process, by symbol and by module of
//! ours.

use crate::{
    place::Place,
    providers::Providers,
    sale::{Load, sell_at},
    shop::{Binary, Ledger, SITES, Serving},
};
use std::{
    collections::HashMap,
    process::{Command, Stdio},
};

/// How many lines are printed of each list.
const SHOWN: usize = 40;

/// Sells under `perf record`, and prints what it saw.
pub async fn sell(binary: &Binary, place: &Place, load: Load) {
    if Command::new("perf").arg("--version").output().is_err() {
        println!("There is no perf here: it is in Debian's package linux-perf.");
        return;
    }
    let ledger = Ledger::prepare(binary, place, 2 * load.sales.div_ceil(SITES));
    let providers = Providers::start(load.sales).await;
    let serving = Serving::start(binary, &ledger, &providers);
    let data = std::env::temp_dir().join(format!("lango-{}.perf", serving.process().0));
    let mut record = Command::new("perf");
    record.args(["record", "-q", "-F", "999", "-g", "-p", &serving.process().0.to_string(), "-o"]);
    let mut record = record.arg(&data).stderr(Stdio::null()).spawn().expect("perf starts");
    println!("{}: {}", place.name(), sell_at(&serving, place, &providers, load).await);
    serving.stop();
    record.wait().expect("it ends with the shop");
    let said = Command::new("perf").args(["script", "-F", "ip,sym", "-i"]).arg(&data).output();
    let said = said.expect("perf reads what it wrote");
    print_samples(&String::from_utf8_lossy(&said.stdout));
    std::fs::remove_file(data).expect("it was written");
    ledger.remove();
}

/// Counts samples by the symbol in which they were taken, and by the module of ours that is nearest
/// to it among its callers. Stacks come with an empty line after each.
fn print_samples(script: &str) {
    let (mut symbols, mut modules, mut all) = (HashMap::new(), HashMap::new(), 0_u32);
    for stack in script.split("\n\n") {
        let mut names = stack.lines().filter_map(|line| Some(line.trim().split_once(' ')?.1));
        let Some(symbol) = names.next() else { continue };
        let module = std::iter::once(symbol).chain(names).find_map(module);
        all += 1;
        *symbols.entry(symbol.to_owned()).or_insert(0_u32) += 1;
        *modules.entry(module.unwrap_or("none of ours").to_owned()).or_insert(0_u32) += 1;
    }
    for (title, counts) in [("symbol", symbols), ("module", modules)] {
        println!("\n{all} samples by {title}, in %");
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
        for (name, count) in counts.iter().take(SHOWN) {
            println!("{:>6.2}  {name}", f64::from(*count) * 100.0 / f64::from(all));
        }
    }
}

/// `store::writer` of `<lango::store::writer::turn::Turn as …>::take`.
fn module(symbol: &str) -> Option<&str> {
    let (_, path) = symbol.split_once("lango::")?;
    let end = path.match_indices("::").nth(1).map_or(path.len(), |(at, _)| at);
    path.get(..end)
}
