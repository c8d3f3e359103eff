//! Reading what a batch of commands needs, in one statement for each sort of need.

use super::{
    super::{
        error::{Attempt, StoreError},
        writer::Scope,
    },
    Transaction,
};
use crate::ledger::{
    chain::hex,
    decision::{Fingerprint, Need},
    event::Event,
    id::{ContactId, PackageKey, PurchaseId, VoucherId},
    money::Cents,
    stream::Stream,
    time::{HOUR, Micros},
    world::{PromptSeen, Stock, World},
};
use serde_json::{Value, json};
use sqlx::{Row, sqlite::SqliteRow};
use std::collections::BTreeSet;

/// How many free codes are read at least: what this batch leaves over serves the next.
const LISTED_MIN: usize = 64;

/// Reads an id or name that we wrote ourselves.
pub(super) fn parse<T: std::str::FromStr>(
    row: &SqliteRow,
    at: usize,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    let text: &str = row.get(at);
    text.parse().map_err(|_| StoreError::BadRow { table, column })
}

fn bytes(row: &SqliteRow, at: usize, table: &'static str) -> Result<Fingerprint, StoreError> {
    let found: Vec<u8> = row.get(at);
    found.try_into().map_err(|_| StoreError::BadRow { table, column: "fingerprint" })
}

impl Transaction<'_> {
    /// Reads `needs` into `world`.
    pub async fn read(
        &mut self,
        needs: BTreeSet<Need>,
        world: &mut World,
        scope: Scope,
    ) -> Result<(), StoreError> {
        let mut streams = vec![];
        let mut names = vec![];
        let mut keys = vec![];
        let mut open = vec![];
        let mut prompts = vec![];
        let mut contacts = vec![];
        let mut codes = vec![];
        let mut tries = vec![];
        for need in needs {
            match &need {
                Need::Stream(stream) => streams.push(stream.clone()),
                Need::Once(name) => names.push(json!(name)),
                Need::Stock(key) => keys.push(key.clone()),
                Need::Open(contact) => open.push(json!(contact)),
                Need::Prompts(contact) => prompts.push(json!(contact)),
                Need::Contact(fingerprint) => contacts.push(json!(hex(fingerprint))),
                Need::Code(fingerprint) => codes.push(json!(hex(fingerprint))),
                Need::Tries(subject) => tries.push(json!(subject)),
            }
            world.mark(need);
        }
        for key in keys {
            let free = self.read_stock(key, world, scope.batch).await?;
            streams.extend(free.into_iter().map(Stream::Voucher));
        }
        self.read_names(names, world).await?;
        self.read_open(open, world).await?;
        self.read_prompts(prompts, world, scope.now).await?;
        self.read_contacts(contacts, world).await?;
        self.read_codes(codes, world).await?;
        self.read_tries(tries, world).await?;
        streams.retain(|stream| world.version(stream) == 0);
        streams.sort_unstable();
        streams.dedup();
        self.read_streams(&streams, world).await
    }

    async fn rows(
        &mut self,
        statement: &'static str,
        keys: Vec<Value>,
        attempt: &'static str,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        if keys.is_empty() {
            return Ok(vec![]);
        }
        sqlx::query(statement)
            .bind(Value::Array(keys).to_string())
            .fetch_all(&mut *self.connection)
            .await
            .attempt(attempt)
    }

    async fn read_streams(
        &mut self,
        streams: &[Stream],
        world: &mut World,
    ) -> Result<(), StoreError> {
        let names = streams.iter().map(|stream| json!(stream.to_string())).collect();
        let rows = self
            .rows(
                "select stream, kind, schema, recorded_at, data from events
                 where stream in (select value from json_each($1))
                 order by stream, version",
                names,
                "read streams",
            )
            .await?;
        for row in rows {
            let stream: Stream = parse(&row, 0, "events", "stream")?;
            let event = Event::decode(&stream, row.get(1), row.get(2), row.get(4))?;
            world.replay(&stream, &event, Micros(row.get(3)))?;
            world.mark(Need::Stream(stream));
        }
        Ok(())
    }

    async fn read_stock(
        &mut self,
        key: PackageKey,
        world: &mut World,
        batch: usize,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let counts = sqlx::query(
            "select free, held, owed from stock_counts where site = $1 and package = $2",
        )
        .bind(key.site.as_str())
        .bind(key.package.as_str())
        .fetch_optional(&mut *self.connection)
        .await
        .attempt("count stock")?;
        let free = sqlx::query(
            "select voucher from stock
             where site = $1 and package = $2 and holder is null
             order by since
             limit $3",
        )
        .bind(key.site.as_str())
        .bind(key.package.as_str())
        .bind(i64::try_from(batch.max(LISTED_MIN)).unwrap_or(i64::MAX))
        .fetch_all(&mut *self.connection)
        .await
        .attempt("read stock")?;
        let free: Vec<VoucherId> =
            free.iter().map(|row| parse(row, 0, "stock", "voucher")).collect::<Result<_, _>>()?;
        let mut stock = Stock { free: free.iter().copied().collect(), ..Stock::default() };
        if let Some(row) = counts {
            stock.free_count = row.get(0);
            stock.held_count = row.get(1);
            stock.owed_count = row.get(2);
        }
        world.put_stock(key, stock);
        Ok(free)
    }

    async fn read_names(&mut self, names: Vec<Value>, world: &mut World) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select once, stream from events
                 where once is not null and once in (select value from json_each($1))",
                names,
                "read names that stand once",
            )
            .await?;
        for row in rows {
            world.put_once(row.get(0), parse(&row, 1, "events", "stream")?);
        }
        Ok(())
    }

    async fn read_open(
        &mut self,
        contacts: Vec<Value>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select contact, purchase from open_purchases
                 where contact in (select value from json_each($1))",
                contacts,
                "read open purchases",
            )
            .await?;
        for row in rows {
            let contact: ContactId = parse(&row, 0, "open_purchases", "contact")?;
            let purchase: PurchaseId = parse(&row, 1, "open_purchases", "purchase")?;
            world.put_open(contact, purchase);
        }
        Ok(())
    }

    async fn read_prompts(
        &mut self,
        contacts: Vec<Value>,
        world: &mut World,
        now: Micros,
    ) -> Result<(), StoreError> {
        let since = now.plus(-HOUR);
        let keys = contacts.into_iter().map(|contact| json!([contact, since])).collect();
        let rows = self
            .rows(
                "select contact, at, amount_cents, payment from json_each($1) as asked
                 join prompts on contact = asked.value->>0 and at > asked.value->>1",
                keys,
                "read prompts",
            )
            .await?;
        for row in rows {
            let contact: ContactId = parse(&row, 0, "prompts", "contact")?;
            let prompt = PromptSeen {
                payment: parse(&row, 3, "prompts", "payment")?,
                at: Micros(row.get(1)),
                amount: Cents(row.get(2)),
            };
            world.put_prompt(contact, prompt);
        }
        Ok(())
    }

    async fn read_contacts(
        &mut self,
        fingerprints: Vec<Value>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select fingerprint, contact from contacts
                 where fingerprint in (select unhex(value) from json_each($1))",
                fingerprints,
                "find contacts",
            )
            .await?;
        for row in rows {
            let contact = parse(&row, 1, "contacts", "contact")?;
            world.put_contact(bytes(&row, 0, "contacts")?, contact);
        }
        Ok(())
    }

    async fn read_codes(
        &mut self,
        fingerprints: Vec<Value>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select fingerprint, voucher from voucher_codes
                 where fingerprint in (select unhex(value) from json_each($1))",
                fingerprints,
                "find codes",
            )
            .await?;
        for row in rows {
            let voucher = parse(&row, 1, "voucher_codes", "voucher")?;
            world.put_code(bytes(&row, 0, "voucher_codes")?, voucher);
        }
        Ok(())
    }

    async fn read_tries(
        &mut self,
        subjects: Vec<Value>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select subject, times from tries
                 where subject in (select value from json_each($1))",
                subjects,
                "count tries",
            )
            .await?;
        for row in rows {
            world.put_tries(row.get(0), row.get(1));
        }
        Ok(())
    }
}
