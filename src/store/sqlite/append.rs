//! Writing a batch: one statement a table. Rows go over as one JSON array, because each call to
//! SQLite crosses a thread (`facts/ledger.md`, 3.2: row by row is less than half as fast).

use super::{
    super::{
        changes::Changes,
        error::{Attempt, StoreError},
        writer::Row,
    },
    Transaction,
};
use crate::ledger::{
    chain::hex,
    decision::{Postponed, VaultWrite},
    time::Micros,
};
use serde_json::{Value, json};

impl Transaction<'_> {
    /// Appends events.
    pub async fn append(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let rows = rows.iter().map(|row| {
            json!([
                row.position,
                row.stream,
                row.version,
                row.encoded.kind,
                row.encoded.schema,
                row.recorded_at,
                row.business_day,
                row.correlation,
                row.actor,
                row.once,
                row.encoded.data,
                hex(&row.hash),
                row.encoded.site,
                row.encoded.package,
                row.encoded.amount_cents,
            ])
        });
        self.run(
            "insert into events (position, stream, version, kind, schema, recorded_at,
               business_day, correlation, actor, once, data, hash, site, package, amount_cents)
             select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5,
               value->>6, value->>7, value->>8, value->>9, value->>10, unhex(value->>11),
               value->>12, value->>13, value->>14
             from json_each($1)",
            rows.collect(),
            "append events",
        )
        .await
    }

    /// Writes to the vault.
    pub async fn keep(&mut self, writes: &[VaultWrite], now: Micros) -> Result<(), StoreError> {
        for table in Table::ALL {
            let rows: Vec<Value> =
                writes.iter().filter_map(|write| table.row(write, now)).collect();
            self.run(table.statement(), rows, "write to the vault").await?;
        }
        Ok(())
    }

    /// Puts work off.
    pub async fn postpone(&mut self, postponed: &[Postponed]) -> Result<(), StoreError> {
        let rows =
            postponed.iter().map(|row| json!([row.kind.word(), row.subject, row.due_at, row.seen]));
        self.run(
            "update work
             set due_at = later.value->>2, seen = later.value->>3, attempt = attempt + 1
             from json_each($1) as later
             where work.kind = later.value->>0 and work.subject = later.value->>1",
            rows.collect(),
            "put work off",
        )
        .await
    }

    /// Changes the decision tables.
    pub async fn change(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.change_catalogue(changes).await?;
        self.change_stock(changes).await?;
        self.change_purchases(changes).await?;
        self.change_work(changes).await
    }

    async fn change_catalogue(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let sites = changes.sites.values().map(|s| json!([s.site, s.name, s.router_login]));
        self.run(
            "insert into sites (site, name, router_login)
             select value->>0, value->>1, value->>2 from json_each($1) where true
             on conflict (site) do update
             set name = excluded.name, router_login = excluded.router_login",
            sites.collect(),
            "change sites",
        )
        .await?;
        let (offered, retired): (Vec<_>, Vec<_>) =
            changes.packages.iter().partition(|(_, package)| package.is_some());
        let offered = offered.into_iter().map(|(key, package)| {
            let data = serde_json::to_string(package).expect("packages are plain data");
            json!([key.site, key.package, data])
        });
        self.run(
            "insert into packages (site, package, data)
             select value->>0, value->>1, value->>2 from json_each($1) where true
             on conflict (site, package) do update set data = excluded.data",
            offered.collect(),
            "change packages",
        )
        .await?;
        let retired = retired.into_iter().map(|(key, _)| json!([key.site, key.package]));
        self.run(
            "delete from packages
             where (site, package) in (select value->>0, value->>1 from json_each($1))",
            retired.collect(),
            "retire packages",
        )
        .await
    }

    async fn change_stock(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let sellable = changes.stock.iter().filter_map(|(voucher, row)| {
            let row = row.as_ref()?;
            Some(json!([voucher, row.key.site, row.key.package, row.since, row.holder]))
        });
        self.run(
            "insert into stock (voucher, site, package, since, holder)
             select value->>0, value->>1, value->>2, value->>3, value->>4
             from json_each($1) where true
             on conflict (voucher) do update
             set since = excluded.since, holder = excluded.holder",
            sellable.collect(),
            "change stock",
        )
        .await?;
        let gone = changes.stock.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from stock where voucher in (select value from json_each($1))",
            gone.map(|(voucher, _)| json!(voucher)).collect(),
            "take codes out of stock",
        )
        .await?;
        let counts = changes
            .counts
            .iter()
            .map(|(key, (free, held, owed))| json!([key.site, key.package, free, held, owed]));
        self.run(
            "insert into stock_counts (site, package, free, held, owed)
             select value->>0, value->>1, value->>2, value->>3, value->>4
             from json_each($1) where true
             on conflict (site, package) do update
             set free = excluded.free, held = excluded.held, owed = excluded.owed",
            counts.collect(),
            "count stock",
        )
        .await
    }

    async fn change_purchases(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let closed = changes.open.iter().filter(|(_, who)| who.is_none());
        self.run(
            "delete from open_purchases where purchase in (select value from json_each($1))",
            closed.map(|(purchase, _)| json!(purchase)).collect(),
            "close purchases",
        )
        .await?;
        let open = changes.open.iter().flat_map(|(purchase, who)| {
            who.iter().flatten().map(move |contact| json!([purchase, contact]))
        });
        self.run(
            "insert into open_purchases (purchase, contact)
             select value->>0, value->>1 from json_each($1) where true
             on conflict (contact, purchase) do nothing",
            open.collect(),
            "open purchases",
        )
        .await?;
        let shown = changes.prompts.iter().filter_map(|(payment, row)| {
            let row = row.as_ref()?;
            Some(json!([row.contact, row.at, row.amount, payment]))
        });
        self.run(
            "insert into prompts (contact, at, amount_cents, payment)
             select value->>0, value->>1, value->>2, value->>3 from json_each($1)",
            shown.collect(),
            "note prompts",
        )
        .await?;
        let refused = changes.prompts.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from prompts where payment in (select value from json_each($1))",
            refused.map(|(payment, _)| json!(payment)).collect(),
            "forget prompts that nobody saw",
        )
        .await?;
        let owed = changes.owed.iter().filter_map(|(purchase, row)| {
            let row = row.as_ref()?;
            let (site, package) = (&row.key.site, &row.key.package);
            Some(json!([purchase, site, package, row.payment, row.amount, row.since]))
        });
        self.run(
            "insert into owed (purchase, site, package, payment, amount_cents, since)
             select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5
             from json_each($1)",
            owed.collect(),
            "note what is owed",
        )
        .await?;
        let served = changes.owed.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from owed where purchase in (select value from json_each($1))",
            served.map(|(purchase, _)| json!(purchase)).collect(),
            "note what is no longer owed",
        )
        .await
    }

    async fn change_work(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let due = changes.work.iter().filter_map(|((kind, subject), row)| {
            let row = row.as_ref()?;
            Some(json!([kind.word(), subject, row.since, row.due_at]))
        });
        self.run(
            "insert into work (kind, subject, since, due_at)
             select value->>0, value->>1, value->>2, value->>3 from json_each($1) where true
             on conflict (kind, subject) do update
             set since = excluded.since, due_at = excluded.due_at",
            due.collect(),
            "note work",
        )
        .await?;
        let done = changes.work.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from work
             where (kind, subject) in (select value->>0, value->>1 from json_each($1))",
            done.map(|((kind, subject), _)| json!([kind.word(), subject])).collect(),
            "note work done",
        )
        .await
    }

    /// Runs a statement over rows; nothing where there are none.
    async fn run(
        &mut self,
        statement: &'static str,
        rows: Vec<Value>,
        attempt: &'static str,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(statement)
            .bind(Value::Array(rows).to_string())
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
            .attempt(attempt)
    }
}

/// The tables of the vault that commands write.
#[derive(Debug, Clone, Copy)]
enum Table {
    Contacts,
    Codes,
    ProviderRefs,
    Receipts,
    Texts,
    MessageRefs,
    Links,
    Inbox,
    InboxDecided,
    Tries,
}

impl Table {
    const ALL: [Self; 10] = [
        Self::Contacts,
        Self::Codes,
        Self::ProviderRefs,
        Self::Receipts,
        Self::Texts,
        Self::MessageRefs,
        Self::Links,
        Self::Inbox,
        Self::InboxDecided,
        Self::Tries,
    ];

    const fn statement(self) -> &'static str {
        match self {
            Self::Contacts => {
                "insert into contacts (contact, fingerprint, sealed)
                 select value->>0, unhex(value->>1), unhex(value->>2) from json_each($1)"
            }
            Self::Codes => {
                "insert into voucher_codes (voucher, fingerprint, folded, last_four, sealed)
                 select value->>0, unhex(value->>1), unhex(value->>2), unhex(value->>3),
                   unhex(value->>4)
                 from json_each($1)"
            }
            Self::ProviderRefs => {
                "insert into provider_refs (payment, sealed)
                 select value->>0, unhex(value->>1) from json_each($1) where true
                 on conflict (payment) do nothing"
            }
            Self::Receipts => {
                "insert into receipt_numbers (receipt, sealed)
                 select value->>0, unhex(value->>1) from json_each($1)"
            }
            Self::Texts => {
                "insert into message_texts (message, sealed)
                 select value->>0, unhex(value->>1) from json_each($1) where true
                 on conflict (message) do nothing"
            }
            Self::MessageRefs => {
                "insert into message_refs (fingerprint, message)
                 select unhex(value->>0), value->>1 from json_each($1) where true
                 on conflict (fingerprint) do nothing"
            }
            Self::Links => {
                "insert into links (fingerprint, purchase)
                 select unhex(value->>0), value->>1 from json_each($1)"
            }
            Self::Inbox => {
                "insert into inbox (source, subject, fingerprint, sealed, received_at)
                 select value->>0, value->>1, unhex(value->>2), unhex(value->>3), value->>4
                 from json_each($1) where true
                 on conflict (source, subject, fingerprint) do update set times = times + 1"
            }
            Self::InboxDecided => {
                "update inbox set outcome = decided.value->>1
                 from json_each($1) as decided
                 where inbox.row = decided.value->>0"
            }
            Self::Tries => {
                "insert into tries (subject, times)
                 select value, 1 from json_each($1) where true
                 on conflict (subject) do update set times = times + 1"
            }
        }
    }

    fn row(self, write: &VaultWrite, now: Micros) -> Option<Value> {
        Some(match (self, write) {
            (Self::Contacts, VaultWrite::Contact { contact, fingerprint, sealed }) => {
                json!([contact, hex(fingerprint), hex(sealed)])
            }
            (Self::Codes, VaultWrite::Code(code)) => json!([
                code.voucher,
                hex(&code.fingerprint),
                hex(&code.folded),
                hex(&code.last_four),
                hex(&code.sealed),
            ]),
            (Self::ProviderRefs, VaultWrite::ProviderRefs { payment, sealed }) => {
                json!([payment, hex(sealed)])
            }
            (Self::Receipts, VaultWrite::Receipt { receipt, sealed }) => {
                json!([receipt, hex(sealed)])
            }
            (Self::Texts, VaultWrite::MessageText { message, sealed }) => {
                json!([message, hex(sealed)])
            }
            (Self::MessageRefs, VaultWrite::MessageRef { message, fingerprint }) => {
                json!([hex(fingerprint), message])
            }
            (Self::Links, VaultWrite::Link { purchase, fingerprint }) => {
                json!([hex(fingerprint), purchase])
            }
            (Self::Inbox, VaultWrite::Inbox(row)) => {
                json!([row.source, row.subject, hex(&row.fingerprint), hex(&row.sealed), now,])
            }
            (Self::InboxDecided, VaultWrite::InboxDecided { row, outcome }) => {
                json!([row, outcome])
            }
            (Self::Tries, VaultWrite::Try { subject }) => json!(subject),
            _ => return None,
        })
    }
}
