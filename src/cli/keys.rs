//! `lango keys …`

use crate::{app, config::Config};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The keys of the vault.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put a new master key in the place of the present one. The shop may go on.
    Rotate(Rotate),
}

/// Put a new master key in the place of the present one.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// The key on the recovery sheet, which opens all others.
    #[arg(long, required = true)]
    master: bool,
    /// Where the new key goes. Is there a key already, then that one is used.
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Rotate(Rotate { new_key_file, .. }) = self;
        app::change_master(config, &new_key_file).await?;
        let old = config.secrets.master_key_file.display();
        println!("{}", app::recovery_sheet(&new_key_file));
        println!(
            "The key in {old} opens this ledger no more. Put the new one in its place, or set"
        );
        println!(
            "secrets.master_key_file to the new file, and start the shop again before its next"
        );
        println!("nightly backup. Keep the old key, away from here, as long as backups need it.");
        Ok(())
    }
}
