//! `lango mpesa register`

use crate::{
    adapters::mpesa::{C2bAddresses, Registered},
    app::{
        self,
        config::{Config, OnOff},
    },
};
use anyhow::bail;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell Safaricom where to report money on the shop's numbers, by hand or by prompt. Doing it
    /// again is harmless.
    Register {
        /// Print the addresses, which are secret, and register nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Register { dry_run } = self;
        let settings = app::mpesa_of(config)?;
        if settings.callbacks == OnOff::Off {
            bail!(
                "mpesa.callbacks is off: Safaricom cannot reach this shop, so there is no address \
                 to register"
            );
        }
        let Some(public_url) = &config.http.public_url else {
            bail!("http.public_url is missing; write the shop's public address");
        };
        let store = app::open_existing(config).await?;
        let addresses = app::c2b_addresses(&store, public_url);
        if let Some(word) = addresses.banned_word() {
            bail!(
                "Safaricom refuses every address with \"{word}\" in it; give the shop another \
                 http.public_url"
            );
        }
        if dry_run {
            print(&addresses);
            println!("Nothing was registered (--dry-run).");
            return Ok(());
        }
        let mpesa = app::gateway_to(settings, &app::machine().0)?;
        let mut failed = vec![];
        for number in mpesa.short_codes() {
            match mpesa.register(number, &addresses).await {
                Registered::Done => println!("{number}: Safaricom accepted the addresses."),
                Registered::Already => println!("{number}: {ALREADY}"),
                Registered::Refused { said } => {
                    failed
                        .push(format!("{number}: Safaricom did not accept the addresses: {said}"));
                }
                Registered::Unknown => failed.push(format!("{number}: Safaricom did not answer")),
            }
        }
        if !failed.is_empty() {
            bail!("{}; run this again; doing it twice is harmless", failed.join("; "));
        }
        Ok(())
    }
}

/// Whether the addresses that it has are ours cannot be asked.
const ALREADY: &str = "\
Safaricom has addresses for this number already and keeps them; nothing was changed.
If you have run this before, they are this shop's, and all is well. If you do not know: delete them
at developer.safaricom.co.ke under Self Services, URL Management, and run this again.
(lango mpesa register --dry-run prints this shop's own.)";

fn print(addresses: &C2bAddresses) {
    println!("Money that came:     {}", addresses.confirmation);
    println!("May this money come: {}", addresses.validation);
}
