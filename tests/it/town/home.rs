//! Where a town keeps its ledger: in a file, or in a schema of PostgreSQL.

use crate::cluster::cluster;
use std::{cell::Cell, path::PathBuf};

thread_local! {
    static ON_POSTGRES: Cell<bool> = const { Cell::new(false) };
}

/// Tells a story on PostgreSQL: every ledger that it makes on this thread is there.
pub fn on_postgres<T>(story: fn() -> T) -> T {
    /// Panics or not, the next story on this thread is told as it asks.
    struct Back;
    impl Drop for Back {
        fn drop(&mut self) {
            ON_POSTGRES.set(false);
        }
    }
    let _back = Back;
    ON_POSTGRES.set(true);
    story()
}

/// Tells stories of this file on PostgreSQL too; without it they are told on SQLite alone.
#[macro_export]
macro_rules! on_postgres_too {
    ($($story:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[test]
            fn $story() {
                $crate::town::on_postgres(super::$story);
            })+
        }
    };
}

/// The name that `lango` gives to a ledger's file where nothing else is said.
const FILE: &str = "lango.db";

/// The address of a new schema, where the story is told on PostgreSQL.
pub fn new_schema() -> Option<String> {
    ON_POSTGRES.get().then(|| cluster().url(&cluster().new_schema()))
}

/// The home of a ledger.
pub enum Home {
    /// A file in a folder that goes with it.
    File(tempfile::TempDir),
    /// A schema, by name.
    Schema(String),
}

impl super::Town {
    /// The address of the ledger's database, for the command line beside the shop.
    pub fn ledger(&self) -> String {
        self.home.url()
    }

    /// What its disk holds, byte for byte.
    pub fn disk(&self) -> Vec<Vec<u8>> {
        self.home.bytes()
    }
}

impl Home {
    /// A home without a ledger yet.
    pub fn new() -> Self {
        if ON_POSTGRES.get() { Self::schema() } else { Self::file() }
    }

    /// A home in a file, wherever the story is told.
    pub fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    /// A home in a schema of PostgreSQL, wherever the story is told.
    pub fn schema() -> Self {
        Self::Schema(cluster().new_schema())
    }

    /// The ledger's address.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite:{}", folder.path().join(FILE).display()),
            Self::Schema(name) => cluster().url(name),
        }
    }

    /// What the disk holds, byte for byte: every table, and what was deleted from them.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let paths = match self {
            Self::File(folder) => {
                let file = folder.path().join(FILE);
                assert!(file.exists(), "the database is where we look");
                vec![file, folder.path().join(FILE.to_owned() + "-wal")]
            }
            Self::Schema(name) => files(name),
        };
        let bytes: Vec<Vec<u8>> =
            paths.iter().filter_map(|path| std::fs::read(path).ok()).collect();
        assert!(bytes.iter().any(|bytes| !bytes.is_empty()), "there is something on the disk");
        bytes
    }
}

/// Carries out SQL in a ledger behind the shop's back; tells how many rows the last statement
/// touched, or what the database said.
pub async fn sql(url: &str, sql: &str) -> Result<u64, String> {
    use sqlx::{AssertSqlSafe, Connection as _, PgConnection, raw_sql};
    if url.starts_with("postgres") {
        let mut schema = PgConnection::connect(url).await.unwrap();
        let done = raw_sql(AssertSqlSafe(sql)).execute(&mut schema).await;
        schema.close().await.unwrap();
        done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
    } else {
        let file = rusqlite::Connection::open(url.strip_prefix("sqlite:").unwrap()).unwrap();
        let done = file.execute_batch(sql).map(|()| file.changes());
        done.map_err(|error| error.to_string())
    }
}

/// The files of a schema's tables and indexes, written out.
fn files(schema: &str) -> Vec<PathBuf> {
    cluster().sql("checkpoint");
    let all = format!(
        "select current_setting('data_directory') || '/' || pg_relation_filepath(oid)
         from pg_class
         where relkind in ('r', 'i') and (
           relnamespace = '{schema}'::regnamespace
           or oid in (
             select reltoastrelid from pg_class where relnamespace = '{schema}'::regnamespace
           )
         )"
    );
    cluster().sql(&all).lines().map(PathBuf::from).collect()
}
