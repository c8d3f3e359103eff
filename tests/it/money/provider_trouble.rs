//! M-PESA in trouble: lost answers, firewalls, throttles, spoilt tokens. Unknown is never failed,
//! and nobody is asked twice for one attempt.

use crate::town::{Plan, Town};
use lango::simulators::daraja::{Edge, InFlight, Throttle, TokenForm};
use std::time::Duration;

const PAID: &str = "Paid. Here is your code";

#[tokio::test]
async fn a_lost_answer_to_the_submit_is_found_again_by_its_callback() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.lose_submit_response = true);
    let mut njeri = town.customer("Njeri", "0715 000 001");
    town.asks(&mut njeri, "daily").await;
    town.ends_in(&njeri, &["payment_submitted", "payment_submit_unknown"]).await;
    njeri.sees("M-PESA is slow. Do not pay again.").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    assert_eq!(njeri.prompts().len(), 1);
    town.close().await;
}

#[tokio::test]
async fn a_lost_answer_without_a_callback_frees_the_code_and_is_never_called_failed() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.lose_submit_response = true;
        faults.callback_never = true;
    });
    let mut njeri = town.customer("Njeri", "0715 000 002");
    town.asks(&mut njeri, "daily").await;
    for _ in 0..6 {
        njeri.does_not_see("Nothing has been paid.").await;
        town.passes(51).await;
    }
    njeri.sees("Still checking with M-PESA").await;
    town.ends_in(&njeri, &["purchase_expired", "voucher_released"]).await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    assert_eq!(njeri.prompts().len(), 1, "never asked again blindly");
    assert_eq!(town.count("payment_declined").await, 0);
    town.close().await;
}

#[tokio::test]
async fn the_firewalls_page_is_no_answer_whatever_its_status() {
    for edge in [Edge::Forbidden, Edge::Unavailable, Edge::Ok] {
        let mut town = Town::open().await;
        town.stock("daily", 1).await;
        // The token is there before the firewall wakes up.
        let mut first = town.customer("First", "0715 000 103");
        town.asks(&mut first, "daily").await;
        first.cancels();
        town.settle().await;
        town.mpesa_will(|faults| faults.edge = Some(edge));
        let mut njeri = town.customer("Njeri", "0715 000 003");
        town.asks(&mut njeri, "daily").await;
        town.ends_in(&njeri, &["payment_submit_unknown"]).await;
        njeri.sees("M-PESA is slow. Do not pay again.").await;
        town.mpesa_will(|faults| faults.edge = None);
        town.passes(305).await;
        njeri.sees("Still checking with M-PESA").await;
        assert!(njeri.prompts().is_empty(), "not asked a second time");
        town.close().await;
    }
}

#[tokio::test]
async fn a_busy_m_pesa_is_asked_again_a_little_later() {
    for throttle in [Throttle::SpikeArrest, Throttle::Quota, Throttle::SystemBusy] {
        let mut town = Town::open().await;
        town.stock("daily", 1).await;
        town.mpesa_will(|faults| faults.throttle = Some(throttle));
        let mut njeri = town.customer("Njeri", "0715 000 004");
        town.asks(&mut njeri, "daily").await;
        town.ends_in(&njeri, &["payment_refused", "payment_requested"]).await;
        njeri.sees("M-PESA is slow. Do not pay again.").await;
        let mut otieno = town.customer("Otieno", "0715 000 104");
        otieno.opens_the_shop().await;
        otieno.reads("M-PESA is slow right now.");
        town.mpesa_will(|faults| faults.throttle = None);
        town.passes(20).await;
        assert_eq!(njeri.prompts().len(), 1);
        town.pays(&njeri).await;
        njeri.sees(PAID).await;
        town.close().await;
    }
}

#[tokio::test]
async fn an_m_pesa_that_stays_busy_is_given_up_and_nothing_was_shown() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.throttle = Some(Throttle::SystemBusy));
    let mut njeri = town.customer("Njeri", "0715 000 005");
    town.asks(&mut njeri, "daily").await;
    town.passes(120).await;
    assert_eq!(town.count("payment_refused").await, 3);
    njeri.sees("M-PESA cannot be reached right now").await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    assert!(njeri.prompts().is_empty());
    town.close().await;
}

#[tokio::test]
async fn a_token_that_goes_bad_midway_is_renewed_without_a_second_prompt() {
    let forms = [TokenForm::NotFound, TokenForm::BadRequest, TokenForm::Echo];
    for form in forms.into_iter().chain([TokenForm::Unauthorized]) {
        let mut town = Town::open().await;
        town.stock("daily", 1).await;
        town.mpesa_will(|faults| {
            faults.invalid_token_next = 1;
            faults.invalid_token_form = Some(form);
        });
        let mut njeri = town.customer("Njeri", "0715 000 006");
        town.asks(&mut njeri, "daily").await;
        assert_eq!((njeri.prompts().len(), town.mpesa.tokens_issued()), (1, 2), "{form:?}");
        town.pays(&njeri).await;
        njeri.sees(PAID).await;
        town.close().await;
    }
}

#[tokio::test]
async fn keys_that_m_pesa_does_not_know_are_the_owners_affair_not_the_buyers() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.oauth_empty_400 = true);
    let mut njeri = town.customer("Njeri", "0715 000 007");
    town.asks(&mut njeri, "daily").await;
    town.passes(120).await;
    njeri.sees("Payment is not working here right now").await;
    njeri.reads("It is not your fault.");
    assert_eq!(town.stock_of("daily").await, (1, 0));
    town.close().await;
}

#[tokio::test]
async fn a_call_that_hangs_never_slows_a_page() {
    let mut town = Town::open_as(Plan { patience_ms: 4_000, ..Plan::default() }).await;
    town.stock("daily", 2).await;
    town.mpesa_will(|faults| faults.hang = true);
    let mut njeri = town.customer("Njeri", "0715 000 008");
    njeri.chooses("daily").await;
    let submitting = tokio::spawn(town.shop().settling());
    town.mpesa.wait_for_prompt(njeri.phone.msisdn()).await;
    let mut otieno = town.customer("Otieno", "0715 000 108");
    let pages = async {
        njeri.sees("Look at your phone").await;
        otieno.chooses("daily").await;
        otieno.reads("Look at your phone");
    };
    tokio::time::timeout(Duration::from_secs(2), pages).await.expect("pages wait for nobody");
    assert!(!submitting.is_finished(), "the call hangs all the while");
    town.mpesa_will(|faults| faults.hang = false);
    submitting.await.unwrap();
    town.settle().await;
    town.pays(&otieno).await;
    town.pays(&njeri).await;
    otieno.sees(PAID).await;
    njeri.sees(PAID).await;
    assert_eq!((njeri.prompts().len(), otieno.prompts().len()), (1, 1));
    town.close().await;
}

#[tokio::test]
async fn whatever_queries_say_meanwhile_the_buyer_is_told_to_look_at_the_phone() {
    for in_flight in
        [InFlight::StillProcessing, InFlight::BeingProcessed, InFlight::Empty, InFlight::Mix]
    {
        let mut town = Town::open_as(Plan { callbacks: false, ..Plan::default() }).await;
        town.stock("daily", 1).await;
        town.mpesa_will(|faults| faults.in_flight = in_flight);
        let mut njeri = town.customer("Njeri", "0715 000 011");
        town.asks(&mut njeri, "daily").await;
        town.passes(40).await;
        njeri.sees("Look at your phone").await;
        town.pays(&njeri).await;
        town.passes(10).await;
        njeri.sees(PAID).await;
        assert_eq!(town.count("payment_declined").await, 0, "{in_flight:?}");
        town.close().await;
    }
}

#[tokio::test]
async fn two_instances_share_one_token_because_each_new_one_kills_the_old() {
    let mut town = Town::open().await;
    town.stock("daily", 4).await;
    town.mpesa_will(|faults| faults.new_token_kills_old = true);
    let other = town.second_instance().await;
    for number in 0..4 {
        let mut buyer = town.customer("Buyer", &format!("0715 000 12{number}"));
        buyer.chooses("daily").await;
        let asks = if number % 2 == 0 { town.shop() } else { &other };
        town.settle_with(&[asks]).await;
        assert_eq!(buyer.prompts().len(), 1, "prompted once, whoever asks");
        buyer.enters_pin();
        town.settle_with(&[town.shop(), &other]).await;
        buyer.sees(PAID).await;
    }
    assert_eq!(town.mpesa.tokens_issued(), 1);
    other.die().await;
    town.close().await;
}

#[tokio::test]
async fn an_m_pesa_that_is_only_slow_sells_as_always() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.slow_ms = 300;
        faults.expires_in_as_number = true;
    });
    let mut njeri = town.customer("Njeri", "0715 000 013");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    town.close().await;
}

crate::on_postgres_too! {
    a_lost_answer_to_the_submit_is_found_again_by_its_callback,
    a_lost_answer_without_a_callback_frees_the_code_and_is_never_called_failed,
    the_firewalls_page_is_no_answer_whatever_its_status,
    a_busy_m_pesa_is_asked_again_a_little_later,
    an_m_pesa_that_stays_busy_is_given_up_and_nothing_was_shown,
    a_token_that_goes_bad_midway_is_renewed_without_a_second_prompt,
    keys_that_m_pesa_does_not_know_are_the_owners_affair_not_the_buyers,
    a_call_that_hangs_never_slows_a_page,
    whatever_queries_say_meanwhile_the_buyer_is_told_to_look_at_the_phone,
    two_instances_share_one_token_because_each_new_one_kills_the_old,
    an_m_pesa_that_is_only_slow_sells_as_always,
}
