//! Read models that are built anew because their files changed: beside the old ones, a piece at a
//! time, while the shop sells.

use crate::town::Town;
use lango::{ledger::kernel::time::Micros, ports::Clock as _};

/// More events than one piece takes in.
const CODES: usize = 5_100;

/// A Lango whose folders were others has built the read models, with a column fewer in one.
async fn as_if_an_older_lango_had_built_them(town: &Town) {
    town.tampers("update bookmarks set fingerprint = 'of other files'").await;
    town.tampers("alter table shown_stock drop column fenced").await;
}

#[tokio::test]
async fn changed_read_models_are_built_beside_and_switched_while_sales_go_on() {
    let mut town = Town::open().await;
    town.stock("daily", CODES).await;
    let mut njeri = town.customer("Njeri", "0729 000 001");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    town.stop().await;
    as_if_an_older_lango_had_built_them(&town).await;
    let before: Micros = town.clock.now();
    town.start().await;
    // Begun, not ended: the old ones still answer, and a buyer buys.
    assert!(town.store().project().await.unwrap() > 0);
    let mut otieno = town.customer("Otieno", "0729 000 002");
    otieno.opens_the_shop().await;
    otieno.chooses("daily").await;
    otieno.reads("Look at your phone");
    assert!(town.store().project().await.unwrap() > 0);
    njeri.comes_back_by_mac().await;
    njeri.reads("Paid. Show the code");
    town.settle().await;
    assert_eq!(town.store().project().await.unwrap(), 0);
    town.pays(&otieno).await;
    otieno.sees("Paid. Here is your code").await;
    assert_eq!(town.clock.now(), before, "nobody had to wait");
    // Stock, sale and all else is as if it had been built so from the first event: checked here.
    town.close().await;
}

#[tokio::test]
async fn a_rebuild_that_was_interrupted_goes_on_where_it_was() {
    let mut town = Town::open().await;
    town.stock("daily", CODES).await;
    town.stop().await;
    as_if_an_older_lango_had_built_them(&town).await;
    town.start().await;
    assert!(town.store().project().await.unwrap() > 0);
    town.restart().await;
    town.settle().await;
    town.close().await;
}

crate::on_postgres_too! {
    changed_read_models_are_built_beside_and_switched_while_sales_go_on,
    a_rebuild_that_was_interrupted_goes_on_where_it_was,
}
