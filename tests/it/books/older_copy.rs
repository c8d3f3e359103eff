//! An older copy of the database is put back without anybody telling the shop.

use crate::{books::rewritten_history::accept, cli::Place, outside::Shop, town::sql};
use std::fs;

/// Puts a copy in the place of the database, as `pg_restore` or a copied file would: nothing else
/// changes, and nobody is told.
async fn put_back(place: &Place, copy: &str) {
    if place.ledger().starts_with("postgres") {
        let anew = "do $$ begin
               execute format('drop schema %1$I cascade; create schema %1$I', current_schema());
             end $$";
        sql(&place.ledger(), anew).await.unwrap();
    }
    for name in ["lango.db", "lango.db-wal", "lango.db-shm"] {
        // Not all of them are there.
        let _ = fs::remove_file(place.path(name));
    }
    place.good(&["restore", copy, "--nothing-sold-since"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_sells_nothing_until_its_codes_are_released() {
    let shop = Shop::open().await;
    let copy = shop.place.json(&["backup", "--to", "copies", "--json"]);
    let serving = shop.start().await;
    let sell = async |number: &str| {
        let path = shop.buy(number).await;
        shop.daraja.enter_pin(shop.prompt(number).await).unwrap();
        shop.code(&path).await
    };
    sell("0712 000 101").await;
    assert_eq!(serving.terminate(), Some(0));
    put_back(&shop.place, copy["file"].as_str().unwrap()).await;
    let free = || {
        let list = shop.place.json(&["package", "list", "--site", "mtaa", "--json"]);
        list[0]["free"].as_u64().unwrap()
    };
    let before = free();
    let serving = shop.start().await;
    assert!(shop.place.log().contains("this database is an older copy"));
    assert_eq!(free(), 0, "nothing is for sale");
    // Nor is anything signed, until the owner has decided to go on with the older copy.
    assert_eq!(serving.terminate(), Some(0));
    accept(&shop.place);
    let said = shop.place.good(&["vouchers", "release", "--site", "mtaa"]);
    assert!(said.contains(&format!("{before} codes are back")), "{said}");
    let serving = shop.start().await;
    assert_eq!(free(), before);
    sell("0712 000 102").await;
    assert_eq!(serving.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_before_its_keys_were_changed_says_how_to_start() {
    let shop = Shop::open().await;
    let copy = shop.place.json(&["backup", "--to", "copies", "--json"]);
    shop.place.good(&["keys", "rotate", "--purpose", "sign"]);
    assert_eq!(shop.start().await.terminate(), Some(0));
    put_back(&shop.place, copy["file"].as_str().unwrap()).await;
    let said = shop.place.bad(1, &["serve"]);
    let (_, known) = said.split_once("--known-checkpoint ").expect("it says how to start");
    let known = known.split('`').next().unwrap();
    fs::remove_file(shop.place.path("lango.mark")).unwrap();
    let serving = shop.place.serve_with(shop.listen, &["--known-checkpoint", known]).await;
    assert!(shop.place.log().contains("this database is an older copy"));
    let list = shop.place.json(&["package", "list", "--site", "mtaa", "--json"]);
    assert_eq!(list[0]["free"].as_u64(), Some(0), "nothing is for sale");
    assert_eq!(serving.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_history_starts_and_sells_nothing() {
    let shop = Shop::open().await;
    let copy = shop.place.json(&["backup", "--to", "copies", "--json"]);
    let serving = shop.start().await;
    shop.buy("0712 000 101").await;
    assert_eq!(serving.terminate(), Some(0));
    put_back(&shop.place, copy["file"].as_str().unwrap()).await;
    let file = crate::cli::sample("hotspot-user-export-terse-again.rsc");
    shop.place.good(&["vouchers", "import", "--site", "mtaa", &file]);
    let serving = shop.start().await;
    assert!(shop.place.log().contains("the history was rewritten"), "{}", shop.place.log());
    let page = shop.client.get(format!("http://{}/s/mtaa", shop.listen)).send().await.unwrap();
    assert_eq!(page.status(), 503);
    assert!(page.text().await.unwrap().contains("is not selling at the moment"));
    assert_eq!(serving.terminate(), Some(0));
    let doctor = String::from_utf8(shop.place.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("FAIL  history"), "{doctor}");
    let said = shop.place.bad(1, &["audit", "checkpoint"]);
    assert!(said.contains("nothing is signed while the history is in doubt"), "{said}");
}

crate::on_postgres_too! {
    an_older_copy_sells_nothing_until_its_codes_are_released,
    a_copy_from_before_its_keys_were_changed_says_how_to_start,
    another_history_starts_and_sells_nothing,
}
