//! The keys that an instance holds. Another process may replace them at any time; then they are
//! read again.

use crate::{
    ledger::{kernel::time::Micros, key::KeyPurpose},
    ports::Random,
    store::{
        database::sql::{On, Transaction, query},
        error::{Attempt, StoreError},
        vault::{Generation, Key, Vault, WrappedKey},
    },
};
use std::sync::{Arc, PoisonError, RwLock};

/// The master key, and the vault's keys as they were last seen.
pub struct Keyring {
    master: Key,
    random: Arc<dyn Random>,
    vault: RwLock<Arc<Vault>>,
}

impl Keyring {
    /// The keys that a master key opens.
    pub fn open(
        master: Key,
        wrapped: &[WrappedKey],
        random: Arc<dyn Random>,
    ) -> Result<Self, StoreError> {
        let vault = RwLock::new(Arc::new(unwrap(wrapped, &master, Arc::clone(&random))?));
        Ok(Self { master, random, vault })
    }

    /// The keys as they were last seen.
    pub fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.vault.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys as they stand in the database.
    pub async fn as_of(&self, on: impl Into<On<'_>>) -> Result<Arc<Vault>, StoreError> {
        let (vault, wrapped) = (self.vault(), wrapped_keys(on).await?);
        if vault.is_of(&wrapped) {
            return Ok(vault);
        }
        let vault = Arc::new(unwrap(&wrapped, &self.master, Arc::clone(&self.random))?);
        *self.vault.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&vault);
        Ok(vault)
    }

    /// Whether the master key with which this was opened still opens these keys.
    pub fn opens(&self, wrapped: &[WrappedKey]) -> bool {
        unwrap(wrapped, &self.master, Arc::clone(&self.random)).is_ok()
    }
}

/// The vault's keys from their rows.
pub fn unwrap(
    wrapped: &[WrappedKey],
    master: &Key,
    random: Arc<dyn Random>,
) -> Result<Vault, StoreError> {
    let wrong = "the master key is not the one this ledger was made with";
    Vault::open(master, wrapped, random).map_err(|_| StoreError::WrongLedger(wrong.into()))
}

/// The vault's keys as they stand in the database.
pub async fn wrapped_keys(on: impl Into<On<'_>>) -> Result<Vec<WrappedKey>, StoreError> {
    let rows = query("select purpose, generation, wrapped from vault_keys").all(on).await;
    let unreadable = |column| StoreError::BadRow { table: "vault_keys", column };
    let rows = rows.attempt("read the vault's keys")?;
    let keys = rows.iter().map(|row| {
        let (purpose, generation): (&str, i64) = (row.get(0), row.get(1));
        Ok(WrappedKey {
            purpose: KeyPurpose::parse(purpose).ok_or_else(|| unreadable("purpose"))?,
            generation: generation.try_into().map_err(|_| unreadable("generation"))?,
            wrapped: row.get(2),
        })
    });
    keys.collect()
}

impl Transaction {
    /// Keeps a wrapped key of the vault, in place of the same one if it is there.
    pub async fn keep_key(&mut self, key: &WrappedKey, now: Micros) -> Result<(), StoreError> {
        query(
            "insert into vault_keys (purpose, generation, wrapped, created_at)
             values ($1, $2, $3, $4)
             on conflict (purpose, generation) do update set wrapped = excluded.wrapped",
        )
        .bind(key.purpose.word())
        .bind(i64::from(key.generation))
        .bind(&key.wrapped[..])
        .bind(now.0)
        .run(self)
        .await
        .map(drop)
        .attempt("keep the vault's keys")
    }

    /// Lets go of the keys for a purpose that came before `first`.
    pub async fn drop_keys(
        &mut self,
        purpose: KeyPurpose,
        first: Generation,
    ) -> Result<(), StoreError> {
        query("delete from vault_keys where purpose = $1 and generation < $2")
            .bind(purpose.word())
            .bind(i64::from(first))
            .run(self)
            .await
            .map(drop)
            .attempt("let go of a key of the vault")
    }
}
