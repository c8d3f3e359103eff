//! `lango staff …`

use super::output;
use crate::{
    app::{self, config::Config},
    ledger::staff::Role,
    services::{
        acting::Acting,
        staff::{self, Change, NewStaff, PASSWORD_CHARS_MIN},
    },
    store::Store,
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add somebody. Lango asks for the password and does not show it.
    Add {
        /// The name to sign in with, such as "Wanjiku".
        #[arg(long)]
        name: String,
        /// owner, cashier, technician or auditor: docs/owner/the-desk.md says what each may do.
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        typed: Typed,
    },
    /// Print everybody who works at the desk, or did.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change a person's role or password.
    Change {
        /// The name to sign in with.
        #[arg(long)]
        name: String,
        /// The new role.
        #[arg(long)]
        role: Option<Role>,
        /// Sign this person out, and do not let them sign in again.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// Let this person sign in again.
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
            typed.context(
                "there is no terminal to type a password at; name a file with --password-file",
            )
        };
        let first: SecretString =
            ask(&format!("Password, at least {PASSWORD_CHARS_MIN} letters: "))?.into();
        if ask("The same again: ")? != first.expose_secret() {
            bail!("the two passwords differ; nothing was changed");
        }
        Ok(first)
    }
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open(config, None).await?;
        let (_, random) = app::machine();
        let acting = Acting::at_command_line(&store, random.as_ref());
        match self {
            Self::Add { name, role, typed } => {
                let password = typed.password()?;
                acting.add_staff(NewStaff { name: &name, role, password: &password }).await?;
                println!("{} is added as {}.", name.trim(), role.word());
                println!("The desk is at {}.", app::desk_url(config));
            }
            Self::List { json } => list(&store, json).await?,
            Self::Change { name, role, disable, enable, password, typed } => {
                let asked = password || typed.password_file.is_some();
                let password = if asked { Some(typed.password()?) } else { None };
                let disabled = if disable || enable { Some(disable) } else { None };
                let change = Change { role, disabled, password };
                acting.change_staff(&name, change).await?;
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
        let off = if member.staff.disabled { "  may not sign in" } else { "" };
        println!("{name:<24} {}{off}", member.staff.role.word());
    }
    Ok(())
}
