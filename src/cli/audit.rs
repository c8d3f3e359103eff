//! `lango audit …` and `lango projections …`

use crate::{
    app,
    config::Config,
    ledger::{chain::hex, id::PurchaseId, time::Micros},
    store::{StoredEvent, Verified},
};
use clap::Subcommand;
use jiff::tz::TimeZone;
use std::process::ExitCode;

/// Check the ledger, and look at sales in it.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check every event against the chain of hashes.
    Verify {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one sale as a timeline across all its streams.
    Show {
        /// The purchase's id.
        purchase: PurchaseId,
    },
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let store = app::open(config, None).await?;
        match self {
            Self::Verify { json } => {
                let verified = store.verify(|_| {}).await?;
                let (good, text) = describe(&verified);
                if json {
                    println!("{}", as_json(&verified));
                } else {
                    println!("{text}");
                }
                Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Self::Show { purchase } => {
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

/// Whether the chain holds, and a sentence that says so.
pub(super) fn describe(verified: &Verified) -> (bool, String) {
    match verified {
        Verified::Whole { events, hash } => {
            let hash = hex(&hash[..8]);
            (
                true,
                format!("{events} events, each follows from the one before; the last is {hash}…"),
            )
        }
        Verified::Broken { position, why } => {
            (false, format!("The chain breaks at event {position}: {why}."))
        }
    }
}

fn as_json(verified: &Verified) -> serde_json::Value {
    match verified {
        Verified::Whole { events, hash } => {
            serde_json::json!({ "verified": true, "events": events, "hash": hex(hash) })
        }
        Verified::Broken { position, why } => {
            serde_json::json!({ "verified": false, "position": position, "why": why })
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
        let store = app::open(config, None).await?;
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
