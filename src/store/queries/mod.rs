//! Queries of pages, processes and the command line, a file for each noun. The only writes here
//! belong to no event: sessions, uploads, the state of backups.

pub(super) mod backups;
pub(super) mod catalogue;
pub(super) mod codes;
pub(super) mod events;
pub(super) mod message;
pub(super) mod money;
pub(super) mod person;
pub(super) mod router;
pub(super) mod sale;
pub(super) mod sales;
pub(super) mod staff;
pub(super) mod stock;
pub(super) mod uploads;

use super::{
    database::sql::{Param, Pool},
    error::StoreError,
    projections::{self, folder::find},
};
use serde::de::DeserializeOwned;

/// The reading connections.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) pool: Pool,
}

impl Reader {
    /// The rows of a projection's named query, each read by the names of its columns.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        projection: &'static str,
        name: &str,
        params: Vec<Param<'_>>,
    ) -> Result<Vec<T>, StoreError> {
        let asked = find(projection).expect("the projections that pages ask are built in");
        projections::ask(&self.pool, asked, name, params).await
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
