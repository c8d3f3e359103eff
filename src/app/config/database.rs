//! Section `[database]`: where the ledger is.

use super::{
    reader::{Reader, Reported},
    show::shown_address,
};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// Where the ledger is.
#[derive(Debug)]
pub struct Database {
    /// A SQLite file, or a PostgreSQL database.
    pub url: DatabaseUrl,
}

/// A database's address. Its password does not print.
#[derive(Clone)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// Takes `sqlite:…` and `postgres://…`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = ["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))?;
        (!rest.trim_start_matches('/').is_empty()).then(|| Self(SecretString::from(text)))
    }

    /// The address with its password, for the driver alone.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it is PostgreSQL; SQLite otherwise.
    pub fn is_postgres(&self) -> bool {
        self.expose().starts_with("postgres")
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_address(self.expose()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl Database {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        Ok(Self { url: reader.required("database.url", DatabaseUrl::parse)? })
    }
}
