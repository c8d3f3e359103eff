//! `lango audit …` and `lango projections …`

mod accept;
mod as_of;
mod beside;
mod export;
mod journal;
mod schema;
pub(super) mod show;
pub(super) mod verify;

pub(super) use schema::check as check_schema;

use super::progress::Progress;
use crate::{
    app::{self, config::Config},
    ledger::kernel::{chain::hex, time::Micros},
    store::{Rebuilt, StoredEvent},
};
use clap::Subcommand;
use serde::Serialize;
use serde_json::value::RawValue;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check every event against the chain of hashes and the signed checkpoints, and the other
    /// tables against the ledger.
    Verify(verify::Verify),
    /// Go on with a history that is not the one the shop remembers.
    Accept(accept::Accept),
    /// Rebuild the tables that differ from the ledger. The shop can stay open.
    Mend(beside::Mend),
    /// Print the current checkpoint. Keep it on paper, or anywhere but here.
    Checkpoint(verify::PrintCheckpoint),
    /// Print one sale as a timeline across all its streams.
    Show(show::Show),
    /// Print stock and revenue as they stood at a time.
    AsOf(as_of::AsOf),
    /// Write the history, event by event, each with its hash.
    Export(export::Export),
    /// Print the trial balance, or write the journal for a bookkeeping program.
    Journal(journal::Journal),
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Verify(verify) => return verify.run(config).await,
            Self::Accept(accept) => return accept.run(config).await,
            Self::Mend(mend) => mend.run(config).await?,
            Self::Checkpoint(checkpoint) => checkpoint.run(config).await?,
            Self::Show(show) => show.run(config).await?,
            Self::AsOf(as_of) => as_of.run(config).await?,
            Self::Export(export) => export.run(config).await?,
            Self::Journal(journal) => journal.run(config).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// An event as scripts read it: in JSON with its `data` byte for byte as it was hashed, so that the
/// chain can be checked from an export too.
#[derive(Serialize)]
struct Exported<'a, D> {
    position: i64,
    time: String,
    recorded_at: Micros,
    business_day: &'a str,
    stream: &'a str,
    version: i64,
    kind: &'a str,
    schema: i64,
    correlation: Option<&'a str>,
    actor: &'a str,
    once: Option<&'a str>,
    data: D,
    hash: String,
}

fn as_json(event: &StoredEvent) -> serde_json::Result<Exported<'_, &RawValue>> {
    Ok(exported(event, serde_json::from_str(&event.data)?))
}

fn as_row(event: &StoredEvent) -> Exported<'_, &str> {
    exported(event, &event.data)
}

fn exported<D>(event: &StoredEvent, data: D) -> Exported<'_, D> {
    Exported {
        position: event.position,
        time: event.recorded_at.rfc3339(),
        recorded_at: event.recorded_at,
        business_day: &event.business_day,
        stream: &event.stream,
        version: event.version,
        kind: &event.kind,
        schema: event.schema,
        correlation: event.correlation.as_deref(),
        actor: &event.actor,
        once: event.once.as_deref(),
        data,
        hash: hex(&event.hash),
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Projections {
    /// Rebuild them from the first event.
    Rebuild {
        /// Only compare them with the live ones, and report the first difference.
        #[arg(long)]
        compare: bool,
    },
}

impl Projections {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let store = app::open_existing(config).await?;
        let Self::Rebuild { compare } = self;
        if compare {
            let differences = store.compare_projections().await?;
            for difference in &differences {
                println!("{}: {}", difference.projection, difference.first);
            }
            if differences.is_empty() {
                println!("Every projection equals what the ledger gives.");
                return Ok(ExitCode::SUCCESS);
            }
            return Ok(ExitCode::FAILURE);
        }
        let progress = Progress::new();
        let outcomes = store
            .rebuild_projections(|step| progress.bar(step.projection, step.position, step.head))
            .await?;
        drop(progress);
        let mut code = ExitCode::SUCCESS;
        for (name, outcome) in outcomes {
            match outcome {
                Rebuilt::Done(position) => {
                    println!("{name:<12} built anew, up to event {position}");
                }
                Rebuilt::Overtaken => println!("{name:<12} another process built it anew"),
                Rebuilt::Parked(reason) => {
                    println!("{name:<12} parked, the old one stands: {reason}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok(code)
    }
}
