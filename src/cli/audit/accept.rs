//! `lango audit accept`

use crate::{
    app::{self, config::Config},
    ledger::{checkpoint::Kept, history::Doubt},
    store::Store,
};
use anyhow::{Context as _, bail};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(in crate::cli) struct Accept {
    /// The end of the history to go on with, as this command prints it.
    checkpoint: Option<Kept>,
}

impl Accept {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let store = app::open_existing(config).await?;
        let broken = store.find_broken().await?;
        let code = match (broken.or(store.history_doubt()), self.checkpoint) {
            (Some(doubt), _) if doubt.is_broken() => cannot_go_on(&doubt),
            (None, _) => nothing_in_doubt(config, &store).await?,
            (Some(doubt), None) => explain(&doubt, &store).await?,
            (Some(doubt), Some(checkpoint)) => accept(config, &store, &doubt, &checkpoint).await?,
        };
        store.close().await;
        Ok(code)
    }
}

/// Checkpoints may be missing all the same; that they are is known from now on.
async fn nothing_in_doubt(config: &Config, store: &Store) -> anyhow::Result<ExitCode> {
    app::keep_mark(config, store).await?;
    println!("The history is the one that is remembered; there is nothing to decide.");
    Ok(ExitCode::SUCCESS)
}

/// What no copy could bring back is not continued.
fn cannot_go_on(doubt: &Doubt) -> ExitCode {
    println!("{doubt}.");
    println!("Nothing is sold and nothing is signed. A history that does not follow cannot be");
    println!("accepted: no backup of it could be restored.");
    println!("- `lango audit verify` says what was done to it.");
    println!("- Restore a backup from before into an empty database: `lango restore FILE`.");
    println!("- Without a backup: docs/owner/checking-the-books.md, \"A history that is broken\".");
    ExitCode::FAILURE
}

async fn explain(doubt: &Doubt, store: &Store) -> anyhow::Result<ExitCode> {
    let head = store.end_as_it_stands().await?.context("the ledger is empty")?;
    println!("{doubt}.");
    println!("Nothing is sold and nothing is signed until you decide:");
    println!("- `lango audit verify` says what does not agree.");
    println!("- To go back, restore a backup from before into an empty database.");
    println!("- To go on with the history as it stands, type:");
    println!("    lango audit accept {}", head.short());
    println!("  Codes that may have been sold in the lost history then leave sale.");
    Ok(ExitCode::FAILURE)
}

async fn accept(
    config: &Config,
    store: &Store,
    doubt: &Doubt,
    checkpoint: &Kept,
) -> anyhow::Result<ExitCode> {
    let position = checkpoint.position();
    let event = store.read().events_after(position - 1, 1).await?;
    let stands = event.first().is_some_and(|event| checkpoint.agrees(&event.hash));
    if !stands {
        bail!("event {position} of this ledger is not that one; run `lango audit accept` again");
    }
    let fenced = store.accept_history(doubt).await?;
    // What stands beside the ledger still tells of the other history.
    app::mend(config).await?;
    store.rebuild_projections(|_| {}).await?;
    store.take_checkpoint().await?;
    app::keep_mark(config, store).await?;
    println!("Accepted, signed and recorded. A shop that runs goes on within a minute.");
    if fenced > 0 {
        println!(
            "{fenced} codes may have been sold and are not for sale. Look at the router, then"
        );
        println!("`lango vouchers release --site …` puts the others back on sale.");
    }
    Ok(ExitCode::SUCCESS)
}
