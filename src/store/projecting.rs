//! The projections of a running shop: made at the start, folded as events come.

use super::{
    database,
    error::StoreError,
    projections::{self, Difference},
    sql::Pool,
};
use crate::projections::ALL;
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
    /// Opens the connection and builds what is missing or was edited.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let pool = database::folder(url).await?;
        projections::prepare(&pool, ALL, |_, _| {}).await?;
        let position = projections::fold_new(&pool, ALL).await?;
        Ok(Self { pool, position: Arc::new(AtomicI64::new(position)) })
    }

    /// Its connections, for what else is written beside the writer.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Takes in what is new; tells how many events.
    pub async fn fold(&self) -> Result<usize, StoreError> {
        let now = projections::fold_new(&self.pool, ALL).await?;
        let before = self.position.swap(now, Ordering::Relaxed);
        Ok(usize::try_from(now - before).unwrap_or_default())
    }

    /// Builds all anew.
    pub async fn rebuild(&self, progress: impl FnMut(&'static str, i64)) -> Result<(), StoreError> {
        projections::rebuild(&self.pool, ALL, progress).await.map(|_| ())
    }

    /// Compares all with the ledger.
    pub async fn compare(&self) -> Result<Vec<Difference>, StoreError> {
        projections::fold_new(&self.pool, ALL).await?;
        projections::compare(&self.pool, ALL).await
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
