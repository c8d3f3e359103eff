//! The plain sale, and the many ways in which its news can come: early, late, twice, a thousand
//! times, never, and in every shape that was captured.

use crate::town::{Plan, Town};
use lango::simulators::daraja::{BalanceItem, PhoneShape};

const PAID: &str = "Paid. Here is your code";

#[tokio::test]
async fn a_buyer_pays_and_has_a_code_on_the_page_and_by_sms() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 3).await;
    let mut njeri = town.customer("Njeri", "0712 000 001");
    njeri.chooses("daily").await;
    njeri.reads("Look at your phone, enter your PIN");
    assert_eq!(town.stock_of("daily").await, (2, 1), "a code is held before money moves");
    town.settle().await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    assert_eq!(njeri.code().as_ref(), Some(&codes[0]), "the oldest code is sold first");
    assert_eq!(town.texts(&njeri).len(), 1);
    assert!(town.texts(&njeri)[0].starts_with(&codes[0]), "the code comes first");
    let kinds = town.events_of(&njeri).await;
    let whole_sale = [
        "purchase_started",
        "voucher_reserved",
        "payment_requested",
        "payment_submitted",
        "payment_prompted",
        "payment_confirmed",
        "receipt_recorded",
        "receipt_applied",
        "voucher_allocated",
        "purchase_fulfilled",
        "message_queued",
        "message_submitted",
        "message_accepted",
    ];
    assert_eq!(kinds, whole_sale);
    assert_eq!(town.stock_of("daily").await, (2, 0));
    town.close().await;
}

#[tokio::test]
async fn a_callback_that_overtakes_the_answer_to_the_submit_counts_at_once() {
    let mut town = Town::open_as(Plan { patience_ms: 1_500, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.hang = true);
    let mut njeri = town.customer("Njeri", "0712 000 002");
    njeri.chooses("daily").await;
    let submitting = tokio::spawn(town.shop().settling());
    town.mpesa.wait_for_prompt(njeri.phone.msisdn()).await;
    njeri.enters_pin();
    town.mpesa.idle().await;
    town.settle().await;
    submitting.await.unwrap();
    njeri.sees(PAID).await;
    let kinds = town.events_of(&njeri).await;
    assert_eq!(kinds[3..5], ["payment_submitted", "payment_confirmed"]);
    assert_eq!(njeri.prompts().len(), 1);
    town.close().await;
}

#[tokio::test]
async fn an_answer_that_waits_for_its_callback_is_one_sale_too() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.callback_before_submit_response = true);
    let mut njeri = town.customer("Njeri", "0712 000 003");
    njeri.chooses("daily").await;
    let submitting = tokio::spawn(town.shop().settling());
    town.mpesa.wait_for_prompt(njeri.phone.msisdn()).await;
    njeri.enters_pin();
    submitting.await.unwrap();
    town.settle().await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_callback_that_comes_twice_is_one_sale() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    town.mpesa_will(|faults| faults.duplicate_callback = 1);
    let mut njeri = town.customer("Njeri", "0712 000 004");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    assert_eq!(town.callbacks().await, [(2, "taken".into())], "kept once, with a count");
    assert_eq!((town.count("purchase_fulfilled").await, town.texts(&njeri).len()), (1, 1));
    town.close().await;
}

#[tokio::test]
async fn a_callback_that_comes_a_thousand_times_is_one_sale() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    town.mpesa_will(|faults| (faults.duplicate_callback, faults.hold_callbacks) = (999, true));
    let mut njeri = town.customer("Njeri", "0712 000 005");
    town.asks(&mut njeri, "daily").await;
    njeri.enters_pin();
    assert_eq!(town.mpesa.deliver_callbacks().await, 1_000);
    town.settle().await;
    assert_eq!(town.callbacks().await, [(1_000, "taken".into())]);
    assert_eq!((town.count("purchase_fulfilled").await, town.texts(&njeri).len()), (1, 1));
    town.close().await;
}

#[tokio::test]
async fn money_after_the_hold_gets_any_free_code() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 2).await;
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(3_600));
    let mut njeri = town.customer("Njeri", "0712 000 006");
    let mut otieno = town.customer("Otieno", "0712 000 007");
    town.asks(&mut njeri, "daily").await;
    town.passes(305).await;
    njeri.sees("Still checking with M-PESA").await;
    town.ends_in(&njeri, &["purchase_expired", "voucher_released"]).await;
    assert_eq!(town.stock_of("daily").await, (2, 0), "the code is free again");
    // Her code went back behind the other one, so he gets that and she gets her own after all.
    town.asks(&mut otieno, "daily").await;
    town.pays(&otieno).await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    otieno.sees(PAID).await;
    assert_ne!(njeri.code(), otieno.code());
    assert!(codes.contains(&njeri.code().unwrap()));
    town.close().await;
}

#[tokio::test]
async fn money_after_the_last_code_is_owed_and_served_first_when_stock_arrives() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(3_600));
    let mut njeri = town.customer("Njeri", "0712 000 008");
    let mut otieno = town.customer("Otieno", "0712 000 009");
    town.asks(&mut njeri, "daily").await;
    town.passes(305).await;
    town.asks(&mut otieno, "daily").await;
    town.pays(&otieno).await;
    town.pays(&njeri).await;
    njeri.sees("Paid. We owe you a code").await;
    njeri.reads("Do not pay again.");
    assert_eq!(town.texts(&njeri).len(), 1, "she is told by SMS that she is owed one");
    let mut wanjiku = town.customer("Wanjiku", "0712 000 010");
    wanjiku.opens_the_shop().await;
    wanjiku.reads("Sold out for now");
    let fresh = town.stock("daily", 1).await;
    town.settle().await;
    njeri.sees(PAID).await;
    assert_eq!(njeri.code().as_ref(), Some(&fresh[0]));
    let texts = town.texts(&njeri);
    assert_eq!(texts.len(), 2, "the code comes by a second SMS");
    assert!(texts[1].contains(&fresh[0]));
    town.close().await;
}

#[tokio::test]
async fn success_after_two_queries_said_no_answer_still_gives_the_code() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.hold_callbacks = true;
        faults.success_after_timeout = true;
    });
    let mut njeri = town.customer("Njeri", "0712 000 011");
    town.asks(&mut njeri, "daily").await;
    let prompt = njeri.prompt();
    town.passes(65).await;
    njeri.does_not_see("Nothing has been paid.").await;
    town.passes(30).await;
    njeri.sees("Your phone did not answer in time").await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    town.mpesa.enter_pin(prompt).unwrap();
    town.mpesa.deliver_callbacks().await;
    town.settle().await;
    njeri.sees(PAID).await;
    assert_eq!(town.count("payment_declined").await, 1, "what was heard first stays on record");
    town.close().await;
}

#[tokio::test]
async fn a_callback_that_never_comes_is_replaced_by_a_query() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.callback_never = true);
    let mut njeri = town.customer("Njeri", "0712 000 012");
    town.asks(&mut njeri, "daily").await;
    town.passes(10).await;
    town.pays(&njeri).await;
    njeri.does_not_see(PAID).await;
    town.passes(5).await;
    njeri.sees(PAID).await;
    assert_eq!(town.count("receipt_recorded").await, 0, "a query tells no receipt");
    town.close().await;
}

#[tokio::test]
async fn a_receipt_that_comes_after_the_query_is_written_down() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    town.mpesa_will(|faults| faults.callback_delay_seconds = 60);
    let mut njeri = town.customer("Njeri", "0712 000 013");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    town.passes(20).await;
    njeri.sees(PAID).await;
    town.passes(60).await;
    town.ends_in(&njeri, &["receipt_recorded", "receipt_applied", "payment_receipt_learnt"]).await;
    njeri.sees(&town.mpesa.books()[0].receipt).await;
    assert_eq!(town.count("purchase_fulfilled").await, 1);
    town.close().await;
}

#[tokio::test]
async fn without_callbacks_the_code_is_there_seconds_after_the_pin() {
    let mut town = Town::open_as(Plan { callbacks: false, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0712 000 014");
    town.asks(&mut njeri, "daily").await;
    town.passes(12).await;
    town.pays(&njeri).await;
    town.passes(5).await;
    njeri.sees(PAID).await;
    assert_eq!(town.callbacks().await, []);
    town.close().await;
}

#[tokio::test]
async fn every_shape_of_a_good_callback_is_understood() {
    let mut town = Town::open().await;
    town.stock("daily", 7).await;
    let shapes: [fn(&mut lango::simulators::daraja::Faults); 7] = [
        |faults| faults.amount_with_decimals = true,
        |faults| faults.result_code_as_string = true,
        |faults| faults.balance_item = Some(BalanceItem::WithoutValue),
        |faults| faults.balance_item = Some(BalanceItem::WithValue),
        |faults| faults.phone = PhoneShape::Text,
        |faults| faults.phone = PhoneShape::Masked,
        |faults| faults.phone = PhoneShape::Hashed,
    ];
    for (number, shape) in shapes.into_iter().enumerate() {
        town.mpesa_will(|faults| *faults = lango::simulators::daraja::Faults::default());
        town.mpesa_will(shape);
        let mut buyer = town.customer("Buyer", &format!("0712 000 10{number}"));
        town.asks(&mut buyer, "daily").await;
        town.pays(&buyer).await;
        buyer.sees(PAID).await;
        let receipt = &town.mpesa.books()[number].receipt;
        buyer.reads(receipt);
    }
    town.close().await;
}

#[tokio::test]
async fn another_amount_than_the_price_waits_for_a_person() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.callbacks_lie = true;
    town.mpesa_will(|faults| faults.wrong_amount = Some(1));
    let mut njeri = town.customer("Njeri", "0712 000 015");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees("Your money is safe with us").await;
    town.ends_in(&njeri, &["receipt_applied", "payment_set_aside"]).await;
    assert!(town.texts(&njeri).is_empty(), "nobody gets a code for it unseen");
    town.passes(305).await;
    assert_eq!(town.stock_of("daily").await, (1, 0), "its code is for sale again");
    njeri.sees("Your money is safe with us").await;
    town.close().await;
}

crate::on_postgres_too! {
    a_buyer_pays_and_has_a_code_on_the_page_and_by_sms,
    a_callback_that_overtakes_the_answer_to_the_submit_counts_at_once,
    an_answer_that_waits_for_its_callback_is_one_sale_too,
    a_callback_that_comes_twice_is_one_sale,
    a_callback_that_comes_a_thousand_times_is_one_sale,
    money_after_the_hold_gets_any_free_code,
    money_after_the_last_code_is_owed_and_served_first_when_stock_arrives,
    success_after_two_queries_said_no_answer_still_gives_the_code,
    a_callback_that_never_comes_is_replaced_by_a_query,
    a_receipt_that_comes_after_the_query_is_written_down,
    without_callbacks_the_code_is_there_seconds_after_the_pin,
    every_shape_of_a_good_callback_is_understood,
    another_amount_than_the_price_waits_for_a_person,
}
