//! The command line: one file a subcommand. Says what it did; exits 0 only when it worked.

mod audit;
mod backup;
mod catalogue;
mod config;
mod contacts;
#[cfg(feature = "simulators")]
mod demo;
mod doctor;
mod keys;
mod money;
mod mpesa;
mod output;
mod progress;
mod router;
mod secret_file;
mod serve;
mod sms;
mod staff;
mod vouchers;

use crate::app::config::{Config, Flag, Sources};
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Sells Wi-Fi by M-PESA through a MikroTik hotspot, and proves every sale.
#[derive(Debug, Parser)]
#[command(name = "lango", version, about, max_term_width = 100)]
struct Arguments {
    /// The configuration file [default: lango.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The ledger, such as sqlite:lango.db [default: database.url]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the shop.
    Serve(serve::Serve),
    /// Try everything: shop, simulated M-PESA, SMS, router and phone, ready to click.
    #[cfg(feature = "simulators")]
    Demo(demo::Demo),
    /// Check the shop, and say what to do where something is wrong.
    Doctor(doctor::Doctor),
    /// Bring the database up to date, and nothing else.
    Migrate,
    /// The settings, and where each value came from.
    #[command(subcommand)]
    Config(config::Command),
    /// Sites: hotspots with their routers.
    #[command(subcommand)]
    Site(catalogue::Site),
    /// Packages on sale.
    #[command(subcommand)]
    Package(catalogue::Package),
    /// Voucher codes.
    #[command(subcommand)]
    Vouchers(vouchers::Command),
    /// The routers of the sites.
    #[command(subcommand)]
    Router(router::Command),
    /// SMS gateways.
    #[command(subcommand)]
    Sms(sms::Command),
    /// The people who may sign in at the desk.
    #[command(subcommand)]
    Staff(staff::Command),
    /// Check the ledger, and look at sales in it.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Money that needs a person.
    #[command(subcommand)]
    Money(money::Command),
    /// The shop's M-PESA account.
    #[command(subcommand)]
    Mpesa(mpesa::Command),
    /// Buyers.
    #[command(subcommand)]
    Contacts(contacts::Command),
    /// The keys of the vault.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Make a sealed backup of everything, and prove that it restores. The shop can stay open.
    Backup(backup::Backup),
    /// Restore a backup into an empty database. Also the way from SQLite to PostgreSQL.
    Restore(backup::Restore),
    /// Read models.
    #[command(subcommand)]
    Projections(audit::Projections),
}

impl Command {
    /// Whether it serves pages until it is stopped.
    fn serves(&self) -> bool {
        match self {
            Self::Serve(_) => true,
            #[cfg(feature = "simulators")]
            Self::Demo(_) => true,
            _ => false,
        }
    }
}

/// Does what the command line says.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.command.serves() {
        // Whoever reads, such as `head`, has enough: the command ends there.
        sigpipe::reset();
    }
    match carry_out(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lango: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut flags = vec![];
    let mut flag = |flag: &str, key: &str, value: Option<String>| {
        flags.extend(value.map(|value| Flag { flag: flag.into(), key: key.into(), value }));
    };
    flag("--database", "database.url", arguments.database);
    if let Command::Serve(serve) = &arguments.command {
        flag("--listen", "http.listen", serve.listen.map(|address| address.to_string()));
    }
    let config = match Config::load(&Sources::of_process(arguments.config, flags)) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return Ok(ExitCode::FAILURE);
        }
    };
    match arguments.command {
        Command::Serve(serve) => serve.run(&config).await?,
        #[cfg(feature = "simulators")]
        Command::Demo(demo) => return demo.run(&config).await,
        Command::Migrate => {
            crate::app::migrate(&config).await?;
            println!("The database is up to date.");
        }
        Command::Config(command) => command.run(&config),
        Command::Site(command) => command.run(&config).await?,
        Command::Package(command) => command.run(&config).await?,
        Command::Vouchers(command) => command.run(&config).await?,
        Command::Money(command) => command.run(&config).await?,
        Command::Mpesa(command) => command.run(&config).await?,
        Command::Contacts(command) => command.run(&config).await?,
        Command::Keys(command) => command.run(&config).await?,
        Command::Staff(command) => command.run(&config).await?,
        Command::Router(command) => command.run(&config).await?,
        Command::Sms(command) => command.run(&config).await?,
        Command::Backup(command) => command.run(&config).await?,
        Command::Restore(command) => command.run(&config).await?,
        Command::Doctor(doctor) => return doctor.run(&config).await,
        Command::Audit(command) => return command.run(&config).await,
        Command::Projections(command) => return command.run(&config).await,
    }
    Ok(ExitCode::SUCCESS)
}
