//! Another master key: the vault's keys stay, and are wrapped anew. One commit, so that at any
//! moment exactly one of the two opens the ledger.

use super::{
    Store,
    database::Database,
    error::{Attempt, StoreError},
    sql::query,
    unwrap,
    vault::{Key, Purpose},
};
use crate::ports::Random;
use std::sync::Arc;

impl Store {
    /// Wraps the keys of the ledger at `url` under the master key `new`; from then on `old` opens
    /// nothing here. Instances that run have the keys already and go on.
    pub async fn change_master(
        url: &str,
        old: &Key,
        new: &Key,
        random: Arc<dyn Random>,
    ) -> Result<(), StoreError> {
        let database = Database::open(url).await?;
        // With the end of the ledger held nobody else changes them, or makes the first ones.
        let (mut transaction, _) = database.begin().await?;
        let wrapped = transaction.wrapped_keys().await?;
        let vault = match unwrap(&wrapped, old, random) {
            Ok(vault) => vault,
            Err(failure) => {
                transaction.rollback().await;
                database.close().await;
                return Err(failure);
            }
        };
        for (purpose, wrapped) in Purpose::ALL.iter().zip(vault.wrapped(new)) {
            query("update vault_keys set wrapped = $2 where purpose = $1")
                .bind(purpose.word())
                .bind(&wrapped[..])
                .run(&mut transaction)
                .await
                .attempt("wrap the vault's keys")?;
        }
        transaction.commit().await.attempt("wrap the vault's keys")?;
        database.empty_log().await?;
        database.close().await;
        Ok(())
    }
}
