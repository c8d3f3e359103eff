//! `lango backup` and `lango restore`

use super::progress::Progress;
use crate::{
    app,
    backup::{self, Delivered, Place, Sent},
    config::Config,
    store::{BackupKey, BackupMade},
};
use anyhow::{anyhow, bail};
use clap::Args;
use std::path::PathBuf;
use url::Url;

/// Make a sealed copy of everything, while the shop goes on.
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

/// Take a backup into an empty database, verified event by event. Also the way from SQLite to
/// PostgreSQL.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// The shop was closed before the backup was made and has sold nothing since: its codes stay on
    /// sale. Without this they are kept out of sale until `lango vouchers release`.
    #[arg(long)]
    nothing_sold_since: bool,
}

impl Backup {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let places = self.places(config)?;
        let store = app::open_existing(config).await?;
        let key = BackupKey::of(&app::known_master_key(config)?);
        let (_, random) = app::machine();
        for place in &places {
            let keys = (&key, random.as_ref());
            let progress = Progress::new();
            let tell = |rows| progress.count("rows copied", rows);
            let made = place.back_up(&store, keys, tell).await;
            drop(progress);
            let named = (place.name(), place.is_off_box());
            let made = match made {
                Ok(made) => made,
                Err(failure) => {
                    store.note_backup_failure((&named.0, named.1), &failure.cause()).await?;
                    return Err(failure.into());
                }
            };
            let (position, bytes) = (made.end.position, made.bytes);
            let noted = BackupMade { at: store.now(), position, bytes };
            store.note_backup((&named.0, named.1), noted).await?;
            self.print(config, place, &made)?;
        }
        Ok(())
    }

    fn places(&self, config: &Config) -> anyhow::Result<Vec<Place>> {
        let configured = app::backup_places(config)?;
        let Some(to) = &self.to else {
            if configured.is_empty() {
                bail!("where to? say --to FOLDER or --to https://…, or configure [backup]");
            }
            return Ok(configured);
        };
        if to.starts_with("https://") || to.starts_with("http://") {
            // The parser's own words would quote an address that may be a secret.
            let url = Url::parse(to).map_err(|_| anyhow!("--to is no address"))?;
            return Ok(vec![app::backup_server(config, url)?]);
        }
        let path = PathBuf::from(to);
        let off_box = config.backup.off_box && config.backup.folder.as_ref() == Some(&path);
        Ok(vec![Place::Folder { path, keep: None, off_box }])
    }

    fn print(&self, config: &Config, place: &Place, made: &Delivered) -> anyhow::Result<()> {
        let events = made.end.position;
        let host = match place {
            Place::Server { address, .. } => Some(address.host()),
            Place::Folder { .. } => None,
        };
        if self.json {
            let said = serde_json::json!({
                "file": made.path, "server": host, "bytes": made.bytes,
                "looked": made.sent.map(|sent| sent == Sent::Looked),
                "events": events, "hash": made.end.hash,
            });
            println!("{}", serde_json::to_string_pretty(&said)?);
            return Ok(());
        }
        if let Some(path) = &made.path {
            println!("{events} events are in {}.", path.display());
        }
        if let Some(host) = host {
            println!("{events} events, {} bytes, are at {host}.", made.bytes);
            match made.sent {
                Some(Sent::Looked) => println!("It was asked and has all of them."),
                _ => println!("It says so; it does not let us look."),
            }
        }
        println!("Keep it away from this machine, and away from the key {}:", key_file(config));
        println!("it opens with that key alone, and with nothing else.");
        Ok(())
    }
}

impl Restore {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
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

fn key_file(config: &Config) -> String {
    config.secrets.master_key_file.display().to_string()
}
