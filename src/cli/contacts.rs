//! `lango contacts …`

use crate::{
    app::{self, config::Config},
    ledger::kernel::phone::Phone,
    services::person,
};
use anyhow::{Context as _, bail};
use clap::Subcommand;
use std::io::{IsTerminal as _, Write as _};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Erase everything that says who a buyer is: number, devices, messages, callbacks. The sales
    /// stay, but nobody can tell whose they are.
    Forget {
        /// The phone number, such as 0712345678.
        #[arg(value_parser = phone, value_name = "NUMBER")]
        phone: Phone,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// What has to be typed.
const WORD: &str = "forget";

fn phone(text: &str) -> Result<Phone, String> {
    Phone::parse(text).ok_or_else(|| "write a number like 0712 345 678".to_owned())
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Forget { phone, yes } = self;
        let store = app::open_existing(config).await?;
        let found = person::find(&store, &phone).await?;
        println!(
            "{} is in {} purchases, {} messages and {} callbacks.",
            phone.masked(),
            found.purchases.len(),
            found.messages.len(),
            found.inbox_rows.len()
        );
        if !yes && !is_confirmed()? {
            println!("Nothing was changed.");
            return Ok(());
        }
        let clean = person::forget(&store, found).await?;
        println!("Forgotten. The sales stay in the books, without a name.");
        if !clean {
            println!("Somebody was reading: the erased bytes leave the file beside the database");
            println!("when the shop is next closed.");
        }
        println!("Older backups still hold this person: delete them in time.");
        Ok(())
    }
}

/// Asks whoever sits at the terminal.
fn is_confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "this cannot be undone, and there is no terminal to ask at; add --yes. Nothing was \
             changed"
        );
    }
    print!("This cannot be undone. Type `{WORD}` to erase them: ");
    std::io::stdout().flush().context("cannot ask")?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).context("cannot read the answer")?;
    Ok(typed.trim() == WORD)
}
