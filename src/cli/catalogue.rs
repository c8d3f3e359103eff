//! `lango site …` and `lango package …`

use crate::{
    app,
    commands::catalogue::{DefinePackage, RegisterSite},
    config::Config,
    ledger::{catalog, id::Slug, money::Cents},
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use url::Url;

/// Hotspots.
#[derive(Debug, Subcommand)]
pub(super) enum Site {
    /// Add a hotspot, or change its name or router.
    Add(AddSite),
    /// List hotspots.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Add a hotspot.
#[derive(Debug, Args)]
pub(super) struct AddSite {
    /// A short name, such as mtaa; it stands in addresses.
    #[arg(long)]
    id: Slug,
    /// What buyers call it.
    #[arg(long, value_parser = name)]
    name: String,
    /// The router's own login page, such as <http://10.5.50.1/login>.
    #[arg(long, value_name = "URL")]
    router_login: Url,
    /// Change the site of that name instead of adding one.
    #[arg(long)]
    change: bool,
}

impl Site {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Add(site) => {
                let store = app::open(config, None).await?;
                if !matches!(site.router_login.scheme(), "http" | "https") {
                    bail!("--router-login must be an address that starts with http:// or https://");
                }
                let done = if site.change { "changed" } else { "added" };
                store
                    .execute(RegisterSite {
                        site: site.id.clone(),
                        name: site.name,
                        router_login: site.router_login.to_string(),
                        change: site.change,
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
                let sites = store.sites().await?;
                if json {
                    println!("{}", serde_json::to_string_pretty(&sites)?);
                    return Ok(());
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

/// What is sold.
#[derive(Debug, Subcommand)]
pub(super) enum Package {
    /// Offer a package, or give it a new name or price.
    Add(Box<AddPackage>),
    /// List packages with their stock.
    List {
        /// Of which site.
        #[arg(long)]
        site: Slug,
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Offer a package.
#[derive(Debug, Args)]
pub(super) struct AddPackage {
    /// At which site.
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
    /// The router's user profile whose codes it sells.
    #[arg(long)]
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
}

impl Package {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        match self {
            Self::Add(add) => {
                let package = add.package();
                let key = package.key();
                store
                    .execute(DefinePackage { package })
                    .await
                    .with_context(|| format!("package {key} was not added"))?;
                println!("Package {key} is on offer.");
            }
            Self::List { site, json } => {
                if store.site(&site).await?.is_none() {
                    bail!("there is no site {site}; see `lango site list`");
                }
                let offers = store.offers(&site).await?;
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
                    println!("{}", serde_json::to_string_pretty(&list)?);
                    return Ok(());
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
    fn package(self) -> catalog::Package {
        catalog::Package {
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
            retired: false,
        }
    }
}

/// A name that buyers can read: something, and short enough for a phone's page.
fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=NAME_LETTERS_MAX).contains(&name.chars().count());
    let plain = !name.chars().any(char::is_control);
    if fits && plain { Ok(name.to_owned()) } else { Err("write a name of 1 to 40 letters".into()) }
}

const NAME_LETTERS_MAX: usize = 40;

/// M-PESA moves whole shillings, from 1 to 250,000 (`facts/mpesa.md`, section 2).
fn price(text: &str) -> Result<Cents, String> {
    let whole = Cents::parse(text).filter(|price| price.whole_kes().is_some());
    whole
        .filter(|price| (Cents::from_kes(1)..=Cents::from_kes(250_000)).contains(price))
        .ok_or_else(|| "write whole shillings from 1 to 250000, such as 50".into())
}

/// Reads `1h`, `1d`, `4w2d` into seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "write it like 30m, 1h, 1d, 1w or 4w2d".to_owned();
    let mut total: u64 = 0;
    let mut digits = String::new();
    for letter in text.trim().chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        total = number.checked_mul(unit).and_then(|n| total.checked_add(n)).ok_or_else(wrong)?;
        digits.clear();
    }
    if digits.is_empty() && total > 0 { Ok(total) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_router_writes_them() {
        assert_eq!(seconds("1d"), Ok(86_400));
        assert_eq!(seconds("4w2d"), Ok(30 * 86_400));
        assert_eq!(seconds("1h30m"), Ok(5_400));
        for bad in ["", "1", "d", "1x", "0d", "99999999999999999999d"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_can_be_read() {
        assert_eq!(name(" One day "), Ok("One day".into()));
        for bad in ["", "  ", "a\nb", &"x".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn prices_are_whole_shillings() {
        assert_eq!(price("50"), Ok(Cents(5000)));
        for bad in ["0", "-5", "9.50", "250001", "free"] {
            assert!(price(bad).is_err(), "{bad}");
        }
    }
}
