//! What stands beside the ledger, in sentences; and `lango audit mend`.

use crate::{
    app::{self, config::Config},
    store::{Astray, Beside, Wrong},
};
use clap::Args;
use serde_json::{Value, json};

/// Tables that the ledger alone can make anew.
const MENDED: [&str; 10] = [
    "sites",
    "packages",
    "staff",
    "stock",
    "stock_counts",
    "open_purchases",
    "owed",
    "prompts",
    "work",
    "links",
];

/// What looking beside the ledger came to, in sentences.
pub(super) fn describe(beside: &Beside) -> String {
    let mut lines: Vec<String> = beside.findings.iter().map(sentence).collect();
    if beside.is_good() {
        lines.push("The tables beside the ledger say what it says.".into());
    }
    if !beside.opened {
        lines.push("The vault was not opened: that takes the master key.".into());
    }
    for way in beside.findings.iter().map(|found| way_on(found.table)) {
        if !lines.iter().any(|line| line == way) {
            lines.push(way.into());
        }
    }
    lines.join("\n") + "\n"
}

pub(super) fn as_json(beside: &Beside) -> Value {
    let finding = |found: &Astray| {
        let (table, id) = (found.table, &found.id);
        json!({ "table": table, "id": id, "kind": word(found), "sentence": sentence(found) })
    };
    let findings: Vec<Value> = beside.findings.iter().map(finding).collect();
    json!({ "vault_opened": beside.opened, "findings": findings })
}

const fn word(found: &Astray) -> &'static str {
    match found.wrong {
        Wrong::Missing => "missing",
        Wrong::Surplus => "surplus",
        Wrong::Differs { .. } => "differs",
        Wrong::DoesNotOpen => "does_not_open",
        Wrong::NotItsOwn => "not_its_own",
        Wrong::CodeNotSold { .. } => "code_not_sold",
        Wrong::SaleUnsaid { .. } => "sale_unsaid",
        Wrong::CannotFollow => "cannot_follow",
    }
}

fn sentence(found: &Astray) -> String {
    let Astray { table, id, wrong } = found;
    let what = match (wrong, *table) {
        (Wrong::Surplus, "stock") => {
            "the table says that this code is in stock or held; the ledger says that it is not"
                .into()
        }
        (Wrong::Missing, "stock") => {
            "the ledger says that this code is in stock or held; the table does not have it".into()
        }
        (Wrong::Missing, "work") => {
            "the ledger says that this is still to be done; the table does not have it".into()
        }
        (Wrong::Missing, _) => "the ledger calls for this row, and it is not there".into(),
        (Wrong::Surplus, _) => "this row is there, and the ledger knows nothing of it".into(),
        (Wrong::Differs { column, table, ledger }, _) => {
            format!("the table says {column} {table}; the ledger says {ledger}")
        }
        (Wrong::DoesNotOpen, _) => {
            "the sealed text does not open: it was altered, or belongs to another row".into()
        }
        (Wrong::NotItsOwn, "staff_secrets") => {
            "the name or the password is not the one that the ledger knows".into()
        }
        (Wrong::NotItsOwn, "sessions") => {
            "this session was made for somebody else, or ended with an older password".into()
        }
        (Wrong::NotItsOwn, "links") => "this link was made for another purchase".into(),
        (Wrong::NotItsOwn, "uploads") => {
            "what stands on this file of codes is not what a person said of it".into()
        }
        (Wrong::NotItsOwn, _) => "it is found by a fingerprint that is not its own".into(),
        (Wrong::CodeNotSold { code }, _) => {
            format!("it says that it got the code of voucher {code}, which was not sold to it")
        }
        (Wrong::SaleUnsaid { to }, _) => {
            format!("it says that it was sold to purchase {to}, which does not say so")
        }
        (Wrong::CannotFollow, _) => "an event cannot follow the ones before it".to_owned(),
    };
    format!("{table}: {id}: {what}.")
}

/// What to do about a finding in a table.
fn way_on(table: &str) -> &'static str {
    match table {
        table if MENDED.contains(&table) => {
            "`lango audit mend` rebuilds tables and links from the ledger."
        }
        "sessions" => "Such a session opens nothing. It ends when the person gets a new password.",
        "staff_secrets" => "Give the person a new password: `lango staff change --password`.",
        "uploads" => {
            "Lango does not take in such a file. Decide about it at the desk, under Stock."
        }
        "events" => {
            "Somebody wrote into the ledger itself. No buyer is shown another buyer's code."
        }
        _ => "Take rows of the vault from a backup: docs/owner/checking-the-books.md says how.",
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Mend {}

impl Mend {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let mended = app::mend(config).await?;
        if mended.is_empty() {
            println!("Nothing to mend: the tables say what the ledger says.");
        } else {
            println!("Written anew from the ledger: {}.", mended.join(", "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_that_was_tampered_with_reads_like_this() {
        let found = |table, id: &str, wrong| Astray { table, id: id.into(), wrong };
        let differs = |column, table: &str, ledger: &str| {
            let (table, ledger) = (table.into(), ledger.into());
            Wrong::Differs { column, table, ledger }
        };
        let beside = Beside {
            opened: true,
            findings: vec![
                found("sites", "mtaa", differs("receiver", "400200", "nothing")),
                found("stock", "0193a1", Wrong::Surplus),
                found("stock_counts", "mtaa daily", differs("free", "4", "3")),
                found("work", "settle_payment 0193a2", Wrong::Missing),
                found("owed", "0193a3", Wrong::Surplus),
                found("contacts", "0193a4", Wrong::DoesNotOpen),
                found("contacts", "0193a4", Wrong::NotItsOwn),
                found("links", "0193a5", Wrong::NotItsOwn),
                found("sessions", "0193a6", Wrong::NotItsOwn),
                found("staff_secrets", "0193a6", Wrong::NotItsOwn),
                found("uploads", "0193a6", Wrong::NotItsOwn),
                found("events", "purchase-0193a7", Wrong::CodeNotSold { code: "0193a1".into() }),
                found("events", "voucher-0193a1", Wrong::SaleUnsaid { to: "0193a8".into() }),
            ],
        };
        insta::assert_snapshot!(describe(&beside));
        let good = Beside { opened: false, findings: vec![] };
        assert_eq!(
            describe(&good),
            "The tables beside the ledger say what it says.\n\
             The vault was not opened: that takes the master key.\n"
        );
        for found in &as_json(&beside)["findings"].as_array().unwrap()[..] {
            assert!(found["sentence"].as_str().unwrap().ends_with('.'));
        }
    }
}
