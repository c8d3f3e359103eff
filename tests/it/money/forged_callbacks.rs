//! What forgers, replays and nonsense at the callbacks' addresses come to.

use crate::town::{Customer, Town};
use lango::simulators::daraja::{Prompt, Throttle};
use serde_json::json;

/// A made-up proof number of the right form.
const FORGED: &str = "UKM0FORGED";

fn success(prompt: &Prompt, receipt: &str) -> String {
    body(&prompt.merchant_request_id, &prompt.checkout_request_id, receipt)
}

fn body(merchant: &str, checkout: &str, receipt: &str) -> String {
    let items = json!([
        {"Name": "Amount", "Value": 50},
        {"Name": "MpesaReceiptNumber", "Value": receipt},
        {"Name": "TransactionDate", "Value": 20_261_122_180_500_u64},
    ]);
    let callback = json!({
        "MerchantRequestID": merchant,
        "CheckoutRequestID": checkout,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": items},
    });
    json!({"Body": {"stkCallback": callback}}).to_string()
}

async fn waiting(town: &mut Town, phone: &str) -> (Customer, Prompt) {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    let prompt = buyer.prompts().pop().unwrap();
    (buyer, prompt)
}

#[tokio::test]
async fn a_wrong_secret_is_answered_like_an_unknown_payment_and_leaves_no_trace() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let (mut njeri, prompt) = waiting(&mut town, "0713 000 001").await;
    let body = success(&prompt, FORGED);
    let before = town.store().read().last_position().await.unwrap();
    let (known, secret) = prompt.callback_url.rsplit_once('/').unwrap();
    let (hooks, _) = known.rsplit_once('/').unwrap();
    let nobody = uuid::Uuid::from_u128(7).simple();
    let guessed = town.posts(&format!("{known}/AAAAAAAAAAAAAAAAAAAAAA"), &body).await;
    let unknown = town.posts(&format!("{hooks}/{nobody}/{secret}"), &body).await;
    let absurd = town.posts(&format!("{hooks}/not-an-id/{secret}"), &body).await;
    assert_eq!(guessed.0, 404);
    assert_eq!((&guessed, &guessed), (&unknown, &absurd), "a forger learns nothing");
    town.settle().await;
    assert_eq!(town.callbacks().await, []);
    assert_eq!(town.store().read().last_position().await.unwrap(), before);
    njeri.sees("Look at your phone").await;
    town.close().await;
}

#[tokio::test]
async fn money_under_the_names_of_another_attempt_sells_nothing_and_is_shown_to_a_person() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let (mut njeri, prompt) = waiting(&mut town, "0713 000 002").await;
    let mut forged = prompt.clone();
    forged.checkout_request_id.push('1');
    let answer = town.posts(&prompt.callback_url, &success(&forged, FORGED)).await;
    assert_eq!(answer.0, 200, "it was committed");
    town.settle().await;
    assert_eq!(town.callbacks().await, [(1, "taken".into())]);
    assert_eq!(town.exceptions().await, ["disputed names_differ"]);
    njeri.sees("Look at your phone").await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    town.close().await;
}

#[tokio::test]
async fn garbage_at_the_right_address_is_kept_and_changes_nothing() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let (mut njeri, prompt) = waiting(&mut town, "0713 000 003").await;
    let before = town.store().read().last_position().await.unwrap();
    let half = success(&prompt, FORGED);
    let garbage = ["", "{}", "[1,2", "\u{0}\u{1}", "<html>", &half[..half.len() / 2]];
    for bytes in garbage {
        assert_eq!(town.posts(&prompt.callback_url, bytes).await.0, 200);
    }
    town.settle().await;
    assert_eq!(town.callbacks().await, vec![(1, "ignored".to_owned()); garbage.len()]);
    assert_eq!(town.store().read().last_position().await.unwrap(), before);
    njeri.sees("Look at your phone").await;
    town.close().await;
}

#[tokio::test]
async fn a_body_without_end_is_refused_unread() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let (_, prompt) = waiting(&mut town, "0713 000 004").await;
    let answer = town.posts(&prompt.callback_url, &"x".repeat(200_000)).await;
    assert_eq!(answer.0, 413);
    assert_eq!(town.callbacks().await, []);
    town.close().await;
}

#[tokio::test]
async fn a_code_nobody_knows_is_never_taken_for_a_failure() {
    for code in ["9998", "S99_NEW", "-1"] {
        let mut town = Town::open().await;
        town.stock("daily", 1).await;
        town.mpesa_will(|faults| faults.forced_result = Some(code.into()));
        let (mut njeri, _) = waiting(&mut town, "0713 000 005").await;
        town.pays(&njeri).await;
        town.passes(120).await;
        njeri.does_not_see("Nothing has been paid.").await;
        town.passes(200).await;
        njeri.sees("Still checking with M-PESA").await;
        assert_eq!(town.count("payment_declined").await, 0, "{code}");
        assert_eq!(town.callbacks().await, [(1, "ignored".into())], "{code}");
        assert_eq!(town.stock_of("daily").await, (1, 0), "the hold is over all the same");
        town.close().await;
    }
}

#[tokio::test]
async fn a_callback_for_a_payment_not_yet_asked_for_sells_nothing_and_is_shown_to_a_person() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.callbacks_lie = true;
    town.mpesa_will(|faults| faults.throttle = Some(Throttle::SystemBusy));
    let mut njeri = town.customer("Njeri", "0713 000 006");
    town.asks(&mut njeri, "daily").await;
    town.mpesa_will(|faults| faults.throttle = None);
    let payment = town.view_of(&njeri).await.payments[1].id;
    let secret = town.store().vault().hook_secret(payment);
    let address = town.url(&format!("/hooks/p/{payment}/{secret}"));
    // M-PESA was busy, and is asked again in a while.
    let forged = body("0000-1-1", "ws_CO_2211202618000000713000009", FORGED);
    assert_eq!(town.posts(&address, &forged).await.0, 200);
    town.settle().await;
    assert_eq!(town.count("payment_confirmed").await, 0);
    assert_eq!(town.count("purchase_fulfilled").await, 0);
    assert_eq!(town.exceptions().await, ["unmatched not_asked"]);
    town.passes(25).await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    town.close().await;
}

#[tokio::test]
async fn the_receipt_of_another_payment_is_disputed_and_gives_no_code() {
    let mut town = Town::open().await;
    town.stock("daily", 3).await;
    let (mut njeri, _) = waiting(&mut town, "0713 000 007").await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    let used = town.mpesa.books()[0].receipt.clone();
    let (mut otieno, prompt) = waiting(&mut town, "0713 000 008").await;
    assert_eq!(town.posts(&prompt.callback_url, &success(&prompt, &used)).await.0, 200);
    town.settle().await;
    town.ends_in(&otieno, &["payment_disputed"]).await;
    assert_eq!(town.count("purchase_fulfilled").await, 1);
    assert!(town.texts(&otieno).is_empty());
    // His own money counts all the same.
    town.pays(&otieno).await;
    otieno.sees("Paid. Here is your code").await;
    town.close().await;
}

crate::on_postgres_too! {
    a_wrong_secret_is_answered_like_an_unknown_payment_and_leaves_no_trace,
    money_under_the_names_of_another_attempt_sells_nothing_and_is_shown_to_a_person,
    garbage_at_the_right_address_is_kept_and_changes_nothing,
    a_body_without_end_is_refused_unread,
    a_code_nobody_knows_is_never_taken_for_a_failure,
    a_callback_for_a_payment_not_yet_asked_for_sells_nothing_and_is_shown_to_a_person,
    the_receipt_of_another_payment_is_disputed_and_gives_no_code,
}
