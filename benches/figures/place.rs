//! Where a measured ledger stands: a file on the disk, or a database of a cluster on the same disk.

use crate::{
    cluster::Cluster,
    machine::{Process, Used},
};
use lango::{
    app,
    store::{Opening, Store},
};
use sqlx::{Connection as _, PgConnection};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

/// The key of ledgers that this process opens itself.
pub const KEY: [u8; 32] = [7; 32];

/// A kind of database, and where its ledgers are made.
#[derive(Clone)]
pub struct Place {
    /// For keys, logs and SQLite's files.
    folder: PathBuf,
    cluster: Option<&'static Cluster>,
}

/// One database.
pub struct Database {
    url: String,
    at: At,
}

enum At {
    File(PathBuf),
    Cluster(&'static Cluster, String),
}

/// What SQLite's file is called in its folder.
const FILE: &str = "lango.db";

static NUMBERS: AtomicUsize = AtomicUsize::new(0);

fn new_name() -> String {
    format!("ledger_{}", NUMBERS.fetch_add(1, Ordering::Relaxed))
}

impl Place {
    pub fn sqlite(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), cluster: None }
    }

    pub fn postgres(folder: &Path, cluster: &'static Cluster) -> Self {
        Self { folder: folder.to_owned(), cluster: Some(cluster) }
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        if self.is_postgres() { "PostgreSQL" } else { "SQLite" }
    }

    pub const fn is_postgres(&self) -> bool {
        self.cluster.is_some()
    }

    pub fn new_folder(&self) -> PathBuf {
        let folder = self.folder.join(new_name());
        std::fs::create_dir(&folder).expect("a folder is made");
        folder
    }

    /// A database that is not there yet, or is empty.
    pub fn new_database(&self, folder: &Path) -> Database {
        let Some(cluster) = self.cluster else { return Database::file(folder) };
        let name = new_name();
        cluster.sql(&format!("create database {name}"));
        Database::of(cluster, name)
    }

    /// The address of a new ledger.
    pub fn new_url(&self) -> String {
        match self.cluster {
            Some(cluster) => cluster.url(&cluster.new_schema()),
            None => self.new_database(&self.new_folder()).url,
        }
    }

    /// What the database's own processes used so far.
    pub fn used(&self) -> Used {
        let Some(cluster) = self.cluster else { return Used::default() };
        let file = cluster.sql("select pg_read_file('postmaster.pid')");
        let id = file.lines().next().and_then(|line| line.parse().ok());
        Process(id.expect("the server's number")).used_with_children()
    }
}

impl Database {
    fn file(folder: &Path) -> Self {
        let file = folder.join(FILE);
        Self { url: format!("sqlite:{}", file.display()), at: At::File(file) }
    }

    fn of(cluster: &'static Cluster, name: String) -> Self {
        let schema = cluster.url("public").replace("/postgres?", &format!("/{name}?"));
        let (url, _) = schema.split_once("&options").expect("it names a schema");
        Self { url: url.to_owned(), at: At::Cluster(cluster, name) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A copy; nobody has this one open.
    pub fn copy(&self, folder: &Path) -> Self {
        match &self.at {
            At::File(file) => {
                for end in ["", "-wal"] {
                    let from = PathBuf::from(format!("{}{end}", file.display()));
                    if from.exists() {
                        let to = folder.join(format!("{FILE}{end}"));
                        std::fs::copy(from, &to).expect("it is copied");
                        // Otherwise the shop's first sync would write all of it.
                        let copied = std::fs::File::open(to).and_then(|file| file.sync_all());
                        copied.expect("it is on the disk");
                    }
                }
                Self::file(folder)
            }
            At::Cluster(cluster, name) => {
                let copy = new_name();
                cluster.sql(&format!("create database {copy} template {name}"));
                Self::of(cluster, copy)
            }
        }
    }

    /// How many bytes each table and each index takes.
    pub async fn bytes(&self) -> BTreeMap<String, f64> {
        match &self.at {
            At::File(file) => {
                let connection = rusqlite::Connection::open(file).expect("it opens");
                let sql = "select name, sum(pgsize) from dbstat group by name";
                let mut sizes = connection.prepare(sql).expect("SQLite was built with dbstat");
                let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
                let sizes = sizes.query_map([], row).expect("it is read");
                sizes.collect::<Result<_, _>>().expect("it is read")
            }
            At::Cluster(..) => {
                let sql = "select relname::text, pg_relation_size(oid)::float8 from pg_class
                           where relkind in ('r', 'i', 't') and relpages > 0";
                let mut connection = PgConnection::connect(&self.url).await.expect("it opens");
                let sizes: Vec<(String, f64)> =
                    sqlx::query_as(sql).fetch_all(&mut connection).await.expect("it is read");
                sizes.into_iter().collect()
            }
        }
    }

    /// Removes it; a file goes with its folder.
    pub fn remove(self) {
        if let At::Cluster(cluster, name) = self.at {
            cluster.sql(&format!("drop database {name}"));
        }
    }
}

/// Opens a ledger with a key.
pub async fn open(url: &str, master: [u8; 32]) -> Store {
    let (clock, random) = app::machine();
    let opening = Opening { url: url.to_owned(), master, zone: app::nairobi(), clock, random };
    Box::pin(Store::open(opening)).await.expect("a ledger opens")
}
