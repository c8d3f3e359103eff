//! Connections to one SQLite file, lent out one at a time.

use super::{
    connection::{Connection, Row},
    options::Options,
};
use crate::store::database::{failure::Failure, statement::Query};
use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Begins a transaction that writes, at once: one that becomes a writer later may find itself
/// overtaken.
pub const BEGIN_WRITING: &str = "begin immediate";

/// A lock that the connections of this process that write to one file take in turn. SQLite itself
/// would have them look again and again whether the other one is done.
type Turns = Arc<tokio::sync::Mutex<()>>;

/// Connections; all clones share them.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
    turns: Turns,
}

struct Shared {
    options: Options,
    idle: Mutex<Vec<Connection>>,
    connections: u32,
    room: Arc<Semaphore>,
}

/// A connection that goes back to its pool when it is dropped.
struct Lent {
    /// There until it is dropped.
    connection: Option<Connection>,
    pool: Arc<Shared>,
    _room: OwnedSemaphorePermit,
}

/// A transaction; undone when dropped.
pub struct Transaction {
    lent: Lent,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Pool {
    /// A pool of at most so many connections, one of which is opened at once.
    pub fn of(connections: u32, options: Options) -> Result<Self, Failure> {
        let idle = Mutex::new(vec![Connection::of(options.open()?)]);
        let room = Arc::new(Semaphore::new(connections as usize));
        let shared = Arc::new(Shared { options, idle, connections, room });
        Ok(Self { shared, turns: Turns::default() })
    }

    /// The same, with one turn for both of them to write.
    #[must_use]
    pub fn in_turn_with(self, other: &Self) -> Self {
        Self { turns: Turns::clone(&other.turns), ..self }
    }

    /// How its file is opened.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// All rows of a statement that reads.
    pub async fn all(&self, query: &Query<'_>) -> Result<Vec<Row>, Failure> {
        self.lend().await?.all(query)
    }

    /// Runs a statement that writes, in its turn; tells how many rows it changed.
    pub async fn run(&self, query: &Query<'_>) -> Result<u64, Failure> {
        let _turn = self.turns.lock().await;
        self.lend().await?.run(query)
    }

    async fn lend(&self) -> Result<Lent, Failure> {
        let room =
            Arc::clone(&self.shared.room).acquire_owned().await.map_err(|_| Failure::Closed)?;
        let idle = self.shared.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::of(self.shared.options.open()?),
        };
        Ok(Lent { connection: Some(connection), pool: Arc::clone(&self.shared), _room: room })
    }

    /// Begins a transaction; one that writes waits for its turn.
    pub async fn begin(&self, with: &'static str) -> Result<Transaction, Failure> {
        let writes = with == BEGIN_WRITING;
        let turn = if writes { Some(Arc::clone(&self.turns).lock_owned().await) } else { None };
        let lent = self.lend().await?;
        lent.batch(with)?;
        Ok(Transaction { lent, _turn: turn })
    }

    /// Closes the connections, when all have come back.
    pub async fn close(&self) {
        let all_are_back = self.shared.room.acquire_many(self.shared.connections).await;
        self.shared.room.close();
        self.shared.idle().clear();
        drop(all_are_back);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("connections", &self.shared.connections)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A connection is put in or taken out in one step.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let connection = self.connection.take().expect("it is there until now");
        // One that cannot undo what was begun is closed, which undoes it.
        if !connection.is_in_transaction() || connection.batch("rollback").is_ok() {
            self.pool.idle().push(connection);
        }
    }
}

impl Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is there until it is dropped")
    }
}

impl Transaction {
    /// Makes it durable.
    pub fn commit(self) -> Result<(), Failure> {
        Ok(self.lent.batch("commit")?)
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.lent
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.lent
    }
}
