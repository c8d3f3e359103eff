//! `lango doctor`: whether the shop is sound, in a line for each part.

mod books;
mod copies;
pub(super) mod finding;
mod shop;

use super::{audit::check_schema, output};
use crate::{
    app::{self, config::Config},
    ledger::kernel::time::{DAY, HOUR, MINUTE, SECOND},
    store::Store,
};
use clap::Args;
use finding::{Check, Verdict, cannot_look, fail, pass, seen, written};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Also ask whether the server of the backup answers.
    #[arg(long)]
    online: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let mut checks = vec![
            shop::configuration(config).about("configuration"),
            shop::messages(config).about("SMS"),
        ];
        match app::open_existing(config).await {
            Err(failure) => checks.push(fail(format!("{failure:#}")).about("ledger")),
            Ok(store) => {
                checks.push(pass("it opens with this key, with full durability").about("ledger"));
                checks.extend(of_ledger(config, &store).await);
                let copies = copies::look(config, &store).await;
                checks.extend(
                    copies.unwrap_or_else(|failure| vec![cannot_look(&failure).about("proof")]),
                );
                store.close().await;
            }
        }
        checks.extend(schema(config).await);
        checks.extend(shop::disk(config).map(|found| found.about("disk")));
        if self.online {
            checks.extend(copies::ask_servers(config).await?);
        }
        if self.json {
            output::json(&checks)?;
        } else {
            print!("{}", written(&checks));
        }
        let sound = checks.iter().all(|check| check.finding.verdict != Verdict::Fail);
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn of_ledger(config: &Config, store: &Store) -> Vec<Check> {
    let now = store.now();
    let head = store.read().head().await;
    let position = head.as_ref().map_or(0, |head| head.position);
    let states = store.read().projection_states().await;
    vec![
        seen("clock", head.map(|head| books::clock(now, head.recorded_at))),
        seen("chain", books::chain(store).await),
        seen("history", books::history(config, store).await),
        seen("tables", books::tables(store).await),
        seen("read models", states.map(|states| books::read_models(&states, position))),
        seen(
            "backup",
            store.read().backups().await.map(|places| copies::off_the_box(&places, now)),
        ),
        seen("work", store.read().next_due().await.map(|due| shop::work(due, now))),
        seen("desk", store.read().exceptions().await.map(|lines| shop::desk(lines.len()))),
        seen("stuck", store.read().stuck().await.map(|tasks| shop::stuck(tasks.len()))),
        seen("stock", shop::stock(store).await),
        seen("two sites", store.read().stocked_twice().await.map(|twice| shop::two_sites(&twice))),
        seen("routers", shop::routers(store, now).await),
        seen("paid at", shop::receivers(config, store).await),
        seen("fence", shop::fenced_codes(store).await.map(shop::fence)),
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

/// A span of time as people say it.
fn span(micros: i64) -> String {
    let (count, unit) = match micros {
        ..MINUTE => (micros / SECOND, "second"),
        MINUTE..HOUR => (micros / MINUTE, "minute"),
        HOUR..DAY => (micros / HOUR, "hour"),
        DAY.. => (micros / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{
        books::{EVENTS_BEHIND_MAX, clock, read_models},
        *,
    };
    use crate::{
        ledger::kernel::time::Micros,
        store::{BackupMade, BackupRecord, ProjectionState},
    };

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
        let verdict = |places: &[BackupRecord]| copies::off_the_box(places, NOW).verdict;
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
        assert!(copies::off_the_box(&[refused], NOW).says.contains("the server is full"));
    }

    #[test]
    fn a_sick_shop_reads_like_this() {
        let stock = ProjectionState { name: "stock".into(), position: 3, failure: None };
        let checks = [
            pass("complete; M-PESA calls back").about("configuration"),
            clock(NOW, NOW.plus(90 * MINUTE)).about("clock"),
            read_models(&[stock], 9_003).about("read models"),
            copies::off_the_box(&[place(true, Some(73))], NOW).about("backup"),
            shop::work(Some(NOW.plus(-11 * MINUTE)), NOW).about("work"),
            shop::desk(2).about("desk"),
            shop::fence(40).about("fence"),
            shop::space(900).about("disk"),
            shop::space(90).about("disk"),
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
