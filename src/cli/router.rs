//! `lango router …`

use crate::{
    app,
    config::Config,
    ledger::{id::Slug, purchase::Language},
    routeros::{
        pages::{self, Page, SitePages},
        scripts::{self, SiteScripts},
    },
    web::accent::Accent,
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of the pages on the router: our own, so that what was there stays.
const PAGES: &str = "lango";

/// The routers of the hotspots.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the login pages and scripts for a site's router into a folder.
    Bundle(Bundle),
}

/// Write the login pages and scripts for a site's router.
#[derive(Debug, Args)]
pub(super) struct Bundle {
    /// For which site.
    #[arg(long)]
    site: Slug,
    /// Into which folder; files of the same names are replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The language shown first: en or sw. The other is one tap away.
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
}

fn language(text: &str) -> Result<Language, String> {
    [Language::En, Language::Sw]
        .into_iter()
        .find(|language| language.code() == text)
        .ok_or_else(|| "write en or sw".to_owned())
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Bundle(bundle) = self;
        bundle.run(config).await
    }
}

impl Bundle {
    async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        let Some(site) = store.site(&self.site).await? else {
            bail!("there is no site {}; see `lango site list`", self.site);
        };
        let phone = store.support_phone(&site.site).await?;
        let phone = phone.or_else(|| config.shop.support_phone.clone());
        let accent = site.accent.as_deref().unwrap_or(&config.shop.accent);
        let Some(shop_url) = &config.http.public_url else {
            bail!("set http.public_url: phones at the hotspot reach the shop by it");
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let scripts = SiteScripts {
            shop_url: shop_url.clone(),
            site: site.site.clone(),
            version: version.clone(),
        };
        let Some(scripts) = scripts::render(&scripts) else {
            bail!("http.public_url must be a name or an IPv4 address: hotspots know no IPv6");
        };
        let pages = pages::render(&SitePages {
            shop_url: shop_url.clone(),
            site: site.site.to_string(),
            site_name: site.name,
            support_phone: phone.unwrap_or_default(),
            accent: Accent::parse(accent).unwrap_or_default().css(),
            language: self.language,
            version,
        });
        write(&self.out.join(PAGES), &pages)?;
        write(&self.out, &scripts)?;
        println!(
            "{} pages and {} scripts for {} are in {}; they lead to {shop_url}.",
            pages.len(),
            scripts.len(),
            site.site,
            self.out.display()
        );
        println!("docs/technician/install-pages-by-hand.md says what to do with them.");
        Ok(())
    }
}

fn write(folder: &Path, files: &[Page]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for file in files {
        let path = folder.join(file.name);
        fs::write(&path, &file.bytes)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
