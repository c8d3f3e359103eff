//! `lango serve`

use crate::{
    app::{self, config::Config, telemetry},
    ledger::{catalogue::LedgerPurpose, checkpoint::Kept},
    services::staff,
    web::Shop,
};
use anyhow::Context as _;
use clap::Args;
use std::net::SocketAddr;
use tokio::net::TcpListener;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where buyers reach it [default: http.listen]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// A checkpoint that you kept, from a receipt or of `lango audit checkpoint`: when the database
    /// is older, its codes are not for sale until `lango vouchers release`. For one start only.
    #[arg(long, value_name = "CHECKPOINT")]
    known_checkpoint: Option<Kept>,
}

impl Serve {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        telemetry::init(&config.log);
        app::check(config)?;
        let store = app::open(config, Some(LedgerPurpose::Shop)).await?;
        app::guard(config, &store, self.known_checkpoint).await?;
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
        tell_what_is_sold(&shop).await?;
        if !staff::has_owner(&shop.context.store).await? {
            tracing::warn!(
                "nobody can sign in at the desk yet: add yourself with `lango staff add --role \
                 owner --name …`"
            );
        }
        app::serve(shop, public, staff, app::asked_to_stop()).await?;
        tracing::info!("closed");
        Ok(())
    }
}

/// Each shop page, and what keeps it from selling.
async fn tell_what_is_sold(shop: &Shop) -> anyhow::Result<()> {
    let store = &shop.context.store;
    let sites = store.read().sites().await?;
    if sites.is_empty() {
        tracing::warn!("there is no site yet: add one at the desk or with `lango site add`");
    }
    for site in sites {
        let page = shop.settings.public_url.join(&format!("/s/{}", site.site))?;
        let offers = store.read().offers(&site.site).await?;
        let free: i64 = offers.iter().map(|offer| offer.free).sum();
        match (offers.len(), free) {
            (0, _) => tracing::warn!("{page} sells nothing: add one with `lango package add`"),
            (_, 0) => tracing::warn!("{page} is sold out: `lango vouchers import` brings codes"),
            (packages, _) => tracing::info!(packages, free, "selling at {page}"),
        }
    }
    Ok(())
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another {key}"))
}
