//! The migrations: each database has every step, and a step stays as it is once it is frozen. A
//! ledger remembers the checksum of each step that it went through, and the program refuses a
//! ledger whose steps are others.

use crate::File;
use lango::ledger::kernel::chain::hex;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The frozen steps, as `sha256sum */*.sql` lists them in `migrations/`.
const FROZEN: &str = "migrations/frozen.txt";

/// The migrations, each by its database and name.
fn steps(files: &[File]) -> BTreeMap<&str, &File> {
    let steps = files.iter().filter(|file| file.is(".sql"));
    steps.filter_map(|file| Some((file.path.strip_prefix("migrations/")?, file))).collect()
}

pub fn of_every_database(files: &[File]) -> Vec<String> {
    let steps = steps(files);
    let parts = || steps.keys().filter_map(|step| step.split_once('/'));
    let databases: BTreeSet<&str> = parts().map(|(database, _)| database).collect();
    let names: BTreeSet<&str> = parts().map(|(_, name)| name).collect();
    let all = databases
        .iter()
        .flat_map(|database| names.iter().map(move |name| format!("{database}/{name}")));
    let missing = all.filter(|step| !steps.contains_key(&**step));
    missing.map(|step| format!("migrations/{step} is missing; every step has one")).collect()
}

fn checksum(file: &File) -> String {
    hex(&Sha256::digest(&file.text))
}

pub fn frozen(files: &[File]) -> Vec<String> {
    let list = files.iter().find(|file| file.path == FROZEN);
    let lines = list.map_or("", |list| &list.text).lines();
    let mut frozen: BTreeMap<&str, &str> =
        lines.filter_map(|line| line.split_once("  ")).map(|(sum, step)| (step, sum)).collect();
    let mut problems = Vec::new();
    for (step, file) in steps(files) {
        let sum = checksum(file);
        let message = match frozen.remove(step) {
            Some(known) if known == sum => continue,
            Some(_) => format!(
                "edited although it is frozen, so a ledger that ran it no longer opens; undo the \
                 edit and write a new step. Only a step that no release contains may be frozen \
                 anew, as {sum}"
            ),
            None => format!("freeze it: add the line `{sum}  {step}` to {FROZEN}"),
        };
        problems.push(file.problem(1, &message));
    }
    let gone = frozen.into_keys();
    problems
        .extend(gone.map(|step| format!("{FROZEN}: {step} is gone; ledgers need it, restore it")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::says;

    #[test]
    fn a_missing_step_is_found() {
        let one = [("migrations/a/1.sql", ""), ("migrations/a/2.sql", "")];
        assert_eq!(says(of_every_database, &one), "");
        let two = [one[0], one[1], ("migrations/b/1.sql", "")];
        assert!(says(of_every_database, &two).starts_with("migrations/b/2.sql is missing"));
    }

    #[test]
    fn an_edited_step_is_found_and_so_is_one_that_is_not_frozen_or_gone() {
        let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let list = format!("{sum}  a/1.sql\n");
        let step = |text| ("migrations/a/1.sql", text);
        assert_eq!(says(frozen, &[step("hello\n"), (FROZEN, &list)]), "");
        assert!(says(frozen, &[step("hello!\n"), (FROZEN, &list)]).contains("undo the edit"));
        let line = format!("`{sum}  a/1.sql`");
        assert!(says(frozen, &[step("hello\n"), (FROZEN, "")]).contains(&line));
        assert!(says(frozen, &[step("hello\n")]).contains(&line));
        assert!(says(frozen, &[(FROZEN, &list)]).contains("a/1.sql is gone"));
    }
}
