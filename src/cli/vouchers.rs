//! `lango vouchers …`

use super::{catalogue::known_site, output, secret_file};
use crate::{
    adapters::routeros::users::{list, script},
    app::{self, config::Config},
    commands::stock::fence::ReleaseFenced,
    ledger::kernel::id::{PackageKey, Slug},
    services::{
        acting::Acting,
        router,
        stock::import::{self, AtOtherSite, Import, Report},
    },
    store::Store,
};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take in a list of codes from a router or another program. Lango recognises the format.
    Import(ImportFile),
    /// Put codes that a restore kept out of sale back on sale.
    Release {
        /// The site where the codes work.
        #[arg(long)]
        site: Slug,
        /// Only the codes of this package.
        #[arg(long)]
        package: Option<Slug>,
    },
    /// Make codes for a router that cannot make them, and take them into stock.
    Make {
        /// The site.
        #[arg(long)]
        site: Slug,
        /// The package.
        #[arg(long)]
        package: Slug,
        /// How many codes.
        #[arg(long, default_value_t = 100)]
        #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
        count: u16,
        /// A new file for the script that the router imports.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// How many codes share a commit.
const RELEASED_AT_ONCE: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct ImportFile {
    /// The file with the codes.
    file: PathBuf,
    /// The site where the codes work.
    #[arg(long)]
    site: Slug,
    /// Keep only this package's lines; lists that name no profiles need it.
    #[arg(long)]
    package: Option<Slug>,
    /// Say what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Set aside codes whose comment is this or starts with it: printed cards, never sold online.
    /// May be given several times.
    #[arg(long, value_name = "COMMENT")]
    set_aside_comment: Vec<String>,
    /// State that this site and that site have different routers, so that both may have the same
    /// code. The ledger records it. May be given several times.
    #[arg(long, value_name = "SITE")]
    other_router: Vec<Slug>,
    /// Print the verdict on each line.
    #[arg(long)]
    lines: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Import(arguments) => arguments.run(config).await,
            Self::Release { site, package } => {
                let store = app::open_existing(config).await?;
                known_site(&store, &site).await?;
                let fenced = store.read().fenced(&site, package.as_ref()).await?;
                for vouchers in fenced.chunks(RELEASED_AT_ONCE) {
                    store.execute(ReleaseFenced { vouchers: vouchers.to_vec() }).await?;
                }
                println!("{} codes are back on sale.", fenced.len());
                Ok(())
            }
            Self::Make { site, package, count, out } => {
                let store = app::open_existing(config).await?;
                make(&store, PackageKey { site, package }, count, &out).await
            }
        }
    }
}

async fn make(store: &Store, key: PackageKey, count: u16, out: &Path) -> anyhow::Result<()> {
    let (_, random) = app::machine();
    let Some(package) = store.read().package(&key).await?.filter(|package| !package.retired) else {
        bail!("site {} sells no {}; see `lango package list`", key.site, key.package);
    };
    let users = router::make_codes(random.as_ref(), &package, count.into());
    // The file first: a code that the shop sells and no router knows would be worth nothing.
    let title = format!("Codes of {key}");
    secret_file::fill(secret_file::new(out)?, out, script(&title, &users).as_bytes())?;
    let import = Import { package: Some(key.package), ..Import::to(key.site) };
    let acting = Acting::at_command_line(store, random.as_ref());
    let report = acting.import(&import, list(&users).as_bytes()).await?;
    println!("{} codes are in stock and in {}.", report.taken, out.display());
    println!("Import the file on the router now, then delete it: anyone who has it can use them.");
    Ok(())
}

impl ImportFile {
    async fn run(self, config: &Config) -> anyhow::Result<()> {
        let bytes = std::fs::read(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let store = app::open_existing(config).await?;
        let (_, random) = app::machine();
        let import = Import {
            site: self.site,
            package: self.package,
            set_aside_comments: self.set_aside_comment,
            set_aside_groups: vec![],
            other_routers: self.other_router,
        };
        let report = if self.dry_run {
            import::look(&store, &import, &bytes).await?
        } else {
            Acting::at_command_line(&store, random.as_ref()).import(&import, &bytes).await?
        };
        if self.json {
            output::json(&report.as_json(self.lines))?;
        } else {
            print(&report, self.lines, self.dry_run);
        }
        if report.counts.no_package > 0 && !report.has_profiles {
            bail!(
                "the list names no profiles; say with --package which package its codes belong to"
            );
        }
        Ok(())
    }
}

fn print(report: &Report, lines: bool, dry_run: bool) {
    println!("Recognised as {}.", report.format.replace('_', " "));
    if lines {
        for judged in &report.judged {
            println!("{:>6}  {:<18} {}", judged.number, judged.verdict.code(), judged.reason);
        }
    }
    for (name, count) in report.counts_by_name() {
        if count > 0 {
            println!("{count:>6}  {}", name.replace('_', " "));
        }
    }
    if report.counts.gives_less > 0 {
        println!(
            "{:>6}  of the accepted have limits of their own that give less than their package \
             promises: raise them on the router, or sell a package that promises no more.",
            report.counts.gives_less
        );
    }
    for AtOtherSite { site, name, codes, standing } in report.elsewhere() {
        let standing = standing.iter().map(|(word, count)| format!("{count} {word}"));
        let standing: Vec<String> = standing.collect();
        println!(
            "{codes:>6}  of the known elsewhere are at {name} ({site}): {}. They are not taken, so \
             that no code is sold twice. If its router is another one, add --other-router {site}.",
            standing.join(", ")
        );
    }
    if dry_run {
        println!("Nothing was changed (--dry-run).");
    } else {
        let for_sale = report.counts.accepted - report.counts.set_aside;
        println!("{} codes are new, {for_sale} of them for sale here.", report.taken);
    }
}
