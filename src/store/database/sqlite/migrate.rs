//! Brings a file's schema up to date. The migrations, and the table that tells which have run, are
//! those that `sqlx` knows; SQLite itself is not asked through `sqlx`.

use crate::store::error::StoreError;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use sqlx::migrate::{Migration, Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

const TABLE: &str = "create table if not exists _sqlx_migrations (
    version bigint primary key,
    description text not null,
    installed_on timestamp not null default current_timestamp,
    success boolean not null,
    checksum blob not null,
    execution_time bigint not null
)";

/// Runs the migrations that have not run yet, each with its note in one transaction.
pub fn bring_up_to_date(connection: &Connection) -> Result<(), StoreError> {
    let failed = |failure: rusqlite::Error| StoreError::Migration(Box::new(failure));
    connection.execute_batch(TABLE).map_err(failed)?;
    let ran = ran(connection).map_err(failed)?;
    for (version, checksum) in &ran {
        let known = MIGRATIONS.iter().find(|migration| migration.version == *version);
        if known.is_none_or(|migration| migration.checksum[..] != checksum[..]) {
            return Err(StoreError::OtherVersion);
        }
    }
    for migration in MIGRATIONS.iter() {
        if ran.iter().all(|(version, _)| *version != migration.version) {
            run(connection, migration).map_err(failed)?;
        }
    }
    Ok(())
}

/// The migrations that have run: version and checksum.
fn ran(connection: &Connection) -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
    let mut asked =
        connection.prepare("select version, cast(checksum as blob) from _sqlx_migrations")?;
    let ran = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    ran.collect()
}

fn run(connection: &Connection, migration: &Migration) -> rusqlite::Result<()> {
    let immediate = TransactionBehavior::Immediate;
    let transaction = Transaction::new_unchecked(connection, immediate)?;
    // Somebody else may have run it while this connection waited.
    let done = transaction
        .prepare("select 1 from _sqlx_migrations where version = $1")?
        .exists([migration.version])?;
    if !done {
        transaction.execute_batch(migration.sql.as_str())?;
        transaction.execute(
            "insert into _sqlx_migrations
               (version, description, success, checksum, execution_time)
             values ($1, $2, true, $3, -1)",
            params![migration.version, migration.description, migration.checksum],
        )?;
    }
    transaction.commit()
}
