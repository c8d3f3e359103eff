//! `lango audit verify` and `lango audit checkpoint`

use super::{beside, schema};
use crate::{
    app::{self, config::Config},
    cli::output,
    ledger::{
        checkpoint::{Checkpoint, Kept, PublicKey},
        history::{Acceptance, Witness},
        kernel::chain::hex,
    },
    store::{Audit, Beside, Finding, Outside, Reader, SchemaFinding},
};
use anyhow::Context as _;
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// A checkpoint kept outside: from a receipt, or the line of `lango audit checkpoint`. May be
    /// given several times.
    #[arg(long, value_name = "CHECKPOINT")]
    against: Vec<Kept>,
    /// The ledger's public key, as `lango audit checkpoint` prints it: then the master key is not
    /// needed.
    #[arg(long, value_name = "KEY")]
    public_key: Option<PublicKey>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let books = app::open_books(config).await?;
        let found = books.verify_schema().await?;
        match self.look(config, &books, &found).await {
            Err(failure) if !found.is_empty() => schema::alone(&found, &failure, self.json),
            looked => looked,
        }
    }

    async fn look(
        &self,
        config: &Config,
        books: &Reader,
        found: &[SchemaFinding],
    ) -> anyhow::Result<ExitCode> {
        let (key, vault) = if let Some(key) = self.public_key {
            (key, None)
        } else {
            let vault = app::vault_of(config, books)
                .await
                .context("without the master key, give the public one with --public-key")?;
            (vault.signing_key().public(), Some(vault))
        };
        // Read before the ledger: it is never ahead of what is read after it.
        let mark = app::read_mark(config)?;
        let marked = mark.is_some();
        let outside = Outside {
            kept: self.against.clone(),
            mark: mark.map(|mark| mark.head),
            checkpoints: mark.map_or(0, |mark| mark.checkpoints),
        };
        let audit = books.verify_with(key, &outside, |_| {}).await?;
        // What is not the ledger that was recorded proves nothing about what stands beside it.
        let beside =
            if audit.is_good() { Some(books.verify_beside(vault.as_ref()).await?) } else { None };
        let good = found.is_empty() && beside.as_ref().is_some_and(Beside::is_good);
        let zone = &config.shop.timezone;
        if self.json {
            let mut json = as_json(&audit, zone);
            json["verified"] = good.into();
            json["schema"] = schema::as_json(found);
            json["beside"] = beside.as_ref().map(beside::as_json).into();
            output::json(&json)?;
        } else {
            print!("{}{}", describe(&audit, zone), schema::describe(found));
            print!("{}", beside.as_ref().map(beside::describe).unwrap_or_default());
            if !outside.kept.is_empty() && audit.is_good() {
                println!("What was kept outside agrees.");
            }
            if marked && audit.is_good() {
                println!("The mark outside the database agrees.");
            }
        }
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PrintCheckpoint {
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl PrintCheckpoint {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        let signed = store.take_checkpoint().await?.context("the ledger is empty")?;
        let key = store.vault().signing_key().public();
        let Checkpoint { position, at, .. } = &signed.checkpoint;
        if self.json {
            let json = json!({
                "position": position,
                "at": at.rfc3339(),
                "hash": hex(&signed.checkpoint.hash),
                "signature": hex(&signed.signature),
                "short": signed.checkpoint.short(),
                "line": signed.to_string(),
                "public_key": key.to_string(),
            });
            output::json(&json)?;
        } else {
            println!(
                "Checkpoint of event {position}, {}\n\n\
                 On paper    {}\n\
                 Signed      {signed}\n\
                 Public key  {key}\n\n\
                 Keep the first somewhere else than here. `lango audit verify --against` it shows \
                 later that nothing\nup to event {position} was changed or cut off since. The line \
                 and the key prove it to an auditor too.",
                at.local(&config.shop.timezone),
                signed.checkpoint.short(),
            );
        }
        Ok(())
    }
}

/// What verifying came to, in sentences.
pub(in crate::cli) fn describe(audit: &Audit, zone: &TimeZone) -> String {
    let mut lines: Vec<String> =
        audit.findings.iter().map(|finding| sentence(finding, zone)).collect();
    if audit.is_good() {
        let (events, hash) = (audit.events, hex(&audit.hash[..8]));
        lines.push(format!(
            "{events} events, each follows from the one before; the last is {hash}…"
        ));
    }
    lines.extend(way_on(audit).map(str::to_owned));
    lines.extend(audit.accepted.iter().map(|Acceptance { position, known_position, .. }| {
        format!(
            "The owner accepted the history as it stood at event {position}. Checkpoints from \
             before, up to event {known_position}, may contradict it."
        )
    }));
    lines.push(match audit.signed_to {
        Some(Checkpoint { position, at, .. }) => {
            let (at, newer) = (at.local(zone), audit.unsigned());
            format!("Signed up to event {position}, {at}; {newer} newer.")
        }
        None if audit.is_good() => "No checkpoint is signed yet.".into(),
        None => "No signed checkpoint proves any of it.".into(),
    });
    lines.join("\n") + "\n"
}

/// What to do about what was found.
fn way_on(audit: &Audit) -> Option<&'static str> {
    Some(match audit.findings.first()? {
        _ if audit.broken_at().is_some() => {
            "Such a history cannot be gone on with. Restore a backup from before: `lango restore \
             FILE`, into an empty database."
        }
        Finding::NotOurs { .. } | Finding::Contradicted { witness: Witness::Person, .. } => {
            return None;
        }
        Finding::Copies { .. } => "Restore a backup from before: `lango restore FILE`.",
        _ => "`lango audit accept` says what you can do.",
    })
}

fn as_json(audit: &Audit, zone: &TimeZone) -> Value {
    let signed_to = audit.signed_to.map(|Checkpoint { position, hash, at }| {
        json!({ "position": position, "hash": hex(&hash), "at": at.rfc3339() })
    });
    let findings: Vec<Value> = audit.findings.iter().map(|f| finding_json(f, zone)).collect();
    json!({
        "verified": audit.is_good(),
        "events": audit.events,
        "hash": hex(&audit.hash),
        "signed_to": signed_to,
        "unsigned_events": audit.unsigned(),
        "accepted": audit.accepted,
        "findings": findings,
    })
}

/// Its word, the events in question, and the sentence.
fn finding_json(finding: &Finding, zone: &TimeZone) -> Value {
    let after = |checkpoint: &Option<Checkpoint>| checkpoint.map_or(0, |c| c.position);
    let (word, from, to) = match finding {
        Finding::Altered { from, to } => ("altered", *from, *to),
        Finding::Inserted { from, to } => ("inserted", *from, *to),
        Finding::Removed { before, .. } => ("removed", *before, *before),
        Finding::Missing { from, to } => ("removed", *from, *to),
        Finding::Copies { position } => ("columns_altered", *position, *position),
        Finding::Rehashed { after: good, at } => ("rehashed", after(good) + 1, at.position),
        Finding::CutOff { last, at } => ("cut_off", last + 1, at.position),
        Finding::Forged { position } => ("checkpoint_forged", *position, *position),
        Finding::Contradicted { position, .. } => ("contradicted", 1, *position),
        Finding::NotOurs { position, .. } => ("not_signed", *position, *position),
        Finding::CheckpointsMissing { .. } => ("checkpoints_missing", 0, 0),
    };
    json!({ "kind": word, "from": from, "to": to, "sentence": sentence(finding, zone) })
}

fn sentence(finding: &Finding, zone: &TimeZone) -> String {
    let events = |from: &i64, to: &i64| {
        if from == to { format!("Event {from} was") } else { format!("Events {from} to {to} were") }
    };
    match finding {
        Finding::Altered { from, to } => format!("{} altered.", events(from, to)),
        Finding::Inserted { from, to } => format!("{} inserted.", events(from, to)),
        Finding::Removed { before, count: 1 } => {
            format!("An event was removed before event {before}, and the later ones moved up.")
        }
        Finding::Removed { before, count } => {
            format!("{count} events were removed before event {before}, and the later moved up.")
        }
        Finding::Missing { from, to } => format!("{} removed.", events(from, to)),
        Finding::Copies { position } => {
            format!("Event {position}: site, package or amount beside the event was altered.")
        }
        Finding::Rehashed { after, at } => {
            let since = after.map_or_else(
                || "the beginning".to_owned(),
                |good| {
                    format!("the checkpoint of event {}, {}", good.position, good.at.local(zone))
                },
            );
            format!(
                "Something was altered, inserted or removed between {since}, and event {} of {}; \
                 what follows was hashed anew.",
                at.position,
                at.at.local(zone)
            )
        }
        Finding::CutOff { last, at } => format!(
            "The ledger was cut off after event {last}: on {} it had {} events.",
            at.at.local(zone),
            at.position
        ),
        Finding::Forged { position } => {
            format!("The checkpoint of event {position} is not signed with this ledger's key.")
        }
        Finding::Contradicted { witness, position, last } if position > last => format!(
            "The ledger was cut off after event {last}, or is an older copy: {witness} is of event \
             {position}."
        ),
        Finding::Contradicted { witness, position, .. } => format!(
            "Event {position} is not the one that {witness} knows: something up to there was \
             altered, inserted or removed."
        ),
        Finding::NotOurs { witness: Witness::Mark, position } => format!(
            "The mark outside the database, of event {position}, is not signed with this ledger's \
             key: it is another ledger's."
        ),
        Finding::NotOurs { position, .. } => format!(
            "The line you kept of event {position} is not signed with this ledger's key: a slip in \
             typing, or another ledger's."
        ),
        Finding::CheckpointsMissing { count: 1 } => {
            "A checkpoint that stood beside the ledger was deleted.".into()
        }
        Finding::CheckpointsMissing { count } => {
            format!("{count} checkpoints that stood beside the ledger were deleted.")
        }
    }
}
