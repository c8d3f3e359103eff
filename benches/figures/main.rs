//! Figures, each beside its yardstick in one run, as medians of several with their spread.
//! `docs/developer/performance.md` says how they are made. Nothing is asserted of their size.

mod allocate;
mod append;
mod browser;
#[path = "../../tests/it/cluster.rs"]
mod cluster;
mod desk;
mod history;
mod machine;
mod measure;
mod place;
mod providers;
mod results;
mod room;
mod sale;
mod shop;
mod statistics;
mod trouble;

use clap::{Args, Parser, Subcommand, ValueEnum};
use measure::Wanted;
use place::Place;
use results::{Of, Results};
use sale::Load;
use shop::{Binary, Ledger};
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
    /// All figures, or those that are named; writes the samples to `benches/results`.
    Measure(Measure),
    /// Whole sales, by one shop or by several that take turns.
    Sale(Sale),
}

#[derive(Debug, Args)]
struct Measure {
    /// append, allocate, room, trouble, sale, verify, beside, rebuild, desk
    figures: Vec<String>,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many events the ledgers have before.
    #[arg(long, value_delimiter = ',', default_value = "0,10000,100000,1000000")]
    events: Vec<usize>,
    /// On which database; both, if none is named.
    #[arg(long)]
    on: Option<On>,
    /// Where the samples go instead.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Another `lango` than this tree's; what calls the library is this tree's all the same.
    #[arg(long)]
    shop: Option<PathBuf>,
    /// The commit that the samples are of, where it is not the one that is checked out.
    #[arg(long)]
    commit: Option<String>,
}

#[derive(Debug, Args)]
struct Sale {
    /// A `lango` to measure, made with any commit; the others are compared with the first.
    #[arg(long)]
    shop: Vec<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many sales a round has.
    #[arg(long, default_value_t = measure::LOAD.sales)]
    sales: usize,
    /// How many buy at once; each waits for the code before the next sale.
    #[arg(long, default_value_t = measure::LOAD.buyers)]
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
    /// Where the samples go, if anywhere.
    #[arg(long)]
    out: Option<PathBuf>,
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
        Command::Measure(wanted) => measure(wanted).await,
        Command::Sale(sale) => compare(sale).await,
    }
}

async fn measure(asked: Measure) {
    let commit = asked.commit.unwrap_or_else(machine::commit);
    let mut results = match asked.out {
        Some(file) => Results::new(Some(file), commit),
        None => Results::of_today(commit),
    };
    let shop = asked.shop.map_or_else(Binary::ours, |path| Binary::at(&path));
    let (figures, rounds, mut sizes) = (asked.figures, asked.rounds, asked.events);
    sizes.sort_unstable();
    let wanted = Wanted { shop, figures, rounds, sizes };
    let (_folder, places) = places(asked.on);
    for place in &places {
        measure::on(place, &wanted, &mut results).await;
    }
    results.print_medians();
}

async fn compare(sale: Sale) {
    let mut binaries: Vec<_> = sale.shop.iter().map(|path| Binary::at(path)).collect();
    if binaries.is_empty() {
        binaries.push(Binary::ours());
    }
    let load = Load { sales: sale.sales, buyers: sale.buyers };
    let codes = sale.codes.unwrap_or(2 * sale.sales.div_ceil(shop::SITES));
    let (mut results, (_folder, places)) =
        (Results::new(sale.out, machine::commit()), places(sale.on));
    for place in &places {
        let mut ledgers = vec![];
        for binary in &binaries {
            let ledger = Ledger::prepare(binary, place, codes);
            history::grow(ledger.database.url(), ledger.key(), sale.events).await;
            ledgers.push((binary, ledger));
        }
        for _ in 0..sale.rounds {
            for (binary, ledger) in &ledgers {
                let (shop, on) = (binary.name.as_str(), place.name());
                let of = Of { figure: "sale", on, events: sale.events, shop };
                results.add(of, &sale::sell(binary, place, ledger, load).await);
            }
        }
        ledgers.into_iter().for_each(|(_, ledger)| ledger.remove());
    }
    results.print_medians();
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

/// So many a second.
fn rate(count: usize, begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}
