//! Money on the shop's number, told by M-PESA whoever had asked for it: a sale whose messages were
//! lost is found, the same money told twice is one payment, and all other money is a person's.

use crate::town::{Customer, Plan, Town};
use lango::{
    adapters::mpesa::Registered,
    ledger::{kernel::money::Cents, payment::account_reference},
    simulators::daraja::{C2bPhone, Registration, Rejected},
};
use serde_json::json;

const PAID: &str = "Paid. Here is your code";

/// A town whose owner has registered, with codes in stock.
async fn registered(codes: usize) -> Town {
    let mut town = Town::open().await;
    town.stock("daily", codes).await;
    assert_eq!(town.registers().await, Registered::Done);
    town
}

async fn prompted(town: &mut Town, phone: &str) -> Customer {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    buyer
}

/// The reference in the buyer's M-PESA message.
async fn reference(town: &Town, buyer: &Customer) -> String {
    account_reference(town.view_of(buyer).await.last_payment().unwrap().id)
}

async fn pays_by_hand(town: &Town, buyer: &Customer, kes: i64, reference: &str) {
    town.mpesa.pay_by_hand(buyer.phone.msisdn(), kes, reference).await.unwrap();
    town.settle().await;
}

/// How the last payment of a buyer was learnt.
async fn learnt(town: &Town, buyer: &Customer) -> Vec<String> {
    let id = town.purchase_of(buyer).await;
    let events = town.store().read().events_of(id).await.unwrap();
    let confirmed = events.iter().filter(|event| event.kind == "payment_confirmed");
    let data = confirmed.map(|event| serde_json::from_str::<serde_json::Value>(&event.data));
    data.map(|data| data.unwrap()["learnt"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_sale_whose_answer_and_callback_are_both_lost_is_found_by_c2b() {
    let mut town = registered(1).await;
    town.mpesa_will(|faults| {
        faults.lose_submit_response = true;
        faults.callback_never = true;
    });
    let mut njeri = prompted(&mut town, "0726 000 001").await;
    town.ends_in(&njeri, &["payment_submitted", "payment_submit_unknown"]).await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    njeri.reads(&town.mpesa.books()[0].receipt);
    assert_eq!(learnt(&town, &njeri).await, ["c2b"]);
    assert_eq!((njeri.prompts().len(), town.texts(&njeri).len()), (1, 1));
    assert_eq!(town.c2b_messages().await, [(1, "taken".into())]);
    town.close().await;
}

#[tokio::test]
async fn it_is_found_after_the_hold_is_over_and_nobody_was_told_anything() {
    let mut town = registered(1).await;
    town.mpesa_will(|faults| {
        (faults.lose_submit_response, faults.callback_never) = (true, true);
        faults.c2b.delay_seconds = 3_600;
    });
    let mut njeri = prompted(&mut town, "0726 000 002").await;
    town.pays(&njeri).await;
    town.passes(600).await;
    njeri.sees("Still checking with M-PESA").await;
    town.passes(3_600).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn the_same_money_told_by_callback_and_c2b_is_one_payment_in_either_order() {
    for (callback_seconds, c2b_seconds, first) in [(0, 9, "callback"), (9, 0, "c2b")] {
        let mut town = registered(2).await;
        town.mpesa_will(|faults| {
            faults.callback_delay_seconds = callback_seconds;
            faults.c2b.delay_seconds = c2b_seconds;
            (faults.duplicate_callback, faults.c2b.duplicate) = (1, 1);
        });
        let mut njeri = prompted(&mut town, "0726 000 003").await;
        town.pays(&njeri).await;
        njeri.sees(PAID).await;
        town.passes(10).await;
        njeri.sees(PAID).await;
        assert_eq!(learnt(&town, &njeri).await, [first]);
        for once in ["receipt_recorded", "receipt_applied", "purchase_fulfilled"] {
            assert_eq!(town.count(once).await, 1, "{once}, {first} first");
        }
        assert_eq!(town.texts(&njeri).len(), 1);
        assert_eq!(town.callbacks().await, [(2, "taken".into())]);
        assert_eq!(town.c2b_messages().await, [(2, "taken".into())]);
        assert!(town.exceptions().await.is_empty());
        town.close().await;
    }
}

#[tokio::test]
async fn told_by_both_at_the_same_moment_it_is_one_payment_too() {
    let mut town = registered(6).await;
    for number in 0..6 {
        let mut buyer = prompted(&mut town, &format!("0726 000 11{number}")).await;
        town.pays(&buyer).await;
        buyer.sees(PAID).await;
    }
    assert_eq!(
        (town.count("payment_confirmed").await, town.count("receipt_recorded").await),
        (6, 6)
    );
    town.close().await;
}

#[tokio::test]
async fn after_a_query_it_brings_the_receipt() {
    let mut town = registered(1).await;
    town.mpesa_will(|faults| {
        faults.callback_never = true;
        faults.c2b.delay_seconds = 60;
    });
    let mut njeri = prompted(&mut town, "0726 000 004").await;
    town.pays(&njeri).await;
    town.passes(30).await;
    njeri.sees(PAID).await;
    assert_eq!(town.count("receipt_recorded").await, 0);
    town.passes(40).await;
    assert_eq!(learnt(&town, &njeri).await, ["query"]);
    assert_eq!(town.count("payment_receipt_learnt").await, 1);
    njeri.sees(&town.mpesa.books()[0].receipt).await;
    town.close().await;
}

#[tokio::test]
async fn however_m_pesa_hides_the_payers_number_the_reference_tells() {
    let mut town = registered(6).await;
    town.mpesa_will(|faults| faults.callback_never = true);
    let shapes =
        [C2bPhone::Spaced, C2bPhone::Masked, C2bPhone::Short, C2bPhone::Hashed, C2bPhone::Plain];
    for (number, shape) in shapes.into_iter().enumerate() {
        town.mpesa_will(|faults| {
            faults.c2b.phone = Some(shape);
            faults.c2b.whole_amount = number % 2 == 0;
        });
        let mut buyer = prompted(&mut town, &format!("0726 000 10{number}")).await;
        town.pays(&buyer).await;
        buyer.sees(PAID).await;
        assert_eq!(learnt(&town, &buyer).await, ["c2b"], "{shape:?}");
    }
    town.close().await;
}

#[tokio::test]
async fn a_wrong_address_is_answered_like_any_other_and_leaves_no_trace() {
    let mut town = registered(1).await;
    let mut njeri = prompted(&mut town, "0726 000 005").await;
    let reference = reference(&town, &njeri).await;
    let forged = json!({
        "TransID": "UKM0FORGED", "TransAmount": "50.00", "BillRefNumber": reference,
        "TransTime": "20261122180500", "MSISDN": "2547 ***** 005",
    });
    let before = town.store().read().last_position().await.unwrap();
    let at = town.c2b_addresses();
    let secret = |url: &url::Url| url.path().rsplit('/').next().unwrap().to_owned();
    let (confirmation, validation) = (secret(&at.confirmation), secret(&at.validation));
    let unknown = town.posts(&town.url("/hooks/p/not-an-id/AAAA"), &forged.to_string()).await;
    assert_eq!(unknown.0, 404);
    let wrong = "0".repeat(32);
    for path in [
        format!("/hooks/c/confirmation/{wrong}"),
        format!("/hooks/c/validation/{wrong}"),
        // The secret of the question, which more people may have seen, is none of the statement.
        format!("/hooks/c/confirmation/{validation}"),
        format!("/hooks/c/validation/{confirmation}"),
        format!("/hooks/c/statement/{confirmation}"),
        format!("/hooks/c/confirmation/{}", confirmation.to_uppercase()),
    ] {
        let answer = town.posts(&town.url(&path), &forged.to_string()).await;
        assert_eq!(answer, unknown, "a forger learns nothing");
    }
    town.settle().await;
    assert_eq!(town.c2b_messages().await, []);
    assert_eq!(town.store().read().last_position().await.unwrap(), before);
    njeri.sees("Look at your phone").await;
    town.close().await;
}

#[tokio::test]
async fn garbage_at_the_right_address_is_kept_and_changes_nothing() {
    let town = registered(1).await;
    let confirmation = town.c2b_addresses().confirmation.to_string();
    let before = town.store().read().last_position().await.unwrap();
    let garbage = ["", "{}", "[1,2", "<html>", r#"{"TransID":"UKM0000001","TransAmount":"much"}"#];
    for bytes in garbage {
        assert_eq!(town.posts(&confirmation, bytes).await.0, 200);
    }
    town.settle().await;
    assert_eq!(town.c2b_messages().await, vec![(1, "ignored".to_owned()); garbage.len()]);
    assert_eq!(town.store().read().last_position().await.unwrap(), before);
    town.close().await;
}

#[tokio::test]
async fn money_that_names_nothing_of_ours_is_shown_to_a_person_with_its_amount() {
    let mut town = registered(1).await;
    let njeri = town.customer("Njeri", "0726 000 006");
    pays_by_hand(&town, &njeri, 70, "wifi ya leo").await;
    let shown = town.store().read().exceptions().await.unwrap();
    assert_eq!(town.exceptions().await, ["unmatched unknown_reference"]);
    assert_eq!(shown[0].amount_cents, Some(Cents(7_000)));
    assert_eq!(town.stock_of("daily").await, (1, 0), "no code by itself");
    assert!(town.texts(&njeri).is_empty());
    town.close().await;
}

#[tokio::test]
async fn another_amount_by_hand_is_a_persons_and_the_prompt_can_still_be_answered() {
    let mut town = registered(1).await;
    let mut njeri = prompted(&mut town, "0726 000 007").await;
    let named = reference(&town, &njeri).await;
    let otieno = town.customer("Otieno", "0726 000 107");
    pays_by_hand(&town, &otieno, 1, &named).await;
    assert_eq!(town.exceptions().await, ["unmatched wrong_amount"]);
    njeri.sees("Look at your phone").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    pays_by_hand(&town, &njeri, 50, &named).await;
    let both = ["unmatched wrong_amount", "unmatched paid_already"];
    assert_eq!(town.exceptions().await, both);
    assert_eq!(town.count("purchase_fulfilled").await, 1);
    town.close().await;
}

#[tokio::test]
async fn two_amounts_for_one_receipt_are_shown_to_a_person() {
    for c2b_first in [true, false] {
        let mut town = registered(1).await;
        town.callbacks_lie = true;
        town.mpesa_will(|faults| {
            faults.c2b.wrong_amount = Some(45);
            if c2b_first {
                faults.callback_delay_seconds = 9;
            } else {
                faults.c2b.delay_seconds = 9;
            }
        });
        let mut njeri = prompted(&mut town, "0726 000 008").await;
        town.pays(&njeri).await;
        let first: &[&str] = if c2b_first { &["unmatched wrong_amount"] } else { &[] };
        assert_eq!(town.exceptions().await, first);
        town.passes(10).await;
        assert_eq!(town.exceptions().await, ["disputed another_amount"]);
        njeri.sees(PAID).await;
        town.close().await;
    }
}

#[tokio::test]
async fn a_buyer_who_cancelled_and_pays_by_hand_with_that_reference_has_a_code() {
    let mut town = registered(1).await;
    let mut njeri = prompted(&mut town, "0726 000 009").await;
    njeri.cancels();
    town.settle().await;
    njeri.sees("You cancelled the payment").await;
    let named = reference(&town, &njeri).await;
    pays_by_hand(&town, &njeri, 50, &format!(" {} ", named.to_lowercase())).await;
    njeri.sees(PAID).await;
    assert_eq!(town.texts(&njeri).len(), 1);
    town.close().await;
}

#[tokio::test]
async fn a_tills_money_has_no_reference_and_waits_for_its_callback() {
    let mut town = Town::open_as(Plan { till: true, ..Plan::default() }).await;
    town.stock("daily", 2).await;
    assert_eq!(town.registers().await, Registered::Done);
    town.mpesa_will(|faults| faults.callback_delay_seconds = 9);
    let mut njeri = prompted(&mut town, "0726 000 010").await;
    town.pays(&njeri).await;
    assert_eq!(town.exceptions().await, ["unmatched unknown_reference"]);
    njeri.sees("Look at your phone").await;
    town.passes(10).await;
    njeri.sees(PAID).await;
    assert!(town.exceptions().await.is_empty(), "its payment is known now");
    assert_eq!(town.count("receipt_recorded").await, 1);
    // The buyer finds it by its number, though it was nobody's when it came.
    let receipt = town.mpesa.books()[0].receipt.clone();
    let purchase = town.store().purchase_of_receipt(&receipt).await.unwrap();
    assert_eq!(purchase, Some(town.purchase_of(&njeri).await));
    // Without a callback only a person can tell whose it was.
    town.mpesa_will(|faults| faults.callback_never = true);
    let mut otieno = prompted(&mut town, "0726 000 110").await;
    town.pays(&otieno).await;
    town.passes(60).await;
    otieno.sees(PAID).await;
    assert_eq!(town.exceptions().await, ["unmatched unknown_reference"]);
    town.close().await;
}

#[tokio::test]
async fn where_validation_is_on_every_question_is_answered_yes() {
    let mut town = registered(2).await;
    town.mpesa_will(|faults| faults.c2b.validation = true);
    let njeri = town.customer("Njeri", "0726 000 011");
    pays_by_hand(&town, &njeri, 50, "x").await;
    // A question is no statement: only the second message counts. Nobody waits for it to be kept.
    let undecided = |kept: &[(i64, String)]| kept.len() < 2 || kept.iter().any(|k| k.1.is_empty());
    while undecided(&town.c2b_messages().await) {
        town.settle().await;
    }
    let mut kept = town.c2b_messages().await;
    kept.sort();
    assert_eq!(kept, [(1, "ignored".into()), (1, "taken".into())]);
    assert_eq!(town.count("receipt_recorded").await, 1);
    town.close().await;
}

#[tokio::test]
async fn a_validation_that_takes_too_long_ends_as_it_was_registered() {
    let mut town = registered(1).await;
    town.mpesa_will(|faults| {
        (faults.c2b.validation, faults.c2b.validation_times_out) = (true, true);
    });
    let njeri = town.customer("Njeri", "0726 000 012");
    pays_by_hand(&town, &njeri, 50, "x").await;
    assert_eq!(town.exceptions().await, ["unmatched unknown_reference"], "Completed");
    let ours = town.mpesa.registration().unwrap();
    assert!(ours.completes, "we ask for money rather than for none");
    town.mpesa.set_registration(Some(Registration { completes: false, ..ours }));
    let rejected = town.mpesa.pay_by_hand(njeri.phone.msisdn(), 60, "x").await;
    assert_eq!(rejected, Err(Rejected { code: "timeout".into() }), "Cancelled");
    town.settle().await;
    assert_eq!(town.count("receipt_recorded").await, 1, "no money, and none recorded");
    town.close().await;
}

#[tokio::test]
async fn registering_twice_is_harmless_and_says_so() {
    let town = registered(1).await;
    let before = town.mpesa.registration();
    assert_eq!(town.registers().await, Registered::Already);
    assert_eq!(town.mpesa.registration(), before);
    let at = town.c2b_addresses();
    assert_eq!(at.banned_word(), None);
    assert_eq!(before.unwrap().confirmation, at.confirmation.as_str());
    town.close().await;
}

#[tokio::test]
async fn what_came_just_before_the_power_failed_is_decided_already() {
    let mut town = registered(1).await;
    town.mpesa_will(|faults| {
        (faults.lose_submit_response, faults.callback_never) = (true, true);
    });
    let mut njeri = prompted(&mut town, "0726 000 013").await;
    njeri.enters_pin();
    town.mpesa.idle().await;
    assert_eq!(town.c2b_messages().await, [(1, "taken".into())], "kept and decided in one commit");
    town.restart().await;
    town.settle().await;
    njeri.sees(PAID).await;
    town.close().await;
}

crate::on_postgres_too! {
    a_sale_whose_answer_and_callback_are_both_lost_is_found_by_c2b,
    it_is_found_after_the_hold_is_over_and_nobody_was_told_anything,
    the_same_money_told_by_callback_and_c2b_is_one_payment_in_either_order,
    told_by_both_at_the_same_moment_it_is_one_payment_too,
    after_a_query_it_brings_the_receipt,
    however_m_pesa_hides_the_payers_number_the_reference_tells,
    a_wrong_address_is_answered_like_any_other_and_leaves_no_trace,
    garbage_at_the_right_address_is_kept_and_changes_nothing,
    money_that_names_nothing_of_ours_is_shown_to_a_person_with_its_amount,
    another_amount_by_hand_is_a_persons_and_the_prompt_can_still_be_answered,
    two_amounts_for_one_receipt_are_shown_to_a_person,
    a_buyer_who_cancelled_and_pays_by_hand_with_that_reference_has_a_code,
    a_tills_money_has_no_reference_and_waits_for_its_callback,
    where_validation_is_on_every_question_is_answered_yes,
    a_validation_that_takes_too_long_ends_as_it_was_registered,
    registering_twice_is_harmless_and_says_so,
    what_came_just_before_the_power_failed_is_decided_already,
}
