//! What the owner configured: the file `lango.toml`, over it the environment
//! (`LANGO_<SECTION>__<KEY>`), over that the flags. This is the only place that reads the
//! environment.
//!
//! All problems are reported at once, each with the key, where it came from and what to write
//! instead. Each section has its file here, with its keys as a table; that table refuses unknown
//! keys, fills in what was not said, and is compared with the documents. No secret leaves through
//! `Debug`, a problem or `config show`.

mod accounts;
mod admin;
mod backup;
mod database;
mod given;
mod http;
mod key;
mod keys;
mod log;
mod mpesa;
mod problem;
mod reader;
mod secrets;
mod shop;
mod show;
mod sms;
#[cfg(test)]
mod tests;

pub use accounts::Account;
pub use admin::Admin;
pub use backup::Backup;
pub use database::{Database, DatabaseUrl};
pub use http::Http;
pub use key::Origin;
pub use log::{Format, Log};
pub use mpesa::{Mpesa, OnOff};
pub use problem::{Problem, Problems};
pub use secrets::Secrets;
pub use shop::Shop;
pub use show::Row;
pub use sms::{Gateway, Sms};

use given::Given;
use reader::{Reader, Reported};
use std::{net::SocketAddr, path::PathBuf};

/// The file that is read when none is named; it need not exist.
pub const DEFAULT_FILE: &str = "lango.toml";

/// Where the configuration comes from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file named with `--config`; it must exist. `None` is [`DEFAULT_FILE`], if there is one.
    pub file: Option<PathBuf>,
    /// The environment; only names that start with `LANGO_` count.
    pub environment: Vec<(String, String)>,
    pub flags: Vec<Flag>,
}

/// One flag that sets a key.
#[derive(Clone)]
pub struct Flag {
    /// As the person typed it, `--listen`.
    pub flag: String,
    /// The key it sets, `http.listen`.
    pub key: String,
    pub value: String,
}

impl Sources {
    /// The file and flags of the command line, and this process's environment.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Self { file, environment: environment.collect(), flags }
    }
}

/// Where files may be put that nobody needs tomorrow.
pub fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// Where large files may lie for a while: where the machine says, or on a disk, for `/tmp` may be
/// memory.
pub fn scratch_folder() -> PathBuf {
    let disk = PathBuf::from("/var/tmp");
    let is_said = std::env::var_os("TMPDIR").is_some();
    if !is_said && disk.is_dir() { disk } else { temporary_folder() }
}

/// The whole configuration, checked.
#[derive(Debug)]
pub struct Config {
    pub database: Database,
    pub http: Http,
    pub admin: Admin,
    pub secrets: Secrets,
    /// What the shop is called and where it stands.
    pub shop: Shop,
    /// M-PESA; `None` where nothing was said of it. `serve` needs one.
    pub mpesa: Option<Mpesa>,
    /// The SMS gateways, first choice first.
    pub sms: Sms,
    /// Where copies of everything go by themselves.
    pub backup: Backup,
    /// What is logged, and how.
    pub log: Log,
    rows: Vec<Row>,
}

impl Config {
    /// Reads and checks everything; all problems come back together.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut reader = Reader::new(Given::gather(sources));
        let database = Database::read(&mut reader);
        let http = Http::read(&mut reader);
        let admin = Admin::read(&mut reader);
        let secrets = Secrets::read(&mut reader);
        let shop = Shop::read(&mut reader);
        let mpesa = Mpesa::read(&mut reader);
        let sms = Sms::read(&mut reader);
        let backup = Backup::read(&mut reader);
        let log = Log::read(&mut reader);
        if let (Ok(http), Ok(admin)) = (&http, &admin) {
            check_listeners(http.listen, admin.listen, &mut reader);
        }
        if let (Ok(http), Ok(Some(mpesa))) = (&http, &mpesa) {
            check_callbacks(http, mpesa, &mut reader);
        }
        let rows = reader.finish()?;
        let whole = || -> Result<Self, Reported> {
            Ok(Self {
                database: database?,
                http: http?,
                admin: admin?,
                secrets: secrets?,
                shop: shop?,
                mpesa: mpesa?,
                sms: sms?,
                backup: backup?,
                log: log?,
                rows,
            })
        };
        Ok(whole().expect("a section that could not be read has reported why"))
    }

    /// Where a key's value came from: [`Origin::Default`] where nobody said anything.
    pub fn origin(&self, key: &str) -> Origin {
        let row = self.rows.iter().find(|row| row.key == key);
        row.map_or(Origin::Default, |row| row.origin.clone())
    }

    /// Every key with its value, secrets hidden, for `config show`.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// `config show` for people: aligned columns.
    pub fn show(&self) -> String {
        show::table(&self.rows)
    }

    /// `config show --json`: an object from key to value and origin.
    pub fn show_json(&self) -> serde_json::Value {
        show::json(&self.rows)
    }
}

/// Buyers and staff never share a listener: what the one may see is not for the other.
fn check_listeners(http: SocketAddr, admin: SocketAddr, reader: &mut Reader) {
    let same_host =
        http.ip() == admin.ip() || http.ip().is_unspecified() || admin.ip().is_unspecified();
    if same_host && http.port() == admin.port() && http.port() != 0 {
        reader.problem(
            "admin.listen",
            format!("{admin} is taken by http.listen ({http}); give the staff another port"),
        );
    }
}

fn check_callbacks(http: &Http, mpesa: &Mpesa, reader: &mut Reader) {
    if mpesa.callbacks == OnOff::On && http.public_url.is_none() {
        reader.problem(
            "http.public_url",
            "is missing, and M-PESA must know where to call back; write the shop's public address, \
             or mpesa.callbacks = \"off\" where none can reach it"
                .to_owned(),
        );
    }
}
