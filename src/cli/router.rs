//! `lango router …`

use super::{catalogue::known_site, secret_file};
use crate::{
    adapters::routeros::{pages::Page, scripts::INSTALL, users::script},
    app::{self, config::Config},
    ledger::{
        accent::Accent,
        kernel::{
            id::Slug,
            time::{HOUR, Micros},
        },
        refusal::Refusal,
    },
    services::{
        acting::Acting,
        router::kit::{self, Kit, KitSettings},
    },
    store::{CommandError, Store},
};
use anyhow::{Context as _, bail};
use clap::Subcommand;
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
    Line {
        /// The site.
        #[arg(long)]
        site: Slug,
        /// How many hours the line works.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=720))]
        hours: i64,
    },
    /// Write the login pages and scripts for a site's router into a folder.
    Bundle {
        /// The site.
        #[arg(long)]
        site: Slug,
        /// The folder; files of the same names are replaced.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write every code that is still good into a script, for a new router at a site.
    Restore {
        /// The site.
        #[arg(long)]
        site: Slug,
        /// A new file for the script.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sell all codes of a site again, after its router has stopped reporting for good.
    Forget {
        /// The site.
        #[arg(long)]
        site: Slug,
    },
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        match self {
            Self::Line { site, hours } => line(config, &store, &site, hours).await,
            Self::Bundle { site, out } => bundle(config, &store, &site, &out).await,
            Self::Restore { site, out } => restore(&store, &site, &out).await,
            Self::Forget { site } => forget(&store, &site).await,
        }
    }
}

/// The files of a site, as the configuration has them filled in.
async fn kit(config: &Config, store: &Store, site: &Slug) -> anyhow::Result<(Kit, Url)> {
    let site = known_site(store, site).await?;
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

async fn line(config: &Config, store: &Store, site: &Slug, hours: i64) -> anyhow::Result<()> {
    let (_, shop_url) = kit(config, store, site).await?;
    let until = Micros(store.now().0 + hours * HOUR);
    let pass = store.vault().router_pass(site, until);
    println!("{}", kit::line(&shop_url, site, &pass));
    eprintln!(
        "\nPaste it into the terminal of the router at {site}. It works for {hours} {}. Anyone who \
         has it can set up a router for this site, so give it to your technician only.",
        if hours == 1 { "hour" } else { "hours" }
    );
    Ok(())
}

async fn bundle(config: &Config, store: &Store, site: &Slug, out: &Path) -> anyhow::Result<()> {
    let (kit, shop_url) = kit(config, store, site).await?;
    write(&out.join(PAGES), &kit.pages)?;
    write(out, &kit.scripts)?;
    println!(
        "{} pages and {} scripts for {site} are in {}; they lead to {shop_url}.",
        kit.pages.len(),
        kit.scripts.len(),
        out.display()
    );
    println!("Copy all of it into the router's Files, then: /import file-name={INSTALL}");
    println!("The scripts hold the site's key: keep the folder to yourself.");
    Ok(())
}

async fn restore(store: &Store, site: &Slug, out: &Path) -> anyhow::Result<()> {
    known_site(store, site).await?;
    // Made first: what cannot be written must not be recorded as taken.
    let file = secret_file::new(out)?;
    let (_, random) = app::machine();
    let users = Acting::at_command_line(store, random.as_ref()).restore_codes(site).await?;
    if users.is_empty() {
        fs::remove_file(out)?;
        println!("No code of {site} is unsold or running: nothing was written.");
        return Ok(());
    }
    let title = format!("The codes of {site} that are still good");
    secret_file::fill(file, out, script(&title, &users).as_bytes())?;
    println!("{} codes are in {}.", users.len(), out.display());
    println!("Set the router up first, then copy the file to it and import it.");
    println!("Delete the file when the codes are in: anyone who has it can use them.");
    Ok(())
}

async fn forget(store: &Store, site: &Slug) -> anyhow::Result<()> {
    known_site(store, site).await?;
    let (_, random) = app::machine();
    match Acting::at_command_line(store, random.as_ref()).forget_router(site).await {
        Err(CommandError::Refused(Refusal::NothingNew)) => {
            println!("The router of {site} does not report.");
        }
        outcome => {
            outcome?;
            println!("All codes of {site} are for sale again, whatever its router knows.");
            println!("If the router reports again, only the codes that it shows are sold.");
        }
    }
    Ok(())
}

fn write(folder: &Path, files: &[Page]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for file in files {
        secret_file::replace(&folder.join(file.name), &file.bytes)?;
    }
    Ok(())
}
