//! Figures, each beside its yardstick in one run, as medians of several with their spread.
//! `docs/developer/performance.md` says how they are made. Nothing is asserted of their size.

mod allocate;
mod append;
mod browser;
#[path = "../../tests/it/cluster.rs"]
mod cluster;
mod history;
mod machine;
mod place;
mod providers;
mod sale;
mod shop;
mod statistics;

use clap::{Args, Parser, Subcommand, ValueEnum};
use place::Place;
use sale::Load;
use serde_json::Value;
use shop::{Binary, Ledger};
use statistics::{Runs, short};
use std::{path::PathBuf, time::Instant};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Cargo says so.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Whole sales, by one shop or by several that take turns.
    Sale(Sale),
}

#[derive(Debug, Args)]
struct Sale {
    /// A `lango` to measure, made with any commit; the first is what others are compared with.
    #[arg(long)]
    shop: Vec<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many sales a round has.
    #[arg(long, default_value_t = 4_000)]
    sales: usize,
    /// How many buy at once; each waits for the code before the next sale.
    #[arg(long, default_value_t = 64)]
    buyers: usize,
    /// How many codes each of 200 sites has; twice as many as are sold, if nothing is said.
    #[arg(long)]
    codes: Option<usize>,
    /// How many events the ledger has before, made by this tree's writer.
    #[arg(long, default_value_t = 0)]
    events: usize,
    /// On which database; both, if none is named.
    #[arg(long)]
    on: Option<On>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum On {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() {
    // Cargo calls benches with `--test` when it only wants them built and started.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    match Arguments::parse().command {
        Command::Sale(sale) => compare(&sale).await,
    }
}

/// The databases that were asked for, on a disk: a folder in memory knows no fsync.
fn places(on: Option<On>) -> (tempfile::TempDir, Vec<Place>) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut places = vec![];
    if on != Some(On::Postgres) {
        places.push(Place::sqlite(folder.path()));
    }
    if on != Some(On::Sqlite) {
        // Its owner is another user, who may not look into folders of ours.
        cluster::PLACE.set(std::env::temp_dir()).expect("nobody has asked for it yet");
        places.push(Place::postgres(folder.path(), cluster::cluster()));
    }
    (folder, places)
}

async fn compare(sale: &Sale) {
    let mut binaries: Vec<_> = sale.shop.iter().map(|path| Binary::at(path)).collect();
    if binaries.is_empty() {
        binaries.push(Binary::ours());
    }
    let load = Load { sales: sale.sales, buyers: sale.buyers };
    let codes = sale.codes.unwrap_or(2 * sale.sales.div_ceil(shop::SITES));
    let (_folder, places) = places(sale.on);
    for place in &places {
        let ledgers: Vec<_> =
            binaries.iter().map(|binary| Ledger::prepare(binary, place, codes)).collect();
        for ledger in &ledgers {
            history::grow(ledger.database.url(), ledger.key(), sale.events).await;
        }
        let mut samples: Vec<Vec<Value>> = vec![vec![]; binaries.len()];
        for _ in 0..sale.rounds {
            for (n, binary) in binaries.iter().enumerate() {
                let sample = sale::sell(binary, place, &ledgers[n], load).await;
                say_sample(place, binary, &sample);
                samples[n].push(sample);
            }
        }
        println!("\n{}, {} events before, medians of {}:", place.name(), sale.events, sale.rounds);
        for (binary, of_it) in binaries.iter().zip(&samples) {
            say_medians(&binary.name, of_it, &samples[0]);
        }
        println!();
    }
}

fn say_sample(place: &Place, binary: &Binary, sample: &Value) {
    let figure = |name: &str| short(sample[name].as_f64().unwrap_or(f64::NAN));
    println!(
        "{:<10} {:>5} sales/s  cpu a sale: shop {} load {} postgres {} ms  switches {}  wait p95 \
         {} slowest {} ms  {}",
        place.name(),
        figure("sales_per_second"),
        figure("shop_cpu_ms"),
        figure("load_cpu_ms"),
        figure("postgres_cpu_ms"),
        figure("shop_switches"),
        figure("p95_ms"),
        figure("slowest_ms"),
        binary.name
    );
}

/// A shop's medians, and their ratios to those of the first.
fn say_medians(name: &str, samples: &[Value], first: &[Value]) {
    println!("{name}");
    for figure in [
        "sales_per_second",
        "shop_cpu_ms",
        "postgres_cpu_ms",
        "load_cpu_ms",
        "shop_switches",
        "shop_io_calls",
        "p95_ms",
        "slowest_ms",
        "start_ms",
        "shop_mib",
    ] {
        let (runs, base) = (Runs::of(samples, figure), Runs::of(first, figure));
        if base.median() == 0.0 {
            continue;
        }
        let ratio = runs.median() / base.median();
        println!("  {figure:<18} {:<28} {ratio:>6.3} of the first", runs.text());
    }
}

/// So many a second.
fn rate(count: usize, begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}
