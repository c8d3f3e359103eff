//! The power fails at every step of a sale. What was committed stands, what was not is done after
//! the start, and no phone is asked twice.

use crate::town::{Customer, Plan, Town};
use lango::simulators::{
    daraja::Throttle,
    sms_gateway::{Faults as SmsFaults, Silence},
};
use tokio::time::{Duration, sleep};

const PAID: &str = "Paid. Here is your code";

async fn ends_in_one_sale(town: Town, njeri: Customer) {
    assert_eq!(town.texts(&njeri).len(), 1, "one SMS");
    is_one_sale(town, njeri).await;
}

async fn is_one_sale(town: Town, mut njeri: Customer) {
    njeri.sees(PAID).await;
    assert_eq!(njeri.prompts().len(), 1, "one prompt");
    assert_eq!(town.count("purchase_fulfilled").await, 1);
    town.close().await;
}

#[tokio::test]
async fn after_the_form_before_the_call() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0717 000 001");
    // The first call leaves with the commit of the form; M-PESA is busy, and another is due.
    town.mpesa_will(|faults| faults.throttle = Some(Throttle::SystemBusy));
    town.asks(&mut njeri, "daily").await;
    town.mpesa_will(|faults| faults.throttle = None);
    town.restart().await;
    town.passes(25).await;
    town.pays(&njeri).await;
    ends_in_one_sale(town, njeri).await;
}

#[tokio::test]
async fn during_the_call() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.hang = true);
    let mut njeri = town.customer("Njeri", "0717 000 002");
    njeri.chooses("daily").await;
    let submitting = tokio::spawn(town.shop().settling());
    town.mpesa.wait_for_prompt(njeri.phone.msisdn()).await;
    town.stop().await;
    assert!(submitting.await.is_err(), "the power failed in the middle of the call");
    town.mpesa_will(|faults| faults.hang = false);
    town.start().await;
    town.settle().await;
    town.pays(&njeri).await;
    ends_in_one_sale(town, njeri).await;
}

#[tokio::test]
async fn during_the_call_and_nobody_pays() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| (faults.hang, faults.callback_never) = (true, true));
    let mut njeri = town.customer("Njeri", "0717 000 003");
    njeri.chooses("daily").await;
    let submitting = tokio::spawn(town.shop().settling());
    town.mpesa.wait_for_prompt(njeri.phone.msisdn()).await;
    town.stop().await;
    submitting.await.unwrap_err();
    town.mpesa_will(|faults| faults.hang = false);
    town.start().await;
    town.passes(310).await;
    njeri.sees("Still checking with M-PESA").await;
    assert_eq!(town.count("payment_submit_unknown").await, 1, "whoever called did not survive");
    assert_eq!(njeri.prompts().len(), 1);
    town.close().await;
}

#[tokio::test]
async fn while_the_phone_shows_the_prompt() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0717 000 004");
    town.asks(&mut njeri, "daily").await;
    town.restart().await;
    town.settle().await;
    town.pays(&njeri).await;
    ends_in_one_sale(town, njeri).await;
}

#[tokio::test]
async fn while_the_pin_is_entered_so_that_the_callback_is_lost() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0717 000 005");
    town.asks(&mut njeri, "daily").await;
    town.stop().await;
    njeri.enters_pin();
    town.mpesa.idle().await;
    town.start().await;
    town.passes(20).await;
    assert_eq!(town.callbacks().await, []);
    ends_in_one_sale(town, njeri).await;
}

#[tokio::test]
async fn after_the_callback() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0717 000 006");
    town.asks(&mut njeri, "daily").await;
    njeri.enters_pin();
    town.mpesa.idle().await;
    assert_eq!(town.callbacks().await, [(1, "taken".into())], "kept and decided in one commit");
    town.restart().await;
    town.settle().await;
    ends_in_one_sale(town, njeri).await;
}

#[tokio::test]
async fn during_the_sms() {
    let mut town = Town::open_as(Plan { patience_ms: 20_000, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    let hang = SmsFaults { silence: Some(Silence::HangAfterAccept), ..SmsFaults::default() };
    town.sms[0].set_faults(hang);
    let mut njeri = town.customer("Njeri", "0717 000 007");
    town.asks(&mut njeri, "daily").await;
    njeri.enters_pin();
    town.mpesa.idle().await;
    let sending = tokio::spawn(town.shop().settling());
    town.sms[0].wait_for_text(njeri.phone.msisdn()).await;
    town.stop().await;
    sending.await.unwrap_err();
    town.start().await;
    town.sms[0].set_faults(SmsFaults::default());
    town.passes(170).await;
    town.ends_in(&njeri, &["message_submitted", "message_unconfirmed"]).await;
    assert_eq!(town.texts(&njeri).len(), 1, "its report may still come");
    town.passes(30).await;
    town.ends_in(&njeri, &["message_unconfirmed", "message_submitted", "message_accepted"]).await;
    town.passes(3_600).await;
    assert_eq!(town.texts(&njeri).len(), 2, "once more, and that is enough");
    is_one_sale(town, njeri).await;
}

#[tokio::test]
async fn when_all_is_done() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0717 000 008");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    let before = town.store().read().last_position().await.unwrap();
    town.restart().await;
    town.passes(600).await;
    assert_eq!(town.store().read().last_position().await.unwrap(), before, "nothing happens again");
    ends_in_one_sale(town, njeri).await;
}

#[tokio::test]
async fn at_any_moment_of_a_busy_evening() {
    for moment in 0..5 {
        let mut town = Town::open().await;
        town.stock("daily", 4).await;
        let mut buyers: Vec<Customer> =
            (0..4).map(|n| town.customer("Buyer", &format!("0717 000 2{moment}{n}"))).collect();
        for buyer in &mut buyers {
            buyer.chooses("daily").await;
        }
        let settling = tokio::spawn(town.shop().settling());
        sleep(Duration::from_millis(moment * 11)).await;
        town.stop().await;
        // Either it was done already or the power ended it; both are evenings that happen.
        drop(settling.await);
        town.start().await;
        town.settle().await;
        for buyer in &buyers {
            assert!(buyer.prompts().len() <= 1, "asked at most once, at moment {moment}");
            if !buyer.prompts().is_empty() {
                buyer.enters_pin();
            }
        }
        town.passes(200).await;
        for buyer in &mut buyers {
            if buyer.prompts().is_empty() {
                buyer.does_not_see("Nothing has been paid.").await;
            } else {
                buyer.sees(PAID).await;
            }
        }
        town.close().await;
    }
}

crate::on_postgres_too! {
    after_the_form_before_the_call,
    during_the_call,
    during_the_call_and_nobody_pays,
    while_the_phone_shows_the_prompt,
    while_the_pin_is_entered_so_that_the_callback_is_lost,
    after_the_callback,
    during_the_sms,
    when_all_is_done,
    at_any_moment_of_a_busy_evening,
}
