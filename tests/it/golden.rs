//! Every kind of event that was ever written has a file in `tests/golden` and still decodes:
//! history is read for ever. The lists of kinds come from the enums themselves, so that a new kind
//! without a file is noticed. The reference pages are held to the program here too.

use lango::ledger::{
    event::{Event, Undecodable},
    kernel::stream::Stream,
    upcast::current,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeSet, fs, path::PathBuf};

/// An event as it is stored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    stream: String,
    kind: String,
    schema: i64,
    data: Box<RawValue>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events")
}

fn files() -> Vec<(String, Golden)> {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let golden = serde_json::from_str(&fs::read_to_string(&path).unwrap());
            (name.clone(), golden.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect();
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files
}

/// Every kind of every stream: what the enums say that they expect when they meet a stranger.
pub fn kinds() -> BTreeSet<String> {
    let id = "0193a1b2c3d47e8f90a1b2c3d4e5f607";
    let streams = [
        "shop-main".to_owned(),
        "site-mtaa".to_owned(),
        "package-mtaa.daily".to_owned(),
        format!("batch-{id}"),
        format!("voucher-{id}"),
        format!("usage-{id}"),
        format!("purchase-{id}"),
        format!("payment-{id}"),
        format!("receipt-{id}"),
        format!("message-{id}"),
        format!("contact-{id}"),
        format!("staff-{id}"),
    ];
    let of_stream = |name: &String| {
        let stream: Stream = name.parse().unwrap();
        let refused = Event::decode(&stream, "?", 1, "{}").unwrap_err();
        let Undecodable::Data { source, .. } = refused else { panic!("{refused}") };
        let said = source.to_string();
        let (_, expected) = said.split_once("expected").unwrap();
        let kinds: Vec<String> =
            expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert!(!kinds.is_empty(), "{said}");
        kinds
    };
    streams.iter().flat_map(of_stream).collect()
}

#[test]
fn every_kind_has_a_file_and_every_file_a_kind() {
    let files: BTreeSet<String> =
        files().iter().map(|(name, _)| name.split('.').next().unwrap().to_owned()).collect();
    assert_eq!(files, kinds());
}

#[test]
fn every_file_decodes_and_if_of_the_current_schema_encodes_to_the_same_bytes() {
    for (name, golden) in files() {
        assert!(name.starts_with(&format!("{}.", golden.kind)), "{name} is of {}", golden.kind);
        let stream: Stream = golden.stream.parse().unwrap();
        let event = Event::decode(&stream, &golden.kind, golden.schema, golden.data.get());
        let event = event.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let encoded = event.encode();
        assert_eq!(encoded.kind, golden.kind, "{name}");
        assert_eq!(stream.to_string(), golden.stream);
        if golden.schema < encoded.schema {
            // Read as if it had been recorded today, with what was not known then left open.
            assert!(name.contains(&format!(".schema_{}.", golden.schema)), "{name}");
            let again = Event::decode(&stream, &encoded.kind, encoded.schema, &encoded.data);
            assert_eq!(again.unwrap(), event, "{name}");
        } else {
            assert_eq!(encoded.schema, golden.schema, "{name}");
            assert_eq!(encoded.data, golden.data.get(), "{name}");
        }
    }
}

#[test]
fn every_schema_that_ever_was_has_a_file() {
    let files = files();
    for kind in kinds() {
        let schemas: BTreeSet<i64> = files
            .iter()
            .filter(|(_, golden)| golden.kind == kind)
            .map(|(_, golden)| golden.schema)
            .collect();
        assert_eq!(schemas, (1..=current(&kind)).collect(), "{kind}");
    }
}

#[test]
fn nothing_but_events_stands_in_the_folder() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().and_then(|end| end.to_str()), Some("json"), "{path:?}");
    }
}

fn page(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_reference_explains_every_kind_and_each_of_its_fields() {
    let page = page("events.md");
    for (name, golden) in files() {
        let row = format!("| `{}` |", golden.kind);
        let line = page.lines().find(|line| line.starts_with(&row));
        let line = line.unwrap_or_else(|| panic!("docs/reference/events.md has no row {row}"));
        let schema = current(&golden.kind);
        let said = schema == 1 || line.contains(&format!("Schema {schema}"));
        assert!(said, "{name}: the row of {} does not say `Schema {schema}`", golden.kind);
        let data: serde_json::Value = serde_json::from_str(golden.data.get()).unwrap();
        for field in data.as_object().unwrap().keys() {
            assert!(line.contains(&format!("`{field}`")), "{name}: {field} is not explained");
        }
    }
    let known = kinds();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let kind = row.split('`').nth(1).unwrap();
        assert!(known.contains(kind), "events.md explains {kind}, which there is not");
    }
}

/// Every refusal; a new one does not compile here before it is explained.
fn refusals() -> Vec<lango::ledger::refusal::Refusal> {
    use lango::ledger::{kernel::id::PurchaseId, refusal::Refusal as R};
    let all = vec![
        R::ShopOpened,
        R::SiteExists,
        R::NoSuchSite,
        R::SameSite,
        R::NoSuchPackage,
        R::PackageFixed,
        R::NothingNew,
        R::PackageChanged,
        R::SoldOut,
        R::AllHeld,
        R::PurchaseOpen(PurchaseId(uuid::Uuid::nil())),
        R::TooSoon { seconds: 1 },
        R::TooManyPrompts,
        R::TooManyTries,
        R::ReceiptTaken,
        R::AmountUnknown,
        R::AmountDiffers,
        R::PaidAlready,
        R::ContactUnknown,
        R::ContactOpen,
        R::StaffExists,
        R::NoSuchStaff,
        R::NotAllowed,
        R::HistoryDoubted,
        R::NotDue,
    ];
    for refusal in &all {
        match refusal {
            R::ShopOpened
            | R::SiteExists
            | R::NoSuchSite
            | R::SameSite
            | R::NoSuchPackage
            | R::PackageFixed
            | R::NothingNew
            | R::PackageChanged
            | R::SoldOut
            | R::AllHeld
            | R::PurchaseOpen(_)
            | R::TooSoon { .. }
            | R::TooManyPrompts
            | R::TooManyTries
            | R::ReceiptTaken
            | R::AmountUnknown
            | R::AmountDiffers
            | R::PaidAlready
            | R::ContactUnknown
            | R::ContactOpen
            | R::StaffExists
            | R::NoSuchStaff
            | R::NotAllowed
            | R::HistoryDoubted
            | R::NotDue => {}
        }
    }
    all
}

#[test]
fn the_reference_explains_every_refusal_and_every_error_page() {
    let page = page("error-codes.md");
    for refusal in refusals() {
        let row = format!("| `{}` |", refusal.code());
        assert!(page.contains(&row), "docs/reference/error-codes.md has no row {row}");
    }
    let phrases = lango::phrases::Phrases::built_in();
    let errors = phrases.keys().filter_map(|key| key.strip_prefix("error.").map(str::to_owned));
    let no_errors = ["title", "closed_title", "try_again", "check_payment"];
    for error in errors.filter(|error| !no_errors.contains(&&**error)) {
        let row = format!("| `{error}` |");
        assert!(page.contains(&row), "docs/reference/error-codes.md has no row {row}");
    }
}

/// Everything that is written in Rust, and the names of the files and folders it stands in.
fn sources(folder: &std::path::Path, names: &mut BTreeSet<String>, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        if path.is_dir() {
            sources(&path, names, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_promise_has_a_proof_that_there_is() {
    let (mut names, mut text) = (BTreeSet::new(), String::new());
    for folder in ["src", "tests"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        sources(&folder, &mut names, &mut text);
    }
    let page = page("promises.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("| Promised |"));
    let mut proofs = 0;
    for row in rows {
        let proof = row.rsplit('|').nth(1).unwrap();
        let named = proof.split('`').skip(1).step_by(2);
        // Commands have blanks; what is left are tests, by the beginning of their names.
        for test in named.filter(|name| !name.contains(' ')) {
            let name = test.rsplit("::").next().unwrap();
            let there = names.contains(name) || text.contains(&format!("fn {name}"));
            assert!(there || text.contains(&format!("mod {name} ")), "no test is called {test}");
            proofs += 1;
        }
    }
    assert!(proofs > 30, "the table was read");
}
