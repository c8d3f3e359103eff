//! Where a measured ledger stands: a file on the disk, or a schema of a cluster on the same disk.

use crate::cluster::Cluster;
use lango::{
    app,
    store::{Opening, Store},
};
use sqlx::{Connection as _, PgConnection};
use std::path::PathBuf;

/// A database for ledgers.
pub enum Place {
    /// Files in a folder.
    Sqlite(PathBuf),
    /// Schemas of a cluster.
    Postgres(&'static Cluster),
}

impl Place {
    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The address of a new ledger.
    pub fn url(&self, name: &str) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.join(name).display()),
            Self::Postgres(cluster) => cluster.url(&cluster.new_schema()),
        }
    }
}

/// Opens a ledger with the key of all these ledgers.
pub async fn open(url: &str) -> Store {
    let (clock, random) = app::machine();
    let opening =
        Opening { url: url.to_owned(), master: [7; 32], zone: app::nairobi(), clock, random };
    Store::open(opening).await.expect("a ledger opens")
}

/// How many events of a kind a ledger has.
pub async fn count(url: &str, kind: &str) -> i64 {
    let sql = format!("select count(*) from events where kind = '{kind}'");
    if url.starts_with("sqlite:") {
        let file = rusqlite::Connection::open(&url["sqlite:".len()..]).expect("it opens");
        file.query_row(&sql, [], |row| row.get(0)).expect("it counts")
    } else {
        let mut connection = PgConnection::connect(url).await.expect("it opens");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut connection)
            .await
            .expect("it counts")
    }
}
