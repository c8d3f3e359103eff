//! A new master key: the shop goes on, the old key opens nothing, and whenever the change is cut
//! off, exactly one of the two does.

use crate::{
    cli::Place,
    outside::{Shop, in_time, msisdn},
};
use lango::{
    app::parse_key,
    ports::SystemRandom,
    store::{Key, Reader},
};
use std::{fs, sync::Arc, time::Duration};

const ROTATE: [&str; 4] = ["keys", "rotate", "--master", "--new-key-file"];

/// How often a change is cut off, and how much later each time.
const KILLS: usize = 12;
const LATER_MS: usize = 12;

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
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
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
        ("lango.key", "in use already"),
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

crate::on_postgres_too! {
    the_shop_goes_on_and_starts_again_with_the_new_key_alone,
    cut_off_anywhere_exactly_one_of_the_two_keys_opens,
    a_backup_opens_with_the_key_that_it_was_made_with,
    each_slip_is_told_and_changes_nothing,
}
