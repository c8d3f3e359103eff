//! `lango audit …` and `lango projections …`

mod verify;

pub(super) use verify::describe;

use crate::{
    app,
    config::Config,
    ledger::{id::PurchaseId, time::Micros},
    store::StoredEvent,
};
use clap::Subcommand;
use jiff::tz::TimeZone;
use std::process::ExitCode;

/// Check the ledger, and look at sales in it.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check every event against the chain of hashes and the signed checkpoints.
    Verify(verify::Verify),
    /// Print the current checkpoint, to be kept on paper or anywhere but here.
    Checkpoint(verify::PrintCheckpoint),
    /// Print one sale as a timeline across all its streams.
    Show {
        /// The purchase's id.
        purchase: PurchaseId,
    },
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Verify(verify) => verify.run(config).await,
            Self::Checkpoint(checkpoint) => checkpoint.run(config).await,
            Self::Show { purchase } => {
                let store = app::open_existing(config).await?;
                let events = store.events_of(purchase).await?;
                if events.is_empty() {
                    eprintln!("No purchase {purchase} in this ledger.");
                    return Ok(ExitCode::FAILURE);
                }
                print!("{}", timeline(&events, &config.shop.timezone));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Events as a person reads them.
pub(super) fn timeline(events: &[StoredEvent], zone: &TimeZone) -> String {
    let mut text = String::new();
    let mut last = Micros::default();
    for event in events {
        let clock = event.recorded_at.local_clock(zone);
        let shown = if event.recorded_at == last { String::new() } else { clock };
        last = event.recorded_at;
        let line = format!(
            "{:>6}  {shown:<8}  {:<22}  {:<26} {}\n",
            event.position,
            event.kind,
            event.actor,
            notable(event)
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What of an event's data helps to read it.
fn notable(event: &StoredEvent) -> String {
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    let word = |key: &str| data.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let amount = event.amount_cents.map(|cents| crate::ledger::money::Cents(cents).to_string());
    [amount, word("reason"), word("learnt"), word("gateway")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// Read models.
#[derive(Debug, Subcommand)]
pub(super) enum Projections {
    /// Build them again from the first event.
    Rebuild {
        /// Only compare with the live ones and report the first difference.
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
        store.rebuild_projections(|name, position| println!("{name}: event {position}")).await?;
        println!("All projections are built anew.");
        Ok(ExitCode::SUCCESS)
    }
}
