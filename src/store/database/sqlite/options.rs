//! How a SQLite file is opened: full durability, or no start.

use rusqlite::{Connection, Error, OpenFlags};
use std::{path::PathBuf, time::Duration};

/// How long a writer waits for another one, such as the command line beside a running shop.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How a file is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub file: PathBuf,
    pub flags: OpenFlags,
    /// Pragmas, in the order in which they are set.
    pub pragmas: String,
}

impl Options {
    /// A file that there is, with a page cache of so many KiB and full durability.
    pub fn of(url: &str, cache_kib: i64) -> Self {
        // FULL: NORMAL may lose acknowledged commits on power loss (sqlite.org/pragma.html), and a
        // lost sale makes a delivered code free again.
        let pragmas = format!(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
             pragma cache_size = -{cache_kib};"
        );
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self { file: file_of(url), flags, pragmas }
    }

    /// Sets one more pragma.
    #[must_use]
    pub fn with(mut self, pragma: &str) -> Self {
        self.pragmas += pragma;
        self
    }

    /// Opens it.
    pub fn open(&self) -> Result<Connection, Error> {
        let connection = Connection::open_with_flags(&self.file, self.flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(&self.pragmas)?;
        Ok(connection)
    }
}

/// The file of an address, which may be written as a URL is.
fn file_of(url: &str) -> PathBuf {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or(path);
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned().into()
}
