//! What `lango doctor` says of the copies: whether the last was proved, and whether the newest in
//! each folder still opens, from its first piece to its last.

use super::doctor::{Check, fail, pass, span, warn};
use crate::{
    app::{self, config::Config},
    ledger::kernel::time::Micros,
    services::backup::{self, BackupError, Place},
    store::{BackupRecord, CopyStanding, Store},
};
use std::path::Path;

/// Whether the last copies were proved.
pub(super) async fn check(config: &Config, store: &Store) -> anyhow::Result<Vec<Check>> {
    let records = store.backups().await?;
    // What is wrong with the configuration is told in its own line.
    let places = app::backup_places(config).unwrap_or_default();
    let mut checks = vec![proved(&of(&records, &places), store.now())];
    for place in &places {
        let record = records.iter().find(|record| record.place == place.name());
        if let (Place::Folder { path, .. }, Some(record)) = (place, record) {
            checks.extend(read_again(config, path, record)?);
        }
    }
    Ok(checks)
}

/// What is known of the places that are configured; of all others where none is.
fn of(records: &[BackupRecord], places: &[Place]) -> Vec<BackupRecord> {
    let configured = |record: &&BackupRecord| {
        places.is_empty() || places.iter().any(|place| place.name() == record.place)
    };
    records.iter().filter(configured).cloned().collect()
}

fn proved(records: &[BackupRecord], now: Micros) -> Check {
    const ABOUT: &str = "proof";
    let standing = |record: &BackupRecord| Some((record.standing(now)?, record.clone()));
    let Some(((worst, since), record)) =
        records.iter().filter_map(standing).min_by_key(|((standing, _), _)| *standing)
    else {
        return pass(ABOUT, "there is no copy to prove yet");
    };
    let age = span(since.until(now));
    let why = |cause: Option<String>| cause.unwrap_or_default();
    match worst {
        CopyStanding::Spoiled => fail(
            ABOUT,
            format!(
                "a copy is no longer good: {}. Delete it, look at the disk on which it lies, and \
                 make another one: `lango backup`",
                why(record.spoiled)
            ),
        ),
        CopyStanding::Doubtful => fail(
            ABOUT,
            format!(
                "the last copy was not proved: {}. Try again: `lango backup`",
                why(record.doubt)
            ),
        ),
        CopyStanding::Late => {
            fail(ABOUT, format!("no copy was proved for {age}; does `lango serve` run?"))
        }
        CopyStanding::Unproved => {
            warn(ABOUT, "the last copy is not proved yet; `lango backup` makes and proves one now")
        }
        CopyStanding::Proved => {
            pass(ABOUT, format!("the last copy was restored and verified {age} ago"))
        }
    }
}

fn read_again(
    config: &Config,
    folder: &Path,
    record: &BackupRecord,
) -> anyhow::Result<Option<Check>> {
    const ABOUT: &str = "newest copy";
    let Some(name) = &record.file else { return Ok(None) };
    let file = folder.join(name);
    let read = app::prover(config)?.read(&file, &|| true);
    let read = read.and_then(|end| backup::is_the_one_made(record, &file, &end));
    let (shown, key) = (file.display(), config.secrets.master_key_file.display());
    Ok(Some(match read {
        Ok(()) => pass(ABOUT, format!("{shown} opens, every piece of it")),
        Err(failure @ BackupError::DoesNotOpen(_)) => fail(
            ABOUT,
            format!(
                "{failure}. Is {key} the key it was made with? If it is, make another one now: \
                 `lango backup`, and look at the disk on which it lies"
            ),
        ),
        Err(failure) => fail(
            ABOUT,
            format!("{shown}: {}. Make another one now: `lango backup`", failure.cause()),
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::doctor::Verdict, ledger::kernel::time::HOUR, store::BackupMade};

    const NOW: Micros = Micros(1_800_000_000_000_000);

    fn record(place: &str) -> BackupRecord {
        let at = NOW.plus(-2 * HOUR);
        BackupRecord {
            place: place.into(),
            off_box: true,
            made: Some(BackupMade { at, position: 9, bytes: 1 }),
            file: Some("lango-000000009-0a0b0c0d.backup".into()),
            failed_at: None,
            failures: 0,
            cause: None,
            proved: Some(("lango-000000009-0a0b0c0d.backup".into(), NOW.plus(-HOUR))),
            doubt: None,
            spoiled: None,
        }
    }

    #[test]
    fn the_worst_place_is_told() {
        let said = |records: &[BackupRecord]| {
            let check = proved(records, NOW);
            (check.verdict, check.says)
        };
        assert_eq!(said(&[]).0, Verdict::Pass);
        let (verdict, says) = said(&[record("a")]);
        assert_eq!(verdict, Verdict::Pass);
        assert!(says.ends_with("verified 1 hour ago"), "{says}");
        let doubtful = BackupRecord { doubt: Some("make room".into()), ..record("b") };
        let (verdict, says) = said(&[record("a"), doubtful.clone()]);
        assert_eq!(verdict, Verdict::Fail);
        assert!(says.contains("make room"), "{says}");
        let spoiled = BackupRecord { spoiled: Some("x.backup: it was changed".into()), ..doubtful };
        let (verdict, says) = said(&[record("a"), spoiled]);
        assert_eq!(verdict, Verdict::Fail);
        assert!(says.contains("x.backup: it was changed. Delete it"), "{says}");
        let unproved = BackupRecord { proved: None, ..record("c") };
        assert_eq!(said(std::slice::from_ref(&unproved)).0, Verdict::Warn);
        let made = unproved.made.map(|made| BackupMade { at: NOW.plus(-49 * HOUR), ..made });
        assert_eq!(said(&[BackupRecord { made, ..unproved }]).0, Verdict::Fail);
    }
}
