//! `lango staff …`

use super::output;
use crate::{
    app::{self, config::Config},
    commands::by::By,
    ledger::staff::Role,
    services::staff::{self, Change, PASSWORD_CHARS_MIN},
    store::Store,
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add somebody. The password is asked for, and not shown.
    Add {
        /// What they sign in with, such as "Wanjiku".
        #[arg(long)]
        name: String,
        /// owner, cashier, technician or auditor: docs/owner/the-desk.md says what each may do.
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        typed: Typed,
    },
    /// Print all who work at the desk, or did.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change what somebody may do, or their password.
    Change {
        /// What they sign in with.
        #[arg(long)]
        name: String,
        /// What they may do from now on.
        #[arg(long)]
        role: Option<Role>,
        /// They may sign in no longer; whoever is signed in is signed out.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// They may sign in again.
        #[arg(long)]
        enable: bool,
        /// Ask for another password.
        #[arg(long)]
        password: bool,
        #[command(flatten)]
        typed: Typed,
    },
}

#[derive(Debug, Args)]
pub(super) struct Typed {
    /// Read the password from this file instead of asking.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Typed {
    fn password(&self) -> anyhow::Result<SecretString> {
        if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            return Ok(text.trim_end_matches(['\r', '\n']).into());
        }
        let ask = |prompt: &str| {
            let typed = rpassword::prompt_password(prompt);
            typed.context("nobody is here to type a password; name a file with --password-file")
        };
        let first: SecretString =
            ask(&format!("Password, at least {PASSWORD_CHARS_MIN} letters: "))?.into();
        if ask("The same once more: ")? != first.expose_secret() {
            bail!("the two are not the same; nothing was changed");
        }
        Ok(first)
    }
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open(config, None).await?;
        let (_, random) = app::machine();
        match self {
            Self::Add { name, role, typed } => {
                let password = typed.password()?;
                staff::add(&store, random.as_ref(), (&name, role), &password).await?;
                println!("{} is added as {}.", name.trim(), role.word());
                println!("The desk is at {}.", app::desk_url(config));
            }
            Self::List { json } => list(&store, json).await?,
            Self::Change { name, role, disable, enable, password, typed } => {
                let asked = password || typed.password_file.is_some();
                let password = if asked { Some(typed.password()?) } else { None };
                let disabled = if disable || enable { Some(disable) } else { None };
                let change = Change { role, disabled, password };
                let named = (name.as_str(), change);
                staff::change(&store, random.as_ref(), By::CommandLine, named).await?;
                println!("{} is changed.", name.trim());
            }
        }
        Ok(())
    }
}

async fn list(store: &Store, as_json: bool) -> anyhow::Result<()> {
    let list = staff::list(store).await?;
    if as_json {
        let row = |(member, name): &(crate::store::StaffMember, String)| {
            let staff = member.staff;
            json!({
                "id": member.id, "name": name, "role": staff.role, "disabled": staff.disabled,
            })
        };
        let rows: Vec<_> = list.iter().map(row).collect();
        return output::json(&rows);
    }
    if list.is_empty() {
        println!("Nobody yet: lango staff add --name … --role owner");
    }
    for (member, name) in list {
        let off = if member.staff.disabled { "  may sign in no longer" } else { "" };
        println!("{name:<24} {}{off}", member.staff.role.word());
    }
    Ok(())
}
