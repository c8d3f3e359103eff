//! What is wrong with the database's schema, in sentences.

use crate::{
    cli::{
        doctor::finding::{Finding, fail, pass},
        output,
    },
    store::{SchemaFault, SchemaFinding},
};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The findings in sentences, and what to do; nothing where all is well.
pub(super) fn describe(findings: &[SchemaFinding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut lines: Vec<String> = findings.iter().map(sentence).collect();
    if findings.iter().any(|found| found.wrong == SchemaFault::Missing) {
        lines.push(
            "If you have just updated Lango, start `lango serve` once: it brings the database up \
             to date."
                .into(),
        );
    }
    lines.push(
        "Lango repairs none of this by itself. Ask whoever changed the database, and find out who \
         can; restore a backup into an empty database, or have it undone and run `lango \
         projections rebuild`: docs/owner/checking-the-books.md says more."
            .into(),
    );
    lines.join("\n") + "\n"
}

pub(super) fn as_json(findings: &[SchemaFinding]) -> Value {
    let finding = |found: &SchemaFinding| {
        json!({
            "object": found.kind,
            "name": found.name,
            "table": found.table,
            "kind": match found.wrong {
                SchemaFault::Missing => "missing",
                SchemaFault::Surplus => "surplus",
                SchemaFault::Different => "differs",
            },
            "sentence": sentence(found),
        })
    };
    findings.iter().map(finding).collect()
}

/// All that can be said where the schema keeps the rest from being read.
pub(super) fn alone(
    findings: &[SchemaFinding],
    failure: &anyhow::Error,
    as_one_json: bool,
) -> anyhow::Result<ExitCode> {
    let rest = format!("The rest cannot be checked before that is mended: {failure:#}.");
    if as_one_json {
        let json = json!({
            "verified": false, "findings": [], "schema": as_json(findings), "failure": rest,
        });
        output::json(&json)?;
    } else {
        println!("{}{rest}", describe(findings));
    }
    Ok(ExitCode::FAILURE)
}

/// The line of `lango doctor`.
pub(in crate::cli) fn check(findings: &[SchemaFinding]) -> Finding {
    const NAMED_MAX: usize = 5;
    if findings.is_empty() {
        return pass("tables, indexes, triggers and views are those that Lango made");
    }
    let named: Vec<String> = findings.iter().take(NAMED_MAX).map(short).collect();
    let more = if findings.len() > NAMED_MAX { " and more" } else { "" };
    let named = named.join(", ");
    fail(format!("not as Lango made it: {named}{more}; run `lango audit verify`"))
}

fn name(found: &SchemaFinding) -> String {
    let on = found.table.as_ref().map_or_else(String::new, |table| format!(" on {table}"));
    format!("{} {}{on}", found.kind, found.name)
}

fn short(found: &SchemaFinding) -> String {
    let wrong = match found.wrong {
        SchemaFault::Missing => "is missing",
        SchemaFault::Surplus => "is not Lango's",
        SchemaFault::Different => "was changed",
    };
    format!("{} {wrong}", name(found))
}

fn sentence(found: &SchemaFinding) -> String {
    let what = match found.wrong {
        SchemaFault::Missing => "it is missing: Lango made it, and somebody removed it",
        SchemaFault::Surplus => "it is not Lango's: somebody added it",
        SchemaFault::Different => {
            "it is not as Lango made it: somebody changed it or switched it off"
        }
    };
    format!("schema: {}: {what}.", name(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_was_tampered_with_reads_like_this() {
        let found = |kind: &str, name: &str, table: Option<&str>, wrong| {
            let table = table.map(str::to_owned);
            SchemaFinding { kind: kind.into(), name: name.into(), table, wrong }
        };
        let findings = [
            found("trigger", "x", Some("inbox"), SchemaFault::Surplus),
            found("view", "facts", None, SchemaFault::Different),
            found("index", "event_once_unique", Some("events"), SchemaFault::Missing),
        ];
        insta::assert_snapshot!(describe(&findings));
        assert_eq!(
            check(&findings),
            fail(
                "not as Lango made it: trigger x on inbox is not Lango's, view facts was changed, \
                 index event_once_unique on events is missing; run `lango audit verify`"
            )
        );
        assert_eq!(describe(&[]), "");
    }
}
