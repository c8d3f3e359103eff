//! What became of the last backup at each place.

use super::{
    Reader, Store,
    error::{Attempt, StoreError},
    sql::{Row, query},
};
use crate::ledger::time::Micros;

/// A place where backups go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRecord {
    /// A name that tells nobody where it is.
    pub place: String,
    /// Whether what is there survives the machine.
    pub off_box: bool,
    /// The last whole one.
    pub made: Option<BackupMade>,
    /// When it failed last, if it did since.
    pub failed_at: Option<Micros>,
    /// How often it failed since, in a row.
    pub failures: i64,
    /// Why, in a sentence.
    pub cause: Option<String>,
}

/// A backup that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupMade {
    /// When.
    pub at: Micros,
    /// The last event in it.
    pub position: i64,
    /// Its size.
    pub bytes: u64,
}

impl Reader {
    /// All places that a backup was ever made for.
    pub async fn backups(&self) -> Result<Vec<BackupRecord>, StoreError> {
        let rows = query(
            "select place, off_box, made_at, position, bytes, failed_at, failures, cause
             from backups
             order by place",
        )
        .all(&self.pool)
        .await
        .attempt("read what became of backups")?;
        let record = |row: &Row| BackupRecord {
            place: row.get(0),
            off_box: row.get::<i64>(1) != 0,
            made: row.get::<Option<i64>>(2).map(|at| BackupMade {
                at: Micros(at),
                position: row.get(3),
                bytes: row.get::<i64>(4).try_into().unwrap_or_default(),
            }),
            failed_at: row.get::<Option<i64>>(5).map(Micros),
            failures: row.get(6),
            cause: row.get(7),
        };
        Ok(rows.iter().map(record).collect())
    }
}

impl Store {
    /// Notes a backup that is whole.
    pub async fn note_backup(
        &self,
        (place, off_box): (&str, bool),
        made: BackupMade,
    ) -> Result<(), StoreError> {
        query(
            "insert into backups (place, off_box, made_at, position, bytes, failures)
             values ($1, $2, $3, $4, $5, 0)
             on conflict (place) do update set off_box = excluded.off_box,
               made_at = excluded.made_at, position = excluded.position, bytes = excluded.bytes,
               failed_at = null, failures = 0, cause = null",
        )
        .bind(place)
        .bind(i64::from(off_box))
        .bind(made.at.0)
        .bind(made.position)
        .bind(i64::try_from(made.bytes).unwrap_or(i64::MAX))
        .run(self.projecting.pool())
        .await
        .map(drop)
        .attempt("note a backup")
    }

    /// Notes that a backup failed.
    pub async fn note_backup_failure(
        &self,
        (place, off_box): (&str, bool),
        cause: &str,
    ) -> Result<(), StoreError> {
        query(
            "insert into backups (place, off_box, failed_at, failures, cause)
             values ($1, $2, $3, 1, $4)
             on conflict (place) do update set off_box = excluded.off_box,
               failed_at = excluded.failed_at, failures = backups.failures + 1,
               cause = excluded.cause",
        )
        .bind(place)
        .bind(i64::from(off_box))
        .bind(self.now().0)
        .bind(cause)
        .run(self.projecting.pool())
        .await
        .map(drop)
        .attempt("note a failed backup")
    }
}
