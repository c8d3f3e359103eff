//! `lango backup` and `lango restore`

use super::progress::Progress;
use crate::{app, backup, config::Config, store::BackupKey};
use clap::Args;
use std::path::PathBuf;

/// Make a sealed copy of everything, while the shop goes on.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder it goes to, such as a mounted disk or a synchronised folder.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
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
        let store = app::open_existing(config).await?;
        let key = BackupKey::of(&app::known_master_key(config)?);
        let (_, random) = app::machine();
        let keys = (&key, random.as_ref());
        let progress = Progress::new();
        let tell = |rows| progress.count("rows copied", rows);
        let made = backup::make(&store, keys, &self.to, tell).await?;
        drop(progress);
        if self.json {
            let said = serde_json::json!({
                "file": made.path, "bytes": made.bytes,
                "events": made.end.position, "hash": made.end.hash,
            });
            println!("{}", serde_json::to_string_pretty(&said)?);
            return Ok(());
        }
        println!("{} events are in {}.", made.end.position, made.path.display());
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
        let store = app::open_existing(config).await?;
        while store.project().await? > 0 {}
        println!("{} events are back; each follows from the one before it.", end.position);
        println!("The last is {:.16}…: compare it with a checkpoint you kept.", end.hash);
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
