//! Compares the tables beside the ledger with it: the decision tables must say what the events say,
//! and every row of the vault must open in its own place and be found by its own name. A finding
//! names table and id, never the content.
//!
//! Everything is read at one moment, so the shop may go on selling.

use super::{
    astray::{Astray, Wrong},
    decisions::decision_table,
    rebuild::{DecisionDifference, Replayed},
};
use crate::{
    ledger::{
        kernel::{
            chain::hex,
            fingerprint::Fingerprint,
            id::{PurchaseId, StaffId, VoucherId},
            phone::Phone,
            time::Micros,
        },
        message::MessageStatus,
        staff::staff_once,
        voucher::fold,
        world::World,
    },
    store::{
        Lookup, RawMessage, Reader, Sealed, StoreError, Vault, VoucherCode,
        database::{
            sql::{Param, Row, Transaction, query},
            words::Kind,
        },
        error::Attempt,
    },
};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// A shop with more findings than this is not worth a longer list.
const FINDINGS_MAX: usize = 100;

/// How many rows are read at a time.
const ROWS_PER_PAGE: i64 = 2_000;

/// What looking beside the ledger came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Whether the vault was looked into.
    pub opened: bool,
    /// What does not hold; empty where all is well.
    pub findings: Vec<Astray>,
}

impl Beside {
    /// Whether everything holds.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Reader {
    /// Holds everything beside the ledger to it; without the vault's keys, all but the vault.
    pub async fn verify_beside(&self, vault: Option<&Vault>) -> Result<Beside, StoreError> {
        let mut moment = self.moment().await?;
        let looked = look(&mut moment, vault).await;
        moment.rollback().await;
        let mut findings = looked?;
        findings.truncate(FINDINGS_MAX);
        Ok(Beside { opened: vault.is_some(), findings })
    }
}

async fn look(moment: &mut Transaction, vault: Option<&Vault>) -> Result<Vec<Astray>, StoreError> {
    let Replayed { world, changes, handed } = match moment.replay().await {
        Ok(replayed) => replayed,
        Err(StoreError::Illegal(illegal)) => {
            let wrong = Wrong::CannotFollow;
            return Ok(vec![Astray { table: "events", id: illegal.stream, wrong }]);
        }
        Err(failure) => return Err(failure),
    };
    let differences = moment.differences(&changes).await?;
    let mut findings: Vec<Astray> = differences.iter().flat_map(in_words).collect();
    findings.extend(handed.astray());
    if let Some(vault) = vault {
        let mut search = Search { moment, vault, world: &world, findings: vec![] };
        search.contacts().await?;
        search.codes().await?;
        search.texts().await?;
        search.uploads().await?;
        search.receipts().await?;
        search.inbox().await?;
        search.staff().await?;
        search.sessions().await?;
        search.links().await?;
        search.message_refs().await?;
        findings.append(&mut search.findings);
    }
    Ok(findings)
}

/// The rows of a difference, each with what is wrong with it.
fn in_words(difference: &DecisionDifference) -> Vec<Astray> {
    let table = decision_table(difference.table);
    let split = |row: &String| {
        let values: Vec<Value> = serde_json::from_str(row).expect("rows are JSON arrays");
        let values: Vec<String> = values.iter().map(plain).collect();
        (values[..table.keys].join(" "), values)
    };
    let mut surplus: BTreeMap<String, Vec<String>> = difference.surplus.iter().map(split).collect();
    let mut found = vec![];
    for (id, ledger) in difference.missing.iter().map(split) {
        let Some(live) = surplus.remove(&id) else {
            found.push(Astray { table: table.name, id, wrong: Wrong::Missing });
            continue;
        };
        let columns = table.columns.iter().zip(live.into_iter().zip(ledger));
        for (column, (table_says, ledger_says)) in columns.filter(|(_, (a, b))| a != b) {
            let wrong = Wrong::Differs { column, table: table_says, ledger: ledger_says };
            found.push(Astray { table: table.name, id: id.clone(), wrong });
        }
    }
    let surplus = surplus.into_keys();
    found.extend(surplus.map(|id| Astray { table: table.name, id, wrong: Wrong::Surplus }));
    found
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A search through the vault.
struct Search<'a> {
    moment: &'a mut Transaction,
    vault: &'a Vault,
    world: &'a World,
    findings: Vec<Astray>,
}

/// Texts of which nothing is known but where they stand: table, key and context. An empty seal is
/// one of a person who is forgotten.
const TEXTS: [(&str, &str, &str); 5] = [
    ("provider_refs", "payment", "provider_refs"),
    ("message_texts", "message", "message_text"),
    ("notes", "subject", "note"),
    ("uploads", "batch", "upload"),
    ("shared_secrets", "name", "shared"),
];

impl Search<'_> {
    /// The next rows of a statement that reads after a key, which is its first column.
    async fn page(
        &mut self,
        statement: &str,
        kind: Kind,
        after: &mut Option<Param<'static>>,
    ) -> Result<Vec<Row>, StoreError> {
        let begin = || match kind {
            Kind::Text => Param::from(""),
            Kind::Number => Param::Number(0),
            Kind::Bytes => Param::from(b""),
        };
        let asked = query(statement.to_owned()).bind(after.take().unwrap_or_else(begin));
        let rows = asked.bind(ROWS_PER_PAGE).all(&mut *self.moment).await;
        let rows = rows.attempt("read the vault")?;
        *after = rows.last().map(|row| match kind {
            Kind::Text => row.get::<String>(0).into(),
            Kind::Number => Param::Number(row.get(0)),
            Kind::Bytes => row.get::<Vec<u8>>(0).into(),
        });
        Ok(rows)
    }

    fn find(&mut self, table: &'static str, id: impl Into<String>, wrong: Wrong) {
        self.findings.push(Astray { table, id: id.into(), wrong });
    }

    /// Opens a text under its context, and asks whether all beside it is its own.
    fn judge(
        &mut self,
        table: &'static str,
        id: &str,
        context: &str,
        sealed: &[u8],
        own: impl FnOnce(&[u8]) -> bool,
    ) {
        match self.vault.unseal(context, sealed) {
            Err(_) => self.find(table, id, Wrong::DoesNotOpen),
            Ok(plain) if !own(&plain) => self.find(table, id, Wrong::NotItsOwn),
            Ok(_) => {}
        }
    }

    async fn contacts(&mut self) -> Result<(), StoreError> {
        let statement = "select contact, sealed, fingerprint from contacts where contact > $1
             order by contact limit $2";
        let mut after = None;
        loop {
            let rows = self.page(statement, Kind::Text, &mut after).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let (id, sealed, found_by): (&str, Vec<u8>, Vec<u8>) =
                    (row.get(0), row.get(1), row.get(2));
                let (context, vault) = (format!("contact:{id}"), self.vault);
                self.judge("contacts", id, &context, &sealed, |plain| {
                    let text = std::str::from_utf8(plain).unwrap_or_default();
                    let is = |what: Lookup<'_>| vault.fingerprint(what)[..] == found_by;
                    is(Lookup::Device(text))
                        || Phone::parse(text).is_some_and(|phone| is(Lookup::Phone(&phone)))
                });
            }
        }
    }

    async fn codes(&mut self) -> Result<(), StoreError> {
        let statement = "select voucher, sealed, fingerprint, folded, last_four from voucher_codes
             where voucher > $1 order by voucher limit $2";
        let lost_history = self.accepted_another_history().await?;
        let (mut after, mut kept) = (None, HashSet::new());
        loop {
            let rows = self.page(statement, Kind::Text, &mut after).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let id: &str = row.get(0);
                let voucher = id.parse().ok().and_then(|id: VoucherId| {
                    kept.insert(id);
                    Some((id, self.world.voucher(id)?))
                });
                let Some((voucher, known)) = voucher else {
                    // Of a history that was lost, and kept: it may have been sold there.
                    if !lost_history {
                        self.find("voucher_codes", id, Wrong::Surplus);
                    }
                    continue;
                };
                let context = Sealed::Code(voucher).context();
                let names: [Vec<u8>; 3] = [row.get(2), row.get(3), row.get(4)];
                let (vault, site) = (self.vault, &known.package.site);
                let sealed: Vec<u8> = row.get(1);
                self.judge("voucher_codes", id, &context, &sealed, |plain| {
                    let code = serde_json::from_slice::<VoucherCode>(plain);
                    code.is_ok_and(|code| names_of_code(vault, site.as_str(), &code) == names)
                });
            }
        }
        for lost in self.world.vouchers().filter(|id| !kept.contains(id)) {
            self.find("voucher_codes", lost.to_string(), Wrong::Missing);
        }
        Ok(())
    }

    async fn accepted_another_history(&mut self) -> Result<bool, StoreError> {
        let accepted = query("select count(*) from events where kind = 'history_accepted'")
            .one(&mut *self.moment)
            .await
            .attempt("look for an accepted history")?;
        Ok(accepted.get::<i64>(0) > 0)
    }

    async fn texts(&mut self) -> Result<(), StoreError> {
        for (table, key, context) in TEXTS {
            let statement = format!(
                "select {key}, sealed from {table} where {key} > $1 order by {key} limit $2"
            );
            let mut after = None;
            loop {
                let rows = self.page(&statement, Kind::Text, &mut after).await?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    let (id, sealed): (&str, Vec<u8>) = (row.get(0), row.get(1));
                    if !sealed.is_empty() {
                        self.judge(table, id, &format!("{context}:{id}"), &sealed, |_| true);
                    }
                }
            }
        }
        Ok(())
    }

    /// What stands beside a file must be what a person said of it.
    async fn uploads(&mut self) -> Result<(), StoreError> {
        for batch in self.moment.altered_uploads(self.vault).await? {
            self.find("uploads", batch, Wrong::NotItsOwn);
        }
        Ok(())
    }

    /// The number must be the one whose name stands in the ledger.
    async fn receipts(&mut self) -> Result<(), StoreError> {
        let statement = "select receipt, sealed, (
               select once from events where stream = 'receipt-' || receipt and version = 1
             )
             from receipt_numbers where receipt > $1 order by receipt limit $2";
        let mut after = None;
        loop {
            let rows = self.page(statement, Kind::Text, &mut after).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let (id, sealed, once): (&str, Vec<u8>, Option<String>) =
                    (row.get(0), row.get(1), row.get(2));
                let (context, vault) = (format!("receipt:{id}"), self.vault);
                self.judge("receipt_numbers", id, &context, &sealed, |plain| {
                    let number = std::str::from_utf8(plain).unwrap_or_default();
                    let name = vault.receipt_fingerprint(number);
                    once.is_some_and(|once| once.ends_with(&format!(":{name}")))
                });
            }
        }
    }

    async fn inbox(&mut self) -> Result<(), StoreError> {
        let statement = "select row, source, subject, sealed, fingerprint from inbox where row > $1
             order by row limit $2";
        let mut after = None;
        loop {
            let rows = self.page(statement, Kind::Number, &mut after).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let (id, sealed): (i64, Vec<u8>) = (row.get(0), row.get(3));
                if sealed.is_empty() {
                    continue;
                }
                let (context, vault) = (RawMessage::context(row.get(1), row.get(2)), self.vault);
                let kept_by: Vec<u8> = row.get(4);
                self.judge("inbox", &id.to_string(), &context, &sealed, |plain| {
                    let message = serde_json::from_slice::<RawMessage>(plain);
                    message
                        .is_ok_and(|it| vault.fingerprint(Lookup::Inbox(&it.body))[..] == kept_by)
                });
            }
        }
    }

    async fn staff(&mut self) -> Result<(), StoreError> {
        let rows = query(
            "select staff, name, password, fingerprint, (
               select once from events where stream = 'staff-' || staff and version = 1
             )
             from staff_secrets order by staff",
        )
        .all(&mut *self.moment)
        .await
        .attempt("read the vault")?;
        for row in rows {
            let (text, vault): (&str, _) = (row.get(0), self.vault);
            let known = text.parse().ok().and_then(|id: StaffId| Some((id, self.world.staff(id)?)));
            let Some((id, staff)) = known else {
                self.find("staff_secrets", text, Wrong::Surplus);
                continue;
            };
            let (name, password): (Vec<u8>, Vec<u8>) = (row.get(1), row.get(2));
            let (found_by, once): (Vec<u8>, Option<String>) = (row.get(3), row.get(4));
            let context = Sealed::StaffName(id).context();
            self.judge("staff_secrets", text, &context, &name, |_| {
                once == Some(staff_once(&hex(&found_by)))
            });
            let context = Sealed::StaffPassword(id).context();
            self.judge("staff_secrets", text, &context, &password, |plain| {
                let hash = std::str::from_utf8(plain).unwrap_or_default();
                staff.proof.is_none_or(|proof| proof == vault.password_proof(id, hash))
            });
        }
        Ok(())
    }

    async fn sessions(&mut self) -> Result<(), StoreError> {
        let rows = query("select staff, began_at, fingerprint, proof from sessions order by staff")
            .all(&mut *self.moment)
            .await
            .attempt("read the sessions")?;
        for row in rows {
            let (text, began_at): (&str, i64) = (row.get(0), row.get(1));
            let token: Option<Fingerprint> = row.get::<Vec<u8>>(2).try_into().ok();
            let proven = token.zip(text.parse().ok()).is_some_and(|(token, id): (_, StaffId)| {
                self.world.staff(id).is_some_and(|staff| {
                    let began_at = Micros(began_at);
                    self.vault.session_proof(&token, id, began_at, staff.ended)[..]
                        == row.get::<Vec<u8>>(3)
                })
            });
            if !proven {
                self.find("sessions", text, Wrong::NotItsOwn);
            }
        }
        Ok(())
    }

    async fn links(&mut self) -> Result<(), StoreError> {
        let statement = "select fingerprint, purchase from links where fingerprint > $1
             order by fingerprint limit $2";
        let (mut after, mut linked) = (None, HashSet::new());
        loop {
            let rows = self.page(statement, Kind::Bytes, &mut after).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let (found_by, text): (Vec<u8>, &str) = (row.get(0), row.get(1));
                let known = text.parse().ok().filter(|id| self.world.purchase(*id).is_some());
                let links = |id: PurchaseId| self.vault.link_fingerprints(id).into_iter();
                match known {
                    None => self.find("links", text, Wrong::Surplus),
                    Some(id) if !links(id).any(|link| link[..] == found_by) => {
                        self.find("links", text, Wrong::NotItsOwn);
                    }
                    Some(id) => {
                        linked.insert(id);
                    }
                }
            }
        }
        for lost in self.world.purchases().filter(|id| !linked.contains(id)) {
            self.find("links", lost.to_string(), Wrong::Missing);
        }
        Ok(())
    }

    /// Of what a gateway called a message nothing is kept but the keyed name: only that the message
    /// was handed to one can be asked.
    async fn message_refs(&mut self) -> Result<(), StoreError> {
        let statement = "select fingerprint, message from message_refs where fingerprint > $1
             order by fingerprint limit $2";
        let mut after = None;
        loop {
            let rows = self.page(statement, Kind::Bytes, &mut after).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let text: &str = row.get(1);
                let message = text.parse().ok().and_then(|id| self.world.message(id));
                if message.is_none_or(|message| message.status == MessageStatus::Queued) {
                    self.find("message_refs", text, Wrong::Surplus);
                }
            }
        }
    }
}

/// The names by which a code is found: as it stands, as people type it, by its end.
fn names_of_code(vault: &Vault, site: &str, code: &VoucherCode) -> [Vec<u8>; 3] {
    let folded = fold(&code.code);
    let last = folded.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    let names = [
        Lookup::Code(site, &code.code),
        Lookup::FoldedCode(site, &code.code),
        Lookup::LastFour(site, &folded[last..]),
    ];
    names.map(|name| vault.fingerprint(name).to_vec())
}
