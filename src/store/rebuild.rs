//! Rebuilds the decision tables from the first event and compares them with the live ones. What the
//! writer keeps up to date commit by commit must be what the ledger says, and nothing else.
//!
//! Reads only. When a process looks next (`due_at`, `attempt`, `seen` of `work`) is its own affair
//! and not compared; guesses, the inbox and the vault are no decisions and have no events.

use super::{Store, StoreError, changes::Changes};
use crate::ledger::{decision::WorkKind, event::NewEvent, id::PackageKey, world::World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many events are read at a time.
const PAGE: i64 = 5_000;

/// A decision table that is not what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionDifference {
    /// Which table.
    pub table: &'static str,
    /// Rows that the ledger calls for and the table lacks.
    pub missing: Vec<String>,
    /// Rows that stand in the table and should not.
    pub surplus: Vec<String>,
}

/// The rows of each table, as JSON arrays.
type Tables = BTreeMap<&'static str, BTreeSet<String>>;

impl Store {
    /// Replays every event and compares what it gives with the decision tables; empty when they
    /// agree. Takes memory for all vouchers, purchases and payments ever: a check for tests and
    /// audits, to be run while nobody writes.
    pub async fn compare_decision_tables(&self) -> Result<Vec<DecisionDifference>, StoreError> {
        let wanted = tables(&self.replay().await?);
        let mut differences = vec![];
        for (table, rows) in wanted {
            let live: BTreeSet<String> = self.decision_rows(table).await?.into_iter().collect();
            let missing: Vec<_> = rows.difference(&live).cloned().collect();
            let surplus: Vec<_> = live.difference(&rows).cloned().collect();
            if !missing.is_empty() || !surplus.is_empty() {
                differences.push(DecisionDifference { table, missing, surplus });
            }
        }
        Ok(differences)
    }

    /// The last word of all events on each row.
    async fn replay(&self) -> Result<Changes, StoreError> {
        let (mut world, mut changes) = (World::whole(), Changes::default());
        let mut position = 0;
        loop {
            let page = self.events_after(position, PAGE).await?;
            if page.is_empty() {
                return Ok(changes);
            }
            for stored in page {
                let (stream, event) = stored.decode()?;
                world.replay(&stream, &event, stored.recorded_at)?;
                let unreadable = |_| StoreError::BadRow { table: "events", column: "correlation" };
                let correlation = stored.correlation.as_deref().map(str::parse).transpose();
                let correlation = correlation.map_err(unreadable)?;
                let new = NewEvent { correlation, ..NewEvent::alone(stream, event) };
                changes.take(&world, &new, stored.position, stored.recorded_at);
                position = stored.position;
            }
        }
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
        Some(json!([row.contact, row.at, row.amount, payment]))
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
        let stock = || changes.stock.values().flatten().filter(move |row| row.key == *key);
        let free = stock().filter(|row| row.holder.is_none() && !row.away).count();
        let held = stock().filter(|row| row.holder.is_some()).count();
        let owed = changes.owed.values().flatten().filter(|row| row.key == *key).count();
        json!([key.site, key.package, free, held, owed])
    };
    rows(changes.counts.keys().map(count))
}

fn rows(rows: impl Iterator<Item = Value>) -> BTreeSet<String> {
    rows.map(|row| row.to_string()).collect()
}
