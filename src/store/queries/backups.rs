//! The last backup at each place: made or failed, proved or not.

use crate::{
    ledger::kernel::time::{DAY, Micros},
    store::{
        Reader, Store,
        database::sql::{Query, Row, query},
        error::{Attempt, StoreError},
    },
};

/// A copy that was proved so long ago says little of today's.
const PROOF_AGE_MAX: i64 = 2 * DAY;

/// A place where backups go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRecord {
    /// A name that tells nobody where it is.
    pub place: String,
    /// Whether what is there survives the machine.
    pub off_box: bool,
    pub made: Option<BackupMade>,
    /// How that one is called; `None` where it was made before names were noted.
    pub file: Option<String>,
    /// When it failed last, if it did since.
    pub failed_at: Option<Micros>,
    /// How often it failed since, in a row.
    pub failures: i64,
    pub cause: Option<String>,
    /// Which copy was proved last, and when.
    pub proved: Option<(String, Micros)>,
    /// Why the last whole one was not proved, in a sentence.
    pub doubt: Option<String>,
    /// What was wrong with the newest copy when it was read again, in a sentence.
    pub spoiled: Option<String>,
}

/// A backup that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupMade {
    pub at: Micros,
    /// The last event in it.
    pub position: i64,
    pub bytes: u64,
}

/// Whether the copies at a place come back, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CopyStanding {
    /// The newest was good and is no longer.
    Spoiled,
    /// The newest could not be proved.
    Doubtful,
    /// No copy was proved for days.
    Late,
    /// Nobody has proved the newest yet.
    Unproved,
    Proved,
}

impl BackupRecord {
    /// Whether the copies here come back, and since when that is known: when the last was proved,
    /// or, where none was, made. `None` where there is no copy yet.
    pub fn standing(&self, now: Micros) -> Option<(CopyStanding, Micros)> {
        let made = self.made?;
        let proved = self.proved.as_ref().map(|(_, at)| *at);
        let known = proved.unwrap_or(made.at);
        let standing = match (&self.spoiled, &self.doubt) {
            (Some(_), _) => CopyStanding::Spoiled,
            (None, Some(_)) => CopyStanding::Doubtful,
            (None, None) if known.until(now) > PROOF_AGE_MAX => CopyStanding::Late,
            (None, None) if self.is_proved() => CopyStanding::Proved,
            (None, None) => CopyStanding::Unproved,
        };
        Some((standing, known))
    }

    /// Whether the last whole one was proved.
    pub fn is_proved(&self) -> bool {
        let made = self.made.map(|made| made.at);
        let file = self.file.as_ref();
        self.proved.as_ref().is_some_and(|(name, at)| Some(name) == file && Some(*at) >= made)
    }

    /// The last whole one, where a proof of it was begun and cut off, or never begun.
    pub fn awaits_proof(&self) -> Option<&str> {
        let file = self.file.as_deref()?;
        (self.doubt.is_none() && !self.is_proved()).then_some(file)
    }
}

impl Reader {
    /// All places that a backup was ever made for.
    pub async fn backups(&self) -> Result<Vec<BackupRecord>, StoreError> {
        let rows = query(
            "select place, off_box, made_at, position, bytes, failed_at, failures, cause, file,
               proved_file, proved_at, doubt, spoiled
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
            file: row.get(8),
            proved: row.get::<Option<String>>(9).map(|file| (file, Micros(row.get(10)))),
            doubt: row.get(11),
            spoiled: row.get(12),
        };
        Ok(rows.iter().map(record).collect())
    }
}

impl Store {
    /// Notes a backup that is whole, and how its file is called. Whether it comes back is not known
    /// yet.
    pub async fn note_backup(
        &self,
        place: &str,
        off_box: bool,
        made: BackupMade,
        file: &str,
    ) -> Result<(), StoreError> {
        let note = query(
            "insert into backups (place, off_box, made_at, position, bytes, failures, file)
             values ($1, $2, $3, $4, $5, 0, $6)
             on conflict (place) do update set off_box = excluded.off_box,
               made_at = excluded.made_at, position = excluded.position, bytes = excluded.bytes,
               failed_at = null, failures = 0, cause = null, file = excluded.file, doubt = null",
        )
        .bind(place)
        .bind(i64::from(off_box))
        .bind(made.at.0)
        .bind(made.position)
        .bind(i64::try_from(made.bytes).unwrap_or(i64::MAX))
        .bind(file);
        self.note(note).await
    }

    /// Notes that a backup failed.
    pub async fn note_backup_failure(
        &self,
        place: &str,
        off_box: bool,
        cause: &str,
    ) -> Result<(), StoreError> {
        let note = query(
            "insert into backups (place, off_box, failed_at, failures, cause)
             values ($1, $2, $3, 1, $4)
             on conflict (place) do update set off_box = excluded.off_box,
               failed_at = excluded.failed_at, failures = backups.failures + 1,
               cause = excluded.cause",
        )
        .bind(place)
        .bind(i64::from(off_box))
        .bind(self.now().0)
        .bind(cause);
        self.note(note).await
    }

    /// Notes that the copy `file` was restored into a scratch database, and holds.
    pub async fn note_proof(&self, place: &str, file: &str) -> Result<(), StoreError> {
        let note = query(
            "update backups set proved_file = $2, proved_at = $3, doubt = null
             where place = $1 and file = $2",
        )
        .bind(place)
        .bind(file)
        .bind(self.now().0);
        self.note(note).await
    }

    /// Notes why the copy `file` was not proved.
    pub async fn note_doubt(&self, place: &str, file: &str, why: &str) -> Result<(), StoreError> {
        let note = query("update backups set doubt = $3 where place = $1 and file = $2");
        self.note(note.bind(place).bind(file).bind(why)).await
    }

    /// Notes what was wrong with the newest copy when it was read again; `None` where nothing was.
    pub async fn note_spoiled(&self, place: &str, why: Option<String>) -> Result<(), StoreError> {
        let note = query("update backups set spoiled = $2 where place = $1");
        self.note(note.bind(place).bind(why)).await
    }

    async fn note(&self, note: Query<'_>) -> Result<(), StoreError> {
        let noted = note.run(self.projecting.pool()).await;
        noted.map(drop).attempt("note what became of a backup")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::kernel::time::HOUR;

    const NOW: Micros = Micros(1_800_000_000_000_000);

    fn record(made_hours_ago: i64) -> BackupRecord {
        let at = NOW.plus(-made_hours_ago * HOUR);
        BackupRecord {
            place: "p".into(),
            off_box: true,
            made: Some(BackupMade { at, position: 9, bytes: 1 }),
            file: Some("lango-9-a.backup".into()),
            failed_at: None,
            failures: 0,
            cause: None,
            proved: None,
            doubt: None,
            spoiled: None,
        }
    }

    fn proved(file: &str, hours_ago: i64, made_hours_ago: i64) -> BackupRecord {
        let proved = Some((file.to_owned(), NOW.plus(-hours_ago * HOUR)));
        BackupRecord { proved, ..record(made_hours_ago) }
    }

    fn standing(record: &BackupRecord) -> CopyStanding {
        record.standing(NOW).expect("there is a copy").0
    }

    #[test]
    fn only_a_young_proof_of_the_newest_copy_is_one() {
        let newest = "lango-9-a.backup";
        assert_eq!(standing(&proved(newest, 1, 2)), CopyStanding::Proved);
        assert_eq!(standing(&proved("lango-8-b.backup", 1, 2)), CopyStanding::Unproved);
        // The shop slept for a night: the same events, made anew.
        assert_eq!(standing(&proved(newest, 5, 2)), CopyStanding::Unproved);
        assert_eq!(standing(&proved(newest, 49, 50)), CopyStanding::Late);
        assert_eq!(standing(&record(2)), CopyStanding::Unproved);
        assert_eq!(standing(&record(49)), CopyStanding::Late);
        assert_eq!(BackupRecord { made: None, ..record(0) }.standing(NOW), None);
        let doubtful = BackupRecord { doubt: Some("no room".into()), ..proved(newest, 1, 2) };
        assert_eq!(standing(&doubtful), CopyStanding::Doubtful);
        let spoiled = BackupRecord { spoiled: Some("gone".into()), ..doubtful };
        assert_eq!(standing(&spoiled), CopyStanding::Spoiled);
    }

    #[test]
    fn a_proof_that_was_cut_off_is_made_again_and_one_that_failed_is_not() {
        assert_eq!(record(2).awaits_proof(), Some("lango-9-a.backup"));
        assert_eq!(proved("lango-9-a.backup", 1, 2).awaits_proof(), None);
        let doubtful = BackupRecord { doubt: Some("no room".into()), ..record(2) };
        assert_eq!(doubtful.awaits_proof(), None);
        assert_eq!(BackupRecord { file: None, ..record(2) }.awaits_proof(), None);
    }
}
