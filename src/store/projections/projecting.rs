//! The projections of a running shop: made at the start, folded as events come.

use crate::store::{
    database::{self, Database, sql::Pool},
    error::StoreError,
    projections::{self, Difference, Rebuilt, Step, folder::ALL},
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Folds projections over a connection of its own.
#[derive(Clone)]
pub struct Projecting {
    pool: Pool,
    position: Arc<AtomicI64>,
}

impl Projecting {
    /// Opens the connection, beside the one that writes, builds what is missing and takes in
    /// what is new.
    pub async fn open(url: &str, writer: &Database) -> Result<Self, StoreError> {
        let pool = database::folder(url, writer).await?;
        projections::make_missing(&pool, ALL).await?;
        let position = projections::fold_new(&pool, ALL).await?;
        Ok(Self { pool, position: Arc::new(AtomicI64::new(position)) })
    }

    /// Its connections, for what else is written beside the writer.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Takes in what is new, and a piece of what is rebuilt because its files changed; tells how
    /// many events.
    pub async fn fold(&self) -> Result<usize, StoreError> {
        let renewed = projections::renew(&self.pool, ALL).await?;
        let now = projections::fold_new(&self.pool, ALL).await?;
        let before = self.position.swap(now, Ordering::Relaxed);
        Ok(usize::try_from(renewed + (now - before).max(0)).unwrap_or_default())
    }

    /// Builds all anew.
    pub async fn rebuild(
        &self,
        progress: impl FnMut(Step),
    ) -> Result<Vec<(&'static str, Rebuilt)>, StoreError> {
        projections::rebuild(&self.pool, ALL, progress).await
    }

    /// Compares all with the ledger.
    pub async fn compare(&self) -> Result<Vec<Difference>, StoreError> {
        while self.fold().await? > 0 {}
        projections::compare(&self.pool, ALL).await
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
