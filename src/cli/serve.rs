//! `lango serve`

use crate::{app, config::Config, ledger::catalog::LedgerPurpose, telemetry};
use anyhow::Context as _;
use clap::Args;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Run the shop.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where buyers reach it [default: http.listen]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        telemetry::init(&config.log);
        app::check(config)?;
        let store = app::open(config, Some(LedgerPurpose::Shop)).await?;
        let shop = app::from_config(config, store)?;
        let public = bind(config.http.listen, "http.listen").await?;
        let staff = bind(config.admin.listen, "admin.listen").await?;
        tracing::info!(
            public = %config.http.listen,
            staff = %config.admin.listen,
            "open: buyers at {}, staff at {}",
            config.http.listen,
            config.admin.listen
        );
        for gateway in &config.sms.gateways {
            let path = report_path(&shop, &gateway.id);
            println!("Delivery reports of {} go to {path}", gateway.id);
        }
        app::serve(shop, (public, staff), app::asked_to_stop()).await?;
        tracing::info!("closed");
        Ok(())
    }
}

/// The address that the owner enters at the gateway: secret, so it is printed and never logged.
fn report_path(shop: &crate::web::Shop, gateway: &str) -> String {
    let secret = shop.context.store.vault().report_secret(gateway);
    let path = format!("/hooks/m/{gateway}/{secret}");
    shop.settings.public_url.join(&path).map_or(path, |address| address.to_string())
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another {key}"))
}
