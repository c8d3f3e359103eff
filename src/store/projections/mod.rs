//! Runs the projections: folds what is new, rebuilds beside the live tables and switches,
//! compares the live tables with the ledger, asks the named queries.
//!
//! The rows of a projection and its bookmark change in one transaction, so a range is taken in
//! exactly once whatever stops us. A projection whose SQL fails is parked with the reason and never
//! stops the others, nor a sale. Needs a pool that may write; the ledger itself is only read.

mod compare;
pub mod folder;
mod past;
pub(super) mod projecting;

pub use compare::{Difference, compare};
pub use past::Past;

use crate::store::{
    database::{
        failure::Failure,
        sql::{On, Param, Pool, Query, Transaction, query},
    },
    error::{Attempt, StoreError},
    projections::folder::{LIVE, Projection},
};
use serde::de::DeserializeOwned;

/// Events taken in at once by all projections together. The writer waits meanwhile, so it is kept
/// short: about 10 ms.
const EVENTS_PER_FOLD_MAX: i64 = 1_000;

/// Events taken in at once by the one projection that is rebuilt: about 10 ms too.
const EVENTS_PER_PIECE_MAX: i64 = 5_000;

/// What the names of tables begin with while they are built beside the live ones; also the name of
/// the bookmark of such a build.
const BESIDE: &str = "rebuilt_";

/// How far a projection has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// The last position taken in.
    pub position: i64,
    /// Of the files that made the rows.
    pub fingerprint: String,
    /// Why it is parked; `None` while it is healthy.
    pub failure: Option<String>,
}

/// What came of a rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuilt {
    /// The new tables are live, up to this position.
    Done(i64),
    /// Its SQL failed, for this reason; the old rows, if any, still stand.
    Parked(String),
    /// Another process that rebuilt the same has finished it.
    Overtaken,
}

/// How far the rebuild of a projection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub projection: &'static str,
    /// The last position taken in.
    pub position: i64,
    /// The last position of the ledger.
    pub head: i64,
}

/// What taking in a piece of a rebuild came to.
enum Piece {
    Reached(Step),
    /// The new tables are live.
    Switched(Step),
    Overtaken,
}

/// Makes those that were never made, before anybody asks them. Call it at each start.
pub async fn make_missing(pool: &Pool, set: &[Projection]) -> Result<(), StoreError> {
    for projection in set {
        if find_bookmark(pool, projection.name).await?.is_none() {
            rebuild_one(pool, projection, &mut |_| {}).await?;
        }
    }
    Ok(())
}

/// Rebuilds those whose files changed by one piece each, while their old tables still answer; tells
/// how many events that took in. Call it until it says 0.
pub async fn renew(pool: &Pool, set: &[Projection]) -> Result<i64, StoreError> {
    let mut taken = 0;
    for projection in set {
        let mark = find_bookmark(pool, projection.name).await?;
        if mark.is_none_or(|mark| mark.fingerprint != projection.fingerprint()) {
            taken += match renew_by_a_piece(pool, projection).await {
                Ok(taken) => taken,
                Err(trouble) => park(pool, projection, trouble).await.map(|_| 0)?,
            };
        }
    }
    Ok(taken)
}

/// Goes on where the last piece ended, also that of a process that is gone; an empty ledger counts
/// as one event, for its tables are new.
async fn renew_by_a_piece(pool: &Pool, projection: &Projection) -> Result<i64, Trouble> {
    let begun = find_bookmark(pool, &beside(projection)).await?;
    let begun = begun.filter(|mark| mark.fingerprint == projection.fingerprint());
    let from = match begun {
        Some(mark) => mark.position,
        None => begin_beside(pool, projection).await.map(|()| 0)?,
    };
    let to = match take_piece(pool, projection).await? {
        Piece::Reached(Step { position, .. }) | Piece::Switched(Step { position, .. }) => position,
        Piece::Overtaken => from,
    };
    Ok((to - from).max(1))
}

/// Takes in what is new, and returns the position that every healthy projection of `set` has
/// reached (the ledger's last, where none is healthy). Those still to be made by [`renew`], and
/// parked ones, are left alone.
pub async fn fold_new(pool: &Pool, set: &[Projection]) -> Result<i64, StoreError> {
    loop {
        let head = last_position(pool).await?;
        let mut reached = vec![];
        for projection in set {
            reached.extend(healthy(pool, projection).await?.map(|position| (projection, position)));
        }
        let reached = reached.iter().map(|(_, position)| *position).min().unwrap_or(head);
        if reached >= head {
            return Ok(reached);
        }
        let mut transaction = begin(pool).await?;
        fold_piece(&mut transaction, set).await?;
        transaction.commit().await.attempt("commit folded projections")?;
    }
}

/// Takes in at most a thousand events.
async fn fold_piece(transaction: &mut Transaction, set: &[Projection]) -> Result<(), StoreError> {
    let head = last_position(&mut *transaction).await?;
    for projection in set {
        let Some(from) = healthy(&mut *transaction, projection).await? else { continue };
        if from < head {
            let to = head.min(from + EVENTS_PER_FOLD_MAX);
            fold_or_park(transaction, projection, from, to).await?;
        }
    }
    Ok(())
}

/// Builds projections anew from the first event, beside the live tables, and switches. A parked one
/// gets another chance.
pub async fn rebuild(
    pool: &Pool,
    set: &[Projection],
    mut progress: impl FnMut(Step),
) -> Result<Vec<(&'static str, Rebuilt)>, StoreError> {
    let mut outcomes = vec![];
    for projection in set {
        outcomes.push((projection.name, rebuild_one(pool, projection, &mut progress).await?));
    }
    Ok(outcomes)
}

/// Asks a named query; each row is read by the names of its columns.
///
/// # Panics
///
/// When the projection has no query of that name: names are written in our own source.
pub async fn ask<T: DeserializeOwned>(
    pool: &Pool,
    projection: &Projection,
    name: &str,
    params: Vec<Param<'_>>,
) -> Result<Vec<T>, StoreError> {
    let asked = projection
        .query(name)
        .unwrap_or_else(|| panic!("projection {} has a query {name}", projection.name));
    let question = params.into_iter().fold(query(asked.sql), Query::bind);
    let rows = question.all(pool).await.attempt("ask a projection")?;
    rows.iter().map(|row| row.read(projection.name)).collect()
}

/// Why a piece of a projection's work came to nothing.
enum Trouble {
    /// Its SQL does not do: it is parked.
    Own(String),
    /// The database fails, whatever the SQL.
    World(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(failure: StoreError) -> Self {
        Self::World(failure)
    }
}

impl Trouble {
    /// Tells SQL that is wrong, or meets events it was not made for, from a database in trouble.
    fn of(source: Failure) -> Self {
        if source.blames_statement() {
            return Self::Own(source.to_string());
        }
        Self::World(StoreError::Database { attempt: "run a projection", source })
    }
}

/// Begins to change projections; any other instance that wants to waits.
async fn begin(pool: &Pool) -> Result<Transaction, StoreError> {
    let attempt = "begin to change projections";
    let mut transaction = pool.begin(pool.words().begin_writing).await.attempt(attempt)?;
    if let Some(lock) = pool.words().lock_projections {
        query(lock).run(&mut transaction).await.attempt(attempt)?;
    }
    Ok(transaction)
}

/// The last position of the ledger; 0 while it is empty.
pub async fn last_position(on: impl Into<On<'_>>) -> Result<i64, StoreError> {
    let last = query("select coalesce(max(position), 0) from events").one(on).await;
    Ok(last.attempt("read the end of the ledger")?.get(0))
}

/// Where a projection stands, if it can be folded.
async fn healthy(
    on: impl Into<On<'_>>,
    projection: &Projection,
) -> Result<Option<i64>, StoreError> {
    let mark = find_bookmark(on, projection.name).await?;
    let sound =
        |mark: &Bookmark| mark.failure.is_none() && mark.fingerprint == projection.fingerprint();
    Ok(mark.filter(sound).map(|mark| mark.position))
}

/// How far a projection has read; `None` when it was never made.
async fn find_bookmark(on: impl Into<On<'_>>, name: &str) -> Result<Option<Bookmark>, StoreError> {
    let row = query("select position, fingerprint, failure from bookmarks where projection = $1")
        .bind(name)
        .first(on)
        .await
        .attempt("read a bookmark")?;
    Ok(row.map(|row| Bookmark {
        position: row.get(0),
        fingerprint: row.get(1),
        failure: row.get(2),
    }))
}

async fn set_bookmark(
    on: impl Into<On<'_>>,
    name: &str,
    mark: &Bookmark,
) -> Result<(), StoreError> {
    query(
        "insert into bookmarks (projection, position, fingerprint, failure)
        values ($1, $2, $3, $4)
        on conflict (projection) do update
        set position = excluded.position,
            fingerprint = excluded.fingerprint,
            failure = excluded.failure",
    )
    .bind(name)
    .bind(mark.position)
    .bind(mark.fingerprint.as_str())
    .bind(mark.failure.clone())
    .run(on)
    .await
    .map(drop)
    .attempt("set a bookmark")
}

/// Runs statements: files of ours, with one prefix of ours in place of another.
async fn run(
    transaction: &mut Transaction,
    statements: Vec<String>,
    range: Option<(i64, i64)>,
) -> Result<(), Trouble> {
    for statement in statements {
        let mut query = query(statement);
        if let Some((from, to)) = range {
            query = query.bind(from).bind(to);
        }
        query.run(&mut *transaction).await.map_err(Trouble::of)?;
    }
    Ok(())
}

/// Folds a range into the live tables, or leaves them as they were and parks the projection.
async fn fold_or_park(
    transaction: &mut Transaction,
    projection: &Projection,
    from: i64,
    to: i64,
) -> Result<(), StoreError> {
    savepoint(transaction, "savepoint projection").await?;
    let folded = run(transaction, projection.fold_statements(LIVE), Some((from, to))).await;
    let fingerprint = projection.fingerprint();
    let mark = match folded {
        Ok(()) => Bookmark { position: to, fingerprint, failure: None },
        Err(Trouble::World(failure)) => return Err(failure),
        Err(Trouble::Own(reason)) => {
            savepoint(transaction, "rollback to projection").await?;
            tracing::error!(projection = projection.name, from, to, "parked: {reason}");
            Bookmark { position: from, fingerprint, failure: Some(reason) }
        }
    };
    savepoint(transaction, "release projection").await?;
    set_bookmark(transaction, projection.name, &mark).await
}

async fn savepoint(transaction: &mut Transaction, step: &'static str) -> Result<(), StoreError> {
    query(step).run(transaction).await.map(drop).attempt("fold a projection by itself")
}

async fn rebuild_one(
    pool: &Pool,
    projection: &Projection,
    progress: &mut impl FnMut(Step),
) -> Result<Rebuilt, StoreError> {
    match build_beside(pool, projection, progress).await {
        Ok(outcome) => Ok(outcome),
        Err(trouble) => park(pool, projection, trouble).await,
    }
}

/// Leaves the old tables as they are, with the reason why there are no new ones.
async fn park(
    pool: &Pool,
    projection: &Projection,
    trouble: Trouble,
) -> Result<Rebuilt, StoreError> {
    let reason = match trouble {
        Trouble::World(failure) => return Err(failure),
        Trouble::Own(reason) => reason,
    };
    tracing::error!(projection = projection.name, "parked: {reason}");
    let mut transaction = begin(pool).await?;
    let old = find_bookmark(&mut transaction, projection.name).await?;
    let mark = Bookmark {
        position: old.map_or(0, |old| old.position),
        fingerprint: projection.fingerprint(),
        failure: Some(reason.clone()),
    };
    set_bookmark(&mut transaction, projection.name, &mark).await?;
    transaction.commit().await.attempt("park a projection")?;
    Ok(Rebuilt::Parked(reason))
}

async fn build_beside(
    pool: &Pool,
    projection: &Projection,
    progress: &mut impl FnMut(Step),
) -> Result<Rebuilt, Trouble> {
    begin_beside(pool, projection).await?;
    loop {
        match take_piece(pool, projection).await? {
            Piece::Reached(step) => progress(step),
            Piece::Switched(step) => {
                progress(step);
                return Ok(Rebuilt::Done(step.position));
            }
            Piece::Overtaken => return Ok(Rebuilt::Overtaken),
        }
    }
}

/// The name of the bookmark of a projection's rebuild.
fn beside(projection: &Projection) -> String {
    format!("{BESIDE}{}", projection.name)
}

/// Makes empty tables beside the live ones.
async fn begin_beside(pool: &Pool, projection: &Projection) -> Result<(), Trouble> {
    let mark = Bookmark { position: 0, fingerprint: projection.fingerprint(), failure: None };
    let mut transaction = begin(pool).await?;
    drop_tables(&mut transaction, projection, BESIDE).await?;
    run(&mut transaction, projection.table_statements(BESIDE), None).await?;
    set_bookmark(&mut transaction, &beside(projection), &mark).await?;
    transaction.commit().await.attempt("commit the start of a rebuild")?;
    Ok(())
}

/// Takes the next range into the tables beside the live ones, and switches when it was the last.
/// Two processes that rebuild the same share tables and bookmark, so each range is folded once.
async fn take_piece(pool: &Pool, projection: &Projection) -> Result<Piece, Trouble> {
    let fingerprint = projection.fingerprint();
    let mut transaction = begin(pool).await?;
    let begun = find_bookmark(&mut transaction, &beside(projection)).await?;
    let Some(mark) = begun.filter(|mark| mark.fingerprint == fingerprint) else {
        return Ok(Piece::Overtaken);
    };
    let head = last_position(&mut transaction).await?;
    let to = head.min(mark.position + EVENTS_PER_PIECE_MAX);
    let range = Some((mark.position, to));
    run(&mut transaction, projection.fold_statements(BESIDE), range).await?;
    let reached = Bookmark { position: to, ..mark };
    if to == head {
        switch(&mut transaction, projection, &reached).await?;
    } else {
        set_bookmark(&mut transaction, &beside(projection), &reached).await?;
    }
    transaction.commit().await.attempt("commit a piece of a rebuild")?;
    let step = Step { projection: projection.name, position: to, head };
    Ok(if to == head { Piece::Switched(step) } else { Piece::Reached(step) })
}

/// Puts the tables built beside in the place of the live ones.
async fn switch(
    transaction: &mut Transaction,
    projection: &Projection,
    mark: &Bookmark,
) -> Result<(), Trouble> {
    drop_tables(transaction, projection, LIVE).await?;
    let rename = |name| format!("alter table {BESIDE}{name} rename to {LIVE}{name}");
    let renames = projection.table_names().into_iter().map(rename).collect();
    run(transaction, renames, None).await?;
    set_bookmark(&mut *transaction, projection.name, mark).await?;
    query("delete from bookmarks where projection = $1")
        .bind(beside(projection))
        .run(transaction)
        .await
        .attempt("remove the bookmark of a rebuild")?;
    Ok(())
}

/// Whether a table is made from the events by one of `set`: a live one, or one that is being built
/// beside it.
pub fn made_by(set: &[Projection], table: &str) -> bool {
    let rest = table.strip_prefix(LIVE).or_else(|| table.strip_prefix(BESIDE));
    rest.is_some_and(|rest| set.iter().any(|projection| projection.owns_table(rest)))
}

/// Drops a projection's tables under a prefix, those of an older `table.sql` too.
async fn drop_tables(
    transaction: &mut Transaction,
    projection: &Projection,
    prefix: &str,
) -> Result<(), Trouble> {
    let tables = query(transaction.words().tables).all(&mut *transaction).await;
    let tables = tables.attempt("list the tables")?;
    let names: Vec<String> = tables.iter().map(|row| row.get(0)).collect();
    let ours =
        |name: &&String| name.strip_prefix(prefix).is_some_and(|rest| projection.owns_table(rest));
    let drops = names.iter().filter(ours).map(|name| format!("drop table {name}")).collect();
    run(transaction, drops, None).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{
            event::{Event, typed_columns},
            kernel::chain::GENESIS,
            upcast::current,
        },
        store::{
            cluster::cluster,
            database::{self, Database, sql::Row},
            projections::folder::{ALL, find},
        },
    };
    use proptest::{
        prelude::*,
        test_runner::{Config, TestRunner},
    };
    use serde::Deserialize;
    use serde_json::{Map, Value};
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        about: String,
        events: Vec<Given>,
        rows: BTreeMap<String, Vec<Map<String, Value>>>,
    }

    /// An event of an example; it is recorded as many seconds after 1970 as its position says.
    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given {
        stream: String,
        kind: String,
        data: Value,
        purchase: Option<String>,
        #[serde(default = "first_day")]
        day: String,
    }

    /// Makes what is missing and rebuilds what was edited.
    async fn prepare(pool: &Pool, set: &[Projection]) {
        make_missing(pool, set).await.unwrap();
        while renew(pool, set).await.unwrap() > 0 {}
    }

    fn first_day() -> String {
        "2026-11-22".into()
    }

    fn example(projection: &Projection) -> Example {
        serde_json::from_str(projection.example).unwrap()
    }

    struct Shop {
        pool: Pool,
        _folder: Option<tempfile::TempDir>,
    }

    /// An empty ledger in each of the databases.
    async fn shops() -> [Shop; 2] {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("lango.db").display());
        let cluster = cluster();
        let schema = cluster.url(&cluster.new_schema());
        [shop(&file, Some(folder)).await, shop(&schema, None).await]
    }

    async fn shop(url: &str, folder: Option<tempfile::TempDir>) -> Shop {
        let writer = Database::open(url).await.unwrap();
        Shop { pool: database::folder(url, &writer).await.unwrap(), _folder: folder }
    }

    async fn record(transaction: &mut Transaction, events: &[Given]) {
        let mut position = last_position(&mut *transaction).await.unwrap();
        for event in events {
            position += 1;
            if let Transaction::Postgres(_) = transaction {
                let head = "update ledger_head set position = $1";
                query(head).bind(position).run(&mut *transaction).await.unwrap();
            }
            let (site, package, amount_cents) = typed_columns(&event.data);
            query(
                "insert into events
                select $1, $2, 1 + (select count(*) from events where stream = $2), $3, 1, $4, $5,
                    $6, 'test', null, $7, $8, $9, $10, cast($11 as bigint)",
            )
            .bind(position)
            .bind(event.stream.as_str())
            .bind(event.kind.as_str())
            .bind(position * 1_000_000)
            .bind(event.day.as_str())
            .bind(event.purchase.clone())
            .bind(event.data.to_string())
            .bind(&GENESIS[..])
            .bind(site)
            .bind(package)
            .bind(amount_cents.map(|cents| cents.to_string()))
            .run(&mut *transaction)
            .await
            .unwrap();
        }
    }

    async fn record_and_commit(shop: &Shop, events: &[Given]) -> i64 {
        let mut transaction = begin(&shop.pool).await.unwrap();
        record(&mut transaction, events).await;
        transaction.commit().await.unwrap();
        last_position(&shop.pool).await.unwrap()
    }

    async fn shops_with(events: &[Given]) -> [Shop; 2] {
        let shops = shops().await;
        for shop in &shops {
            record_and_commit(shop, events).await;
        }
        shops
    }

    /// The rows of a table in one order, nulls left out.
    async fn rows(on: impl Into<On<'_>>, table: &str) -> Vec<String> {
        let all = query(format!("select * from {table}")).all(on).await.unwrap();
        let text = |row: &Row| without_nulls(row.as_map().unwrap());
        let mut texts: Vec<String> = all.iter().map(text).collect();
        texts.sort();
        texts
    }

    fn without_nulls(mut row: Map<String, Value>) -> String {
        row.retain(|_, value| !value.is_null());
        Value::Object(row).to_string()
    }

    fn quiet(_: Step) {}

    #[tokio::test]
    async fn every_example_holds() {
        for projection in ALL {
            let example = example(projection);
            let told: Vec<&str> = example.rows.keys().map(String::as_str).collect();
            let mut folded = projection.table_names();
            folded.retain(|table| {
                !projection.tables.contains(&format!("insert into {LIVE}{table} "))
            });
            assert_eq!(told, folded, "{}", projection.name);
            for shop in shops_with(&example.events).await {
                prepare(&shop.pool, &[*projection]).await;
                for (table, expected) in &example.rows {
                    let expected = expected.iter().cloned().map(without_nulls);
                    let mut expected: Vec<String> = expected.collect();
                    expected.sort();
                    let found = rows(&shop.pool, &format!("{LIVE}{table}")).await;
                    assert_eq!(found, expected, "{table}: {}", example.about);
                }
            }
        }
    }

    #[test]
    fn the_events_of_every_example_are_such_as_we_record() {
        for event in ALL.iter().flat_map(|projection| example(projection).events) {
            let stream = event.stream.parse().unwrap();
            let (kind, data) = (&event.kind, event.data.to_string());
            let read = Event::decode(&stream, kind, current(kind), &data).unwrap();
            let again: Value = serde_json::from_str(&read.encode().data).unwrap();
            assert_eq!(again, event.data, "{}", event.kind);
        }
    }

    #[tokio::test]
    async fn every_query_is_understood() {
        for shop in shops().await {
            prepare(&shop.pool, ALL).await;
            for projection in ALL {
                for asked in projection.queries {
                    let count = (1..=9).filter(|n| asked.sql.contains(&format!("${n}"))).count();
                    let number = |n| [format!("limit ${n}"), format!("cast(${n} as bigint)")];
                    let is_number = |n| number(n).iter().any(|words| asked.sql.contains(words));
                    let param =
                        |n| if is_number(n) { Param::Number(1) } else { Param::from("none") };
                    let params = (1..=count).map(param).collect();
                    let found =
                        ask::<Map<String, Value>>(&shop.pool, projection, asked.name, params)
                            .await
                            .unwrap();
                    assert!(found.is_empty(), "{}", asked.name);
                }
            }
        }
    }

    /// All examples at once: their ids made distinct, each in its order, merged as `choices` say.
    fn merged(choices: &[usize]) -> Vec<Given> {
        const ZEROES: &str = "000000000000000000000000";
        let mut queues: Vec<_> = ALL
            .iter()
            .enumerate()
            .map(|(n, projection)| {
                let text = projection.example.replace(ZEROES, &format!("{:024}", n + 1));
                let example: Example = serde_json::from_str(&text).unwrap();
                std::collections::VecDeque::from(example.events)
            })
            .collect();
        let mut events = vec![];
        for choice in choices.iter().cycle() {
            queues.retain(|queue| !queue.is_empty());
            if queues.is_empty() {
                break;
            }
            let queue = choice % queues.len();
            events.extend(queues[queue].pop_front());
        }
        events
    }

    /// Makes the tables under `prefix` and folds all events, cut after each of `cuts`.
    async fn fold_cut(transaction: &mut Transaction, prefix: &str, cuts: &[i64]) {
        let head = last_position(&mut *transaction).await.unwrap();
        for projection in ALL {
            let made = run(transaction, projection.table_statements(prefix), None).await;
            assert!(made.is_ok());
            let mut from = 0;
            for to in cuts.iter().copied().chain([head]) {
                let statements = projection.fold_statements(prefix);
                if let Err(Trouble::Own(why)) = run(transaction, statements, Some((from, to))).await
                {
                    panic!("{} from {from} to {to}: {why}", projection.name);
                }
                from = to;
            }
        }
    }

    async fn all_rows(transaction: &mut Transaction, prefix: &str) -> Vec<Vec<String>> {
        let mut all = vec![];
        for name in ALL.iter().flat_map(Projection::table_names) {
            all.push(rows(&mut *transaction, &format!("{prefix}{name}")).await);
        }
        all
    }

    async fn live_rows(shop: &Shop) -> Vec<Vec<String>> {
        let mut transaction = begin(&shop.pool).await.unwrap();
        let rows = all_rows(&mut transaction, LIVE).await;
        transaction.rollback().await;
        rows
    }

    #[test]
    fn any_cut_into_ranges_gives_the_same_rows() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shops = runtime.block_on(shops());
        let plan = (
            prop::collection::vec(0..7_usize, 1..200),
            prop::collection::btree_set(1..200_i64, 0..20),
        );
        let check = |(choices, cuts): (Vec<usize>, std::collections::BTreeSet<i64>)| {
            let events = merged(&choices);
            let count = i64::try_from(events.len()).unwrap();
            let cuts: Vec<i64> = cuts.into_iter().filter(|cut| *cut < count).collect();
            runtime.block_on(async {
                for shop in &shops {
                    let mut transaction = begin(&shop.pool).await.unwrap();
                    record(&mut transaction, &events).await;
                    fold_cut(&mut transaction, "whole_", &[]).await;
                    fold_cut(&mut transaction, "cut_", &cuts).await;
                    let whole = all_rows(&mut transaction, "whole_").await;
                    assert!(whole.iter().all(|rows| !rows.is_empty()));
                    assert_eq!(all_rows(&mut transaction, "cut_").await, whole);
                    transaction.rollback().await;
                }
            });
            Ok(())
        };
        let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
        TestRunner::new(config).run(&plan, check).unwrap();
    }

    #[tokio::test]
    async fn what_is_new_is_taken_in_and_equals_a_rebuild() {
        let events = merged(&[0, 3, 5, 1]);
        let (first, rest) = events.split_at(events.len() / 2);
        for shop in shops_with(first).await {
            prepare(&shop.pool, ALL).await;
            for event in rest {
                let head = record_and_commit(&shop, std::slice::from_ref(event)).await;
                assert_eq!(fold_new(&shop.pool, ALL).await.unwrap(), head);
            }
            let live = live_rows(&shop).await;
            assert_eq!(compare(&shop.pool, ALL).await.unwrap(), []);
            let outcomes = rebuild(&shop.pool, ALL, quiet).await.unwrap();
            let head = i64::try_from(events.len()).unwrap();
            assert!(outcomes.iter().all(|(_, outcome)| *outcome == Rebuilt::Done(head)));
            assert_eq!(live_rows(&shop).await, live);
        }
    }

    #[tokio::test]
    async fn a_row_edited_behind_our_back_is_found() {
        let revenue = find("revenue").unwrap();
        for shop in shops_with(&example(revenue).events).await {
            prepare(&shop.pool, ALL).await;
            query("update shown_revenue set sold_cents = 900 where business_day = '2026-11-22'")
                .run(&shop.pool)
                .await
                .unwrap();
            let differences = compare(&shop.pool, ALL).await.unwrap();
            assert_eq!(differences.len(), 1, "{differences:?}");
            assert_eq!(differences[0].projection, "revenue");
            let first = &differences[0].first;
            for part in
                ["shown_revenue", "2026-11-22", "\"sold_cents\":10000", "\"sold_cents\":900"]
            {
                assert!(first.contains(part), "{first}");
            }
            query("delete from shown_stock").run(&shop.pool).await.unwrap();
            rebuild(&shop.pool, ALL, quiet).await.unwrap();
            assert_eq!(compare(&shop.pool, ALL).await.unwrap(), []);
        }
    }

    #[tokio::test]
    async fn a_projection_that_fails_is_parked_and_the_others_go_on() {
        let stock = find("stock").unwrap();
        let events = example(stock).events;
        for shop in shops_with(&events[..9]).await {
            // It fails at the second sort of event only, after having changed a row.
            let fold = "-- Broken.\n\
                update shown_stock\nset free = free + 1000\nwhere $1 <= $2;\n\
                insert into shown_stock\nselect * from shown_stock\nwhere $2 > 9 and $1 >= 0;";
            let broken = Projection { fold, ..*stock };
            let set = [broken, *find("vouchers").unwrap()];
            prepare(&shop.pool, &set).await;
            query("insert into shown_stock values ('a', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)")
                .run(&shop.pool)
                .await
                .unwrap();
            let head = record_and_commit(&shop, &events[9..]).await;
            assert_eq!(fold_new(&shop.pool, &set).await.unwrap(), head);
            let parked = find_bookmark(&shop.pool, broken.name).await.unwrap().unwrap();
            assert_eq!(parked.position, 9);
            assert!(parked.failure.unwrap().to_lowercase().contains("unique constraint"));
            assert!(rows(&shop.pool, "shown_stock").await[0].contains("\"free\":0"));
            let differences = compare(&shop.pool, &set).await.unwrap();
            assert!(differences.len() == 1 && differences[0].first.starts_with("it is parked"));
            // A restart with the file mended heals it.
            let mended = [*stock, set[1]];
            prepare(&shop.pool, &mended).await;
            let healed = find_bookmark(&shop.pool, broken.name).await.unwrap().unwrap();
            assert_eq!((healed.position, healed.failure), (head, None));
            assert_eq!(compare(&shop.pool, &mended).await.unwrap(), []);
        }
    }

    #[tokio::test]
    async fn sql_that_does_not_parse_parks_and_keeps_the_old_rows() {
        let stock = find("stock").unwrap();
        for shop in shops_with(&example(stock).events).await {
            prepare(&shop.pool, &[*stock]).await;
            let edited = Projection { fold: "-- Broken.\nselect from where nothing;", ..*stock };
            prepare(&shop.pool, &[edited]).await;
            let parked = find_bookmark(&shop.pool, "stock").await.unwrap().unwrap();
            assert!(parked.failure.is_some());
            let rows = ask::<Map<String, Value>>(&shop.pool, &edited, "all", vec![]).await.unwrap();
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[0]["package"], "daily");
            assert_eq!(rows[0]["set_aside"], 2);
            assert_eq!(renew(&shop.pool, &[edited]).await.unwrap(), 0, "tried once");
        }
    }

    #[tokio::test]
    async fn tables_of_an_older_folder_go_away() {
        let stock = find("stock").unwrap();
        let older = Projection {
            tables: "-- Older.\ncreate table shown_stock (a text);\n\
                create table shown_stock_days (b text);",
            fold: "-- Nothing.\ndelete from shown_stock_days\n\
                where cast($1 as bigint) > cast($2 as bigint);",
            ..*stock
        };
        for shop in shops_with(&example(stock).events).await {
            prepare(&shop.pool, &[older]).await;
            prepare(&shop.pool, ALL).await;
            let tables = query(shop.pool.words().tables).all(&shop.pool).await.unwrap();
            let mut names: Vec<String> = tables.iter().map(|row| row.get(0)).collect();
            names.retain(|name| name.starts_with("shown_stock"));
            assert_eq!(names, ["shown_stock"]);
            let left = "select count(*) from bookmarks where projection like 'rebuilt%'";
            let left: i64 = query(left).one(&shop.pool).await.unwrap().get(0);
            assert_eq!(left, 0);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_rebuilds_one_steps_back() {
        let voucher = |n: i64| Given {
            stream: format!("voucher-{n:032x}"),
            kind: "voucher_imported".into(),
            data: serde_json::json!({ "site": "mtaa", "package": "daily", "batch": "b" }),
            purchase: None,
            day: first_day(),
        };
        let many: Vec<Given> = (1..=EVENTS_PER_PIECE_MAX + 10).map(voucher).collect();
        for shop in shops_with(&many).await {
            let set = [*find("stock").unwrap()];
            let mut other = None;
            let outcomes = rebuild(&shop.pool, &set, |_| {
                let runtime = tokio::runtime::Handle::current();
                other = tokio::task::block_in_place(|| {
                    Some(runtime.block_on(rebuild(&shop.pool, &set, quiet)).unwrap())
                });
            });
            assert_eq!(outcomes.await.unwrap(), [("stock", Rebuilt::Overtaken)]);
            assert_eq!(other.unwrap(), [("stock", Rebuilt::Done(EVENTS_PER_PIECE_MAX + 10))]);
            assert_eq!(compare(&shop.pool, &set).await.unwrap(), []);
        }
    }

    #[tokio::test]
    async fn the_books_balance_and_every_code_stands_in_one_place() {
        let revenue = find("revenue").unwrap();
        for shop in shops_with(&example(revenue).events).await {
            prepare(&shop.pool, ALL).await;
            assert_eq!(
                ask::<Map<String, Value>>(&shop.pool, revenue, "unbalanced", vec![]).await.unwrap(),
                []
            );
            let days = ["2026-11-23", "2026-11-23"].map(Param::from);
            let later =
                ask::<Map<String, Value>>(&shop.pool, revenue, "days", days.into()).await.unwrap();
            assert_eq!(later.len(), 1);
            assert_eq!(later[0]["sold_cents"], 5000);
        }
        let journal = find("journal").unwrap();
        for shop in shops_with(&example(journal).events).await {
            prepare(&shop.pool, ALL).await;
            assert_eq!(
                ask::<Map<String, Value>>(&shop.pool, journal, "unbalanced", vec![]).await.unwrap(),
                []
            );
            let always = [0, i64::MAX].map(Param::from).into();
            let accounts = ask::<Map<String, Value>>(&shop.pool, journal, "trial_balance", always)
                .await
                .unwrap();
            assert!(accounts.len() > 5);
            let balance = |row: &Map<String, Value>| row["balance_cents"].as_i64().unwrap();
            assert_eq!(accounts.iter().map(balance).sum::<i64>(), 0);
        }
        for shop in shops_with(&merged(&[2, 6, 4])).await {
            prepare(&shop.pool, ALL).await;
            for row in ask::<Map<String, Value>>(&shop.pool, find("stock").unwrap(), "all", vec![])
                .await
                .unwrap()
            {
                let number = |key: &str| row[key].as_i64().unwrap();
                let places = ["free", "held", "sold", "voided", "set_aside"];
                let placed: i64 = places.iter().map(|place| number(place)).sum();
                assert_eq!(placed, number("imported"));
            }
        }
    }

    #[tokio::test]
    async fn the_latest_purchase_of_a_device_comes_first() {
        let purchases = find("purchases").unwrap();
        for shop in shops_with(&example(purchases).events).await {
            prepare(&shop.pool, ALL).await;
            let device = vec![Param::from("0000000000000000000000000000dd01"), Param::Number(2)];
            let latest = ask::<Map<String, Value>>(&shop.pool, purchases, "by_device", device)
                .await
                .unwrap();
            let ends = |n: usize| latest[n]["purchase"].as_str().unwrap()[28..].to_owned();
            assert_eq!((latest.len(), ends(0), ends(1)), (2, "b004".into(), "b003".into()));
        }
    }
}
