//! Appending: many callers at once, chained, with all checks; beside it what the database itself
//! can do with the same rows.

use crate::{place, rate};
use lango::{
    app,
    commands::stock::import_vouchers::RecordBatch,
    ledger::{
        catalogue::BatchEvent,
        kernel::id::{BatchId, Slug},
    },
};
use sqlx::postgres::{PgConnectOptions, PgPoolCopyExt as _, PgPoolOptions};
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// How many append at once.
const CALLERS: usize = 256;
const LASTS: Duration = Duration::from_secs(3);

fn batch_event() -> BatchEvent {
    BatchEvent::Imported {
        site: Slug::parse("mtaa").expect("a short name"),
        format: "x".repeat(300),
        file: "f".repeat(64),
        accepted: 1,
        set_aside: 0,
        left_out: 0,
    }
}

fn data() -> String {
    serde_json::to_string(&batch_event()).expect("plain data")
}

/// Has callers do something again and again; tells how often a second it was done.
pub async fn again_and_again<F>(
    callers: usize,
    deed: impl Fn() -> F + Clone + Send + 'static,
) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let deed = deed.clone();
        running.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < LASTS {
                deed().await;
                done += 1;
            }
            done
        });
    }
    rate(running.join_all().await.into_iter().sum(), begun)
}

/// Events a second through the writer.
pub async fn ours(url: &str) -> f64 {
    let store = place::open(url, place::KEY).await;
    let ((clock, random), writer) = (app::machine(), store.clone());
    let found = again_and_again(CALLERS, move || {
        let (batch, writer) = (BatchId(random.id(clock.now())), writer.clone());
        async move {
            let command = RecordBatch { batch, imported: batch_event() };
            writer.execute(command).await.expect("an append works");
        }
    })
    .await;
    store.close().await;
    found
}

/// SQLite's yardstick: the same table, indexes and triggers, 128 rows a transaction, full fsync; no
/// chain, no reading, no deciding.
pub async fn raw_inserts(url: &str) -> f64 {
    place::open(url, place::KEY).await.close().await;
    let file = url.strip_prefix("sqlite:").expect("a file");
    let mut connection = rusqlite::Connection::open(file).expect("it opens");
    connection.execute_batch("pragma synchronous = full").expect("it is set");
    let sql = "select coalesce(max(position), 0) from events";
    let first: i64 = connection.query_row(sql, [], |row| row.get(0)).expect("it is read");
    let (clock, random) = app::machine();
    let (data, mut position, begun) = (data(), first, Instant::now());
    while begun.elapsed() < LASTS {
        let transaction = connection.transaction().expect("it begins");
        let insert = "insert into events (position, stream, version, kind, schema, recorded_at,
                        business_day, actor, data, hash)
                      values ($1, $2, 1, 'batch_imported', 1, 1, '2026-11-22', 'bench', $3,
                        zeroblob(32))";
        let mut insert = transaction.prepare_cached(insert).expect("it is SQL");
        for _ in 0..128 {
            position += 1;
            let stream = format!("batch-{}", random.id(clock.now()).simple());
            insert.execute((position, stream, &data)).expect("an insert works");
        }
        drop(insert);
        transaction.commit().expect("it commits");
    }
    rate(usize::try_from(position - first).expect("a count"), begun)
}

/// The events of appends, for [`copy`].
pub fn event() -> (&'static str, String) {
    ("batch_imported", data())
}

/// PostgreSQL's yardstick: COPY of the same rows into the same table, 1,000 a transaction.
pub async fn copy(url: &str, (kind, data): (&str, String)) -> f64 {
    place::open(url, place::KEY).await.close().await;
    let options: PgConnectOptions = url.parse().expect("an address");
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.expect("it opens");
    sqlx::query("create table copied (like events including all)")
        .execute(&pool)
        .await
        .expect("it is made");
    let (clock, random) = app::machine();
    let data = data.replace('\\', "\\\\");
    let (begun, mut position) = (Instant::now(), 0);
    while begun.elapsed() < LASTS {
        let mut rows = String::new();
        for _ in 0..1_000 {
            position += 1;
            let stream = format!("batch-{}", random.id(clock.now()).simple());
            let hash = "ab".repeat(32);
            let about = format!("1\t{kind}\t1\t1\t2026-11-22\tbench");
            writeln!(rows, "{position}\t{stream}\t{about}\t{data}\t\\\\x{hash}")
                .expect("a string takes every text");
        }
        let columns = "position, stream, version, kind, schema, recorded_at, business_day, actor, \
                       data, hash";
        let copy = format!("copy copied ({columns}) from stdin");
        let mut copy = pool.copy_in_raw(&copy).await.expect("a copy begins");
        copy.send(rows.into_bytes()).await.expect("rows are sent");
        copy.finish().await.expect("rows are in");
    }
    pool.close().await;
    rate(position, begun)
}
