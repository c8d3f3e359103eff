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
use sqlx::{
    Row as _,
    postgres::{PgConnectOptions, PgPoolCopyExt as _, PgPoolOptions},
};
use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How many append at once.
pub const CALLERS: usize = 256;
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
pub async fn again_and_again<F>(callers: usize, deed: impl Fn(usize) -> F) -> f64
where
    F: Future<Output = Box<dyn FnMut() -> Step + Send>>,
{
    let done = Arc::new(AtomicUsize::new(0));
    let mut ready = vec![];
    for caller in 0..callers {
        ready.push(deed(caller).await);
    }
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut step in ready {
        let done = Arc::clone(&done);
        running.spawn(async move {
            while begun.elapsed() < LASTS {
                step().await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    running.join_all().await;
    rate(done.load(Ordering::Relaxed), begun)
}

/// One deed of a caller.
pub type Step = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Events a second through the writer.
pub async fn ours(url: &str) -> f64 {
    let store = place::open(url, place::KEY).await;
    let found = again_and_again(CALLERS, |_| {
        let store = store.clone();
        async move {
            let (clock, random) = app::machine();
            Box::new(move || -> Step {
                let batch = BatchId(random.id(clock.now()));
                let command = RecordBatch { batch, imported: batch_event() };
                let store = store.clone();
                Box::pin(async move {
                    store.execute(command).await.expect("an append works");
                })
            }) as Box<dyn FnMut() -> Step + Send>
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
    let mut connection = SqliteConnection::connect(url).await.expect("it opens");
    sqlx::query("pragma synchronous = full").execute(&mut connection).await.expect("it is set");
    let row = sqlx::query("select coalesce(max(position), 0) from events");
    let row = row.fetch_one(&mut connection).await.expect("it is read");
    let (mut position, begun) = (row.get::<i64, _>(0), Instant::now());
    let (clock, random) = app::machine();
    let (data, first) = (data(), position);
    while begun.elapsed() < LASTS {
        file.execute_batch("begin immediate").expect("it begins");
        let mut insert = file
            .prepare_cached(
                "insert into events (position, stream, version, kind, schema, recorded_at,
                   business_day, actor, data, hash)
                 values ($1, $2, 1, 'batch_imported', 1, 1, '2026-11-22', 'bench', $3,
                   zeroblob(32))",
            )
            .expect("it is a statement");
        for _ in 0..128 {
            position += 1;
            let stream = format!("batch-{}", random.id(clock.now()).simple());
            insert.execute(rusqlite::params![position, stream, data]).expect("an insert works");
        }
        file.execute_batch("commit").expect("it commits");
    }
    rate(usize::try_from(position - first).expect("a count"), begun)
}

/// PostgreSQL's first yardstick: a transaction for each append, which locks the head, follows it
/// and moves it.
pub async fn one_by_one(url: &str) -> f64 {
    place::open(url, place::KEY).await.close().await;
    let options: PgConnectOptions = url.parse().expect("an address");
    let pool = PgPoolOptions::new().max_connections(64).connect_with(options).await;
    let pool = pool.expect("it opens");
    let data = data();
    again_and_again(CALLERS, |_| {
        let (pool, data) = (pool.clone(), data.clone());
        async move {
            let (clock, random) = app::machine();
            Box::new(move || -> Step {
                let stream = format!("batch-{}", random.id(clock.now()).simple());
                let (pool, data) = (pool.clone(), data.clone());
                Box::pin(async move { append_alone(&pool, stream, data).await })
            }) as Box<dyn FnMut() -> Step + Send>
        }
    })
    .await
}

async fn append_alone(pool: &sqlx::PgPool, stream: String, data: String) {
    let mut transaction = pool.begin().await.expect("it begins");
    let head = sqlx::query("select position, hash from ledger_head for update");
    let head = head.fetch_one(&mut *transaction).await.expect("the head is read");
    let (position, before): (i64, Vec<u8>) = (head.get(0), head.get(1));
    let hash = lango::ledger::kernel::chain::Hash::from(sha256(&before, &data));
    sqlx::query("update ledger_head set position = $1, hash = $2")
        .bind(position + 1)
        .bind(&hash[..])
        .execute(&mut *transaction)
        .await
        .expect("the head moves");
    sqlx::query(
        "insert into events (position, stream, version, kind, schema, recorded_at, business_day,
           actor, data, hash)
         values ($1, $2, 1, 'batch_imported', 1, 1, '2026-11-22', 'bench', $3, $4)",
    )
    .bind(position + 1)
    .bind(stream)
    .bind(data)
    .bind(&hash[..])
    .execute(&mut *transaction)
    .await
    .expect("an insert works");
    transaction.commit().await.expect("it commits");
}

fn sha256(before: &[u8], data: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::new().chain_update(before).chain_update(data).finalize().into()
}

/// PostgreSQL's second yardstick: COPY into the same columns and indexes, without triggers, 1,000
/// rows a transaction.
pub async fn copy(url: &str) -> f64 {
    place::open(url, place::KEY).await.close().await;
    let options: PgConnectOptions = url.parse().expect("an address");
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.expect("it opens");
    sqlx::query("create table copied (like events including all)")
        .execute(&pool)
        .await
        .expect("it is made");
    let (clock, random) = app::machine();
    let data = data().replace('\\', "\\\\");
    let (begun, mut position) = (Instant::now(), 0);
    while begun.elapsed() < LASTS {
        let mut rows = String::new();
        for _ in 0..1_000 {
            position += 1;
            let stream = format!("batch-{}", random.id(clock.now()).simple());
            let hash = "ab".repeat(32);
            let about = "1\tbatch_imported\t1\t1\t2026-11-22\tbench";
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
    rate(position, begun)
}
