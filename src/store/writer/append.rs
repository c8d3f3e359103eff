//! Writing a batch: one statement a table, all its rows as one set.

use super::changes::Changes;
use crate::{
    ledger::{
        checkpoint::Checkpoint,
        command::{Erased, Postponed, VaultWrite},
        event::Encoded,
        kernel::{chain::Hash, time::Micros},
    },
    store::{
        database::{
            Head,
            sql::{SetRow, Transaction, query, set_row},
        },
        error::{Attempt, StoreError},
    },
};

const APPEND: &str = "insert into events (position, stream, version, kind, schema, recorded_at,
       business_day, correlation, actor, once, data, hash, site, package, amount_cents)
     select position, stream, version, kind, schema, recorded_at, business_day, correlation,
       actor, once, data, hash, site, package, amount_cents
     from {given: position bigint, stream text, version bigint, kind text, schema bigint,
       recorded_at bigint, business_day text, correlation text, actor text, once text, data text,
       hash bytes, site text, package text, amount_cents bigint}";

/// An event with all its columns.
pub struct Row {
    pub position: i64,
    pub stream: String,
    pub version: i64,
    pub recorded_at: i64,
    pub business_day: String,
    pub correlation: Option<String>,
    pub actor: String,
    pub once: Option<String>,
    pub hash: Hash,
    pub encoded: Encoded,
}

impl Transaction {
    /// Appends events.
    pub async fn append(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let Some(last) = rows.last() else { return Ok(()) };
        let rows = rows.iter().map(|row| {
            set_row![
                &row.position,
                &row.stream,
                &row.version,
                &row.encoded.kind,
                &row.encoded.schema,
                &row.recorded_at,
                &row.business_day,
                &row.correlation,
                &row.actor,
                &row.once,
                &row.encoded.data,
                &row.hash,
                &row.encoded.site,
                &row.encoded.package,
                &row.encoded.amount_cents,
            ]
        });
        let head = Head {
            position: last.position,
            hash: last.hash,
            recorded_at: Micros(last.recorded_at),
        };
        self.append_rows(rows.collect(), &head).await
    }

    /// Appends events by their columns; the last of them is the new end of the ledger.
    pub(in crate::store) async fn append_rows(
        &mut self,
        rows: Vec<SetRow<'_>>,
        head: &Head,
    ) -> Result<(), StoreError> {
        let move_head = self.words().move_head;
        let text = format!("{} {APPEND}", move_head.unwrap_or_default());
        let mut append = query(text).given(rows);
        if move_head.is_some() {
            append = append.bind(head.position).bind(&head.hash[..]).bind(head.recorded_at.0);
        }
        append.run(self).await.map(drop).attempt("append events")
    }

    /// Writes to the vault.
    pub async fn keep(&mut self, writes: &[VaultWrite], now: Micros) -> Result<(), StoreError> {
        for table in Table::ALL {
            let rows = writes.iter().enumerate();
            let rows: Vec<SetRow<'_>> =
                rows.filter_map(|(place, write)| table.row(place, write, now)).collect();
            self.run(table.statement(), rows, "write to the vault").await?;
        }
        self.keep_staff(writes).await?;
        self.keep_uploads(writes, now).await?;
        self.keep_routers(writes, now).await
    }

    /// Puts work off.
    pub async fn postpone(&mut self, postponed: &[Postponed]) -> Result<(), StoreError> {
        let rows = postponed
            .iter()
            .map(|row| set_row![row.kind.word(), &row.subject, row.due_at, row.seen]);
        self.run(
            "update work
             set due_at = given.due_at, seen = given.seen, attempt = attempt + 1
             from {given: kind text, subject text, due_at bigint, seen bigint}
             where work.kind = given.kind and work.subject = given.subject",
            rows.collect(),
            "put work off",
        )
        .await
    }

    /// Changes the decision tables.
    pub async fn change(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.change_catalogue(changes).await?;
        self.change_staff(changes).await?;
        self.change_stock(changes).await?;
        self.change_purchases(changes).await?;
        self.change_work(changes).await
    }

    async fn change_stock(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let sellable = changes.stock.iter().filter_map(|(voucher, row)| {
            let row = row.as_ref()?;
            Some(set_row![
                voucher,
                &row.key.site,
                &row.key.package,
                row.since,
                row.holder,
                i64::from(row.away)
            ])
        });
        self.run(
            "insert into stock (voucher, site, package, since, holder, away)
             select voucher, site, package, since, holder, away
             from {given: voucher text, site text, package text, since bigint, holder text,
               away bigint}
             where true
             on conflict (voucher) do update
             set since = excluded.since, holder = excluded.holder, away = excluded.away",
            sellable.collect(),
            "change stock",
        )
        .await?;
        let gone = changes.stock.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from stock where voucher in (select voucher from {given: voucher text})",
            gone.map(|(voucher, _)| set_row![voucher]).collect(),
            "take codes out of stock",
        )
        .await?;
        let counts = changes
            .counts
            .iter()
            .map(|(key, (free, held, owed))| set_row![&key.site, &key.package, free, held, owed]);
        self.run(
            "insert into stock_counts (site, package, free, held, owed)
             select site, package, free, held, owed
             from {given: site text, package text, free bigint, held bigint, owed bigint}
             where true
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
            "delete from open_purchases
             where purchase in (select purchase from {given: purchase text})",
            closed.map(|(purchase, _)| set_row![purchase]).collect(),
            "close purchases",
        )
        .await?;
        let open = changes.open.iter().flat_map(|(purchase, who)| {
            who.iter().flatten().map(move |contact| set_row![purchase, contact])
        });
        self.run(
            "insert into open_purchases (purchase, contact)
             select purchase, contact from {given: purchase text, contact text} where true
             on conflict (contact, purchase) do nothing",
            open.collect(),
            "open purchases",
        )
        .await?;
        let shown = changes.prompts.iter().filter_map(|(payment, row)| {
            let row = row.as_ref()?;
            Some(set_row![row.contact, row.at, row.amount, payment])
        });
        self.run(
            "insert into prompts (contact, at, amount_cents, payment)
             select contact, at, amount_cents, payment
             from {given: contact text, at bigint, amount_cents bigint, payment text}",
            shown.collect(),
            "note prompts",
        )
        .await?;
        let refused = changes.prompts.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from prompts where payment in (select payment from {given: payment text})",
            refused.map(|(payment, _)| set_row![payment]).collect(),
            "forget prompts that nobody saw",
        )
        .await?;
        let owed = changes.owed.iter().filter_map(|(purchase, row)| {
            let row = row.as_ref()?;
            let (site, package) = (&row.key.site, &row.key.package);
            Some(set_row![purchase, site, package, row.payment, row.amount, row.since])
        });
        self.run(
            "insert into owed (purchase, site, package, payment, amount_cents, since)
             select purchase, site, package, payment, amount_cents, since
             from {given: purchase text, site text, package text, payment text,
               amount_cents bigint, since bigint}",
            owed.collect(),
            "note what is owed",
        )
        .await?;
        let served = changes.owed.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from owed where purchase in (select purchase from {given: purchase text})",
            served.map(|(purchase, _)| set_row![purchase]).collect(),
            "note what is no longer owed",
        )
        .await
    }

    async fn change_work(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let due = changes.work.iter().filter_map(|((kind, subject), row)| {
            let row = row.as_ref()?;
            Some(set_row![kind.word(), subject, row.since, row.due_at])
        });
        self.run(
            "insert into work (kind, subject, since, due_at)
             select kind, subject, since, due_at
             from {given: kind text, subject text, since bigint, due_at bigint}
             where true
             on conflict (kind, subject) do update
             set since = excluded.since, due_at = excluded.due_at",
            due.collect(),
            "note work",
        )
        .await?;
        let done = changes.work.iter().filter(|(_, row)| row.is_none());
        self.run(
            "delete from work
             where (kind, subject) in (
               select kind, subject from {given: kind text, subject text}
             )",
            done.map(|((kind, subject), _)| set_row![kind.word(), subject]).collect(),
            "note work done",
        )
        .await
    }

    /// Runs a statement over rows; nothing where there are none.
    pub(in crate::store) async fn run(
        &mut self,
        statement: &'static str,
        rows: Vec<SetRow<'_>>,
        attempt: &'static str,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        query(statement).given(rows).run(self).await.map(drop).attempt(attempt)
    }
}

const CHECKPOINTS: &str = "insert into checkpoints (position, hash, at, signature)
     select position, hash, at, signature
     from {given: position bigint, hash bytes, at bigint, signature bytes} where true
     on conflict (position) do nothing";

const GONE_CONTACTS: &str = "delete from contacts
     where contact in (select contact from {given: contact text})";

const EMPTIED_REFS: &str = "insert into provider_refs (payment, sealed)
     select payment, sealed from {given: payment text, sealed bytes} where true
     on conflict (payment) do update set sealed = excluded.sealed";

const EMPTIED_TEXTS: &str = "insert into message_texts (message, sealed)
     select message, sealed from {given: message text, sealed bytes} where true
     on conflict (message) do update set sealed = excluded.sealed";

const EMPTIED_INBOX: &str = "update inbox set sealed = given.sealed
     from {given: emptied bigint, sealed bytes}
     where inbox.row = given.emptied";

const NOTES: &str = "insert into notes (subject, sealed)
     select subject, sealed from {given: subject text, sealed bytes} where true
     on conflict (subject) do update set sealed = excluded.sealed";

/// The same bytes twice in one batch are one row already here: an upsert touches a
/// row once.
const INBOX: &str =
    "insert into inbox (row, source, subject, fingerprint, sealed, received_at, times, outcome)
     select
       (select coalesce(max(row), 0) from inbox) + row_number() over (order by place),
       source, subject, fingerprint, sealed, received_at, times, outcome
     from (
       select
         source, subject, fingerprint, sealed, received_at, place, outcome,
         row_number() over (
           partition by source, subject, fingerprint order by place
         ) as nth,
         count(*) over (partition by source, subject, fingerprint) as times
       from {given: place bigint, source text, subject text, fingerprint bytes,
         sealed bytes, received_at bigint, outcome text}
     ) as came
     where nth = 1
     order by place
     on conflict (source, subject, fingerprint) do update
     set times = inbox.times + excluded.times,
       outcome = coalesce(inbox.outcome, excluded.outcome)";

/// The tables of the vault that commands write.
#[derive(Debug, Clone, Copy)]
enum Table {
    Contacts,
    Codes,
    ProviderRefs,
    NamesHeard,
    Receipts,
    Texts,
    MessageRefs,
    Links,
    Inbox,
    InboxDecided,
    Checkpoints,
    Tries,
    GoneContacts,
    EmptiedRefs,
    EmptiedTexts,
    EmptiedInbox,
    Notes,
}

impl Table {
    const ALL: [Self; 17] = [
        Self::Contacts,
        Self::Codes,
        Self::ProviderRefs,
        Self::NamesHeard,
        Self::Receipts,
        Self::Texts,
        Self::MessageRefs,
        Self::Links,
        Self::Inbox,
        Self::InboxDecided,
        Self::Checkpoints,
        Self::Tries,
        Self::GoneContacts,
        Self::EmptiedRefs,
        Self::EmptiedTexts,
        Self::EmptiedInbox,
        Self::Notes,
    ];

    const fn statement(self) -> &'static str {
        match self {
            Self::Contacts => {
                "insert into contacts (contact, fingerprint, sealed)
                 select contact, fingerprint, sealed
                 from {given: contact text, fingerprint bytes, sealed bytes}"
            }
            Self::Codes => {
                "insert into voucher_codes
                   (voucher, fingerprint, folded, last_four, sealed, shop_wide)
                 select voucher, fingerprint, folded, last_four, sealed, shop_wide
                 from {given: voucher text, fingerprint bytes, folded bytes, last_four bytes,
                   sealed bytes, shop_wide bytes}"
            }
            // What was forgotten stays forgotten.
            Self::ProviderRefs => {
                "insert into provider_refs (payment, sealed)
                 select payment, sealed from {given: payment text, sealed bytes} where true
                 on conflict (payment) do update set sealed = excluded.sealed
                 where length(provider_refs.sealed) > 0"
            }
            Self::NamesHeard => {
                "insert into provider_refs (payment, sealed)
                 select payment, sealed from {given: payment text, sealed bytes} where true
                 on conflict (payment) do nothing"
            }
            Self::Receipts => {
                "insert into receipt_numbers (receipt, sealed)
                 select receipt, sealed from {given: receipt text, sealed bytes}"
            }
            Self::Texts => {
                "insert into message_texts (message, sealed)
                 select message, sealed from {given: message text, sealed bytes} where true
                 on conflict (message) do nothing"
            }
            Self::MessageRefs => {
                "insert into message_refs (fingerprint, message)
                 select fingerprint, message from {given: fingerprint bytes, message text}
                 where true
                 on conflict (fingerprint) do nothing"
            }
            Self::Links => {
                "insert into links (fingerprint, purchase)
                 select fingerprint, purchase from {given: fingerprint bytes, purchase text}"
            }
            Self::Inbox => INBOX,
            Self::InboxDecided => {
                "update inbox set outcome = given.outcome
                 from {given: decided bigint, outcome text}
                 where inbox.row = given.decided"
            }
            Self::Checkpoints => CHECKPOINTS,
            Self::Tries => {
                "insert into tries (subject, times)
                 select subject, count(*) from {given: subject text} where true
                 group by subject
                 on conflict (subject) do update set times = tries.times + excluded.times"
            }
            Self::GoneContacts => GONE_CONTACTS,
            Self::EmptiedRefs => EMPTIED_REFS,
            Self::EmptiedTexts => EMPTIED_TEXTS,
            Self::EmptiedInbox => EMPTIED_INBOX,
            Self::Notes => NOTES,
        }
    }

    fn row(self, place: usize, write: &VaultWrite, now: Micros) -> Option<SetRow<'_>> {
        Some(match (self, write) {
            (Self::Contacts, VaultWrite::Contact { contact, fingerprint, sealed }) => {
                set_row![contact, fingerprint, sealed]
            }
            (Self::Codes, VaultWrite::Code(code)) => set_row![
                &code.voucher,
                &code.fingerprint,
                &code.folded,
                &code.last_four,
                &code.sealed,
                &code.shop_wide,
            ],
            (Self::ProviderRefs, VaultWrite::ProviderRefs { payment, sealed })
            | (Self::NamesHeard, VaultWrite::NamesHeard { payment, sealed }) => {
                set_row![payment, sealed]
            }
            (Self::Receipts, VaultWrite::Receipt { receipt, sealed }) => {
                set_row![receipt, sealed]
            }
            (Self::Texts, VaultWrite::MessageText { message, sealed }) => {
                set_row![message, sealed]
            }
            (Self::MessageRefs, VaultWrite::MessageRef { message, fingerprint }) => {
                set_row![fingerprint, message]
            }
            (Self::Links, VaultWrite::Link(link)) => {
                set_row![&link.fingerprint, link.purchase]
            }
            (Self::Inbox, VaultWrite::Inbox(row)) => {
                set_row![
                    i64::try_from(place).expect("a batch is small"),
                    &row.source,
                    &row.subject,
                    &row.fingerprint,
                    &row.sealed,
                    now,
                    row.outcome
                ]
            }
            (Self::InboxDecided, VaultWrite::InboxDecided { row, outcome }) => {
                set_row![row, outcome]
            }
            (Self::Checkpoints, VaultWrite::Checkpoint(signed)) => {
                let Checkpoint { position, hash, at } = &signed.checkpoint;
                set_row![position, hash, at, &signed.signature]
            }
            (Self::Tries, VaultWrite::Try { subject }) => set_row![subject],
            (Self::GoneContacts, VaultWrite::Erase(Erased::Contact(id))) => set_row![id],
            (Self::EmptiedRefs, VaultWrite::Erase(Erased::ProviderRefs(id))) => set_row![id, b""],
            (Self::EmptiedTexts, VaultWrite::Erase(Erased::MessageText(id))) => set_row![id, b""],
            (Self::EmptiedInbox, VaultWrite::Erase(Erased::Inbox(row))) => set_row![row, b""],
            (Self::Notes, VaultWrite::Note { note, sealed }) => {
                set_row![note.to_string(), sealed]
            }
            _ => return None,
        })
    }
}
