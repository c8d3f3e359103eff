//! `lango backup` and `lango restore`

use super::{output, progress::Progress};
use crate::{
    app::{
        self,
        config::{Config, scratch_folder},
    },
    services::backup::{self, Outcome, Place, Proof, Sent},
    store::{BackupKey, Reader, Store},
};
use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde_json::{Map, json};
use std::{fmt::Write as _, path::PathBuf, sync::Arc};
use url::Url;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where it goes: a folder, such as a mounted disk, or an https address that takes a PUT (one
    /// that ends in / is a folder) [default: what [backup] in lango.toml says]
    #[arg(long, value_name = "FOLDER|ADDRESS")]
    to: Option<String>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// The shop was closed before the backup was made and has sold nothing since: its codes stay on
    /// sale. Without this they are kept out of sale until `lango vouchers release`.
    #[arg(long)]
    nothing_sold_since: bool,
    /// Only check the backup: restore it into a scratch database, verify it there, open every
    /// sealed text, say what is in it, and delete the scratch database.
    #[arg(long, conflicts_with = "nothing_sold_since")]
    check: bool,
    /// Print the result of --check as JSON.
    #[arg(long, requires = "check")]
    json: bool,
}

impl Backup {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let places = self.places(config)?;
        let store = app::open_existing(config).await?;
        let prover = Arc::new(app::prover(config)?);
        for place in &places {
            let progress = Progress::new();
            let tell = |rows| progress.count("rows copied", rows);
            let outcome = backup::carry_out(&store, &prover, place, tell).await?;
            drop(progress);
            self.print(config, place, &outcome)?;
            outcome.proof.context("the backup was made, and was not proved")?;
            // Whoever makes another one by hand knows what was wrong with the last.
            store.note_spoiled(&place.name(), None).await?;
        }
        Ok(())
    }

    fn places(&self, config: &Config) -> anyhow::Result<Vec<Place>> {
        let configured = app::backup_places(config)?;
        let Some(to) = &self.to else {
            if configured.is_empty() {
                bail!("where to? add --to FOLDER or --to https://…, or configure [backup]");
            }
            return Ok(configured);
        };
        if to.starts_with("https://") || to.starts_with("http://") {
            // The parser's own words would quote an address that may be a secret.
            let url = Url::parse(to).map_err(|_| anyhow!("--to is not an address"))?;
            return Ok(vec![app::backup_server(config, url)?]);
        }
        let path = PathBuf::from(to);
        let off_box = config.backup.off_box && config.backup.folder.as_ref() == Some(&path);
        Ok(vec![Place::Folder { path, keep: None, off_box }])
    }

    fn print(&self, config: &Config, place: &Place, outcome: &Outcome) -> anyhow::Result<()> {
        let made = &outcome.delivered;
        let events = made.end.position;
        let host = match place {
            Place::Server { address, .. } => Some(address.host()),
            Place::Folder { .. } => None,
        };
        if self.json {
            let said = serde_json::json!({
                "file": made.path, "server": host, "bytes": made.bytes,
                "looked": made.sent.map(|sent| sent == Sent::Looked),
                "events": events, "hash": made.end.hash, "proved": outcome.proof.is_ok(),
            });
            return output::json(&said);
        }
        if let Some(path) = &made.path {
            println!("{events} events are in {}.", path.display());
        }
        if let Some(host) = host {
            println!("{events} events, {} bytes, are at {host}.", made.bytes);
            match made.sent {
                Some(Sent::Looked) => println!("The server confirms that it has all of them."),
                _ => println!("The server says so, but does not let Lango look."),
            }
        }
        if let Ok(proof) = &outcome.proof {
            println!(
                "It was restored into a scratch database: all {events} events follow from one"
            );
            println!("another, and {} sealed texts open.", proof.seals);
        }
        println!("Keep it away from this machine, and away from the key {}:", key_file(config));
        println!("nothing else opens it.");
        Ok(())
    }
}

impl Restore {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        if self.check {
            return self.prove(config).await;
        }
        let key = BackupKey::of(&app::known_master_key(config)?);
        let url = config.database.url.expose();
        let (clock, _) = app::machine();
        let fence = (!self.nothing_sold_since).then(|| (clock.now(), &config.shop.timezone));
        let progress = Progress::new();
        let tell = |rows| progress.count("rows taken in", rows);
        let restored = backup::restore(&self.file, &key, url, fence, tell).await?;
        let end = restored.end;
        drop(progress);
        let store = app::open_restored(config).await?;
        while store.project().await? > 0 {}
        println!("{} events are back; each follows from the one before it.", end.position);
        println!("The last is {:.16}…: compare it with a checkpoint you kept.", end.hash);
        if !self.nothing_sold_since {
            // What was known of the lost events is settled: their codes are fenced.
            app::keep_mark(config, &store).await?;
        }
        if restored.fenced > 0 {
            println!("{} codes may have been sold since and are not for sale.", restored.fenced);
            println!("Take those out at the router that it has seen in use; then");
            println!("`lango vouchers release --site …` puts the others back on sale.");
        }
        Ok(())
    }
}

impl Restore {
    async fn prove(&self, config: &Config) -> anyhow::Result<()> {
        backup::sweep(&scratch_folder());
        let prover = app::prover(config)?;
        let progress = Progress::new();
        let tell = |rows| progress.count("rows taken in", rows);
        let proof = prover.prove(&self.file, &|| true, tell).await?;
        drop(progress);
        let goes_on = self.goes_on_here(config, &proof).await?;
        if self.json {
            let tables: Map<_, _> =
                proof.tables.iter().map(|(name, rows)| (name.clone(), json!(rows))).collect();
            let said = json!({
                "events": proof.end.position, "hash": proof.end.hash,
                "signed_to": proof.signed_to, "sealed_texts": proof.seals, "tables": tables,
                "of_this_ledger": goes_on,
            });
            return output::json(&said);
        }
        print!("{}", written(&proof));
        if goes_on {
            println!("The ledger of this machine goes on from it.");
        }
        Ok(())
    }

    /// Whether there is a ledger here that goes on from the copy; one that does not is another.
    async fn goes_on_here(&self, config: &Config, proof: &Proof) -> anyhow::Result<bool> {
        let url = config.database.url.expose();
        if !Store::exists(url).await? {
            return Ok(false);
        }
        let books = Reader::open(url).await?;
        let known = books.last_position().await? >= proof.end.position;
        let continues = backup::continues(&books, &self.file, &proof.end).await;
        books.close().await;
        continues?;
        Ok(known)
    }
}

/// What was proved, in sentences and a table.
fn written(proof: &Proof) -> String {
    let Proof { end, tables, signed_to, seals } = proof;
    let mut text = format!(
        "It comes back: {events} events, each follows from the one before; signed up to event \
         {signed_to}.\nThe last is {hash:.16}…: compare it with a checkpoint you kept.\n\
         {seals} sealed texts open with the keys in it.\n\n",
        events = end.position,
        hash = end.hash,
    );
    for (name, rows) in tables {
        // Writing into a text does not fail.
        let _ = writeln!(text, "{name:<16} {rows:>9}");
    }
    text
}

fn key_file(config: &Config) -> String {
    config.secrets.master_key_file.display().to_string()
}
