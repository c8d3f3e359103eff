//! Other keys: the shop goes on, what the former one made is good until it is retired, and whenever
//! a change is cut off, everything opens.

use crate::{
    cli::Place,
    outside::{Shop, in_time, msisdn},
};
use lango::{
    app::parse_key,
    ledger::{kernel::stream::Stream, key::KeyPurpose},
    ports::SystemRandom,
    store::{Key, Reader, Sealed, Vault},
};
use std::{fs, process::Stdio, sync::Arc, time::Duration};

const ROTATE: [&str; 4] = ["keys", "rotate", "--master", "--new-key-file"];

/// How often a change is cut off, and how much later each time.
const KILLS: usize = 12;
const LATER_MS: usize = 12;

/// Several pages of them.
const CODES: usize = 5_000;

fn key(place: &Place, file: &str) -> Option<Key> {
    parse_key(fs::read_to_string(place.path(file)).ok()?.trim())
}

async fn opens(place: &Place, key: &Key) -> bool {
    let books = Reader::open(&place.ledger()).await.unwrap();
    let opened = books.open_vault(key, Arc::new(SystemRandom)).await.is_ok();
    books.close().await;
    opened
}

fn rotates(place: &Place, file: &str) -> String {
    place.good(&[&ROTATE[..], &[file]].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_goes_on_and_starts_again_with_the_new_key_alone() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    let number = "0732 000 001";
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    let said = rotates(&shop.place, "new.key");
    assert!(said.contains("RECOVERY SHEET") && said.contains("new.key"), "{said}");
    shop.daraja.enter_pin(prompt).unwrap();
    let code = shop.code(&path).await;
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code));
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    let said = shop.place.bad(1, &["serve"]);
    assert!(said.contains("put the key from the recovery sheet in lango.key"), "{said}");
    fs::rename(shop.place.path("new.key"), shop.place.path("lango.key")).unwrap();
    let serving = shop.start().await;
    assert_eq!(shop.code(&path).await, code, "what was sealed before opens");
    assert_eq!(serving.terminate(), Some(0));
    assert!(shop.place.good(&["audit", "verify"]).contains("each follows"));
}

#[tokio::test]
async fn cut_off_anywhere_exactly_one_of_the_two_keys_opens() {
    let place = Place::with_shop();
    let mut changed = 0;
    for kill in 0..KILLS {
        let old = key(&place, "lango.key").unwrap();
        let mut child = place
            .command(&[&ROTATE[..], &["new.key"]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis((kill * LATER_MS) as u64)).await;
        let _ = child.kill();
        child.wait().unwrap();
        let by_old = opens(&place, &old).await;
        let new = key(&place, "new.key");
        let by_new = match new {
            Some(new) => opens(&place, &new).await,
            None => false,
        };
        assert_ne!(by_old, by_new, "kill {kill}");
        if by_old {
            // The same again, with the key that the first attempt left, or without one.
            rotates(&place, "new.key");
        } else {
            changed += 1;
        }
        assert!(!opens(&place, &old).await);
        fs::rename(place.path("new.key"), place.path("lango.key")).unwrap();
        place.good(&["package", "list", "--site", "mtaa"]);
    }
    assert!(changed < KILLS, "some were cut off before");
}

#[tokio::test]
async fn a_backup_opens_with_the_key_that_it_was_made_with() {
    let place = Place::with_shop();
    let made = place.json(&["backup", "--to", ".", "--json"]);
    let backup = made["file"].as_str().unwrap().to_owned();
    fs::copy(place.path("lango.key"), place.path("old.key")).unwrap();
    rotates(&place, "new.key");
    let back = Place::empty();
    fs::copy(place.path(&backup), back.path("b.backup")).unwrap();
    fs::copy(place.path("new.key"), back.path("lango.key")).unwrap();
    back.bad(1, &["restore", "b.backup"]);
    fs::copy(place.path("old.key"), back.path("lango.key")).unwrap();
    back.good(&["restore", "b.backup"]);
    let said = place.bad(1, &["backup", "--to", "."]);
    assert!(said.contains("recovery sheet"), "no backup that only a useless key opens: {said}");
}

#[tokio::test]
async fn each_slip_is_told_and_changes_nothing() {
    let place = Place::with_shop();
    let old = key(&place, "lango.key").unwrap();
    fs::write(place.path("notes.txt"), "buy milk\n").unwrap();
    for (file, says) in [
        ("lango.key", "already holds the key in use"),
        ("notes.txt", "name another file"),
        ("nowhere/new.key", "cannot write"),
    ] {
        let said = place.bad(1, &[&ROTATE[..], &[file]].concat());
        assert!(said.contains(says), "{file}: {said}");
    }
    place.bad(2, &["keys", "rotate", "--new-key-file", "new.key"]);
    assert!(opens(&place, &old).await);
    assert_eq!(fs::read_to_string(place.path("notes.txt")).unwrap(), "buy milk\n");
    let empty = Place::empty();
    let said = empty.bad(1, &[&ROTATE[..], &["new.key"]].concat());
    assert!(said.contains("there is no ledger"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_changed_while_a_buyer_types_the_pin() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    let number = "0732 000 002";
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    let old_key = public_key(&shop.place);
    let address = shop.place.report_address();
    let said = shop.place.good(&["keys", "rotate", "--purpose", "all"]);
    let new_key = public_key(&shop.place);
    assert!(said.contains(&new_key) && new_key != old_key, "{said}");
    assert_ne!(shop.place.report_address(), address);
    // M-PESA calls the address that the former key made.
    shop.daraja.enter_pin(prompt).unwrap();
    let code = shop.code(&path).await;
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code));
    shop.check(number, &code);
    for known in [&old_key, &new_key] {
        let said = shop.place.good(&["audit", "verify", "--public-key", known]);
        assert!(said.contains("Signed up to"), "{said}");
    }
    shop.place.good(&["keys", "retire", "link"]);
    shop.place.good(&["keys", "retire", "hook"]);
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    let serving = shop.start().await;
    let link = shop.client.get(format!("http://{}{path}", shop.listen)).send().await.unwrap();
    assert_eq!(link.status(), 404, "the former link is refused");
    let report = shop.client.post(address).body("id=1").send().await.unwrap();
    assert_eq!(report.status(), 404, "and so is the former address");
    let later = shop.buy("0732 000 003").await;
    shop.daraja.enter_pin(shop.prompt("0732 000 003").await).unwrap();
    assert_ne!(shop.code(&later).await, code);
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
}

fn public_key(place: &Place) -> String {
    let checkpoint = place.json(&["audit", "checkpoint", "--json"]);
    checkpoint["public_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn sealing_anew_may_be_cut_off_anywhere() {
    let place = Place::with_shop();
    let codes: Vec<String> = (0..CODES).map(|n| format!("LNG{n:06}")).collect();
    fs::write(place.path("codes.txt"), codes.join("\n")).unwrap();
    place.good(&["vouchers", "import", "--site", "mtaa", "--package", "daily", "codes.txt"]);
    let master = key(&place, "lango.key").unwrap();
    let rotate = ["keys", "rotate", "--purpose", "seal"];
    for kill in 0..KILLS {
        let mut child = place.command(&rotate);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis((kill * LATER_MS * 4) as u64)).await;
        let _ = child.kill();
        child.wait().unwrap();
        let books = Reader::open(&place.ledger()).await.unwrap();
        let vault = books.open_vault(&master, Arc::new(SystemRandom)).await.unwrap();
        // By the page: one by one, on PostgreSQL, this was the slowest story of all.
        let seals = books.open_every_seal(&vault, || true).await.unwrap();
        assert_eq!((seals.opened, seals.closed), (CODES as u64, 0), "kill {kill}");
        books.close().await;
    }
    place.good(&rotate);
    let books = Reader::open(&place.ledger()).await.unwrap();
    let vault = books.open_vault(&master, Arc::new(SystemRandom)).await.unwrap();
    assert!(!vault.has_former(KeyPurpose::Seal));
    assert_eq!(opened(&books, &vault).await, CODES);
    books.close().await;
    assert!(place.good(&["audit", "verify"]).contains("each follows"));
}

/// How many codes open.
async fn opened(books: &Reader, vault: &Vault) -> usize {
    let mut count = 0;
    for event in books.events_after(0, i64::MAX).await.unwrap() {
        let (Stream::Voucher(voucher), _) = event.decode().unwrap() else { continue };
        let what = Sealed::Code(voucher);
        let sealed = books.sealed(&what).await.unwrap().unwrap();
        vault.unseal(&what.context(), &sealed).unwrap();
        count += 1;
    }
    count
}

#[tokio::test]
async fn the_keys_of_a_backup_are_those_of_its_time() {
    let place = Place::with_shop();
    let made = place.json(&["backup", "--to", ".", "--json"]);
    let backup = made["file"].as_str().unwrap().to_owned();
    place.good(&["keys", "rotate", "--purpose", "all"]);
    let after = place.json(&["backup", "--to", ".", "--json"]);
    for file in [backup.as_str(), after["file"].as_str().unwrap()] {
        let back = Place::empty();
        fs::copy(place.path(file), back.path("b.backup")).unwrap();
        fs::copy(place.path("lango.key"), back.path("lango.key")).unwrap();
        back.good(&["restore", "b.backup"]);
        assert!(back.good(&["audit", "verify"]).contains("each follows"), "{file}");
    }
}

#[tokio::test]
async fn fingerprints_never_change_and_nothing_is_half_asked() {
    let place = Place::with_shop();
    place.bad(2, &["keys", "rotate", "--purpose", "fingerprint"]);
    place.bad(2, &["keys", "rotate", "--master", "--purpose", "seal"]);
    place.bad(2, &["keys", "rotate", "--master"]);
    place.bad(2, &["keys", "rotate"]);
    place.bad(2, &["keys", "retire", "seal"]);
    let said = Place::empty().bad(1, &["keys", "rotate", "--purpose", "sign"]);
    assert!(said.contains("there is no ledger"), "{said}");
}

crate::on_postgres_too! {
    every_key_is_changed_while_a_buyer_types_the_pin,
    sealing_anew_may_be_cut_off_anywhere,
    the_keys_of_a_backup_are_those_of_its_time,
    fingerprints_never_change_and_nothing_is_half_asked,
    the_shop_goes_on_and_starts_again_with_the_new_key_alone,
    cut_off_anywhere_exactly_one_of_the_two_keys_opens,
    a_backup_opens_with_the_key_that_it_was_made_with,
    each_slip_is_told_and_changes_nothing,
}
