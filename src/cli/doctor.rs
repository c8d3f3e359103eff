//! `lango doctor`: whether the shop is sound, in a line for each thing that can be looked at.

use super::{audit::check_schema, copies};
use crate::{
    app::{
        self,
        config::{Config, OnOff},
    },
    ledger::kernel::{
        id::Slug,
        time::{DAY, HOUR, MINUTE, Micros, SECOND},
    },
    services::{backup::Place, router::SILENT_AFTER},
    store::{BackupRecord, ProjectionState, Store},
};
use clap::Args;
use serde::Serialize;
use std::{path::Path, process::ExitCode};

/// A copy off the box may be so old.
const COPY_AGE_MAX: i64 = 2 * DAY;

/// Work that was due so long ago waits for a `lango serve` that does not run.
const OVERDUE: i64 = 5 * MINUTE;

/// A read model so many events behind is not being kept up to date.
const EVENTS_BEHIND_MAX: i64 = 5_000;

/// Free disk, in MiB: below the first a warning, below the second the next days are in danger.
const DISK_MIB_FEW: u64 = 1_024;
const DISK_MIB_MIN: u64 = 200;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Also ask whether the place of the backup answers.
    #[arg(long)]
    online: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Pass,
    Warn,
    Fail,
}

/// What one look found.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What was looked at.
    about: &'static str,
    pub(super) verdict: Verdict,
    /// What was found, and what to do.
    pub(super) says: String,
}

fn check(about: &'static str, verdict: Verdict, says: impl Into<String>) -> Check {
    Check { about, verdict, says: says.into() }
}

pub(super) fn pass(about: &'static str, says: impl Into<String>) -> Check {
    check(about, Verdict::Pass, says)
}

pub(super) fn warn(about: &'static str, says: impl Into<String>) -> Check {
    check(about, Verdict::Warn, says)
}

pub(super) fn fail(about: &'static str, says: impl Into<String>) -> Check {
    check(about, Verdict::Fail, says)
}

impl Doctor {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let mut checks = vec![configuration(config), messages(config)];
        match app::open_existing(config).await {
            Err(failure) => checks.push(fail("ledger", format!("{failure:#}"))),
            Ok(store) => {
                checks.push(pass("ledger", "it opens with this key, with full durability"));
                checks.extend(of_ledger(config, &store).await);
                let copies = copies::check(config, &store).await;
                checks.extend(copies.unwrap_or_else(|failure| vec![unseen("proof", &failure)]));
                store.close().await;
            }
        }
        checks.extend(schema(config).await);
        checks.extend(disk(config));
        if self.online {
            checks.extend(online(config).await?);
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&checks)?);
        } else {
            print!("{}", written(&checks));
        }
        let sound = checks.iter().all(|check| check.verdict != Verdict::Fail);
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn of_ledger(config: &Config, store: &Store) -> Vec<Check> {
    let (clock, _) = app::machine();
    let now = clock.now();
    let head = store.head().await;
    let position = head.as_ref().map_or(0, |head| head.position);
    vec![
        seen("clock", head.map(|head| clock_check(now, head.recorded_at))),
        seen("chain", chain(store).await),
        seen("history", history(config, store).await),
        seen("tables", tables(store).await),
        seen("read models", store.projection_states().await.map(|it| read_models(&it, position))),
        seen("backup", store.backups().await.map(|places| copy_off_the_box(&places, now))),
        seen("work", store.next_due().await.map(|due| work(due, now))),
        seen("desk", store.exceptions().await.map(|lines| desk(lines.len()))),
        seen("stuck", store.stuck().await.map(|things| stuck(things.len()))),
        seen("stock", stock(store).await),
        seen("two sites", store.stocked_twice().await.map(|twice| two_sites(&twice))),
        seen("routers", routers(store, now).await),
        seen("paid at", receivers(config, store).await),
        seen("fence", fenced_codes(store).await.map(fence)),
    ]
}

/// Asked of the database itself, also where the shop does not open. Where there is none, the line
/// of the ledger says so.
async fn schema(config: &Config) -> Option<Check> {
    let books = app::open_books(config).await.ok()?;
    let found = books.verify_schema().await;
    books.close().await;
    Some(seen("schema", found.map(|found| check_schema(&found))))
}

/// What cannot be looked at is not sound, and keeps nobody from looking at the rest.
fn seen<E: Into<anyhow::Error>>(about: &'static str, looked: Result<Check, E>) -> Check {
    looked.unwrap_or_else(|failure| unseen(about, &failure.into()))
}

fn unseen(about: &'static str, failure: &anyhow::Error) -> Check {
    fail(about, format!("it cannot be looked at: {failure:#}"))
}

fn configuration(config: &Config) -> Check {
    if let Err(failure) = app::check(config) {
        return fail("configuration", format!("{failure:#}"));
    }
    let callbacks = config.mpesa.as_ref().is_some_and(|mpesa| mpesa.callbacks == OnOff::On);
    let how = if callbacks { "M-PESA calls back" } else { "M-PESA is asked (callbacks are off)" };
    pass("configuration", format!("complete; {how}"))
}

fn messages(config: &Config) -> Check {
    match config.sms.gateways.len() {
        0 => warn("SMS", "no gateway: buyers see the code on the page only; add [[sms.gateway]]"),
        1 => pass("SMS", "one gateway; with a second one an SMS survives the failure of the first"),
        many => pass("SMS", format!("{many} gateways, tried in order")),
    }
}

fn clock_check(now: Micros, last: Micros) -> Check {
    if now < last {
        let ahead = span(now.until(last));
        return fail("clock", format!("it is {ahead} before the last event; set it right"));
    }
    pass("clock", "not before the last event")
}

/// Follows the whole chain.
async fn chain(store: &Store) -> anyhow::Result<Check> {
    const ABOUT: &str = "chain";
    let audit = store.verify().await?;
    if let Some(at) = audit.broken_at() {
        return Ok(fail(ABOUT, format!("broken at event {at}; run `lango audit verify`")));
    }
    if audit.signed_to.is_none() && store.checkpoint_count().await? > 0 {
        return Ok(fail(ABOUT, "no checkpoint agrees with it; run `lango audit verify`"));
    }
    if !audit.is_good() {
        return Ok(fail(ABOUT, "not what was recorded and signed; run `lango audit verify`"));
    }
    let events = audit.events;
    Ok(pass(
        ABOUT,
        match audit.signed_to {
            Some(signed) => format!("whole, {events} events, signed up to {}", signed.position),
            None => {
                format!("whole, {events} events, none signed: `lango serve` signs each minute")
            }
        },
    ))
}

/// Holds what stands beside the ledger to it.
async fn tables(store: &Store) -> anyhow::Result<Check> {
    const ABOUT: &str = "tables";
    let beside = store.verify_beside(Some(&*store.vault_now().await?)).await?;
    let mut tables: Vec<&str> = beside.findings.iter().map(|found| found.table).collect();
    tables.dedup();
    Ok(match tables[..] {
        [] => pass(ABOUT, "they say what the ledger says, and everything in the vault opens"),
        _ => fail(
            ABOUT,
            format!("not what the ledger says: {}; run `lango audit verify`", tables.join(", ")),
        ),
    })
}

/// Whether the ledger is the one that the mark and the checkpoints know. It was compared when it
/// was opened.
async fn history(config: &Config, store: &Store) -> anyhow::Result<Check> {
    const ABOUT: &str = "history";
    if let Some(doubt) = store.history_doubt() {
        return Ok(fail(ABOUT, format!("{doubt}; run `lango audit accept` to see what to do")));
    }
    let Some(mark) = app::read_mark(config)? else {
        return Ok(pass(
            ABOUT,
            "nothing is known outside the database yet; `lango serve` notes it",
        ));
    };
    let missing = mark.checkpoints - store.checkpoint_count().await?;
    if missing > 0 {
        let says = format!(
            "{missing} checkpoints that stood beside the ledger were deleted; the events agree \
             with what is known. Who can write the database? `lango audit accept` settles it"
        );
        return Ok(fail(ABOUT, says));
    }
    let position = mark.head.checkpoint.position;
    Ok(pass(ABOUT, format!("the one that is known outside the database, at event {position}")))
}

fn read_models(states: &[ProjectionState], head: i64) -> Check {
    const ABOUT: &str = "read models";
    let parked = states.iter().find_map(|state| state.failure.as_ref().map(|why| (state, why)));
    if let Some((state, why)) = parked {
        let name = &state.name;
        return fail(ABOUT, format!("{name} is parked: {why}; try `lango projections rebuild`"));
    }
    let behind = states.iter().map(|state| head - state.position).max().unwrap_or_default();
    if behind > EVENTS_BEHIND_MAX {
        return warn(ABOUT, format!("{behind} events behind; does `lango serve` run?"));
    }
    pass(ABOUT, format!("{} of them, up to date", states.len()))
}

/// A copy that burns with the machine is none.
fn copy_off_the_box(places: &[BackupRecord], now: Micros) -> Check {
    const ABOUT: &str = "backup";
    let off_box = || places.iter().filter(|place| place.off_box);
    let failing = off_box().find(|place| place.failures > 0).and_then(|it| it.cause.as_deref());
    let why = failing.map_or_else(String::new, |cause| format!(" Last try: {cause}."));
    let newest = off_box().filter_map(|place| place.made).map(|made| made.at).max();
    let Some(newest) = newest else {
        let says = format!("no copy has left this machine.{why} See [backup] in the configuration");
        return fail(ABOUT, says);
    };
    let age = newest.until(now);
    if age > COPY_AGE_MAX {
        return fail(ABOUT, format!("the last copy off this machine is {} old.{why}", span(age)));
    }
    pass(ABOUT, format!("the last copy off this machine is {} old.{why}", span(age)))
}

fn work(next: Option<Micros>, now: Micros) -> Check {
    match next.map(|due| due.until(now)) {
        Some(late) if late > OVERDUE => {
            let says = format!("something was due {} ago; does `lango serve` run?", span(late));
            warn("work", says)
        }
        Some(_) | None => pass("work", "nothing is overdue"),
    }
}

fn desk(lines: usize) -> Check {
    match lines {
        0 => pass("desk", "nothing needs you"),
        1 => warn("desk", "one thing needs you: `lango money list`"),
        many => warn("desk", format!("{many} things need you: `lango money list`")),
    }
}

/// Money may wait behind such a thing.
fn stuck(things: usize) -> Check {
    match things {
        0 => pass("stuck", "nothing"),
        many => fail(
            "stuck",
            format!(
                "{many} of its tasks wait for a person: Lango broke down over them twice, or \
                 somebody wrote on a file of codes; the log says which. After an update press \
                 `Try again` at the desk"
            ),
        ),
    }
}

async fn stock(store: &Store) -> anyhow::Result<Check> {
    let mut out = vec![];
    for site in store.sites().await? {
        let offers = store.offers(&site.site).await?;
        out.extend(offers.iter().filter(|offer| offer.free == 0).map(|it| it.key().to_string()));
    }
    Ok(if out.is_empty() {
        pass("stock", "every package has free codes")
    } else {
        warn("stock", format!("no free code of {}: `lango vouchers import`", out.join(", ")))
    })
}

fn two_sites(twice: &[(Slug, Slug, i64)]) -> Check {
    let named = |(site, other, codes): &(Slug, Slug, i64)| {
        format!("{codes} codes in stock at {site} are codes of {other} too")
    };
    let named: Vec<String> = twice.iter().map(named).collect();
    if named.is_empty() {
        return pass("two sites", "no code is in stock that another site on its router has");
    }
    let what = "on one router they would be sold twice: void one of the two uploads at the desk, \
                or, if each site has its own router, import the file again with --other-router";
    warn("two sites", format!("{}; {what}", named.join(", ")))
}

async fn routers(store: &Store, now: Micros) -> anyhow::Result<Check> {
    let news = store.router_news().await?;
    let (mut heard, mut silent) = (0, vec![]);
    for site in store.sites().await?.into_iter().filter(|site| site.reports) {
        let told = news.iter().find(|news| news.site == site.site);
        match told.filter(|told| told.heard_at.until(now) <= SILENT_AFTER) {
            Some(_) => heard += 1,
            None => silent.push(site.site.to_string()),
        }
    }
    Ok(match (heard, silent.as_slice()) {
        (0, []) => pass("routers", "none reports; every code in stock is sold"),
        (many, []) => pass("routers", format!("{many} report every minute")),
        (_, silent) => warn(
            "routers",
            format!("silent: {}; the shop sells what they last showed", silent.join(", ")),
        ),
    })
}

async fn receivers(config: &Config, store: &Store) -> anyhow::Result<Check> {
    let known = app::receivers(config);
    let (mut own, mut lost) = (0, vec![]);
    for site in store.sites().await? {
        let Some(number) = site.receiver else { continue };
        if known.know(&number) {
            own += 1;
        } else {
            lost.push(format!("{} at {number}", site.site));
        }
    }
    Ok(match (own, lost.as_slice()) {
        (0, []) => pass("paid at", "every site is paid at the shop's number"),
        (many, []) => pass("paid at", format!("{many} sites have a number of their own")),
        (_, lost) => fail(
            "paid at",
            format!("no account for {}; write its [[mpesa.account]]", lost.join(", ")),
        ),
    })
}

async fn fenced_codes(store: &Store) -> anyhow::Result<usize> {
    let mut fenced = 0;
    for site in store.sites().await? {
        fenced += store.fenced(&site.site, None).await?.len();
    }
    Ok(fenced)
}

fn fence(codes: usize) -> Check {
    match codes {
        0 => pass("fence", "no code is kept out of sale after a restore"),
        many => warn(
            "fence",
            format!("{many} codes are kept out of sale: `lango vouchers release` when looked at"),
        ),
    }
}

/// The disk of a ledger in a file.
fn disk(config: &Config) -> Option<Check> {
    let file = config.database.url.expose().strip_prefix("sqlite:")?;
    let file = Path::new(file.split('?').next().unwrap_or(file));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = rustix::fs::statvfs(folder.unwrap_or_else(|| Path::new(".")));
    Some(match found {
        Err(failure) => fail("disk", format!("cannot be asked: {failure}")),
        Ok(disk) => space(disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024)),
    })
}

fn space(mib: u64) -> Check {
    let says = format!("{mib} MiB are free");
    match mib {
        ..DISK_MIB_MIN => fail("disk", format!("{says}; make room, or sales will stop")),
        DISK_MIB_MIN..DISK_MIB_FEW => warn("disk", format!("{says}; make room")),
        DISK_MIB_FEW.. => pass("disk", says),
    }
}

async fn online(config: &Config) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![];
    for place in app::backup_places(config)? {
        if let Place::Server { address, .. } = &place {
            checks.push(match address.knock().await {
                Ok(_) => pass("backup host", format!("{} answers", address.host())),
                Err(failure) => fail("backup host", format!("{}: {failure}", address.host())),
            });
        }
    }
    Ok(checks)
}

/// A span of time as people say it.
pub(super) fn span(micros: i64) -> String {
    let (count, unit) = match micros {
        ..MINUTE => (micros / SECOND, "second"),
        MINUTE..HOUR => (micros / MINUTE, "minute"),
        HOUR..DAY => (micros / HOUR, "hour"),
        DAY.. => (micros / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How wide a line is at most.
const WIDTH: usize = 80;

/// Where what is said begins.
const INDENT: usize = 22;

fn written(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let word = match check.verdict {
            Verdict::Pass => "PASS",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        let mut line = format!("{word}  {:<14}", check.about);
        for part in check.says.split(' ') {
            if line.chars().count() + 1 + part.chars().count() > WIDTH {
                text.push_str(line.trim_end());
                text.push('\n');
                line = " ".repeat(INDENT - 1);
            }
            line.push(' ');
            line.push_str(part);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let (failed, warned) = (count(Verdict::Fail), count(Verdict::Warn));
    let end = match (failed, warned) {
        (0, 0) => "All is well.".to_owned(),
        (0, warned) => format!("Nothing fails; {warned} to look at."),
        (failed, warned) => format!("{failed} failed, {warned} to look at."),
    };
    format!("{text}\n{end}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::BackupMade;

    const NOW: Micros = Micros(1_800_000_000_000_000);

    fn place(off_box: bool, hours: Option<i64>) -> BackupRecord {
        let made = |hours: i64| BackupMade { at: NOW.plus(-hours * HOUR), position: 9, bytes: 1 };
        BackupRecord {
            place: "p".into(),
            off_box,
            made: hours.map(made),
            failed_at: None,
            failures: 0,
            cause: None,
            file: None,
            proved: None,
            doubt: None,
            spoiled: None,
        }
    }

    #[test]
    fn only_a_young_copy_off_the_box_is_a_backup() {
        let verdict = |places: &[BackupRecord]| copy_off_the_box(places, NOW).verdict;
        assert_eq!(verdict(&[]), Verdict::Fail);
        assert_eq!(verdict(&[place(false, Some(1))]), Verdict::Fail);
        assert_eq!(verdict(&[place(true, None)]), Verdict::Fail);
        assert_eq!(verdict(&[place(true, Some(49))]), Verdict::Fail);
        assert_eq!(verdict(&[place(true, Some(49)), place(true, Some(47))]), Verdict::Pass);
        let refused = BackupRecord {
            failures: 2,
            cause: Some("the server is full".into()),
            ..place(true, Some(50))
        };
        assert!(copy_off_the_box(&[refused], NOW).says.contains("the server is full"));
    }

    #[test]
    fn a_sick_shop_reads_like_this() {
        let stock = ProjectionState { name: "stock".into(), position: 3, failure: None };
        let checks = [
            pass("configuration", "complete; M-PESA calls back"),
            clock_check(NOW, NOW.plus(90 * MINUTE)),
            read_models(&[stock], 9_003),
            copy_off_the_box(&[place(true, Some(73))], NOW),
            work(Some(NOW.plus(-11 * MINUTE)), NOW),
            desk(2),
            fence(40),
            space(900),
            space(90),
        ];
        insta::assert_snapshot!(written(&checks));
    }

    #[test]
    fn what_is_parked_is_worse_than_what_is_late() {
        let state = |failure: Option<&str>| ProjectionState {
            name: "stock".into(),
            position: 0,
            failure: failure.map(str::to_owned),
        };
        assert_eq!(read_models(&[state(None)], EVENTS_BEHIND_MAX).verdict, Verdict::Pass);
        assert_eq!(read_models(&[state(None)], EVENTS_BEHIND_MAX + 1).verdict, Verdict::Warn);
        assert_eq!(read_models(&[state(Some("no such column"))], 0).verdict, Verdict::Fail);
    }
}
