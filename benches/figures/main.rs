//! Figures, each beside its yardstick in one run, as medians of several with their spread: `make
//! bench`, or some of them: `cargo bench --bench figures -- sale trouble`. Nothing is asserted of
//! their size. `docs/developer/performance.md` says how they are made.

mod allocate;
mod append;
mod browser;
mod chart;
#[path = "../../tests/it/cluster.rs"]
mod cluster;
mod desk;
mod history;
mod machine;
mod measure;
mod place;
mod profile;
mod providers;
mod results;
mod room;
mod sale;
mod shop;
mod statistics;
mod table;
mod trouble;

use clap::{Parser, ValueEnum};
use place::Place;
use results::Results;
use sale::Load;
use shop::Binary;
use std::{path::PathBuf, time::Instant};

#[derive(Debug, Parser)]
struct Arguments {
    /// append, allocate, room, trouble, sale, verify, beside, rebuild, desk; none means all.
    figures: Vec<String>,
    /// A `lango` to measure, of any commit, instead of this tree's. Several take turns, and are
    /// compared with the first. What calls the library is this tree's all the same.
    #[arg(long)]
    shop: Vec<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many events the ledgers have before; this tree's writer makes them.
    #[arg(long, value_delimiter = ',', default_value = "0,10000,100000,1000000")]
    events: Vec<usize>,
    /// How many sales a run has.
    #[arg(long, default_value_t = 4_000)]
    sales: usize,
    /// How many buy at once; each waits for the code before the next sale.
    #[arg(long, default_value_t = 64)]
    buyers: usize,
    /// On which database; both, if none is named.
    #[arg(long)]
    on: Option<On>,
    /// Where the samples go; those of this tree's shop go to `benches/results`.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The commit that the samples are of, where it is not the one that is checked out.
    #[arg(long)]
    commit: Option<String>,
    /// Print tables of results instead, a column for each file.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    table: Vec<PathBuf>,
    /// With `--table`: draw sales a second against events in the ledger as well.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Sell under `perf` instead, and print where the shop's time went.
    #[arg(long)]
    profile: bool,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
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
    let asked = Arguments::parse();
    if asked.table.is_empty() {
        measure(asked).await;
        return;
    }
    let all: Vec<_> = asked.table.iter().map(|file| Results::read(file)).collect();
    table::print(&all);
    if let Some(file) = asked.chart {
        std::fs::write(file, chart::draw(&all)).expect("it is written");
    }
}

async fn measure(asked: Arguments) {
    let commit = asked.commit.unwrap_or_else(machine::commit);
    let kept = asked.shop.is_empty() && !asked.profile;
    let mut results = match asked.out {
        None if kept => Results::of_today(&commit),
        out => Results::new(out, &commit),
    };
    let mut shops: Vec<_> = asked.shop.iter().map(|path| Binary::at(path)).collect();
    if shops.is_empty() {
        shops.push(Binary::ours());
    }
    let load = Load { sales: asked.sales, buyers: asked.buyers };
    let (_folder, places) = places(asked.on);
    if asked.profile {
        for place in &places {
            profile::sell(&shops[0], place, load).await;
        }
        return;
    }
    let (figures, rounds, mut sizes) = (asked.figures, asked.rounds, asked.events);
    sizes.sort_unstable();
    let wanted = measure::Wanted { shops, figures, rounds, sizes, load };
    for place in &places {
        measure::on(place, &wanted, &mut results).await;
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
