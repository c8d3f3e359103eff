//! Runs the projections on SQLite: folds what is new, rebuilds beside the live tables and switches,
//! compares the live tables with the ledger, asks the named queries.
//!
//! The rows of a projection and its bookmark change in one transaction, so a range is taken in
//! exactly once whatever stops us. A projection whose SQL fails is parked with the reason and never
//! stops the others, nor a sale. Needs a pool that may write; the ledger itself is only read.

use crate::{
    projections::{LIVE, Projection},
    store::error::{Attempt, StoreError},
};
use serde_json::{Map, Value};
use sqlx::{
    AssertSqlSafe, Column, Connection, Row, SqliteConnection, SqlitePool, TypeInfo, ValueRef,
    sqlite::{SqliteArguments, SqliteRow},
};

/// Events taken in at once. The writer waits while a range is folded, so it is kept short: these
/// take some tens of milliseconds.
const EVENTS_PER_FOLD_MAX: i64 = 5_000;

/// Events taken in at once where nobody waits.
const EVENTS_PER_COMPARISON_MAX: i64 = 50_000;

/// What the names of tables begin with while they are built beside the live ones; also the name of
/// the bookmark of such a build.
const BESIDE: &str = "rebuilt_";

/// The same for the tables of a comparison, which are temporary.
const COMPARED: &str = "compared_";

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

/// A live table that is not what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which projection.
    pub projection: &'static str,
    /// The first row that differs, or why there was nothing to compare.
    pub first: String,
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
/// reached (the ledger's last, where none is healthy). Those that [`prepare`] has still to make,
/// and parked ones, are left alone.
pub async fn fold_new(pool: &SqlitePool, set: &[Projection]) -> Result<i64, StoreError> {
    loop {
        let mut connection = pool.acquire().await.attempt("reach the projections")?;
        let head = last_position(&mut connection).await?;
        let mut healthy = healthy(&mut connection, set).await?;
        if healthy.iter().all(|(_, position)| *position >= head) {
            return Ok(healthy.iter().map(|(_, position)| *position).min().unwrap_or(head));
        }
        drop(connection);
        let mut transaction =
            pool.begin_with("begin immediate").await.attempt("begin to fold projections")?;
        // Read again under the lock: another instance may have been here.
        let head = last_position(&mut transaction).await?;
        healthy = self::healthy(&mut transaction, set).await?;
        for (projection, from) in healthy.into_iter().filter(|(_, from)| *from < head) {
            let to = head.min(from + EVENTS_PER_FOLD_MAX);
            fold_or_park(&mut transaction, projection, (from, to)).await?;
        }
        transaction.commit().await.attempt("commit folded projections")?;
    }
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

/// Folds the ledger from the first event into temporary tables, up to each bookmark, and compares
/// them with the live ones. Empty when every projection is what the ledger says.
pub async fn compare(pool: &SqlitePool, set: &[Projection]) -> Result<Vec<Difference>, StoreError> {
    // One reading transaction: bookmarks, events and rows are of the same moment. Writing temporary
    // tables takes no lock, and rolling back removes them.
    let mut transaction = pool.begin().await.attempt("begin a comparison")?;
    let mut differences = vec![];
    for projection in set {
        if let Some(first) = first_difference(&mut transaction, projection).await? {
            differences.push(Difference { projection: projection.name, first });
        }
    }
    transaction.rollback().await.attempt("end a comparison")?;
    Ok(differences)
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
    let mut question = sqlx::query(query.sql);
    for param in params {
        question = match *param {
            Param::Text(text) => question.bind(text.to_owned()),
            Param::Number(number) => question.bind(number),
        };
    }
    let rows = question.fetch_all(pool).await.attempt("ask a projection")?;
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
    let mut savepoint = connection.begin().await.attempt("begin to fold a projection")?;
    let folded = run(&mut savepoint, projection.fold_statements(LIVE), Some((from, to))).await;
    let mut mark = Bookmark { position: to, fingerprint: projection.fingerprint(), failure: None };
    match folded {
        Ok(()) => savepoint.commit().await.attempt("keep a folded projection")?,
        Err(Trouble::World(failure)) => return Err(failure),
        Err(Trouble::Own(reason)) => {
            savepoint.rollback().await.attempt("undo half a projection")?;
            tracing::error!(projection = projection.name, from, to, "parked: {reason}");
            (mark.position, mark.failure) = (from, Some(reason));
        }
    }
    set_bookmark(connection, projection.name, &mark).await
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
        let to = head.min(from + EVENTS_PER_FOLD_MAX);
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

async fn first_difference(
    connection: &mut SqliteConnection,
    projection: &Projection,
) -> Result<Option<String>, StoreError> {
    let Some(mark) = find_bookmark(connection, projection.name).await? else {
        return Ok(Some("it was never built".into()));
    };
    if let Some(reason) = mark.failure {
        return Ok(Some(format!("it is parked: {reason}")));
    }
    if mark.fingerprint != projection.fingerprint() {
        return Ok(Some("its files have changed and it is still to be rebuilt".into()));
    }
    match compare_tables(connection, projection, mark.position).await {
        Ok(difference) => Ok(difference),
        Err(Trouble::Own(reason)) => Ok(Some(format!("it cannot be folded: {reason}"))),
        Err(Trouble::World(failure)) => Err(failure),
    }
}

async fn compare_tables(
    connection: &mut SqliteConnection,
    projection: &Projection,
    head: i64,
) -> Result<Option<String>, Trouble> {
    let temporary = |sql: String| sql.replacen("create table", "create temp table", 1);
    let tables = projection.table_statements(COMPARED).into_iter().map(temporary).collect();
    run(connection, tables, None).await?;
    let mut from = 0;
    while from < head {
        let to = head.min(from + EVENTS_PER_COMPARISON_MAX);
        run(connection, projection.fold_statements(COMPARED), Some((from, to))).await?;
        from = to;
    }
    for name in projection.table_names() {
        let (told, live) = (format!("{COMPARED}{name}"), format!("{LIVE}{name}"));
        let missing = first_only_in(connection, &told, &live).await?;
        let surplus = first_only_in(connection, &live, &told).await?;
        if missing.is_none() && surplus.is_none() {
            continue;
        }
        let row = |row: Option<String>| row.unwrap_or_else(|| "no such row".into());
        let (missing, surplus) = (row(missing), row(surplus));
        return Ok(Some(format!("{live}: the ledger says {missing}, the table says {surplus}")));
    }
    Ok(None)
}

/// The first row, by its columns in order, that stands in one table and not in the other.
async fn first_only_in(
    connection: &mut SqliteConnection,
    one: &str,
    other: &str,
) -> Result<Option<String>, Trouble> {
    let sql = format!(
        "select * from (select * from {one} except select * from {other}) order by 1, 2, 3 limit 1"
    );
    // Both are names of tables from files of ours.
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_optional(connection).await;
    let Some(row) = row.map_err(Trouble::of)? else { return Ok(None) };
    Ok(Some(Value::Object(as_map(&row).attempt("read a projection's row")?).to_string()))
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
