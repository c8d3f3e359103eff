//! Figures, each beside its yardstick in one run: `make bench`, or some of them:
//! `cargo bench --bench figures -- append allocate start verify beside rebuild sale`.
//! Nothing here is asserted; the numbers go to
//! `docs/developer/performance.md` by hand.

mod allocate;
mod append;
#[path = "../../tests/it/cluster.rs"]
mod cluster;
mod history;
mod place;
mod sale;

use place::Place;
use std::time::Instant;

/// How many events the ledgers have on which what grows with them is measured.
const SIZES: [usize; 2] = [10_000, 1_000_000];

#[tokio::main]
async fn main() {
    // Cargo calls benches with `--bench`, and with `--test` when it only wants them built and
    // started.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // On a disk: a folder in memory knows no fsync.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    cluster::PLACE.set(std::env::temp_dir()).expect("nobody has asked for it yet");
    let cluster = cluster::cluster();
    let sqlite = Place::Sqlite(folder.path().to_owned());
    let postgres = Place::Postgres(cluster);
    if wanted("append") {
        appends(&sqlite, &postgres).await;
    }
    if wanted("allocate") {
        allocations(&postgres).await;
    }
    if !["start", "verify", "beside", "rebuild", "sale"].into_iter().any(wanted) {
        return;
    }
    for place in [&sqlite, &postgres] {
        for size in SIZES {
            grown(place, size).await;
        }
    }
}

/// Whether a figure was asked for: by its name, or by none.
fn wanted(figure: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let none = asked.next().is_none();
    none || std::env::args().any(|argument| argument == figure)
}

async fn appends(sqlite: &Place, postgres: &Place) {
    let callers = append::CALLERS;
    let (ours, raw) =
        (append::ours(&sqlite.url("append")).await, append::raw_inserts(&sqlite.url("raw")).await);
    say("append, SQLite", &format!("{callers} callers, full fsync"), ours);
    beside("raw inserts, 128 rows a transaction", raw, ours);
    let ours = append::ours(&postgres.url("")).await;
    say("append, PostgreSQL", &format!("{callers} callers"), ours);
    beside("one transaction each, head locked", append::one_by_one(&postgres.url("")).await, ours);
    beside("COPY, 1,000 rows a transaction", append::copy(&postgres.url("")).await, ours);
}

async fn allocations(postgres: &Place) {
    for callers in [64, 256] {
        let ours = allocate::ours(&postgres.url(""), callers).await;
        let usual = allocate::skip_locked(&postgres.url(""), callers).await;
        say("hold and allocate, PostgreSQL", &format!("{callers} callers"), ours);
        beside("for update skip locked", usual, ours);
    }
}

/// What may depend on how long the ledger is.
async fn grown(place: &Place, size: usize) {
    let url = place.url(&format!("grown-{size}"));
    history::grow(&url, size).await;
    let name = |what: &str| format!("{what}, {}", place.name());
    let about = format!("{size} events");
    if wanted("start") {
        let took = history::start(&url).await;
        println!("{:<34} {about:<26} {:>10.3} s", name("start"), took.as_secs_f64());
    }
    if wanted("verify") {
        let (verified, hashed) = history::verify(&url).await;
        say(&name("verify"), &about, verified);
        beside("SHA-256 of the same links alone", hashed, verified);
    }
    if wanted("beside") {
        let (held, mib) = history::verify_beside(&url).await;
        say(&name("verify beside"), &format!("{about}, {mib} MiB more"), held);
    }
    if wanted("rebuild") {
        let (all, each) = history::rebuild(&url).await;
        say(&name("rebuild, all"), &about, all);
        for (projection, rate) in each {
            say(&name(&format!("rebuild, {projection}")), &about, rate);
        }
    }
    if wanted("sale") {
        let sold = sale::sales(&url).await;
        say(&name("whole sale"), &format!("{about}, {} buyers", sale::BUYERS_AT_ONCE), sold);
    }
}

fn say(what: &str, about: &str, rate: f64) {
    println!("{what:<34} {about:<26} {rate:>10.0} /s");
}

/// A yardstick, and the ratio to it.
fn beside(what: &str, rate: f64, ours: f64) {
    println!("    {what:<57} {rate:>9.0} /s  {:>6.2} of it", ours / rate);
}

/// So many a second.
fn rate(count: usize, begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}
