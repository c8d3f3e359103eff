//! Runs the projections on SQLite: folds what is new, rebuilds beside the live tables and switches,
//! compares the live tables with the ledger, asks the named queries.
//!
//! The rows of a projection and its bookmark change in one transaction, so a range is taken in
//! exactly once whatever stops us. A projection whose SQL fails is parked with the reason and never
//! stops the others, nor a sale. Needs a pool that may write; the ledger itself is only read.

mod compare;
mod past;

pub use compare::{Difference, compare};
pub use past::Past;

use crate::{
    projections::{LIVE, Projection},
    store::error::{Attempt, StoreError},
};
use serde_json::{Map, Value};
use sqlx::{
    AssertSqlSafe, Column, Row, SqliteConnection, SqlitePool, TypeInfo, ValueRef,
    sqlite::{SqliteArguments, SqliteRow},
};

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
    /// Another process began the same rebuild meanwhile and finishes it.
    Overtaken,
}

/// A value for a named query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param<'a> {
    /// An id, a short name, a business day.
    Text(&'a str),
    /// A limit.
    Number(i64),
}

/// Makes what is missing: rebuilds every projection that has no bookmark or whose files changed.
/// Call it at each start. `progress` is told a projection and the position it has reached.
pub async fn prepare(
    pool: &SqlitePool,
    set: &[Projection],
    mut progress: impl FnMut(&'static str, i64),
) -> Result<Vec<(&'static str, Rebuilt)>, StoreError> {
    let mut outcomes = vec![];
    for projection in set {
        let mark = bookmark(pool, projection).await?;
        if mark.is_none_or(|mark| mark.fingerprint != projection.fingerprint()) {
            outcomes.push((projection.name, rebuild_one(pool, projection, &mut progress).await?));
        }
    }
    Ok(outcomes)
}

/// Takes in what is new, and returns the position that every healthy projection of `set` has
/// reached (the ledger's last, where none is healthy). Those still to be made by [`prepare`], and
/// parked ones, are left alone.
pub async fn fold_new(pool: &SqlitePool, set: &[Projection]) -> Result<i64, StoreError> {
    loop {
        let mut connection = pool.acquire().await.attempt("reach the projections")?;
        let head = last_position(&mut connection).await?;
        let reached = healthy(&mut connection, set).await?;
        let reached = reached.iter().map(|(_, position)| *position).min().unwrap_or(head);
        if reached >= head {
            return Ok(reached);
        }
        drop(connection);
        let mut transaction =
            pool.begin_with("begin immediate").await.attempt("begin to fold projections")?;
        fold_piece(&mut transaction, set).await?;
        transaction.commit().await.attempt("commit folded projections")?;
    }
}

/// Takes in at most a thousand events, inside a transaction that the caller has begun for writing
/// and will commit; for a writer that folds between its own commits.
pub async fn fold_piece(
    connection: &mut SqliteConnection,
    set: &[Projection],
) -> Result<(), StoreError> {
    let head = last_position(connection).await?;
    for (projection, from) in healthy(connection, set).await? {
        if from < head {
            let to = head.min(from + EVENTS_PER_FOLD_MAX);
            fold_or_park(connection, projection, (from, to)).await?;
        }
    }
    Ok(())
}

/// Builds projections anew from the first event, beside the live tables, and switches. A parked one
/// gets another chance.
pub async fn rebuild(
    pool: &SqlitePool,
    set: &[Projection],
    mut progress: impl FnMut(&'static str, i64),
) -> Result<Vec<(&'static str, Rebuilt)>, StoreError> {
    let mut outcomes = vec![];
    for projection in set {
        outcomes.push((projection.name, rebuild_one(pool, projection, &mut progress).await?));
    }
    Ok(outcomes)
}

/// Asks a named query. Numbers come as JSON numbers, text as strings.
///
/// # Panics
///
/// When the projection has no query of that name: names are written in our own source.
pub async fn query(
    pool: &SqlitePool,
    projection: &Projection,
    name: &str,
    params: &[Param<'_>],
) -> Result<Vec<Map<String, Value>>, StoreError> {
    let query = projection
        .query(name)
        .unwrap_or_else(|| panic!("projection {} has a query {name}", projection.name));
    ask(pool, query.sql, params).await
}

async fn ask<'e>(
    database: impl sqlx::SqliteExecutor<'e>,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<Map<String, Value>>, StoreError> {
    // The text is a file of ours, with one prefix of ours in place of another.
    let mut question = sqlx::query(AssertSqlSafe(sql.to_owned()));
    for param in params {
        question = match *param {
            Param::Text(text) => question.bind(text.to_owned()),
            Param::Number(number) => question.bind(number),
        };
    }
    let rows = question.fetch_all(database).await.attempt("ask a projection")?;
    rows.iter().map(|row| as_map(row).attempt("read a projection's row")).collect()
}

/// How far a projection has read; `None` when it was never made.
pub async fn bookmark(
    pool: &SqlitePool,
    projection: &Projection,
) -> Result<Option<Bookmark>, StoreError> {
    let mut connection = pool.acquire().await.attempt("reach the bookmarks")?;
    find_bookmark(&mut connection, projection.name).await
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
    fn of(source: sqlx::Error) -> Self {
        const OWN: [i32; 5] = [1, 18, 19, 20, 25]; // error, too big, constraint, mismatch, range
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
        // The low byte is the kind of result, the rest only refines it.
        let kind = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
        if kind.is_some_and(|kind| OWN.contains(&kind)) {
            return Self::Own(source.to_string());
        }
        Self::World(StoreError::Database { attempt: "run a projection", source })
    }
}

async fn last_position(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("select coalesce(max(position), 0) from events")
        .fetch_one(connection)
        .await
        .attempt("read the end of the ledger")
}

/// The projections that can be folded, and where they stand.
async fn healthy<'a>(
    connection: &mut SqliteConnection,
    set: &'a [Projection],
) -> Result<Vec<(&'a Projection, i64)>, StoreError> {
    let mut healthy = vec![];
    for projection in set {
        let Some(mark) = find_bookmark(connection, projection.name).await? else { continue };
        if mark.failure.is_none() && mark.fingerprint == projection.fingerprint() {
            healthy.push((projection, mark.position));
        }
    }
    Ok(healthy)
}

async fn find_bookmark(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<Bookmark>, StoreError> {
    let found = sqlx::query_as(
        "select position, fingerprint, failure from bookmarks where projection = $1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await
    .attempt("read a bookmark")?;
    let of = |(position, fingerprint, failure)| Bookmark { position, fingerprint, failure };
    Ok(found.map(of))
}

async fn set_bookmark(
    connection: &mut SqliteConnection,
    name: &str,
    mark: &Bookmark,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into bookmarks (projection, position, fingerprint, failure)
        values ($1, $2, $3, $4)
        on conflict (projection) do update
        set position = excluded.position,
            fingerprint = excluded.fingerprint,
            failure = excluded.failure",
    )
    .bind(name)
    .bind(mark.position)
    .bind(&mark.fingerprint)
    .bind(&mark.failure)
    .execute(connection)
    .await
    .map(drop)
    .attempt("set a bookmark")
}

async fn run(
    connection: &mut SqliteConnection,
    statements: Vec<String>,
    range: Option<(i64, i64)>,
) -> Result<(), Trouble> {
    for statement in statements {
        let mut arguments = SqliteArguments::default();
        if let Some((from, to)) = range {
            for bound in [from, to] {
                sqlx::Arguments::add(&mut arguments, bound).expect("a number is always taken");
            }
        }
        // The text is a file of ours, with one prefix of ours in place of another.
        sqlx::query_with(AssertSqlSafe(statement), arguments)
            .execute(&mut *connection)
            .await
            .map_err(Trouble::of)?;
    }
    Ok(())
}

/// Folds a range into the live tables, or leaves them as they were and parks the projection.
async fn fold_or_park(
    connection: &mut SqliteConnection,
    projection: &Projection,
    (from, to): (i64, i64),
) -> Result<(), StoreError> {
    // By hand, since the caller's transaction may have been begun by hand.
    savepoint(connection, "savepoint projection").await?;
    let folded = run(connection, projection.fold_statements(LIVE), Some((from, to))).await;
    let fingerprint = projection.fingerprint();
    let mark = match folded {
        Ok(()) => Bookmark { position: to, fingerprint, failure: None },
        Err(Trouble::World(failure)) => return Err(failure),
        Err(Trouble::Own(reason)) => {
            savepoint(connection, "rollback to projection").await?;
            tracing::error!(projection = projection.name, from, to, "parked: {reason}");
            Bookmark { position: from, fingerprint, failure: Some(reason) }
        }
    };
    savepoint(connection, "release projection").await?;
    set_bookmark(connection, projection.name, &mark).await
}

async fn savepoint(
    connection: &mut SqliteConnection,
    step: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(step).execute(connection).await.map(drop).attempt("fold a projection by itself")
}

async fn rebuild_one(
    pool: &SqlitePool,
    projection: &Projection,
    progress: &mut impl FnMut(&'static str, i64),
) -> Result<Rebuilt, StoreError> {
    match build_beside(pool, projection, progress).await {
        Ok(outcome) => Ok(outcome),
        Err(Trouble::World(failure)) => Err(failure),
        Err(Trouble::Own(reason)) => {
            tracing::error!(projection = projection.name, "parked: {reason}");
            let old = bookmark(pool, projection).await?;
            let mark = Bookmark {
                position: old.map_or(0, |old| old.position),
                fingerprint: projection.fingerprint(),
                failure: Some(reason.clone()),
            };
            let mut connection = pool.acquire().await.attempt("reach the bookmarks")?;
            set_bookmark(&mut connection, projection.name, &mark).await?;
            Ok(Rebuilt::Parked(reason))
        }
    }
}

async fn build_beside(
    pool: &SqlitePool,
    projection: &Projection,
    progress: &mut impl FnMut(&'static str, i64),
) -> Result<Rebuilt, Trouble> {
    let beside = format!("{BESIDE}{}", projection.name);
    let fingerprint = projection.fingerprint();
    let mark = |position| Bookmark { position, fingerprint: fingerprint.clone(), failure: None };
    let mut transaction = pool.begin_with("begin immediate").await.attempt("begin a rebuild")?;
    drop_tables(&mut transaction, projection, BESIDE).await?;
    run(&mut transaction, projection.table_statements(BESIDE), None).await?;
    set_bookmark(&mut transaction, &beside, &mark(0)).await?;
    transaction.commit().await.attempt("commit the start of a rebuild")?;
    let mut from = 0;
    loop {
        let mut transaction =
            pool.begin_with("begin immediate").await.attempt("go on with a rebuild")?;
        // Two who rebuild the same share tables and bookmark; whoever finds the bookmark moved
        // steps back, so that each range is still folded once.
        if find_bookmark(&mut transaction, &beside).await? != Some(mark(from)) {
            return Ok(Rebuilt::Overtaken);
        }
        let head = last_position(&mut transaction).await?;
        let to = head.min(from + EVENTS_PER_PIECE_MAX);
        run(&mut transaction, projection.fold_statements(BESIDE), Some((from, to))).await?;
        if to == head {
            switch(&mut transaction, projection, &mark(to)).await?;
        } else {
            set_bookmark(&mut transaction, &beside, &mark(to)).await?;
        }
        transaction.commit().await.attempt("commit a piece of a rebuild")?;
        progress(projection.name, to);
        if to == head {
            return Ok(Rebuilt::Done(to));
        }
        from = to;
    }
}

/// Puts the tables built beside in the place of the live ones.
async fn switch(
    connection: &mut SqliteConnection,
    projection: &Projection,
    mark: &Bookmark,
) -> Result<(), Trouble> {
    drop_tables(connection, projection, LIVE).await?;
    let rename = |name| format!("alter table {BESIDE}{name} rename to {LIVE}{name}");
    let renames = projection.table_names().into_iter().map(rename).collect();
    run(connection, renames, None).await?;
    set_bookmark(connection, projection.name, mark).await?;
    sqlx::query("delete from bookmarks where projection = $1")
        .bind(format!("{BESIDE}{}", projection.name))
        .execute(connection)
        .await
        .attempt("remove the bookmark of a rebuild")?;
    Ok(())
}

/// Drops a projection's tables under a prefix, those of an older `table.sql` too.
async fn drop_tables(
    connection: &mut SqliteConnection,
    projection: &Projection,
    prefix: &str,
) -> Result<(), Trouble> {
    let names: Vec<String> =
        sqlx::query_scalar("select name from sqlite_master where type = 'table'")
            .fetch_all(&mut *connection)
            .await
            .attempt("list the tables")?;
    let ours =
        |name: &&String| name.strip_prefix(prefix).is_some_and(|rest| projection.owns_table(rest));
    let drops = names.iter().filter(ours).map(|name| format!("drop table {name}")).collect();
    run(connection, drops, None).await
}

fn as_map(row: &SqliteRow) -> Result<Map<String, Value>, sqlx::Error> {
    let mut map = Map::new();
    for column in row.columns() {
        let (place, value) = (column.ordinal(), row.try_get_raw(column.ordinal())?);
        let value = match (value.is_null(), value.type_info().name()) {
            (true, _) => Value::Null,
            (false, "INTEGER") => row.try_get::<i64, _>(place)?.into(),
            (false, _) => row.try_get::<String, _>(place)?.into(),
        };
        map.insert(column.name().to_owned(), value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{
            event::{Event, typed_columns},
            upcast::current,
        },
        projections::{ALL, find},
    };
    use proptest::{
        prelude::*,
        test_runner::{Config, TestRunner},
    };
    use serde::Deserialize;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
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

    fn first_day() -> String {
        "2026-11-22".into()
    }

    fn example(projection: &Projection) -> Example {
        serde_json::from_str(projection.example).unwrap()
    }

    struct Shop {
        pool: SqlitePool,
        _folder: tempfile::TempDir,
    }

    async fn shop() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("lango.db"))
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
        sqlx::migrate!("migrations/sqlite").run(&pool).await.unwrap();
        Shop { pool, _folder: folder }
    }

    async fn record(connection: &mut SqliteConnection, events: &[Given]) {
        let mut position = last_position(connection).await.unwrap();
        for event in events {
            position += 1;
            let (site, package, amount_cents) = typed_columns(&event.data);
            sqlx::query(
                "insert into events
                select $1, $2, 1 + (select count(*) from events where stream = $2), $3, 1,
                    $1 * 1000000, $4, $5, 'test', null, $6, zeroblob(32), $7, $8, $9",
            )
            .bind(position)
            .bind(&event.stream)
            .bind(&event.kind)
            .bind(&event.day)
            .bind(&event.purchase)
            .bind(event.data.to_string())
            .bind(site)
            .bind(package)
            .bind(amount_cents)
            .execute(&mut *connection)
            .await
            .unwrap();
        }
    }

    async fn shop_with(events: &[Given]) -> Shop {
        let shop = shop().await;
        let mut transaction = shop.pool.begin().await.unwrap();
        record(&mut transaction, events).await;
        transaction.commit().await.unwrap();
        shop
    }

    /// The rows of a table in one order, nulls left out.
    async fn rows(connection: &mut SqliteConnection, table: &str) -> Vec<String> {
        let all = sqlx::query(AssertSqlSafe(format!("select * from {table}")));
        let all = all.fetch_all(connection).await.unwrap();
        let mut texts: Vec<String> =
            all.iter().map(|row| without_nulls(as_map(row).unwrap())).collect();
        texts.sort();
        texts
    }

    fn without_nulls(mut row: Map<String, Value>) -> String {
        row.retain(|_, value| !value.is_null());
        Value::Object(row).to_string()
    }

    fn quiet(_: &'static str, _: i64) {}

    #[tokio::test]
    async fn every_example_holds() {
        for projection in ALL {
            let example = example(projection);
            let shop = shop_with(&example.events).await;
            prepare(&shop.pool, &[*projection], quiet).await.unwrap();
            let told: Vec<&str> = example.rows.keys().map(String::as_str).collect();
            assert_eq!(told, projection.table_names(), "{}", projection.name);
            let mut connection = shop.pool.acquire().await.unwrap();
            for (table, expected) in example.rows {
                let mut expected: Vec<String> = expected.into_iter().map(without_nulls).collect();
                expected.sort();
                let found = rows(&mut connection, &format!("{LIVE}{table}")).await;
                assert_eq!(found, expected, "{table}: {}", example.about);
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
        let shop = shop().await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        for projection in ALL {
            for asked in projection.queries {
                let count = (1..=9).filter(|n| asked.sql.contains(&format!("${n}"))).count();
                let params = vec![Param::Number(1); count];
                let found = query(&shop.pool, projection, asked.name, &params).await.unwrap();
                assert!(found.is_empty(), "{}", asked.name);
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
    async fn fold_cut(connection: &mut SqliteConnection, prefix: &str, cuts: &[i64]) {
        let head = last_position(connection).await.unwrap();
        for projection in ALL {
            let made = run(connection, projection.table_statements(prefix), None).await;
            assert!(made.is_ok());
            let mut from = 0;
            for to in cuts.iter().copied().chain([head]) {
                let statements = projection.fold_statements(prefix);
                if let Err(Trouble::Own(why)) = run(connection, statements, Some((from, to))).await
                {
                    panic!("{} from {from} to {to}: {why}", projection.name);
                }
                from = to;
            }
        }
    }

    async fn all_rows(connection: &mut SqliteConnection, prefix: &str) -> Vec<Vec<String>> {
        let mut all = vec![];
        for name in ALL.iter().flat_map(Projection::table_names) {
            all.push(rows(connection, &format!("{prefix}{name}")).await);
        }
        all
    }

    #[test]
    fn any_cut_into_ranges_gives_the_same_rows() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shop = runtime.block_on(shop());
        let plan = (
            prop::collection::vec(0..7_usize, 1..200),
            prop::collection::btree_set(1..130_i64, 0..20),
        );
        let check = |(choices, cuts): (Vec<usize>, std::collections::BTreeSet<i64>)| {
            let events = merged(&choices);
            let count = i64::try_from(events.len()).unwrap();
            let cuts: Vec<i64> = cuts.into_iter().filter(|cut| *cut < count).collect();
            runtime.block_on(async {
                let mut transaction = shop.pool.begin().await.unwrap();
                record(&mut transaction, &events).await;
                fold_cut(&mut transaction, "whole_", &[]).await;
                fold_cut(&mut transaction, "cut_", &cuts).await;
                let whole = all_rows(&mut transaction, "whole_").await;
                assert!(whole.iter().all(|rows| !rows.is_empty()));
                assert_eq!(all_rows(&mut transaction, "cut_").await, whole);
                transaction.rollback().await.unwrap();
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
        let shop = shop_with(first).await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        let mut connection = shop.pool.acquire().await.unwrap();
        for event in rest {
            record(&mut connection, std::slice::from_ref(event)).await;
            let head = last_position(&mut connection).await.unwrap();
            assert_eq!(fold_new(&shop.pool, ALL).await.unwrap(), head);
        }
        let live = all_rows(&mut connection, LIVE).await;
        drop(connection);
        assert_eq!(compare(&shop.pool, ALL).await.unwrap(), []);
        let outcomes = rebuild(&shop.pool, ALL, quiet).await.unwrap();
        let head = i64::try_from(events.len()).unwrap();
        assert!(outcomes.iter().all(|(_, outcome)| *outcome == Rebuilt::Done(head)));
        let mut connection = shop.pool.acquire().await.unwrap();
        assert_eq!(all_rows(&mut connection, LIVE).await, live);
    }

    #[tokio::test]
    async fn a_row_edited_behind_our_back_is_found() {
        let revenue = find("revenue").unwrap();
        let shop = shop_with(&example(revenue).events).await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        sqlx::query("update shown_revenue set sold_cents = 900 where business_day = '2026-11-22'")
            .execute(&shop.pool)
            .await
            .unwrap();
        let differences = compare(&shop.pool, ALL).await.unwrap();
        assert_eq!(differences.len(), 1, "{differences:?}");
        assert_eq!(differences[0].projection, "revenue");
        let first = &differences[0].first;
        for part in ["shown_revenue", "2026-11-22", "\"sold_cents\":10000", "\"sold_cents\":900"] {
            assert!(first.contains(part), "{first}");
        }
        sqlx::query("delete from shown_stock").execute(&shop.pool).await.unwrap();
        rebuild(&shop.pool, ALL, quiet).await.unwrap();
        assert_eq!(compare(&shop.pool, ALL).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_projection_that_fails_is_parked_and_the_others_go_on() {
        let stock = find("stock").unwrap();
        let events = example(stock).events;
        let shop = shop_with(&events[..9]).await;
        // It fails at the second sort of event only, after having changed a row.
        let fold = "-- Broken.\n\
            update shown_stock\nset free = free + 1000;\n\
            insert into shown_stock\nselect * from shown_stock\nwhere $2 > 9 and $1 >= 0;";
        let broken = Projection { fold, ..*stock };
        let set = [broken, *find("vouchers").unwrap()];
        prepare(&shop.pool, &set, quiet).await.unwrap();
        sqlx::query("insert into shown_stock values ('a', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0)")
            .execute(&shop.pool)
            .await
            .unwrap();
        let mut connection = shop.pool.acquire().await.unwrap();
        record(&mut connection, &events[9..]).await;
        let head = last_position(&mut connection).await.unwrap();
        assert_eq!(fold_new(&shop.pool, &set).await.unwrap(), head);
        let parked = bookmark(&shop.pool, &broken).await.unwrap().unwrap();
        assert_eq!(parked.position, 9);
        assert!(parked.failure.unwrap().contains("UNIQUE constraint failed"));
        assert!(rows(&mut connection, "shown_stock").await[0].contains("\"free\":0"));
        let differences = compare(&shop.pool, &set).await.unwrap();
        assert!(differences.len() == 1 && differences[0].first.starts_with("it is parked"));
        // A restart with the file mended heals it.
        let mended = [*stock, set[1]];
        let outcomes = prepare(&shop.pool, &mended, quiet).await.unwrap();
        assert_eq!(outcomes, [("stock", Rebuilt::Done(head))]);
        assert_eq!(compare(&shop.pool, &mended).await.unwrap(), []);
    }

    #[tokio::test]
    async fn sql_that_does_not_parse_parks_and_keeps_the_old_rows() {
        let stock = find("stock").unwrap();
        let shop = shop_with(&example(stock).events).await;
        prepare(&shop.pool, &[*stock], quiet).await.unwrap();
        let edited = Projection { fold: "-- Broken.\nselect into nothing;", ..*stock };
        let outcomes = prepare(&shop.pool, &[edited], quiet).await.unwrap();
        assert!(matches!(outcomes[..], [("stock", Rebuilt::Parked(_))]), "{outcomes:?}");
        let rows = query(&shop.pool, &edited, "all", &[]).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["package"], "daily");
        assert_eq!(rows[0]["set_aside"], 1);
        assert_eq!(prepare(&shop.pool, &[edited], quiet).await.unwrap(), []);
    }

    #[tokio::test]
    async fn tables_of_an_older_folder_go_away() {
        let stock = find("stock").unwrap();
        let older = Projection {
            tables: "-- Older.\ncreate table shown_stock (a text);\n\
                create table shown_stock_days (b text);",
            fold: "-- Nothing.\ndelete from shown_stock_days where $1 > $2;",
            ..*stock
        };
        let shop = shop_with(&example(stock).events).await;
        prepare(&shop.pool, &[older], quiet).await.unwrap();
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        let names: Vec<String> = sqlx::query_scalar(
            "select name from sqlite_master where name like 'shown_stock%' and type = 'table'",
        )
        .fetch_all(&shop.pool)
        .await
        .unwrap();
        assert_eq!(names, ["shown_stock"]);
        let left: i64 =
            sqlx::query_scalar("select count(*) from bookmarks where projection like 'rebuilt%'")
                .fetch_one(&shop.pool)
                .await
                .unwrap();
        assert_eq!(left, 0);
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
        let shop = shop_with(&many).await;
        let set = [*find("stock").unwrap()];
        let mut other = None;
        let outcomes = rebuild(&shop.pool, &set, |_, _| {
            let runtime = tokio::runtime::Handle::current();
            other = tokio::task::block_in_place(|| {
                Some(runtime.block_on(rebuild(&shop.pool, &set, quiet)).unwrap())
            });
        });
        assert_eq!(outcomes.await.unwrap(), [("stock", Rebuilt::Overtaken)]);
        assert_eq!(other.unwrap(), [("stock", Rebuilt::Done(EVENTS_PER_PIECE_MAX + 10))]);
        assert_eq!(compare(&shop.pool, &set).await.unwrap(), []);
    }

    #[tokio::test]
    async fn the_books_balance_and_every_code_stands_in_one_place() {
        let shop = shop_with(&example(find("revenue").unwrap()).events).await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        let revenue = find("revenue").unwrap();
        assert_eq!(query(&shop.pool, revenue, "unbalanced", &[]).await.unwrap(), []);
        let days = [Param::Text("2026-11-23"), Param::Text("2026-11-30")];
        let later = query(&shop.pool, revenue, "days", &days).await.unwrap();
        assert_eq!(later.len(), 1);
        assert_eq!(later[0]["sold_cents"], 5000);
        let shop = shop_with(&example(find("journal").unwrap()).events).await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        let journal = find("journal").unwrap();
        assert_eq!(query(&shop.pool, journal, "unbalanced", &[]).await.unwrap(), []);
        let always = [Param::Number(0), Param::Number(i64::MAX)];
        let accounts = query(&shop.pool, journal, "trial_balance", &always).await.unwrap();
        assert!(accounts.len() > 5);
        let sum: i64 = accounts.iter().map(|row| row["balance_cents"].as_i64().unwrap()).sum();
        assert_eq!(sum, 0);

        let shop = shop_with(&merged(&[2, 6, 4])).await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        for row in query(&shop.pool, find("stock").unwrap(), "all", &[]).await.unwrap() {
            let number = |key: &str| row[key].as_i64().unwrap();
            let places = ["free", "held", "sold", "voided", "set_aside"];
            assert_eq!(places.iter().map(|place| number(place)).sum::<i64>(), number("imported"));
        }
    }

    #[tokio::test]
    async fn the_latest_purchase_of_a_device_comes_first() {
        let purchases = find("purchases").unwrap();
        let shop = shop_with(&example(purchases).events).await;
        prepare(&shop.pool, ALL, quiet).await.unwrap();
        let device = [Param::Text("0000000000000000000000000000dd01"), Param::Number(2)];
        let latest = query(&shop.pool, purchases, "by_device", &device).await.unwrap();
        let ends = |n: usize| latest[n]["purchase"].as_str().unwrap()[28..].to_owned();
        assert_eq!((latest.len(), ends(0), ends(1)), (2, "b004".into(), "b003".into()));
    }
}
