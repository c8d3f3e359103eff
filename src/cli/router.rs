//! `lango router …`

use super::secret_file;
use crate::{
    adapters::routeros::{pages::Page, scripts::INSTALL, users::script},
    app::{self, config::Config},
    commands::by::By,
    ledger::{
        accent::Accent,
        catalogue::Site,
        kernel::{
            id::Slug,
            time::{HOUR, Micros},
        },
        refusal::Refusal,
    },
    services::router::{
        self,
        kit::{self, Kit, KitSettings},
    },
    store::{CommandError, Store},
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use std::{
    fs,
    path::{Path, PathBuf},
};
use url::Url;

/// The folder of the pages on the router: our own, so that what was there stays.
const PAGES: &str = "lango";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the line that sets a site's router up; paste it into the router's terminal.
    Line(Line),
    /// Write the login pages and scripts for a site's router into a folder.
    Bundle(Bundle),
    /// Write every code of a site that is still good, for a router that was replaced.
    Restore(Restore),
    /// Sell all codes again, of a site whose router reports no longer.
    Forget(Forget),
}

#[derive(Debug, Args)]
pub(super) struct Line {
    /// For which site.
    #[arg(long)]
    site: Slug,
    /// For how many hours it works.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=720))]
    hours: i64,
}

#[derive(Debug, Args)]
pub(super) struct Bundle {
    /// For which site.
    #[arg(long)]
    site: Slug,
    /// Into which folder; files of the same names are replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// Of which site.
    #[arg(long)]
    site: Slug,
    /// Into which file; it must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Forget {
    /// Of which site.
    #[arg(long)]
    site: Slug,
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Line(line) => line.run(config).await,
            Self::Bundle(bundle) => bundle.run(config).await,
            Self::Restore(restore) => restore.run(config).await,
            Self::Forget(forget) => forget.run(config).await,
        }
    }
}

/// The files of a site, as the configuration has them filled in.
async fn kit(config: &Config, store: &Store, site: &Slug) -> anyhow::Result<(Kit, Url)> {
    let site = known(store, site).await?;
    let Some(shop_url) = config.http.public_url.clone() else {
        bail!(
            "set http.public_url in lango.toml, or LANGO_HTTP__PUBLIC_URL: phones at the hotspot \
             reach the shop by it, as http://10.5.51.2 or https://wifi.example"
        );
    };
    let settings = KitSettings {
        shop_url: shop_url.clone(),
        support_phone: config.shop.support_phone.clone(),
        accent: Accent::parse(&config.shop.accent).unwrap_or_default(),
    };
    let kit = kit::make(store, &settings, &site).await?;
    if kit.scripts.is_empty() {
        bail!("http.public_url must be a name or an IPv4 address: hotspots know no IPv6");
    }
    Ok((kit, shop_url))
}

async fn known(store: &Store, site: &Slug) -> anyhow::Result<Site> {
    let found = store.site(site).await?;
    found.with_context(|| format!("there is no site {site}; see `lango site list`"))
}

impl Line {
    async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        let (_, shop_url) = kit(config, &store, &self.site).await?;
        let until = Micros(store.now().0 + self.hours * HOUR);
        let pass = store.vault().router_pass(&self.site, until);
        println!("{}", kit::line(&shop_url, &self.site, &pass));
        eprintln!();
        eprintln!(
            "Paste it into the terminal of the router at {}. It works for {} {}; whoever has it \
             can set up a router as that site's, so hand it to your technician alone.",
            self.site,
            self.hours,
            if self.hours == 1 { "hour" } else { "hours" }
        );
        Ok(())
    }
}

impl Bundle {
    async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        let (kit, shop_url) = kit(config, &store, &self.site).await?;
        write(&self.out.join(PAGES), &kit.pages)?;
        write(&self.out, &kit.scripts)?;
        println!(
            "{} pages and {} scripts for {} are in {}; they lead to {shop_url}.",
            kit.pages.len(),
            kit.scripts.len(),
            self.site,
            self.out.display()
        );
        println!("Copy all of it into the router's Files, then: /import file-name={INSTALL}");
        println!("The site's key stands in the scripts: keep the folder to yourself.");
        Ok(())
    }
}

impl Restore {
    async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        known(&store, &self.site).await?;
        // Made first: what cannot be written must not be recorded as taken.
        let file = secret_file::new(&self.out)?;
        let users = router::restore(&store, By::CommandLine, &self.site).await?;
        if users.is_empty() {
            fs::remove_file(&self.out)?;
            println!("No code of {} is unsold or running: nothing was written.", self.site);
            return Ok(());
        }
        let title = format!("The codes of {} that are still good", self.site);
        secret_file::fill(file, &self.out, script(&title, &users).as_bytes())?;
        println!("{} codes are in {}.", users.len(), self.out.display());
        println!("Set the router up first, then copy the file to it and import it.");
        println!("Delete the file when the codes are in: whoever has it can use them.");
        Ok(())
    }
}

impl Forget {
    async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        known(&store, &self.site).await?;
        match router::forget(&store, By::CommandLine, &self.site).await {
            Err(CommandError::Refused(Refusal::NothingNew)) => {
                println!("The router of {} does not report.", self.site);
            }
            outcome => {
                outcome?;
                println!("All codes of {} are for sale again, whatever its router", self.site);
                println!("knows. Should it report once more, only those that it shows are.");
            }
        }
        Ok(())
    }
}

fn write(folder: &Path, files: &[Page]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for file in files {
        secret_file::replace(&folder.join(file.name), &file.bytes)?;
    }
    Ok(())
}
