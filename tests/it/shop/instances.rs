//! Two instances of `lango serve` on one ledger: whoever a buyer meets, there is one shop. One of
//! them runs the processes; when it dies, wherever it stands, the other one goes on.

use crate::{
    address::free_address,
    outside::{Shop, in_time, msisdn},
    serving::Serving,
    town::Town,
};
use lango::{
    ledger::kernel::time::{HOUR, SECOND},
    simulators::sms_gateway::{Faults, Silence},
};
use std::time::Duration;

/// What an instance logs when it takes over.
const RUNS: &str = "this instance runs the processes";

/// A shop that buyers reach at its own address, and another instance, which runs the processes.
async fn two() -> (Shop, Serving, Serving) {
    let shop = Shop::open().await;
    let runner = shop.place.serve_beside(free_address()).await;
    takes_over(&shop, "beside.log").await;
    let serving = shop.start().await;
    (shop, serving, runner)
}

/// Waits until the instance with that log runs the processes.
async fn takes_over(shop: &Shop, log: &str) {
    let path = shop.place.path(log);
    in_time(async {
        while !std::fs::read_to_string(&path).unwrap().contains(RUNS) {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_at_one_instance_is_served_by_the_processes_of_the_other() {
    let (shop, serving, runner) = two().await;
    let number = "0712 000 201";
    let path = shop.buy(number).await;
    shop.daraja.enter_pin(shop.prompt(number).await).unwrap();
    let code = shop.code(&path).await;
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code));
    assert!(!shop.place.log().contains(RUNS), "the other one ran them");
    // Whoever closes hands over at once.
    assert_eq!(runner.terminate(), Some(0));
    takes_over(&shop, "serve.log").await;
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    assert_eq!(shop.daraja.tokens_issued(), 1, "one token for both");
    shop.check(number, &code);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_submit_and_answer_it_leaves_the_sale_to_the_other() {
    let (shop, serving, runner) = two().await;
    let number = "0712 000 202";
    shop.daraja.set_faults(|faults| faults.hang = true);
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    runner.kill();
    shop.daraja.set_faults(|faults| faults.hang = false);
    takes_over(&shop, "serve.log").await;
    shop.daraja.enter_pin(prompt).unwrap();
    let code = shop.code(&path).await;
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code));
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    shop.check(number, &code);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_sends_an_sms_it_leaves_no_second_one_to_the_other() {
    let (shop, serving, runner) = two().await;
    let number = "0712 000 203";
    shop.sms.set_faults(Faults { silence: Some(Silence::HangAfterAccept), ..Faults::default() });
    let path = shop.buy(number).await;
    shop.daraja.enter_pin(shop.prompt(number).await).unwrap();
    in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    runner.kill();
    shop.sms.set_faults(Faults::default());
    takes_over(&shop, "serve.log").await;
    let code = shop.code(&path).await;
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    shop.check(number, &code);
    assert_eq!(shop.sms.inbox(&msisdn(number)).len(), 1, "nobody knows, so it is not sent again");
}

#[tokio::test]
async fn a_lease_that_nobody_could_keep_so_long_keeps_nobody_waiting() {
    let town = Town::open().await;
    let store = town.store();
    let soon = || store.now().plus(10 * SECOND);
    assert!(store.lead("one", soon()).await.unwrap());
    assert!(!store.lead("other", soon()).await.unwrap());
    // By a clock that was a day ahead, until somebody set it right.
    assert!(store.lead("one", store.now().plus(24 * HOUR)).await.unwrap());
    assert!(store.lead("other", soon()).await.unwrap());
    town.tampers("delete from leases").await;
    assert!(store.lead("one", soon()).await.unwrap());
    town.close().await;
}

crate::on_postgres_too! {
    a_lease_that_nobody_could_keep_so_long_keeps_nobody_waiting,
    a_buyer_at_one_instance_is_served_by_the_processes_of_the_other,
    killed_between_submit_and_answer_it_leaves_the_sale_to_the_other,
    killed_while_it_sends_an_sms_it_leaves_no_second_one_to_the_other,
}
