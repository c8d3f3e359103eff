//! Backups: whether one is away from this machine, whether the last was proved, and whether the
//! newest in each folder still opens, from its first piece to its last.

use super::{
    finding::{Check, Finding, fail, pass, warn},
    span,
};
use crate::{
    app::{self, config::Config},
    ledger::kernel::time::{DAY, Micros},
    services::backup::{self, BackupError, Place},
    store::{BackupRecord, CopyStanding, Store},
};
use std::path::Path;

/// A younger copy off the box is a backup.
const COPY_AGE_MAX: i64 = 2 * DAY;

/// The copy must not burn with the machine.
pub(super) fn off_the_box(places: &[BackupRecord], now: Micros) -> Finding {
    let off_box = || places.iter().filter(|place| place.off_box);
    let failing = off_box().find(|place| place.failures > 0).and_then(|it| it.cause.as_deref());
    let why = failing.map_or_else(String::new, |cause| format!(" Last try: {cause}."));
    let newest = off_box().filter_map(|place| place.made).map(|made| made.at).max();
    let Some(newest) = newest else {
        return fail(format!(
            "no backup has left this machine.{why} See [backup] in the configuration"
        ));
    };
    let age = newest.until(now);
    let says = format!("the last backup off this machine is {} old.{why}", span(age));
    if age > COPY_AGE_MAX { fail(says) } else { pass(says) }
}

/// Whether the last copies were proved, and the newest in each folder opens.
pub(super) async fn look(config: &Config, store: &Store) -> anyhow::Result<Vec<Check>> {
    let records = store.read().backups().await?;
    // The line of the configuration tells what is wrong with it.
    let places = app::backup_places(config).unwrap_or_default();
    let mut checks = vec![proved(&configured(&records, &places), store.now()).about("proof")];
    for place in &places {
        let record = records.iter().find(|record| record.place == place.name());
        if let (Place::Folder { path, .. }, Some(record)) = (place, record) {
            let found = read_again(config, path, record)?;
            checks.extend(found.map(|found| found.about("newest copy")));
        }
    }
    Ok(checks)
}

/// The records of the configured places; all of them where no place is configured.
fn configured(records: &[BackupRecord], places: &[Place]) -> Vec<BackupRecord> {
    let known = |record: &&BackupRecord| {
        places.is_empty() || places.iter().any(|place| place.name() == record.place)
    };
    records.iter().filter(known).cloned().collect()
}

fn proved(records: &[BackupRecord], now: Micros) -> Finding {
    let standing = |record: &BackupRecord| Some((record.standing(now)?, record.clone()));
    let Some(((worst, since), record)) =
        records.iter().filter_map(standing).min_by_key(|((standing, _), _)| *standing)
    else {
        return pass("there is no copy to prove yet");
    };
    let age = span(since.until(now));
    match worst {
        CopyStanding::Spoiled => fail(format!(
            "a copy is no longer good: {}. Delete it, check the disk that it is on, and make \
             another one: `lango backup`",
            record.spoiled.unwrap_or_default()
        )),
        CopyStanding::Doubtful => fail(format!(
            "the last copy was not proved: {}. Try again: `lango backup`",
            record.doubt.unwrap_or_default()
        )),
        CopyStanding::Late => {
            fail(format!("no copy was proved for {age}; does `lango serve` run?"))
        }
        CopyStanding::Unproved => {
            warn("the last copy is not proved yet; `lango backup` makes and proves one now")
        }
        CopyStanding::Proved => pass(format!("the last copy was restored and verified {age} ago")),
    }
}

fn read_again(
    config: &Config,
    folder: &Path,
    record: &BackupRecord,
) -> anyhow::Result<Option<Finding>> {
    let Some(name) = &record.file else { return Ok(None) };
    let file = folder.join(name);
    let read = app::prover(config)?.read(&file, &|| true);
    let read = read.and_then(|end| backup::is_the_one_made(record, &file, &end));
    let (shown, key) = (file.display(), config.secrets.master_key_file.display());
    Ok(Some(match read {
        Ok(()) => pass(format!("{shown} opens, every piece of it")),
        Err(failure @ BackupError::DoesNotOpen(_)) => fail(format!(
            "{failure}. Is {key} the key it was made with? If it is, make another one now: `lango \
             backup`, and check the disk that it is on"
        )),
        Err(failure) => {
            fail(format!("{shown}: {}. Make another one now: `lango backup`", failure.cause()))
        }
    }))
}

pub(super) async fn ask_servers(config: &Config) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![];
    for place in app::backup_places(config)? {
        if let Place::Server { address, .. } = &place {
            let host = address.host();
            let finding = match address.knock().await {
                Ok(_) => pass(format!("{host} answers")),
                Err(failure) => fail(format!("{host}: {failure}")),
            };
            checks.push(finding.about("backup host"));
        }
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::doctor::finding::Verdict, ledger::kernel::time::HOUR, store::BackupMade};

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
            let found = proved(records, NOW);
            (found.verdict, found.says)
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
