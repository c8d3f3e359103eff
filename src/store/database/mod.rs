//! The database that the writer works on, whichever it is: transactions that begin with the end of
//! the ledger held, and a commit in doubt that is cleared up before anything else.

pub(super) mod failure;
pub(super) mod gate;
pub(super) mod pages;
pub(super) mod postgres;
pub(super) mod sql;
pub(super) mod sqlite;
pub(super) mod statement;
pub(super) mod threads;
pub(super) mod words;

use super::error::{Attempt, StoreError};
use crate::{
    ledger::kernel::{
        chain::{GENESIS, Hash},
        time::Micros,
    },
    store::database::{
        gate::{Deed, through},
        sql::{Pool, Transaction, query},
    },
};
use std::path::Path;

/// The end of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 while there is none.
    pub position: i64,
    pub hash: Hash,
    /// When the last event was recorded: no later one is earlier.
    pub recorded_at: Micros,
}

/// The connection that writes; it is made anew when it was lost.
pub struct Database {
    pool: Pool,
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres")
}

/// Opens the reading connections.
pub async fn readers(url: &str) -> Result<Pool, StoreError> {
    let open = async {
        Ok(if is_postgres(url) {
            Pool::Postgres(postgres::readers(url).await?)
        } else {
            Pool::Sqlite(sqlite::readers(url)?)
        })
    };
    through::<Result<_, StoreError>>(Deed::Connect, open).await
}

/// Whether there is a ledger at an address. Changes nothing.
pub async fn exists(url: &str) -> Result<bool, StoreError> {
    if is_postgres(url) { postgres::exists(url).await } else { sqlite::exists(url) }
}

/// A connection beside the readers that may make temporary tables.
pub async fn scratch(readers: &Pool) -> Result<Pool, StoreError> {
    let open = async {
        Ok(match readers {
            Pool::Postgres(pool) => Pool::Postgres(postgres::scratch(pool).await?),
            Pool::Sqlite(pool) => Pool::Sqlite(sqlite::scratch(pool)?),
        })
    };
    through::<Result<_, StoreError>>(Deed::Connect, open).await
}

/// Opens connections that fold projections beside the writer.
pub async fn folder(url: &str, writer: &Database) -> Result<Pool, StoreError> {
    let open = async {
        Ok(match &writer.pool {
            Pool::Postgres(_) => Pool::Postgres(postgres::folder(url).await?),
            Pool::Sqlite(writer) => Pool::Sqlite(sqlite::folder(url, writer)?),
        })
    };
    through::<Result<_, StoreError>>(Deed::Connect, open).await
}

/// Takes what was written over out of the log of changes, where there is one beside the tables;
/// `false` while somebody still reads what stood before.
pub async fn empty_log(pool: &Pool) -> Result<bool, StoreError> {
    let Some(statement) = pool.words().empty_log else { return Ok(true) };
    let row = query(statement).one(pool).await.attempt("empty the log of changes")?;
    Ok(row.get::<i64>(0) == 0)
}

impl Database {
    /// Opens the writing connection and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let open = async {
            Ok(if is_postgres(url) {
                Pool::Postgres(postgres::writer(url).await?)
            } else {
                Pool::Sqlite(sqlite::writer(url)?)
            })
        };
        Ok(Self { pool: through::<Result<_, StoreError>>(Deed::Connect, open).await? })
    }

    /// Opens a new file that is thrown away afterwards, with the schema of today.
    pub fn throwaway(file: &Path) -> Result<Self, StoreError> {
        Ok(Self { pool: Pool::Sqlite(sqlite::throwaway(file)?) })
    }

    /// Goes on reading with the same connection.
    pub fn into_pool(self) -> Pool {
        self.pool
    }

    /// Begins a transaction in which nobody else moves the end of the ledger; waits for whoever
    /// does.
    pub async fn begin(&self) -> Result<(Transaction, Head), StoreError> {
        let words = self.pool.words();
        let begun = self.pool.begin(words.begin_writing).await;
        let mut transaction = begun.map_err(|source| StoreError::out_of_reach(&source))?;
        let head = query(words.head).first(&mut transaction).await;
        let Some(row) = head.attempt("read the end of the ledger")? else {
            let head = Head { position: 0, hash: GENESIS, recorded_at: Micros::default() };
            return Ok((transaction, head));
        };
        let head = Head {
            position: row.get(0),
            hash: to_hash(row.get(1))?,
            recorded_at: Micros(row.get(2)),
        };
        Ok((transaction, head))
    }

    /// Whether a commit in doubt has happened: whether its last event stands in the ledger. Asked
    /// with the end of the ledger held, so that a commit still under way is waited for.
    pub async fn has(&self, position: i64, hash: &Hash) -> Result<bool, StoreError> {
        let (mut transaction, _) = self.begin().await?;
        let row = query("select hash from events where position = $1")
            .bind(position)
            .first(&mut transaction)
            .await
            .attempt("look for a commit in doubt")?;
        transaction.rollback().await;
        Ok(row.is_some_and(|row| row.get::<Vec<u8>>(0) == hash))
    }

    /// Has the database let go of what was written over; see [`empty_log`].
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        empty_log(&self.pool).await
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A hash as it stands in a row.
pub fn to_hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "events", column: "hash" };
    bytes.try_into().map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        cluster::cluster,
        database::sql::{Row, set_row},
    };

    /// A new database of either kind with a table of one text, one number and one blob.
    async fn pools(folder: &Path) -> [Pool; 2] {
        let file = format!("sqlite:{}", folder.join("lango.db").display());
        let schema = cluster().url(&cluster().new_schema());
        let mut pools = [file, schema].into_iter();
        let mut next = async |blob: &str| {
            let pool = Database::open(&pools.next().unwrap()).await.unwrap().into_pool();
            let table = format!("create table tried (name text, number bigint, bytes {blob})");
            query(table).run(&pool).await.unwrap();
            pool
        };
        [next("blob").await, next("bytea").await]
    }

    #[tokio::test]
    async fn a_set_means_the_same_to_both() {
        let folder = tempfile::tempdir().unwrap();
        for pool in pools(folder.path()).await {
            let rows = vec![
                set_row!["b", 2_i64, b"\0\xff"],
                set_row!["a", None::<i64>, b""],
                set_row!["b", 1_i64, None::<&[u8]>],
            ];
            let insert = "insert into tried (name, number, bytes)
                 select name, number, bytes from {given: name text, number bigint, bytes bytes}";
            assert_eq!(query(insert).given(rows).run(&pool).await.unwrap(), 3);
            // Out of order, one name twice, and one that is nowhere.
            let names = ["b", "z", "a", "b"].iter().map(|name| set_row![name]).collect();
            let asked = "select name, number, bytes from tried
                 where name in (select name from {given: name text})
                 order by name, number";
            let found = query(asked).given(names).all(&pool).await.unwrap();
            let row = |row: &Row| -> (String, Option<i64>, Option<Vec<u8>>) {
                (row.get(0), row.get(1), row.get(2))
            };
            let b = |number, bytes| ("b".to_owned(), Some(number), bytes);
            let expected =
                [("a".to_owned(), None, Some(vec![])), b(1, None), b(2, Some(vec![0, 255]))];
            assert_eq!(found.iter().map(row).collect::<Vec<_>>(), expected);
            let none = query(asked).given(vec![]).all(&pool).await.unwrap();
            assert!(none.is_empty());
        }
    }

    #[tokio::test]
    async fn values_are_those_of_their_numbers_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        for pool in pools(folder.path()).await {
            let asked = query("select $2 || '-' || $1 || '-' || $2").bind("one").bind("two");
            let row = asked.one(&pool).await.unwrap();
            assert_eq!(row.get::<String>(0), "two-one-two");
        }
    }
}
