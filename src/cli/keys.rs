//! `lango keys …`

use super::progress::Progress;
use crate::{
    app::{self, config::Config},
    ledger::key::KeyPurpose,
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Replace a key. The shop can stay open.
    Rotate(Rotate),
    /// Refuse the addresses or links that an old key made.
    Retire {
        /// The kind of key.
        #[arg(value_enum)]
        purpose: Retirable,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The key on the recovery sheet, which opens all others.
    #[arg(long, requires = "new_key_file")]
    master: bool,
    /// One of the keys that it opens.
    #[arg(long, value_enum, value_name = "PURPOSE")]
    purpose: Option<Rotatable>,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    which: Which,
    /// The file for the new master key. If it already holds a key, Lango uses that key.
    #[arg(long, value_name = "FILE", conflicts_with = "purpose")]
    new_key_file: Option<PathBuf>,
}

/// The keys that can be changed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rotatable {
    /// Seals numbers, codes, texts and callbacks.
    Seal,
    /// Makes the secret part of the addresses that M-PESA and SMS gateways call.
    Hook,
    /// Makes the links to purchases.
    Link,
    /// Signs checkpoints.
    Sign,
    /// All four, one after the other.
    All,
}

/// The keys whose former works stay good until somebody says otherwise.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Retirable {
    /// Addresses that M-PESA and SMS gateways call.
    Hook,
    /// Links to purchases.
    Link,
}

impl Rotatable {
    fn purposes(self) -> Vec<KeyPurpose> {
        match self {
            Self::Seal => vec![KeyPurpose::Seal],
            Self::Hook => vec![KeyPurpose::Hook],
            Self::Link => vec![KeyPurpose::Link],
            Self::Sign => vec![KeyPurpose::Sign],
            Self::All => {
                vec![KeyPurpose::Hook, KeyPurpose::Link, KeyPurpose::Sign, KeyPurpose::Seal]
            }
        }
    }
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Rotate(Rotate { which: Which { purpose: Some(which), .. }, .. }) => {
                for purpose in which.purposes() {
                    rotate(config, purpose).await?;
                }
                Ok(())
            }
            Self::Rotate(Rotate { new_key_file, .. }) => {
                let file = new_key_file.expect("--master requires it");
                rotate_master(config, &file).await
            }
            Self::Retire { purpose } => retire(config, purpose).await,
        }
    }
}

async fn rotate_master(config: &Config, new_key_file: &std::path::Path) -> anyhow::Result<()> {
    app::change_master(config, new_key_file).await?;
    let old = config.secrets.master_key_file.display();
    println!("{}", app::recovery_sheet(new_key_file));
    println!("The key in {old} no longer opens this ledger. Put the new one in its place, or set");
    println!("secrets.master_key_file to the new file, and start the shop again before its next");
    println!(
        "nightly backup, and before another key is changed. Keep the old key, away from here,"
    );
    println!("as long as backups need it.");
    Ok(())
}

async fn rotate(config: &Config, purpose: KeyPurpose) -> anyhow::Result<()> {
    let progress = Progress::new();
    let mut done = 0;
    let public = app::change_key(config, purpose, |rows| {
        done += rows;
        progress.count("sealed anew", done);
    })
    .await?;
    drop(progress);
    println!("{}", said(purpose, &public));
    Ok(())
}

/// What is true now, and what is left to do.
fn said(purpose: KeyPurpose, public: &str) -> String {
    match purpose {
        KeyPurpose::Seal => {
            "seal: everything in the vault is sealed with a new key; the former one is gone.".into()
        }
        KeyPurpose::Hook => "\
hook: new addresses are made with a new key; those given out before are answered still.
  Give M-PESA and your SMS gateways the new ones: `lango mpesa register`, `lango sms addresses`.
  When they use them, refuse the former: `lango keys retire hook`, a day later at the earliest."
            .into(),
        KeyPurpose::Link => "\
link: every purchase has a new link; the links that buyers have are good still.
  To refuse those: `lango keys retire link`. Buyers then find a purchase by number or receipt."
            .into(),
        KeyPurpose::Sign => format!(
            "\
sign: checkpoints are signed with a new key, which the former one has named. The former is gone.
  Give your auditor the new public key; the one they have leads to it too:
  {public}"
        ),
        KeyPurpose::Fingerprint => unreachable!("fingerprints stand in events and never change"),
    }
}

async fn retire(config: &Config, purpose: Retirable) -> anyhow::Result<()> {
    let (purpose, what) = match purpose {
        Retirable::Hook => (KeyPurpose::Hook, "addresses"),
        Retirable::Link => (KeyPurpose::Link, "links"),
    };
    app::retire_key(config, purpose).await?;
    println!("{}: only {what} made with the key in use are answered now.", purpose.word());
    Ok(())
}
