//! `lango site …` and `lango package …`

use super::output;
use crate::{
    app::{self, config::Config},
    commands::catalogue::{DefinePackage, RegisterSite, RetirePackage},
    ledger::{
        catalogue,
        kernel::{
            id::{PackageKey, Slug},
            money::Cents,
        },
        purchase::Language,
    },
    services::catalogue::{
        Unreadable, language, name, price, profile, receiver, router_login, seconds,
    },
    store::Store,
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use url::Url;

#[derive(Debug, Subcommand)]
pub(super) enum Site {
    /// Add a site, or change its name or router.
    Add(AddSite),
    /// List sites.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddSite {
    /// A short name, such as mtaa; it is part of web addresses.
    #[arg(long)]
    id: Slug,
    /// What buyers call it.
    #[arg(long, value_parser = name)]
    name: String,
    /// The router's own login page, such as <http://10.5.50.1/login>.
    #[arg(long, value_name = "URL", value_parser = router_login)]
    router_login: Url,
    /// The till or paybill that its buyers pay; empty for the shop's.
    #[arg(long, value_name = "NUMBER", value_parser = receiver)]
    receiver: Option<String>,
    /// The language that its pages show first: en or sw. The other is one tap away.
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    /// Change this site instead of adding one.
    #[arg(long)]
    change: bool,
}

impl Site {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Add(site) => {
                let known = app::receivers(config);
                if site.receiver.as_ref().is_some_and(|number| !known.know(number)) {
                    bail!(Unreadable::UnknownReceiver);
                }
                let store = app::open(config, None).await?;
                let done = if site.change { "changed" } else { "added" };
                store
                    .execute(RegisterSite {
                        change: site.change,
                        receiver: site.receiver,
                        language: site.language,
                        ..RegisterSite::new(site.id.clone(), site.name, site.router_login.into())
                    })
                    .await
                    .with_context(|| {
                        let hint = if site.change { "" } else { " (--change changes one)" };
                        format!("site {} was not {done}{hint}", site.id)
                    })?;
                println!("Site {} {done}.", site.id);
            }
            Self::List { json } => {
                let store = app::open_existing(config).await?;
                let sites = store.read().sites().await?;
                if json {
                    return output::json(&sites);
                }
                for site in &sites {
                    println!("{:<16} {:<28} {}", site.site, site.name, site.router_login);
                }
                if sites.is_empty() {
                    println!("No sites yet. Add one with `lango site add`.");
                }
            }
        }
        Ok(())
    }
}

/// The site of that name, for commands that need one.
pub(super) async fn known_site(store: &Store, site: &Slug) -> anyhow::Result<catalogue::Site> {
    let found = store.read().site(site).await?;
    found.with_context(|| format!("there is no site {site}; see `lango site list`"))
}

#[derive(Debug, Subcommand)]
pub(super) enum Package {
    /// Offer a package, or give it a new name, price or place.
    Add(Box<AddPackage>),
    /// Take a package off the page. `package add` offers it again.
    Retire {
        /// The site.
        #[arg(long)]
        site: Slug,
        /// The package.
        #[arg(long)]
        id: Slug,
    },
    /// List packages with their stock.
    List {
        /// The site.
        #[arg(long)]
        site: Slug,
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddPackage {
    /// The site.
    #[arg(long)]
    site: Slug,
    /// A short name, such as daily.
    #[arg(long)]
    id: Slug,
    /// What buyers call it.
    #[arg(long, value_parser = name)]
    name: String,
    /// What it costs, in whole shillings.
    #[arg(long, value_name = "KES", value_parser = price)]
    price: Cents,
    /// How long it lasts from the first login, such as 1h, 1d, 1w or 4w2d.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    validity: u64,
    /// The user profile on the router; the package sells its codes.
    #[arg(long, value_parser = profile)]
    profile: String,
    /// How many devices may use one code at a time.
    #[arg(long, default_value_t = 1)]
    devices: u32,
    /// Download speed in kbit/s, as the profile limits it.
    #[arg(long, value_name = "KBPS")]
    rate_down: Option<u32>,
    /// Upload speed in kbit/s, as the profile limits it.
    #[arg(long, value_name = "KBPS")]
    rate_up: Option<u32>,
    /// Data in bytes, as the codes limit it.
    #[arg(long, value_name = "BYTES")]
    data_limit: Option<u64>,
    /// The name in Swahili; without this it stays as it was.
    #[arg(long, value_parser = name)]
    name_sw: Option<String>,
    /// Its place on the page, 1 before 2; without this it stays as it was.
    #[arg(long)]
    place: Option<u32>,
}

impl Package {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        match self {
            Self::Add(add) => {
                let package = add.package(&store).await?;
                let key = package.key();
                store
                    .execute(DefinePackage { package })
                    .await
                    .with_context(|| format!("package {key} was not added"))?;
                println!("Package {key} is on offer.");
            }
            Self::Retire { site, id } => {
                let package = PackageKey { site, package: id };
                store
                    .execute(RetirePackage { package: package.clone() })
                    .await
                    .with_context(|| format!("package {package} was not retired"))?;
                println!("Package {package} is no longer sold.");
            }
            Self::List { site, json } => {
                known_site(&store, &site).await?;
                let offers = store.read().offers(&site).await?;
                if json {
                    let list: Vec<_> = offers
                        .iter()
                        .map(|offer| {
                            let (package, free) = (&offer.package, offer.free);
                            serde_json::json!({
                                "package": package, "free": free, "held": offer.held,
                            })
                        })
                        .collect();
                    return output::json(&list);
                }
                for offer in &offers {
                    let package = &offer.package;
                    println!(
                        "{:<12} {:<20} {:>10} {:>6} free {:>4} held",
                        package.package,
                        package.name,
                        package.price_cents.to_string(),
                        offer.free,
                        offer.held
                    );
                }
                if offers.is_empty() {
                    println!("No packages yet. Add one with `lango package add`.");
                }
            }
        }
        Ok(())
    }
}

impl AddPackage {
    /// The package as it is to be, with what was not said as it was.
    async fn package(self, store: &Store) -> anyhow::Result<catalogue::Package> {
        let key = PackageKey { site: self.site.clone(), package: self.id.clone() };
        let old = store.read().package(&key).await?;
        let name_sw = self.name_sw.or_else(|| old.as_ref()?.name_sw.clone());
        let place = self.place.or_else(|| old.as_ref()?.place);
        Ok(catalogue::Package {
            site: self.site,
            package: self.id,
            version: 1,
            name: self.name,
            price_cents: self.price,
            validity_seconds: self.validity,
            profile: self.profile,
            devices: self.devices,
            rate_kbps_down: self.rate_down,
            rate_kbps_up: self.rate_up,
            data_bytes_max: self.data_limit,
            name_sw,
            place,
            retired: false,
        })
    }
}
