//! `lango sms …`

use crate::app::{self, config::Config};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the addresses to enter at the gateways for delivery reports. They are secret:
    /// anyone who has one could claim that messages arrived.
    Addresses,
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Addresses = self;
        let store = app::open_existing(config).await?;
        let base = app::web_settings(config, config.http.listen)?.public_url;
        for gateway in &config.sms.gateways {
            let secret = store.vault().report_secret(&gateway.id);
            let address = base.join(&format!("/hooks/m/{}/{secret}", gateway.id))?;
            println!("{:<16} {address}", gateway.id);
        }
        if config.sms.gateways.is_empty() {
            println!("No SMS gateway is configured; see [[sms.gateway]] in lango.example.toml.");
        }
        Ok(())
    }
}
