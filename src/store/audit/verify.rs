//! Walks the whole ledger: the chain of hashes, the columns beside the data, the signed checkpoints
//! and those that somebody kept outside. Says what was altered, inserted, removed or cut off.
//!
//! Where hashes were left alone a change is found to the event. Whoever hashes the end of the
//! ledger anew leaves a chain that holds; then a checkpoint tells, to the events since the last.

use crate::{
    ledger::{
        checkpoint::{Checkpoint, Kept, PublicKey, SignedCheckpoint},
        history::{Acceptance, Witness},
        kernel::chain::{GENESIS, Hash, Link},
        key::Signers,
    },
    store::{
        Reader, StoreError, StoredEvent,
        database::pages::{LedgerPage, PageEvent},
    },
};
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap};

/// How many events after a break are looked at to tell what happened there.
const WINDOW: usize = 64;

/// How many events inserted or removed in one place are told as such; more look altered.
const MOVED_MAX: i64 = 1_000;

/// A ledger with more findings than this is not worth a longer list.
const FINDINGS_MAX: usize = 100;

/// What does not hold. Positions are those of the rows as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// These events are not what was recorded.
    Altered {
        from: i64,
        to: i64,
    },
    /// Events were put in here.
    Inserted {
        from: i64,
        to: i64,
    },
    /// Events were taken out, and the later ones moved up.
    Removed {
        /// The first event behind the hole.
        before: i64,
        count: i64,
    },
    Missing {
        from: i64,
        to: i64,
    },
    /// Site, package or amount beside an event is not what its data say.
    Copies {
        position: i64,
    },
    /// The chain holds, and is not the one that was signed: something in here was altered, inserted
    /// or removed, and what follows hashed anew.
    Rehashed {
        /// The last checkpoint that agrees, or the beginning.
        after: Option<Checkpoint>,
        /// The first that does not.
        at: Checkpoint,
    },
    CutOff {
        last: i64,
        /// The first checkpoint behind that.
        at: Checkpoint,
    },
    /// A checkpoint stands in the database that the ledger's key did not sign.
    Forged {
        position: i64,
    },
    /// A checkpoint that is known outside does not agree.
    Contradicted {
        witness: Witness,
        position: i64,
        /// The last event: before it, the ledger was cut off.
        last: i64,
    },
    /// The line that is known outside is not signed by the ledger's key.
    NotOurs {
        witness: Witness,
        position: i64,
    },
    /// Checkpoints that stood beside the ledger are gone.
    CheckpointsMissing {
        count: i64,
    },
}

/// What is known of the ledger outside it.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// The checkpoints that a person kept.
    pub kept: Vec<Kept>,
    /// The end of the ledger as the mark knows it.
    pub mark: Option<SignedCheckpoint>,
    /// How many checkpoints the mark has counted.
    pub checkpoints: i64,
}

impl Outside {
    /// Each with what knows it.
    fn known(&self) -> impl Iterator<Item = (Witness, Kept)> {
        let mark = self.mark.map(|head| (Witness::Mark, Kept::Signed(head)));
        self.kept.iter().map(|kept| (Witness::Person, kept.clone())).chain(mark)
    }
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// How many events there are.
    pub events: i64,
    pub hash: Hash,
    /// What does not hold, in order; empty for a good ledger.
    pub findings: Vec<Finding>,
    /// Where the owner accepted a history that is not the one that was remembered.
    pub accepted: Vec<Acceptance>,
    /// The last checkpoint that agrees and is signed: everything up to it is proved.
    pub signed_to: Option<Checkpoint>,
}

impl Audit {
    /// Whether everything holds.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// The first event at which the chain is broken: altered, and what follows not hashed anew.
    pub fn broken_at(&self) -> Option<i64> {
        let at = |finding: &Finding| match finding {
            Finding::Altered { from, .. }
            | Finding::Inserted { from, .. }
            | Finding::Missing { from, .. } => Some(*from),
            Finding::Removed { before, .. } => Some(*before),
            Finding::Copies { .. }
            | Finding::Rehashed { .. }
            | Finding::CutOff { .. }
            | Finding::Forged { .. }
            | Finding::Contradicted { .. }
            | Finding::NotOurs { .. }
            | Finding::CheckpointsMissing { .. } => None,
        };
        self.findings.iter().filter_map(at).min()
    }

    /// How many events stand behind the last good checkpoint.
    pub fn unsigned(&self) -> i64 {
        self.events - self.signed_to.map_or(0, |checkpoint| checkpoint.position)
    }
}

impl Reader {
    /// Verifies everything with a public key of the ledger, which leads to those before and behind
    /// it; `progress` is told how far it is.
    pub async fn verify_with(
        &self,
        key: PublicKey,
        outside: &Outside,
        mut progress: impl FnMut(i64),
    ) -> Result<Audit, StoreError> {
        let signers = self.signers_known_by(key).await?;
        let checkpoints = self.checkpoints().await?;
        let mut walk = Walk::new(&checkpoints, outside);
        let mut page = self.ledger_page(0).await?;
        while let Some(now) = page {
            // The next page is read while this one is hashed.
            let (next, walked) =
                tokio::join!(self.ledger_page(now.last), async { walk.take_page(&now) });
            walked?;
            progress(now.last);
            page = next?;
        }
        walk.end();
        // Read behind the walk: what it is about has been walked along.
        let accepted = self.acceptances(&signers).await?;
        Ok(walk.judge(&signers, &checkpoints, outside, accepted))
    }
}

/// The state of a walk along the chain.
struct Walk {
    /// The position and hash from which the next event must follow.
    position: i64,
    hash: Hash,
    /// The last row, as it stands.
    last: (i64, Hash),
    /// By how much rows stand behind their own position, after events were put in or taken out.
    shift: i64,
    /// Events since a break that is not explained yet.
    window: Vec<StoredEvent>,
    findings: Vec<Finding>,
    /// The hashes at positions of checkpoints; `None` until met.
    seen: BTreeMap<i64, Option<Hash>>,
}

impl Walk {
    fn new(checkpoints: &[SignedCheckpoint], outside: &Outside) -> Self {
        let positions = checkpoints.iter().map(|signed| signed.checkpoint.position);
        let known = outside.known().map(|(_, kept)| kept.position());
        let seen = positions.chain(known).map(|at| (at, None)).collect();
        Self {
            position: 0,
            hash: GENESIS,
            last: (0, GENESIS),
            shift: 0,
            window: vec![],
            findings: vec![],
            seen,
        }
    }

    fn take_page(&mut self, page: &LedgerPage) -> Result<(), StoreError> {
        page.events().try_for_each(|event| event.map(|event| self.take(&event)))
    }

    fn take(&mut self, event: &PageEvent<'_>) {
        self.last = (event.link.position, event.hash);
        if self.window.is_empty() {
            self.check(event);
        } else {
            self.window.push(event.to_stored());
            if self.window.len() == WINDOW {
                self.explain();
            }
        }
    }

    fn end(&mut self) {
        while !self.window.is_empty() {
            self.explain();
        }
    }

    fn check(&mut self, event: &PageEvent<'_>) {
        let position = event.link.position - self.shift;
        let expected = self.position + 1;
        if position > expected {
            self.find(Finding::Missing {
                from: expected + self.shift,
                to: event.link.position - 1,
            });
        } else if hash_at(event, position, &self.hash) != event.hash {
            self.window.push(event.to_stored());
            return;
        }
        self.accept(event);
    }

    fn accept(&mut self, event: &PageEvent<'_>) {
        if !copies_agree(event) {
            self.find(Finding::Copies { position: event.link.position });
        }
        self.position = event.link.position - self.shift;
        self.hash = event.hash;
        if let Some(seen) = self.seen.get_mut(&self.position) {
            *seen = Some(event.hash);
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Finds out from the events after a break what happened there, and goes on behind it.
    fn explain(&mut self) {
        let window = std::mem::take(&mut self.window);
        let rows: Vec<PageEvent<'_>> = window.iter().map(PageEvent::of).collect();
        let from = rows[0].link.position;
        let (finding, behind) = if let Some(altered) = self.altered(&rows) {
            let to = rows[altered - 1].link.position;
            (self.step_over(&rows[..altered], Finding::Altered { from, to }), altered)
        } else if let Some(count) = self.inserted(&rows) {
            let more = i64::try_from(count).expect("a small number");
            self.shift += more;
            (Finding::Inserted { from, to: from + more - 1 }, count)
        } else if let Some(moved) = self.moved(&rows) {
            let finding = if moved > 0 {
                Finding::Removed { before: from, count: moved }
            } else {
                Finding::Inserted { from: from + moved, to: from - 1 }
            };
            self.shift -= moved;
            (self.step_over(&rows[..1], finding), 1)
        } else {
            let to = rows.last().map_or(from, |row| row.link.position);
            (self.step_over(&rows, Finding::Altered { from, to }), rows.len())
        };
        self.find(finding);
        for row in &rows[behind..] {
            self.take(row);
        }
    }

    /// Goes on from rows whose own hashes are all there is to go by.
    fn step_over(&mut self, rows: &[PageEvent<'_>], finding: Finding) -> Finding {
        let last = rows.last().expect("at least one row is stepped over");
        self.position = last.link.position - self.shift;
        self.hash = last.hash;
        finding
    }

    /// How many rows stand before the one that should stand here.
    fn inserted(&self, rows: &[PageEvent<'_>]) -> Option<usize> {
        (1..rows.len()).find(|n| {
            let here = &rows[*n];
            let fits = hash_at(here, self.position + 1, &self.hash) == here.hash;
            fits && rows
                .get(n + 1)
                .is_none_or(|next| hash_at(next, self.position + 2, &here.hash) == next.hash)
        })
    }

    /// By how many positions the second row was moved, if it follows the first in another place.
    fn moved(&self, rows: &[PageEvent<'_>]) -> Option<i64> {
        let [first, second, ..] = rows else { return None };
        let place = second.link.position - self.shift;
        let near = (1..=MOVED_MAX).flat_map(|by| [by, -by]);
        near.into_iter().find(|by| hash_at(second, place + by, &first.hash) == second.hash)
    }

    /// How many rows were altered before one that follows the row before it, or before a hole.
    fn altered(&self, rows: &[PageEvent<'_>]) -> Option<usize> {
        (1..rows.len()).find(|n| {
            let (before, row) = (&rows[n - 1], &rows[*n]);
            let follows = || hash_at(row, row.link.position - self.shift, &before.hash) == row.hash;
            row.link.position != before.link.position + 1 || follows()
        })
    }

    /// Compares what was met with what was signed and with what is known outside.
    fn judge(
        mut self,
        keys: &Signers,
        all: &[SignedCheckpoint],
        outside: &Outside,
        accepted: Vec<Acceptance>,
    ) -> Audit {
        let settled = accepted.last().map_or(0, |acceptance| acceptance.known_position);
        let signed_to = self.judge_signed(keys, all, settled);
        for (witness, kept) in outside.known() {
            let position = kept.position();
            if matches!(&kept, Kept::Signed(signed) if !keys.signed(signed)) {
                self.find(Finding::NotOurs { witness, position });
            } else if !self.hash_seen(position).is_some_and(|hash| kept.agrees(&hash)) {
                self.find(Finding::Contradicted { witness, position, last: self.last.0 });
            }
        }
        let missing = outside.checkpoints - i64::try_from(all.len()).unwrap_or(i64::MAX);
        if missing > 0 {
            self.find(Finding::CheckpointsMissing { count: missing });
        }
        let (events, hash) = self.last;
        Audit { events, hash, findings: self.findings, accepted, signed_to }
    }

    fn hash_seen(&self, position: i64) -> Option<Hash> {
        self.seen.get(&position).copied().flatten()
    }

    /// The last good checkpoint. That those up to `settled` contradict the ledger was accepted by
    /// the owner. A signature is looked at where it decides something: a
    /// checkpoint that agrees and is signed proves all before it, so of those that agree only the
    /// last counts.
    fn judge_signed(
        &mut self,
        keys: &Signers,
        all: &[SignedCheckpoint],
        settled: i64,
    ) -> Option<Checkpoint> {
        let chain_holds = self.findings.is_empty();
        let (mut agreeing, mut first_other) = (vec![], None);
        for signed in all {
            let Checkpoint { position, hash, .. } = signed.checkpoint;
            let met = self.hash_seen(position);
            if met == Some(hash) {
                agreeing.push(signed);
            } else if !keys.signed(signed) {
                self.find(Finding::Forged { position });
            } else if position > settled {
                first_other = first_other.or(Some((signed.checkpoint, met)));
            }
        }
        let mut good = None;
        while let Some(signed) = agreeing.pop() {
            if keys.signed(signed) {
                good = Some(signed.checkpoint);
                break;
            }
            self.find(Finding::Forged { position: signed.checkpoint.position });
        }
        let last = self.last.0;
        match first_other {
            Some((at, None)) if at.position > last - self.shift => {
                self.find(Finding::CutOff { last, at });
            }
            // Where the chain itself is broken, the finding to the event says more.
            Some((at, _)) if chain_holds => self.find(Finding::Rehashed { after: good, at }),
            _ => {}
        }
        good
    }
}

/// The hash that an event would have at `position`, after one whose hash is `previous`.
fn hash_at(event: &PageEvent<'_>, position: i64, previous: &Hash) -> Hash {
    Link { position, ..event.link }.hash(previous)
}

/// What of an event's data is copied beside it.
#[derive(Deserialize)]
struct Copies<'a> {
    #[serde(borrow)]
    site: Option<Cow<'a, str>>,
    #[serde(borrow)]
    package: Option<Cow<'a, str>>,
    amount_cents: Option<i64>,
}

fn copies_agree(event: &PageEvent<'_>) -> bool {
    serde_json::from_str::<Copies<'_>>(event.link.data).is_ok_and(|copies| {
        copies.site.as_deref() == event.site
            && copies.package.as_deref() == event.package
            && copies.amount_cents == event.amount_cents
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{machine, nairobi},
        commands::catalogue::{OpenShop, RegisterSite},
        ledger::{catalogue::LedgerPurpose, kernel::id::Slug},
        store::{
            Opening, Store,
            cluster::cluster,
            database::{Database, sql::query},
        },
    };

    /// A ledger of five events in each of the databases, its triggers' names, and its address.
    async fn ledgers(folder: &std::path::Path) -> [(Store, String); 2] {
        let file = format!("sqlite:{}", folder.join("lango.db").display());
        let cluster = cluster();
        let schema = cluster.url(&cluster.new_schema());
        [ledger(file).await, ledger(schema).await]
    }

    async fn ledger(url: String) -> (Store, String) {
        let (clock, random) = machine();
        let opening = Opening { url: url.clone(), master: [7; 32], zone: nairobi(), clock, random };
        let store = Store::open(opening).await.unwrap();
        let timezone = "Africa/Nairobi".to_owned();
        store.execute(OpenShop { purpose: LedgerPurpose::Shop, timezone }).await.unwrap();
        for id in ["a", "b", "c", "d"] {
            let site = Slug::parse(id).unwrap();
            let (name, router_login) = (format!("Café {id}"), "http://10.5.50.1/login".to_owned());
            store.execute(RegisterSite::new(site, name, router_login)).await.unwrap();
        }
        (store, url)
    }

    /// As somebody who owns the database would.
    async fn tamper(url: &str, statement: &'static str) {
        let pool = Database::open(url).await.unwrap().into_pool();
        let open = if url.starts_with("postgres") {
            [
                "alter table events disable trigger all",
                "alter table checkpoints disable trigger all",
                "grant update, delete on events to current_user",
            ]
        } else {
            [
                "drop trigger if exists events_are_not_changed",
                "drop trigger if exists events_are_not_removed",
                "drop trigger if exists checkpoints_are_not_removed",
            ]
        };
        for step in open.into_iter().chain([statement]) {
            query(step).run(&pool).await.unwrap();
        }
        pool.close().await;
    }

    #[tokio::test]
    async fn both_databases_hand_over_the_same_pages() {
        let folder = tempfile::tempdir().unwrap();
        for (store, _) in ledgers(folder.path()).await {
            let page = store.read().ledger_page(0).await.unwrap().unwrap();
            let events: Vec<StoredEvent> =
                page.events().map(|event| event.unwrap().to_stored()).collect();
            assert_eq!(events, store.read().events_after(0, 100).await.unwrap());
            assert_eq!((page.last, events.len()), (5, 5));
            assert!(store.read().ledger_page(5).await.unwrap().is_none());
            assert_eq!(store.read().head().await.unwrap().hash, events[4].hash);
        }
    }

    #[tokio::test]
    async fn what_was_done_behind_our_back_is_found_in_both() {
        let folder = tempfile::tempdir().unwrap();
        for (store, url) in ledgers(folder.path()).await {
            let signed = store.take_checkpoint().await.unwrap().unwrap();
            assert_eq!(store.take_checkpoint().await.unwrap(), Some(signed), "nothing is new");
            let audit = store.verify().await.unwrap();
            assert_eq!((audit.findings, audit.signed_to), (vec![], Some(signed.checkpoint)));
            tamper(&url, "update events set actor = 'nobody' where position = 3").await;
            let found = store.verify().await.unwrap().findings;
            assert_eq!(found, [Finding::Altered { from: 3, to: 3 }]);
            tamper(&url, "delete from events where position = 4").await;
            let found = store.verify().await.unwrap().findings;
            let missing = Finding::Missing { from: 4, to: 4 };
            assert_eq!(found, [Finding::Altered { from: 3, to: 3 }, missing]);
            tamper(&url, "delete from events where position > 2").await;
            let found = store.verify().await.unwrap().findings;
            assert_eq!(found, [Finding::CutOff { last: 2, at: signed.checkpoint }]);
        }
    }
}
