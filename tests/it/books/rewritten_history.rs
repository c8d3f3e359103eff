//! Somebody who can write the database rewrites the history under a shop: an event is changed, all
//! later ones are hashed anew, and the checkpoints that would tell are deleted.

use crate::{
    address::free_address,
    books::altered_history::{guard_again, rehash, tamper},
    cli::Place,
    outside::{Shop, in_time},
    serving::Serving,
    town::sql,
};
use std::time::Duration;

/// A lower price, in the past.
const LOWER: &str =
    "update events set data = replace(data, '\"price_cents\":5000', '\"price_cents\":100')
    where kind = 'package_defined' and package = 'daily'";

/// Lowers a price in the past, and leaves nothing in the database that tells.
async fn rewrite(place: &Place) {
    tamper(&place.ledger(), LOWER).await;
    rehash(&place.ledger(), 1).await;
    sql(&place.ledger(), "delete from checkpoints").await.unwrap();
}

/// The owner decides to go on with the history as it stands; what that printed.
pub fn accept(place: &Place) -> String {
    let said = place.run(&["audit", "accept"]);
    assert_eq!(said.status.code(), Some(1), "there is something to decide");
    let said = String::from_utf8(said.stdout).unwrap();
    let (_, rest) = said.split_once("lango audit accept ").expect(&said);
    let end = rest.split_once("audit accept ").map_or(rest, |(_, last)| last);
    place.good(&["audit", "accept", end.split_whitespace().next().unwrap()])
}

async fn shop_page(shop: &Shop) -> u16 {
    let page = shop.client.get(format!("http://{}/s/mtaa", shop.listen)).send().await;
    page.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_history_is_not_signed_and_nothing_new_is_sold_until_the_owner_decides() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    let sell = async |number: &str| {
        let path = shop.buy(number).await;
        shop.daraja.enter_pin(shop.prompt(number).await).unwrap();
        shop.code(&path).await
    };
    sell("0712 000 101").await;
    let under_way = shop.buy("0712 000 102").await;
    let prompt = shop.prompt("0712 000 102").await;
    rewrite(&shop.place).await;

    // What is under way is finished and recorded; that is also how the shop finds out.
    shop.daraja.enter_pin(prompt).unwrap();
    shop.code(&under_way).await;
    assert_eq!(shop_page(&shop).await, 503);
    let ready = shop.get("/readyz").await;
    assert!(ready.contains("the history is in doubt"), "{ready}");

    // Nothing says that all is well, before and after a restart.
    let serving = in_doubt(&shop, serving).await;
    let serving = in_doubt(&shop, serving).await;

    let said = accept(&shop.place);
    assert!(said.contains("codes may have been sold and are not for sale"), "{said}");
    in_time(async {
        while shop_page(&shop).await != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    shop.place.good(&["vouchers", "release", "--site", "mtaa"]);
    sell("0712 000 103").await;
    assert_eq!(serving.terminate(), Some(0));
    guard_again(&shop.place.ledger()).await;
    let verified = shop.place.good(&["audit", "verify"]);
    assert!(verified.contains("each follows"), "{verified}");
    assert!(verified.contains("The owner accepted the history"), "{verified}");
    let kinds = shop.place.good(&["audit", "export", "--format", "csv"]);
    assert!(kinds.contains("history_accepted"));
}

/// Everybody is told, nothing is signed; then the shop is started anew.
async fn in_doubt(shop: &Shop, serving: Serving) -> Serving {
    let verified = shop.place.run(&["audit", "verify"]);
    let said = String::from_utf8(verified.stdout).unwrap();
    assert_eq!(verified.status.code(), Some(1), "{said}");
    assert!(said.contains("is not the one that the mark outside the database knows"), "{said}");
    let doctor = String::from_utf8(shop.place.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("FAIL  history"), "{doctor}");
    let said = shop.place.bad(1, &["audit", "checkpoint"]);
    assert!(said.contains("in doubt"), "{said}");
    assert_eq!(serving.terminate(), Some(0));
    let signed = sql(&shop.place.ledger(), "delete from checkpoints").await.unwrap();
    assert_eq!(signed, 0, "nothing was signed");
    let serving = shop.start().await;
    assert_eq!(shop_page(shop).await, 503);
    serving
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_cut_off_under_a_running_shop_ends_it_and_its_codes_are_fenced() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    shop.buy("0712 000 101").await;
    let mut cut = "delete from events where position > 6".to_owned();
    if shop.place.ledger().starts_with("postgres") {
        // In one transaction, and the head first, for whose sake the shop's own commits wait: it
        // meets the cut whole.
        let head = "update ledger_head set position = 6,
            hash = (select hash from events where position = 6)";
        cut = format!("{head}; {cut}");
    }
    tamper(&shop.place.ledger(), &cut).await;
    let ended = tokio::time::timeout(Duration::from_mins(1), serving.ends()).await;
    assert!(ended.is_ok_and(|code| code != Some(0)), "it cannot go on: {}", shop.place.log());
    assert!(shop.place.log().contains("is gone from the ledger"), "{}", shop.place.log());
    let serving = shop.start().await;
    let log = shop.place.log();
    assert!(log.contains("this database is an older copy"), "{log}");
    assert_eq!(shop_page(&shop).await, 503);
    assert_eq!(serving.terminate(), Some(0));
    // Codes that only the lost history knows are kept, so that they do not come in again.
    accept(&shop.place);
    guard_again(&shop.place.ledger()).await;
    let verified = shop.place.good(&["audit", "verify"]);
    assert!(verified.contains("The tables beside the ledger say what it says."), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_that_were_deleted_are_missed() {
    let shop = Shop::open().await;
    for _ in 0..2 {
        shop.place.good(&["audit", "checkpoint"]);
        shop.place.good(&["keys", "rotate", "--purpose", "link"]);
    }
    assert_eq!(shop.start().await.terminate(), Some(0));
    tamper(&shop.place.ledger(), "delete from checkpoints").await;
    let serving = shop.start().await;
    assert!(shop.place.log().contains("checkpoints that stood beside the ledger are gone"));
    assert_eq!(shop_page(&shop).await, 200, "the events agree");
    assert_eq!(serving.terminate(), Some(0));
    let said = String::from_utf8(shop.place.run(&["audit", "verify"]).stdout).unwrap();
    assert!(said.contains("that stood beside the ledger w"), "{said}");
    let doctor = String::from_utf8(shop.place.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("FAIL  history"), "{doctor}");
    shop.place.good(&["audit", "accept"]);
    guard_again(&shop.place.ledger()).await;
    assert!(shop.place.good(&["audit", "verify"]).contains("The mark outside the database agrees"));
}

/// An event from before the last checkpoint, altered by somebody who hashes nothing anew.
async fn break_chain(place: &Place) {
    tamper(&place.ledger(), LOWER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_is_found_when_the_shop_starts_and_nothing_makes_it_look_whole() {
    let shop = Shop::open().await;
    shop.place.good(&["audit", "checkpoint"]);
    let serving = shop.start().await;
    let under_way = shop.buy("0712 000 101").await;
    let prompt = shop.prompt("0712 000 101").await;
    assert_eq!(serving.terminate(), Some(0));
    break_chain(&shop.place).await;
    let said = |arguments: &[&str]| {
        let output = shop.place.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let verified = said(&["audit", "verify"]);
    assert!(verified.contains(" altered.\nSuch a history cannot be gone on with."), "{verified}");
    assert!(said(&["doctor"]).contains("FAIL  chain"));
    assert!(said(&["audit", "mend"]).contains("does not follow from the one before it"));
    assert!(said(&["audit", "accept"]).contains("cannot be\naccepted"));

    // What is under way is finished, and nothing new begins; at an instance without the lease too.
    let runner = shop.place.serve_beside(free_address()).await;
    let serving = shop.start().await;
    shop.daraja.enter_pin(prompt).unwrap();
    shop.code(&under_way).await;
    in_time(async {
        while shop_page(&shop).await != 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert!(shop.get("/readyz").await.contains("the history is in doubt"));
    assert_eq!(serving.terminate(), Some(0));
    assert_eq!(runner.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_broken_after_the_last_signature_keeps_no_shop_from_starting() {
    let shop = Shop::open().await;
    break_chain(&shop.place).await;
    let serving = shop.start().await;
    in_time(async {
        while shop_page(&shop).await != 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(serving.terminate(), Some(0));
    let accept = shop.place.run(&["audit", "accept"]);
    let said = String::from_utf8(accept.stdout).unwrap();
    assert!(said.contains("Restore a backup from before"), "{said}");
}

crate::on_postgres_too! {
    a_broken_chain_is_found_when_the_shop_starts_and_nothing_makes_it_look_whole,
    a_chain_broken_after_the_last_signature_keeps_no_shop_from_starting,
    a_rewritten_history_is_not_signed_and_nothing_new_is_sold_until_the_owner_decides,
    a_ledger_cut_off_under_a_running_shop_ends_it_and_its_codes_are_fenced,
    checkpoints_that_were_deleted_are_missed,
}
