//! Codes come to the desk in a file, and leave stock on printed cards or because they are void.

use crate::town::{Clerk, Town};
use lango::ledger::staff::Role;
use reqwest::StatusCode;
use std::fmt::Write as _;

const PAID: &str = "Paid. Here is your code";

async fn technician(town: &mut Town) -> Clerk {
    let mut technician = town.clerk("Fundi Barasa", Role::Technician).await;
    technician.signs_in().await;
    technician
}

async fn owner(town: &mut Town) -> Clerk {
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner
}

/// A list as a router exports it, its codes kept from disk and log.
fn list(town: &mut Town, codes: &[(&str, &str, &str)]) -> String {
    let mut list = "# by RouterOS 7.20\n/ip hotspot user\n".to_owned();
    for (code, profile, comment) in codes {
        town.hides(code);
        writeln!(list, "add name={code} password={code} profile={profile} comment=\"{comment}\"")
            .unwrap();
    }
    list
}

const MIXED: [(&str, &str, &str); 5] = [
    ("QK7R2MWD", "daily", "vc-101 online"),
    ("QK7R2MWE", "daily", "vc-101 online"),
    ("XPR4TN5A", "daily", "kadi za oktoba"),
    ("XPR4TN5B", "daily", "kadi za oktoba"),
    ("ZZW9HJ3C", "fortnight", "vc-102"),
];

#[tokio::test]
async fn a_file_is_looked_at_before_it_goes_into_stock() {
    let mut town = Town::open().await;
    let list = list(&mut town, &MIXED);
    town.hides("novemba.rsc");
    let mut fundi = technician(&mut town).await;
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("novemba.rsc", list.as_bytes()).await;
    fundi.reads("novemba.rsc");
    fundi.reads("4 new codes will be sold online");
    fundi.reads("kadi za oktoba 2 lines · 2 new codes");
    fundi.reads("No package");
    for (code, ..) in MIXED {
        assert!(!fundi.html.contains(code), "whoever brings codes does not see them");
    }
    let preview = fundi.at.clone();
    fundi.opens(&format!("{preview}?verdict=no_package")).await;
    fundi.reads("fortnight");
    fundi.does_not_read("Take them into stock");
    fundi.opens(&preview).await;
    assert_eq!(town.stock_of("daily").await, (0, 0), "nothing goes in yet");
    let printed = place_of(&fundi, "kadi za oktoba");
    fundi.sends(&preview, &[(&printed, "on")]).await;
    fundi.reads("The codes are coming in.");
    let batch = fundi.at.clone();
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (2, 0), "cards are not sold here");
    fundi.opens(&batch).await;
    for text in ["Fundi Barasa", "router export", "4 codes, 1 line left out", "printed 2"] {
        fundi.reads(text);
    }
    // Whoever comes back, or presses twice, is led to what became of it.
    fundi.opens(&preview).await;
    assert_eq!(fundi.at, batch);
    fundi.sends(&preview, &[]).await;
    assert_eq!((fundi.status, fundi.at.as_str()), (StatusCode::OK, batch.as_str()));
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("novemba.rsc", list.as_bytes()).await;
    fundi.reads("0 new codes The lines below say why.");
    fundi.reads("In stock already 4");
    let again = fundi.at.clone();
    fundi.sends(&again, &[]).await;
    town.settle().await;
    fundi.opens(&again).await;
    fundi.reads("Codes already in stock are not taken twice");
    assert_eq!(town.count("batch_imported").await, 1, "nothing new is no batch");
    town.close().await;
}

/// The field that says of a group of the open preview that it is printed.
fn place_of(clerk: &Clerk, comment: &str) -> String {
    let group = clerk.html.split("<li>").find(|group| group.contains(comment));
    let field = group.and_then(|group| group.split_once("name=\"printed."));
    let (_, rest) = field.expect("the group can be ticked");
    format!("printed.{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn a_file_that_was_cut_off_goes_on_by_itself() {
    let mut town = Town::open().await;
    let list = list(&mut town, &MIXED);
    let mut fundi = technician(&mut town).await;
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("novemba.rsc", list.as_bytes()).await;
    let preview = fundi.at.clone();
    fundi.sends(&preview, &[]).await;
    // The machine dies when two of its codes are in.
    let first_lines: Vec<&str> = list.lines().take(4).collect();
    assert_eq!(town.imports(&(first_lines.join("\n") + "\n")).await, 2);
    town.restart().await;
    fundi.at_desk_of(&town);
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (4, 0));
    fundi.opens("/admin/stock").await;
    fundi.does_not_read("Not in stock yet");
    town.close().await;
}

#[tokio::test]
async fn nobody_decides_and_the_file_is_let_go() {
    let mut town = Town::open().await;
    let list = list(&mut town, &MIXED);
    let mut fundi = technician(&mut town).await;
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("novemba.rsc", list.as_bytes()).await;
    let preview = fundi.at.clone();
    fundi.opens("/admin/stock").await;
    fundi.reads("to be checked");
    town.passes(3_700).await;
    fundi.opens(&preview).await;
    fundi.reads("This file is gone");
    assert_eq!(town.count("batch_imported").await, 0);
    town.close().await;
}

#[tokio::test]
async fn a_file_that_holds_no_codes_is_told_what_is_wrong() {
    let mut town = Town::open().await;
    let mut fundi = technician(&mut town).await;
    let large = vec![b'x'; 17 * 1024 * 1024];
    let bad: [(&str, &[u8], &str); 6] = [
        ("a.xlsx", b"PK\x03\x04\x00\x00\xff\xfe\x00", "This is a spreadsheet"),
        ("a.html", b"<!doctype html><html><body>QK7R</body></html>", "This is a web page"),
        ("a.rsc", b"/ip address\nadd address=10.0.0.1/24 interface=ether1\n", "adds no hotspot"),
        ("a.txt", b"   \n", "The file is empty."),
        ("", b"", "Choose a file first."),
        ("film.mp4", &large, "The file is too large"),
    ];
    for (name, bytes, said) in bad {
        fundi.opens("/admin/stock/upload").await;
        fundi.brings(name, bytes).await;
        assert_eq!(fundi.status, StatusCode::OK);
        fundi.reads(said);
    }
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    cashier.signs_in().await;
    cashier.opens("/admin/stock").await;
    cashier.does_not_read("Upload codes");
    cashier.opens("/admin/stock/upload").await;
    assert_eq!(cashier.status, StatusCode::FORBIDDEN);
    town.close().await;
}

/// The cards that the open page would hand out.
fn cards_of(owner: &Clerk) -> String {
    let (_, rest) = owner.html.split_once("name=\"handout\" value=\"").expect("there is a form");
    rest.split('"').next().unwrap().to_owned()
}

async fn hands_out(owner: &mut Clerk, count: &str) {
    let cards = cards_of(owner);
    let form = [
        ("handout", cards.as_str()),
        ("package", "mtaa.daily"),
        ("count", count),
        ("person", "Mama Njeri"),
    ];
    owner.sends("/admin/stock/hand-out", &form).await;
}

#[tokio::test]
async fn cards_leave_stock_with_a_person_and_are_never_sold_here() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 4).await;
    town.settle().await;
    town.hides("Mama Njeri");
    let mut owner = owner(&mut town).await;
    owner.opens("/admin/stock").await;
    owner.reads("4 for sale");
    hands_out(&mut owner, "no").await;
    owner.reads("Say how many");
    let cards = cards_of(&owner);
    hands_out(&mut owner, "2").await;
    owner.reads("2 codes have left online stock.");
    let handout = owner.at.split('?').next().unwrap().to_owned();
    assert!(handout.ends_with(&cards));
    // The button was pressed twice.
    let form = [
        ("handout", cards.as_str()),
        ("package", "mtaa.daily"),
        ("count", "2"),
        ("person", "Mama Njeri"),
    ];
    owner.sends("/admin/stock/hand-out", &form).await;
    assert_eq!(owner.at, handout);
    assert_eq!(town.stock_of("daily").await, (2, 0));
    let shown = |owner: &Clerk| {
        let text = owner.text().replace(' ', "");
        codes.iter().filter(|code| text.contains(*code)).count()
    };
    assert_eq!(shown(&owner), 0, "nobody has looked yet");
    owner.sends(&format!("{handout}/print"), &[]).await;
    assert_eq!(shown(&owner), 2);
    assert_eq!(town.count("staff_printed_codes").await, 1);
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    cashier.signs_in().await;
    cashier.opens(&handout).await;
    cashier.reads("Mama Njeri");
    cashier.sends(&format!("{handout}/print"), &[]).await;
    assert_eq!(cashier.status, StatusCode::FORBIDDEN);
    owner.opens(&handout).await;
    owner.sends(&format!("{handout}/void"), &[]).await;
    owner.reads("Say why");
    owner.sends(&format!("{handout}/void"), &[("reason", "lost")]).await;
    owner.reads("2 codes are void.");
    owner.sends(&format!("{handout}/void"), &[("reason", "lost")]).await;
    assert_eq!(town.count("voucher_voided").await, 2);
    owner.opens("/admin/stock").await;
    hands_out(&mut owner, "5").await;
    owner.reads("2 codes have left online stock.");
    owner.opens("/admin/stock").await;
    hands_out(&mut owner, "5").await;
    owner.reads("No code of this package is free.");
    town.close().await;
}

#[tokio::test]
async fn an_upload_by_mistake_is_undone_and_what_was_sold_stays_sold() {
    let mut town = Town::open().await;
    town.stock("daily", 3).await;
    let mut njeri = town.customer("Njeri", "0728 200 001");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    town.passes(30).await;
    njeri.sees(PAID).await;
    let mut owner = owner(&mut town).await;
    owner.opens("/admin/stock").await;
    let batch = owner.html.split("href=\"/admin/stock/batches/").nth(1).unwrap();
    let batch = format!("/admin/stock/batches/{}", batch.split('"').next().unwrap());
    owner.opens(&batch).await;
    owner.reads("a person at the machine");
    owner.sends(&format!("{batch}/void"), &[("reason", "mistaken")]).await;
    owner.reads("2 codes are void.");
    assert_eq!(town.stock_of("daily").await, (0, 0));
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn one_code_is_voided_by_the_code_itself() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0728 200 002");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    town.passes(30).await;
    njeri.sees(PAID).await;
    let sold = njeri.code().unwrap();
    let unsold = codes.into_iter().find(|code| *code != sold).unwrap().to_lowercase();
    let mut owner = owner(&mut town).await;
    owner.opens("/admin/stock").await;
    let void = async |owner: &mut Clerk, code: &str, reason: &str| {
        let form = [("site", "mtaa"), ("code", code), ("reason", reason)];
        owner.sends("/admin/stock/void", &form).await;
    };
    void(&mut owner, &unsold, "").await;
    owner.reads("Say why");
    void(&mut owner, "NO-SUCH-CODE", "leaked").await;
    owner.reads("This site does not have this code.");
    void(&mut owner, &sold, "leaked").await;
    owner.reads("This code is sold.");
    void(&mut owner, &unsold, "leaked").await;
    owner.reads("The code is void.");
    void(&mut owner, &unsold, "leaked").await;
    owner.reads("or it is already void");
    assert_eq!(town.stock_of("daily").await, (0, 0));
    town.close().await;
}

crate::on_postgres_too! {
    a_file_is_looked_at_before_it_goes_into_stock,
    a_file_that_was_cut_off_goes_on_by_itself,
    nobody_decides_and_the_file_is_let_go,
    a_file_that_holds_no_codes_is_told_what_is_wrong,
    cards_leave_stock_with_a_person_and_are_never_sold_here,
    an_upload_by_mistake_is_undone_and_what_was_sold_stays_sold,
    one_code_is_voided_by_the_code_itself,
}
