//! Reading what a batch of commands needs, in one statement for each sort of need.

use crate::{
    ledger::{
        event::Event,
        kernel::{
            fingerprint::Fingerprint,
            id::{ContactId, PackageKey, PurchaseId},
            money::Cents,
            stream::Stream,
            time::{HOUR, Micros},
        },
        needs::Need,
        world::{PromptSeen, Stock, World},
    },
    store::{
        database::sql::{Row, SetRow, Transaction, query, set_row},
        error::{Attempt, StoreError},
    },
};
use std::collections::BTreeSet;

/// How many free codes are read at least: what this batch leaves over serves the next.
const LISTED_MIN: usize = 64;

fn bytes(row: &Row, at: usize, table: &'static str) -> Result<Fingerprint, StoreError> {
    let found: Vec<u8> = row.get(at);
    found.try_into().map_err(|_| StoreError::BadRow { table, column: "fingerprint" })
}

/// What bounds a reading.
#[derive(Clone, Copy)]
pub struct Scope {
    /// How many commands there are: so many free codes of a package can be asked for at most.
    pub batch: usize,
    pub now: Micros,
}

impl Transaction {
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
        for need in &needs {
            match need {
                Need::Stream(stream) => streams.push(stream.clone()),
                Need::Once(name) => names.push(set_row![name]),
                Need::Stock(key) => keys.push(key.clone()),
                Need::Open(contact) => open.push(set_row![contact]),
                Need::Prompts(contact) => prompts.push(*contact),
                Need::Contact(fingerprint) => contacts.push(set_row![*fingerprint]),
                Need::Code(fingerprint) => codes.push(set_row![*fingerprint]),
                Need::Tries(subject) => tries.push(set_row![subject]),
            }
        }
        for key in keys {
            self.read_stock(key, world, scope.batch).await?;
        }
        self.read_names(names, world).await?;
        let open = self.read_open(open).await?;
        streams.extend(open.iter().map(|(_, purchase)| Stream::Purchase(*purchase)));
        self.read_prompts(prompts, world, scope.now).await?;
        self.read_contacts(contacts, world).await?;
        self.read_codes(codes, world).await?;
        self.read_tries(tries, world).await?;
        streams.retain(|stream| !world.holds(stream));
        streams.sort_unstable();
        streams.dedup();
        self.read_streams(&streams, world).await?;
        for need in needs {
            world.mark(need);
        }
        // Tables lead there; what they say is believed where the events say so too.
        for key in world.with_a_lie_in_stock() {
            let listed = world.stock(&key).free.iter().map(|id| Stream::Voucher(*id));
            let unread: Vec<Stream> = listed.filter(|stream| !world.holds(stream)).collect();
            self.read_streams(&unread, world).await?;
            world.drop_what_is_not_free(&key);
            tracing::error!(package = %key, "the table `stock` offers codes that the ledger does \
                not; run `lango audit verify`");
        }
        for (contact, purchase) in open {
            if world.is_open_for(purchase, contact) {
                world.put_open(contact, purchase);
            }
        }
        Ok(())
    }

    async fn rows(
        &mut self,
        statement: &'static str,
        keys: Vec<SetRow<'_>>,
        attempt: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        if keys.is_empty() {
            return Ok(vec![]);
        }
        query(statement).given(keys).all(self).await.attempt(attempt)
    }

    async fn read_streams(
        &mut self,
        streams: &[Stream],
        world: &mut World,
    ) -> Result<(), StoreError> {
        let names = streams.iter().map(|stream| set_row![stream.to_string()]).collect();
        let rows = self
            .rows(
                "select stream, kind, schema, recorded_at, data from events
                 where stream in (select stream from {given: stream text})
                 order by stream, version",
                names,
                "read streams",
            )
            .await?;
        for row in rows {
            let stream: Stream = row.parse(0, "events", "stream")?;
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
    ) -> Result<(), StoreError> {
        let counts =
            query("select free, held, owed from stock_counts where site = $1 and package = $2")
                .bind(key.site.as_str())
                .bind(key.package.as_str())
                .first(&mut *self)
                .await
                .attempt("count stock")?;
        let free = query(
            "select voucher from stock
             where site = $1 and package = $2 and holder is null and away = 0
             order by since
             limit $3",
        )
        .bind(key.site.as_str())
        .bind(key.package.as_str())
        .bind(i64::try_from(batch.max(LISTED_MIN)).unwrap_or(i64::MAX))
        .all(self)
        .await
        .attempt("read stock")?;
        let free = free.iter().map(|row| row.parse(0, "stock", "voucher"));
        let mut stock = Stock { free: free.collect::<Result<_, _>>()?, ..Stock::default() };
        if let Some(row) = counts {
            stock.free_count = row.get(0);
            stock.held_count = row.get(1);
            stock.owed_count = row.get(2);
        }
        world.put_stock(key, stock);
        Ok(())
    }

    async fn read_names(
        &mut self,
        names: Vec<SetRow<'_>>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select once, stream from events
                 where once is not null and once in (select once from {given: once text})",
                names,
                "read names that stand once",
            )
            .await?;
        for row in rows {
            world.put_once(row.get(0), row.parse(1, "events", "stream")?);
        }
        Ok(())
    }

    async fn read_open(
        &mut self,
        contacts: Vec<SetRow<'_>>,
    ) -> Result<Vec<(ContactId, PurchaseId)>, StoreError> {
        let rows = self
            .rows(
                "select contact, purchase from open_purchases
                 where contact in (select contact from {given: contact text})",
                contacts,
                "read open purchases",
            )
            .await?;
        let open = |row: &Row| {
            let contact = row.parse(0, "open_purchases", "contact")?;
            Ok((contact, row.parse(1, "open_purchases", "purchase")?))
        };
        rows.iter().map(open).collect()
    }

    async fn read_prompts(
        &mut self,
        contacts: Vec<ContactId>,
        world: &mut World,
        now: Micros,
    ) -> Result<(), StoreError> {
        let since = now.plus(-HOUR);
        let keys = contacts.into_iter().map(|contact| set_row![contact, since]).collect();
        let rows = self
            .rows(
                "select prompts.contact, at, amount_cents, payment
                 from {given: contact text, since bigint}
                 join prompts on prompts.contact = given.contact and at > given.since",
                keys,
                "read prompts",
            )
            .await?;
        for row in rows {
            let contact: ContactId = row.parse(0, "prompts", "contact")?;
            let prompt = PromptSeen {
                payment: row.parse(3, "prompts", "payment")?,
                at: Micros(row.get(1)),
                amount: Cents(row.get(2)),
            };
            world.put_prompt(contact, prompt);
        }
        Ok(())
    }

    async fn read_contacts(
        &mut self,
        fingerprints: Vec<SetRow<'_>>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select fingerprint, contact from contacts
                 where fingerprint in (select fingerprint from {given: fingerprint bytes})",
                fingerprints,
                "find contacts",
            )
            .await?;
        for row in rows {
            let contact = row.parse(1, "contacts", "contact")?;
            world.put_contact(bytes(&row, 0, "contacts")?, contact);
        }
        Ok(())
    }

    async fn read_codes(
        &mut self,
        fingerprints: Vec<SetRow<'_>>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select shop_wide, voucher from voucher_codes
                 where shop_wide in (select given.shop_wide from {given: shop_wide bytes})",
                fingerprints,
                "find codes",
            )
            .await?;
        for row in rows {
            let voucher = row.parse(1, "voucher_codes", "voucher")?;
            world.put_code(bytes(&row, 0, "voucher_codes")?, voucher);
        }
        Ok(())
    }

    async fn read_tries(
        &mut self,
        subjects: Vec<SetRow<'_>>,
        world: &mut World,
    ) -> Result<(), StoreError> {
        let rows = self
            .rows(
                "select subject, times from tries
                 where subject in (select subject from {given: subject text})",
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
