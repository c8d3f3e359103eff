//! What cannot be right, and what nobody can know: it ends with a person, never in silence.

use crate::town::Town;
use lango::simulators::daraja::{Edge, Throttle};

const PAID: &str = "Paid. Here is your code";

#[tokio::test]
async fn a_payment_that_m_pesa_never_speaks_of_is_shown_to_a_person() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.lose_submit_response = true;
        faults.callback_never = true;
    });
    let mut njeri = town.customer("Njeri", "0724 000 001");
    town.asks(&mut njeri, "daily").await;
    town.passes(1_800 - 60).await;
    assert!(town.exceptions().await.is_empty(), "a callback may still come");
    town.passes(120).await;
    town.ends_in(&njeri, &["purchase_expired", "voucher_released", "payment_inquiry_ended"]).await;
    assert_eq!(town.exceptions().await, ["unresolved -"]);
    town.close().await;
}

#[tokio::test]
async fn another_amount_told_later_is_shown_to_a_person_and_the_buyer_keeps_the_code() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.callbacks_lie = true;
    town.mpesa_will(|faults| faults.hold_callbacks = true);
    let mut njeri = town.customer("Njeri", "0724 000 002");
    town.asks(&mut njeri, "daily").await;
    town.mpesa_will(|faults| faults.wrong_amount = Some(45));
    njeri.enters_pin();
    // A query confirms without an amount; the callback tells one, late.
    town.passes(30).await;
    njeri.sees(PAID).await;
    town.mpesa.deliver_callbacks().await;
    town.settle().await;
    assert_eq!(town.exceptions().await, ["disputed another_amount"]);
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_clock_set_back_an_hour_stops_neither_prompts_nor_the_end_of_a_hold() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0724 000 003");
    town.asks(&mut njeri, "daily").await;
    town.clock.advance(-3_600);
    let mut otieno = town.customer("Otieno", "0724 000 004");
    town.asks(&mut otieno, "daily").await;
    assert_eq!(otieno.prompts().len(), 1);
    otieno.enters_pin();
    town.mpesa.idle().await;
    town.settle().await;
    otieno.sees(PAID).await;
    // The shop's clock runs at half its speed until the other one has caught up.
    town.mpesa_will(|faults| faults.callback_never = true);
    town.passes(700).await;
    town.ends_in(&njeri, &["purchase_expired", "voucher_released"]).await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    town.close().await;
}

#[tokio::test]
async fn a_busy_phone_is_asked_again_after_a_minute_and_m_pesa_is_not_called_slow() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    // Another shop's prompt is on the phone.
    let mut njeri = town.customer("Njeri", "0724 000 005");
    town.mpesa_will(|faults| faults.throttle = Some(Throttle::SubscriberBusy));
    town.asks(&mut njeri, "daily").await;
    town.ends_in(&njeri, &["payment_refused", "payment_requested"]).await;
    let mut otieno = town.customer("Otieno", "0724 000 105");
    otieno.opens_the_shop().await;
    otieno.does_not_see("M-PESA is slow").await;
    town.mpesa_will(|faults| faults.throttle = None);
    town.passes(45).await;
    assert!(njeri.prompts().is_empty(), "not before the minute is over");
    town.passes(20).await;
    assert_eq!(njeri.prompts().len(), 1);
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_prompt_that_was_refused_counts_against_nobody() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.throttle = Some(Throttle::WrongCredentials));
    let mut njeri = town.customer("Njeri", "0724 000 006");
    for _ in 0..7 {
        town.asks(&mut njeri, "daily").await;
        town.ends_in(&njeri, &["payment_refused", "purchase_expired", "voucher_released"]).await;
    }
    town.mpesa_will(|faults| faults.throttle = None);
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_form_that_is_none_is_answered_with_a_page() {
    let mut town = Town::open().await;
    let mut njeri = town.customer("Njeri", "0724 000 007");
    njeri.opens_the_shop().await;
    for path in ["/s/mtaa/buy", "/s/mtaa/paid", "/s/mtaa/code"] {
        let (status, page) = town.posts(&town.url(path), r#"{"package":"daily"}"#).await;
        assert_eq!(status, 400, "{path}");
        assert!(page.contains("<!doctype html>") && page.contains("/s/mtaa"), "{page}");
    }
    town.close().await;
}

#[tokio::test]
async fn a_shop_that_was_off_for_days_goes_on_asking_until_m_pesa_can_be_reached() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.callback_never = true);
    let mut njeri = town.customer("Njeri", "0724 000 008");
    town.asks(&mut njeri, "daily").await;
    town.stop().await;
    njeri.enters_pin();
    town.clock.advance(2 * 86_400);
    // The power is back before the line is.
    town.mpesa_will(|faults| faults.edge = Some(Edge::Unavailable));
    town.start().await;
    town.settle().await;
    assert!(town.exceptions().await.is_empty(), "nobody could say anything yet");
    town.mpesa_will(|faults| faults.edge = None);
    town.passes(600).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_prompt_that_a_restarted_shop_sends_counts_once() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0724 000 009");
    for _ in 0..5 {
        town.mpesa_will(|faults| faults.throttle = Some(Throttle::SystemBusy));
        town.asks(&mut njeri, "daily").await;
        town.mpesa_will(|faults| faults.throttle = None);
        town.restart().await;
        town.passes(25).await;
        njeri.cancels();
        town.passes(125).await;
        town.ends_in(&njeri, &["payment_declined", "purchase_expired", "voucher_released"]).await;
    }
    town.asks(&mut njeri, "daily").await;
    assert_eq!(njeri.prompts().len(), 6, "so many an hour are allowed");
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    town.close().await;
}

crate::on_postgres_too! {
    a_shop_that_was_off_for_days_goes_on_asking_until_m_pesa_can_be_reached,
    a_prompt_that_a_restarted_shop_sends_counts_once,
    a_payment_that_m_pesa_never_speaks_of_is_shown_to_a_person,
    another_amount_told_later_is_shown_to_a_person_and_the_buyer_keeps_the_code,
    a_clock_set_back_an_hour_stops_neither_prompts_nor_the_end_of_a_hold,
    a_busy_phone_is_asked_again_after_a_minute_and_m_pesa_is_not_called_slow,
    a_prompt_that_was_refused_counts_against_nobody,
    a_form_that_is_none_is_answered_with_a_page,
}
