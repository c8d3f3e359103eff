//! Copies of the whole ledger: made while the shop goes on, useless without the key, taken in whole
//! or not at all.

use crate::{
    cli::{Place, sample},
    town::on_postgres,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn shop() -> Place {
    let place = Place::with_shop();
    let file = sample("hotspot-user-export-terse.rsc");
    place.good(&["vouchers", "import", "--site", "mtaa", &file]);
    place
}

fn back_up(place: &Place) -> PathBuf {
    let made = place.json(&["backup", "--to", "copies", "--json"]);
    place.path(made["file"].as_str().unwrap())
}

/// An empty folder on another machine, with the backup and the key.
fn elsewhere(place: &Place, backup: &Path) -> Place {
    filled(Place::empty(), place, backup)
}

fn filled(other: Place, place: &Place, backup: &Path) -> Place {
    fs::copy(backup, other.path("copy.backup")).unwrap();
    fs::copy(place.path("lango.key"), other.path("lango.key")).unwrap();
    other
}

/// The hash of the last event, after all have been verified.
fn hash(place: &Place) -> Value {
    place.json(&["audit", "verify", "--json"])["hash"].clone()
}

fn stock(place: &Place) -> Value {
    place.json(&["package", "list", "--site", "mtaa", "--json"])
}

#[test]
fn a_shop_comes_back_on_another_machine() {
    let place = shop();
    let backup = back_up(&place);
    let other = elsewhere(&place, &backup);
    let said = other.good(&["restore", "copy.backup", "--nothing-sold-since"]);
    assert!(said.contains("each follows"), "{said}");
    assert_eq!(stock(&other), stock(&place));
    assert_eq!(hash(&other), hash(&place));
    assert!(other.good(&["projections", "rebuild", "--compare"]).contains("equals"));
    // It goes on from there: the same file holds nothing new, and another one does.
    let again = ["vouchers", "import", "--site", "mtaa"];
    let file = sample("hotspot-user-export-terse.rsc");
    let said = other.good(&[&again[..], &[file.as_str()]].concat());
    assert!(said.contains("0 codes are new"), "{said}");
}

#[test]
fn a_ledger_moves_from_sqlite_to_postgresql_and_back() {
    let place = shop();
    let closed = "--nothing-sold-since";
    let moved = filled(on_postgres(Place::empty), &place, &back_up(&place));
    moved.good(&["restore", "copy.backup", closed]);
    assert_eq!((hash(&moved), stock(&moved)), (hash(&place), stock(&place)));
    assert!(moved.good(&["projections", "rebuild", "--compare"]).contains("equals"));
    let back = elsewhere(&moved, &back_up(&moved));
    back.good(&["restore", "copy.backup", closed]);
    assert_eq!((hash(&back), stock(&back)), (hash(&place), stock(&place)));
}

#[test]
fn codes_that_may_have_been_sold_since_are_fenced_until_the_owner_releases_them() {
    let place = shop();
    let backup = back_up(&place);
    let other = elsewhere(&place, &backup);
    let said = other.good(&["restore", "copy.backup"]);
    assert!(said.contains("125 codes may have been sold since"), "{said}");
    let free = |place: &Place| stock(place)[0]["free"].as_u64().unwrap();
    assert_eq!(free(&other), 0);
    let new = sample("hotspot-user-export-terse-again.rsc");
    other.good(&["vouchers", "import", "--site", "mtaa", &new]);
    assert_eq!(free(&other), 5, "what comes in now is for sale");
    let release = ["vouchers", "release", "--site", "mtaa"];
    let only = [&release[..], &["--package", "weekly"]].concat();
    assert!(other.good(&only).contains("0 codes are back"));
    assert!(other.good(&release).contains("125 codes are back"));
    assert_eq!(free(&other), 130);
    assert!(other.good(&release).contains("0 codes are back"), "twice is harmless");
    assert!(other.good(&["projections", "rebuild", "--compare"]).contains("equals"));
}

#[test]
fn a_backup_holds_nothing_that_can_be_read() {
    let place = shop();
    let bytes = fs::read(back_up(&place)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    for word in ["voucher", "mtaa", "Daily", "events"] {
        assert!(!text.contains(word), "{word} stands in the backup");
    }
}

#[test]
fn what_is_cut_off_changed_or_of_another_key_is_refused_whole() {
    let place = shop();
    let backup = back_up(&place);
    let bytes = fs::read(&backup).unwrap();
    let refused = |bytes: &[u8], why: &str| {
        let other = elsewhere(&place, &backup);
        fs::write(other.path("copy.backup"), bytes).unwrap();
        let said = other.bad(1, &["restore", "copy.backup"]);
        assert!(said.contains(why), "{said}");
        // Nothing of it was taken in, and looking begins no ledger: the whole one still fits.
        let looked = String::from_utf8(other.run(&["doctor"]).stdout).unwrap();
        assert!(looked.contains("there is no ledger"), "{looked}");
        fs::copy(&backup, other.path("copy.backup")).unwrap();
        other.good(&["restore", "copy.backup"]);
    };
    refused(&bytes[..bytes.len() - 1], "not copied completely");
    refused(&bytes[..bytes.len() / 2], "not copied completely");
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    refused(&changed, "does not open");
    refused(b"something else", "not a backup");
    let other = elsewhere(&place, &backup);
    fs::write(other.path("lango.key"), "ab".repeat(32)).unwrap();
    assert!(other.bad(1, &["restore", "copy.backup"]).contains("another master key"));
}

#[test]
fn a_ledger_is_never_overwritten() {
    let place = shop();
    let backup = back_up(&place);
    let path = backup.to_str().unwrap();
    assert!(place.bad(1, &["restore", path]).contains("already holds a ledger"));
    assert!(place.good(&["audit", "verify"]).contains("each follows"));
}

#[test]
fn slips_are_told_in_a_sentence() {
    let place = shop();
    assert!(place.bad(1, &["restore", "nowhere.backup"]).contains("cannot read nowhere.backup"));
    let empty = Place::empty();
    assert!(empty.bad(1, &["restore", "x"]).contains("master key"));
}

crate::on_postgres_too! {
    a_shop_comes_back_on_another_machine,
    codes_that_may_have_been_sold_since_are_fenced_until_the_owner_releases_them,
    a_backup_holds_nothing_that_can_be_read,
    what_is_cut_off_changed_or_of_another_key_is_refused_whole,
    a_ledger_is_never_overwritten,
    slips_are_told_in_a_sentence,
}
