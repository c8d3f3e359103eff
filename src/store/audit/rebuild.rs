//! Rebuilds the decision tables from the first event, compares them with the live ones, and
//! rewrites those that differ: the writer must keep them exactly as the ledger says.
//!
//! When a process looks next (`due_at`, `attempt`, `seen` of `work`) is its own affair and not
//! compared; guesses and the inbox are no decisions and have no events.

use super::handed::Handed;
use crate::{
    commands::books::MindBooks,
    ledger::{
        command::{Command, WorkKind},
        event::{Event, NewEvent},
        kernel::{chain::GENESIS, id::PackageKey, stream::Stream, time::Micros},
        world::World,
    },
    store::{
        Opening, Reader, Store, StoreError,
        database::{
            Database, Head,
            pages::PageEvent,
            sql::{Transaction, query},
        },
        error::Attempt,
        vault::keys::{mend_links, vault_of},
        writer::{Terms, changes::Changes, decide, write},
    },
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A decision table that is not what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionDifference {
    pub table: &'static str,
    /// Rows that the ledger calls for and the table lacks.
    pub missing: Vec<String>,
    /// Rows that stand in the table and should not.
    pub surplus: Vec<String>,
}

/// The rows of each table, as JSON arrays.
type Tables = BTreeMap<&'static str, BTreeSet<String>>;

impl Reader {
    /// Replays every event and compares what it gives with the decision tables, both as they stand
    /// at one moment; empty when they agree. Takes memory for what became of every code and sale.
    pub async fn compare_decision_tables(&self) -> Result<Vec<DecisionDifference>, StoreError> {
        let mut moment = self.moment().await?;
        let replayed = moment.replay().await?;
        let differences = moment.differences(&replayed.changes).await;
        moment.rollback().await;
        differences
    }

    /// A transaction that sees the whole database as it stands at one moment.
    pub(in crate::store) async fn moment(&self) -> Result<Transaction, StoreError> {
        self.pool.begin(self.pool.words().begin_reading).await.attempt("begin to read")
    }
}

impl Store {
    /// Writes those decision tables anew that are not what the ledger says, and the links of its
    /// purchases; records which, so that no instance that runs goes on with what it read before.
    /// Gives their names.
    pub async fn mend(opening: &Opening) -> Result<Vec<&'static str>, StoreError> {
        let database = Database::open(&opening.url).await?;
        let (mut transaction, head) = database.begin().await?;
        let mended = mend(&mut transaction, head, opening).await;
        match mended {
            Ok(_) => transaction.commit().await.attempt("mend the tables")?,
            Err(_) => transaction.rollback().await,
        }
        database.close().await;
        mended
    }
}

async fn mend(
    transaction: &mut Transaction,
    head: Head,
    opening: &Opening,
) -> Result<Vec<&'static str>, StoreError> {
    let Replayed { world, mut changes, .. } = transaction.replay().await?;
    let vault = vault_of(transaction, opening).await?;
    let mut mended = vec![];
    if mend_links(transaction, &vault, &world).await? {
        mended.push("links");
    }
    let wrong = transaction.differences(&changes).await?;
    let wrong: Vec<&'static str> = wrong.iter().map(|difference| difference.table).collect();
    mended.extend(&wrong);
    if mended.is_empty() {
        return Ok(mended);
    }
    let keys: Vec<PackageKey> = changes.counts.keys().cloned().collect();
    for key in keys {
        let counted = counted(&changes, &key);
        changes.counts.insert(key, counted);
    }
    changes.keep_only(&wrong);
    for table in &wrong {
        let emptied = query(format!("delete from {table}")).run(&mut *transaction).await;
        emptied.attempt("empty a decision table")?;
    }
    transaction.change(&changes).await?;
    let tables = mended.iter().map(|table| (*table).to_owned()).collect();
    let command: Arc<dyn Command> = Arc::new(MindBooks::MendTables(tables));
    let now = opening.clock.now().max(head.recorded_at);
    let terms = Terms { now, zone: &opening.zone, vault: None };
    let (batch, _) = decide(transaction, &[command], (World::default(), head), terms).await?;
    write(transaction, &batch, now).await?;
    Ok(mended)
}

/// What all events lead to.
pub(in crate::store) struct Replayed {
    /// What they say of each stream.
    pub(in crate::store) world: World,
    /// Their last word on each row.
    pub(in crate::store) changes: Changes,
    /// Whether sales and codes agree.
    pub(in crate::store) handed: Handed,
}

impl Transaction {
    /// Goes through all events, from the first one on.
    pub(in crate::store) async fn replay(&mut self) -> Result<Replayed, StoreError> {
        let (mut world, mut changes) = (World::whole(), Changes::default());
        let mut handed = Handed::default();
        let (mut position, mut hash) = (0, GENESIS);
        while let Some(page) = self.ledger_page(position).await? {
            position = page.last;
            for event in page.events() {
                let PageEvent { link, hash: told, .. } = event?;
                hash = link.hash(&hash);
                if hash != told {
                    return Err(StoreError::ChainBroken(link.position));
                }
                let unreadable = |column| StoreError::BadRow { table: "events", column };
                let stream: Stream = link.stream.parse().map_err(|_| unreadable("stream"))?;
                let event = Event::decode(&stream, link.kind, link.schema, link.data)?;
                let at = Micros(link.recorded_at);
                world.replay(&stream, &event, at)?;
                handed.take(&stream, &event);
                let correlation = link.correlation.map(str::parse).transpose();
                let correlation = correlation.map_err(|_| unreadable("correlation"))?;
                let new = NewEvent { correlation, ..NewEvent::alone(stream, event) };
                changes.take(&world, &new, link.position, at);
            }
            // What is sold, paid or done needs no row, and there is more of it every day.
            changes.forget_what_has_no_row();
        }
        Ok(Replayed { world, changes, handed })
    }

    /// What stands in the decision tables and should not, or should and does not.
    pub(in crate::store) async fn differences(
        &mut self,
        changes: &Changes,
    ) -> Result<Vec<DecisionDifference>, StoreError> {
        let mut differences = vec![];
        for (table, rows) in tables(changes) {
            let live: BTreeSet<String> = self.decision_rows(table).await?.into_iter().collect();
            let missing: Vec<_> = rows.difference(&live).cloned().collect();
            let surplus: Vec<_> = live.difference(&rows).cloned().collect();
            if !missing.is_empty() || !surplus.is_empty() {
                differences.push(DecisionDifference { table, missing, surplus });
            }
        }
        Ok(differences)
    }
}

fn tables(changes: &Changes) -> Tables {
    let mut tables = Tables::new();
    let sites = changes.sites.values();
    let sites = sites.map(|s| {
        json!([
            s.site,
            s.name,
            s.router_login,
            s.accent,
            s.receiver,
            i64::from(s.reports),
            s.language
        ])
    });
    tables.insert("sites", rows(sites));
    let packages = changes.packages.iter().filter_map(|(key, package)| {
        let data = serde_json::to_string(package.as_ref()?).expect("packages are plain data");
        Some(json!([key.site, key.package, data]))
    });
    tables.insert("packages", rows(packages));
    let staff = changes.staff.iter();
    let staff = staff.map(|(id, s)| json!([id, s.role.word(), i64::from(s.disabled)]));
    tables.insert("staff", rows(staff));
    let stock = changes.stock.iter().filter_map(|(voucher, row)| {
        let row = row.as_ref()?;
        Some(json!([
            voucher,
            row.key.site,
            row.key.package,
            row.since,
            row.holder,
            i64::from(row.away)
        ]))
    });
    tables.insert("stock", rows(stock));
    tables.insert("stock_counts", counts(changes));
    let open = changes.open.iter().flat_map(|(purchase, who)| {
        who.iter().flatten().map(move |contact| json!([purchase, contact]))
    });
    tables.insert("open_purchases", rows(open));
    let owed = changes.owed.iter().filter_map(|(purchase, row)| {
        let row = row.as_ref()?;
        let (site, package) = (&row.key.site, &row.key.package);
        Some(json!([purchase, site, package, row.payment, row.amount, row.since]))
    });
    tables.insert("owed", rows(owed));
    let prompts = changes.prompts.iter().filter_map(|(payment, row)| {
        let row = row.as_ref()?;
        Some(json!([payment, row.contact, row.at, row.amount]))
    });
    tables.insert("prompts", rows(prompts));
    let work = changes.work.iter().filter_map(|((kind, subject), row)| {
        let row = row.as_ref()?;
        Some(json!([WorkKind::word(*kind), subject, row.since]))
    });
    tables.insert("work", rows(work));
    tables
}

/// Counted from the rows, not taken from the running counts: so each proves the other.
fn counts(changes: &Changes) -> BTreeSet<String> {
    let count = |key: &PackageKey| {
        let (free, held, owed) = counted(changes, key);
        json!([key.site, key.package, free, held, owed])
    };
    rows(changes.counts.keys().map(count))
}

fn counted(changes: &Changes, key: &PackageKey) -> (i64, i64, i64) {
    let many = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let stock = || changes.stock.values().flatten().filter(move |row| row.key == *key);
    let free = stock().filter(|row| row.holder.is_none() && !row.away).count();
    let held = stock().filter(|row| row.holder.is_some()).count();
    let owed = changes.owed.values().flatten().filter(|row| row.key == *key).count();
    (many(free), many(held), many(owed))
}

fn rows(rows: impl Iterator<Item = Value>) -> BTreeSet<String> {
    rows.map(|row| row.to_string()).collect()
}
