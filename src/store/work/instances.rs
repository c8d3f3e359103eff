//! What several instances on one ledger share: the lease of the processes, news of each other's
//! events, and secrets that were given to one of them.

use crate::{
    ledger::kernel::{
        id::PurchaseId,
        time::{MINUTE, Micros},
    },
    ports::{Answer, Shelf},
    store::{
        Store,
        database::sql::query,
        error::{Attempt, StoreError},
    },
};

/// So much, in µs, the clocks of two instances may differ.
const CLOCKS_DIFFER: i64 = 10 * MINUTE;

impl Store {
    /// Takes the lease of the processes for `holder`, or keeps it, until then; `false` while
    /// another instance has it. One that ends long after ours would was taken by a clock that was
    /// wrong, and keeps nobody waiting.
    pub async fn lead(&self, holder: &str, until: Micros) -> Result<bool, StoreError> {
        let taken = query(
            "insert into leases (name, holder, until) values ('processes', $1, $2)
             on conflict (name) do update set holder = $1, until = $2
             where leases.holder is null or leases.holder = $1
                 or leases.until < $3 or leases.until > $4",
        )
        .bind(holder)
        .bind(until.0)
        .bind(self.now().0)
        .bind(until.plus(CLOCKS_DIFFER).0)
        .run(self.projecting.pool())
        .await
        .attempt("take the lease of the processes")?;
        Ok(taken == 1)
    }

    /// Gives the lease of the processes back, so that another instance need not wait for its end.
    pub async fn hand_over(&self, holder: &str) -> Result<(), StoreError> {
        query("update leases set holder = null where name = 'processes' and holder = $1")
            .bind(holder)
            .run(self.projecting.pool())
            .await
            .map(drop)
            .attempt("give back the lease of the processes")
    }

    /// Looks for what other instances have recorded, and tells those who wait for it here; also for
    /// keys that were changed.
    pub async fn hear_others(&self) -> Result<(), StoreError> {
        self.vault_now().await?;
        let (heard, last) = (self.news.heard(), self.read().last_position().await?);
        if last <= heard {
            return Ok(());
        }
        self.hear_acceptance().await?;
        let purchases = self.purchases_touched(heard, last).await?;
        self.news.tell(purchases.into_iter(), heard, last);
        self.stir.for_all();
        self.position.send_if_modified(|position| {
            let moved = *position < last;
            *position = last.max(*position);
            moved
        });
        Ok(())
    }

    /// The purchases that events in `(from, to]` belong to.
    async fn purchases_touched(&self, from: i64, to: i64) -> Result<Vec<PurchaseId>, StoreError> {
        let rows = query(
            "select distinct correlation from events
             where position > $1 and position <= $2 and correlation is not null",
        )
        .bind(from)
        .bind(to)
        .all(&self.reader.pool)
        .await
        .attempt("look for news")?;
        rows.iter().map(|row| row.parse(0, "events", "correlation")).collect()
    }

    async fn shared(&self, name: &str) -> Result<Option<(String, Micros)>, StoreError> {
        let row = query("select sealed, until from shared_secrets where name = $1 and until > $2")
            .bind(name)
            .bind(self.now().0)
            .first(&self.reader.pool)
            .await
            .attempt("look for a shared secret")?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.get(0);
        let secret = self.unseal_text(&context(name), &sealed).await?;
        Ok(Some((secret, Micros(row.get(1)))))
    }

    async fn share(&self, name: &str, secret: &str, until: Micros) -> Result<(), StoreError> {
        query(
            "insert into shared_secrets (name, sealed, until) values ($1, $2, $3)
             on conflict (name) do update set sealed = excluded.sealed, until = excluded.until",
        )
        .bind(name)
        .bind(self.vault().seal(&context(name), secret.as_bytes()).as_slice())
        .bind(until.0)
        .run(self.projecting.pool())
        .await
        .map(drop)
        .attempt("share a secret")
    }
}

/// The context under which a shared secret is sealed.
fn context(name: &str) -> String {
    format!("shared:{name}")
}

/// A shelf that fails is an empty one: the secret is fetched anew.
impl Shelf for Store {
    fn look<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, Micros)>> {
        Box::pin(async move {
            self.shared(name).await.unwrap_or_else(|failure| {
                tracing::warn!(error = ?failure, "no shared {name}: {failure}");
                None
            })
        })
    }

    fn put<'a>(&'a self, name: &'a str, secret: &'a str, until: Micros) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Err(failure) = self.share(name, secret, until).await {
                tracing::warn!(error = ?failure, "{name} is not shared: {failure}");
            }
        })
    }
}
