//! Answers that are lost, and money that moves all the same: it is found, or it stands in the list
//! for a person, and no page says meanwhile that nothing was paid.

use crate::town::{Customer, Plan, Town};
use lango::{
    ledger::{kernel::money::Cents, payment::account_reference},
    services::money::{self, ReceiptFound},
    simulators::daraja::Prompt,
};
use serde_json::json;

const PAID: &str = "Paid. Here is your code";
const NOTHING_PAID: &str = "Nothing has been paid.";

/// M-PESA pays after all, when nobody is there to hear it.
async fn pays_while_the_shop_is_down(town: &mut Town, prompt: u64) {
    town.stop().await;
    town.mpesa.enter_pin(prompt).unwrap();
    town.mpesa.idle().await;
    town.start().await;
}

async fn asks(town: &mut Town, phone: &str) -> Customer {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    buyer
}

/// What *Already paid?* says of a number.
async fn looks_for_the_sale(buyer: &mut Customer, phone: &str) {
    let form = vec![("phone".to_owned(), phone.to_owned())];
    buyer.goes(reqwest::Method::POST, "/s/mtaa/paid", &form).await;
}

#[tokio::test]
async fn a_decline_tells_the_names_that_a_lost_answer_did_not() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.lose_submit_response = true;
        faults.success_after_timeout = true;
    });
    let mut njeri = asks(&mut town, "0733 000 001").await;
    let prompt = njeri.prompt();
    town.passes(75).await;
    njeri.sees("Your phone did not answer in time").await;
    njeri.reads(NOTHING_PAID);
    pays_while_the_shop_is_down(&mut town, prompt).await;
    town.passes(600).await;
    njeri.sees(PAID).await;
    assert_eq!((njeri.prompts().len(), town.texts(&njeri).len()), (1, 1));
    town.close().await;
}

#[tokio::test]
async fn so_it_does_where_the_process_that_called_was_killed() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| (faults.hang, faults.success_after_timeout) = (true, true));
    let mut njeri = town.customer("Njeri", "0733 000 002");
    njeri.chooses("daily").await;
    let submitting = tokio::spawn(town.shop().settling());
    let prompt = town.mpesa.wait_for_prompt(njeri.phone.msisdn()).await.id;
    town.stop().await;
    submitting.await.unwrap_err();
    town.mpesa_will(|faults| faults.hang = false);
    town.start().await;
    town.mpesa.ignore(prompt).unwrap();
    town.passes(150).await;
    njeri.sees("Your phone did not answer in time").await;
    pays_while_the_shop_is_down(&mut town, prompt).await;
    town.passes(600).await;
    njeri.sees(PAID).await;
    assert_eq!(njeri.prompts().len(), 1);
    town.close().await;
}

#[tokio::test]
async fn a_callback_that_says_nothing_tells_the_names_all_the_same() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| (faults.lose_submit_response, faults.callback_never) = (true, true));
    let mut njeri = asks(&mut town, "0733 000 003").await;
    town.ends_in(&njeri, &["payment_submitted", "payment_submit_unknown"]).await;
    let prompt = njeri.prompts().pop().unwrap();
    town.posts(&prompt.callback_url, &said(&prompt, "9998")).await;
    town.settle().await;
    assert_eq!(town.callbacks().await, [(1, "ignored".into())]);
    njeri.enters_pin();
    town.passes(60).await;
    njeri.sees(PAID).await;
    town.close().await;
}

fn said(prompt: &Prompt, code: &str) -> String {
    let callback = json!({
        "MerchantRequestID": prompt.merchant_request_id,
        "CheckoutRequestID": prompt.checkout_request_id,
        "ResultCode": code,
        "ResultDesc": "?",
    });
    json!({"Body": {"stkCallback": callback}}).to_string()
}

#[tokio::test]
async fn a_decline_after_the_last_question_is_asked_about_once_more() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.lose_submit_response = true;
        faults.success_after_timeout = true;
        faults.callback_delay_seconds = 3_600;
    });
    let mut njeri = asks(&mut town, "0733 000 004").await;
    let prompt = njeri.prompt();
    town.passes(1_900).await;
    town.ends_in(&njeri, &["voucher_released", "payment_inquiry_ended"]).await;
    assert_eq!(town.exceptions().await, ["unresolved -"], "nobody can be asked");
    njeri.sees("M-PESA has not answered").await;
    town.passes(3_600).await;
    town.ends_in(&njeri, &["payment_inquiry_resumed", "payment_declined"]).await;
    assert!(town.exceptions().await.is_empty());
    njeri.sees(NOTHING_PAID).await;
    town.mpesa_will(|faults| faults.callback_never = true);
    pays_while_the_shop_is_down(&mut town, prompt).await;
    town.passes(2 * 3_600).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn without_callbacks_and_names_it_stands_in_the_list_by_its_account() {
    let mut town = Town::open_as(Plan { callbacks: false, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.lose_submit_response = true);
    let mut njeri = asks(&mut town, "0733 000 005").await;
    njeri.enters_pin();
    let receipt = town.mpesa.books()[0].receipt.clone();
    town.passes(320).await;
    njeri.sees("Still checking with M-PESA").await;
    let page = njeri.page.path.clone();
    looks_for_the_sale(&mut njeri, "0733000005").await;
    njeri.reads("waiting for M-PESA");
    town.passes(1_600).await;
    assert_eq!(town.exceptions().await, ["unresolved -"]);
    let account = account_reference(town.view_of(&njeri).await.last_payment().unwrap().id);
    let lines = money::lines(town.store()).await.unwrap();
    assert_eq!(lines[0].account.as_deref(), Some(account.as_str()), "as the statement has it");
    njeri.opens(&page).await;
    njeri.reads("M-PESA has not answered");
    njeri.reads(&account);
    njeri.opens(&format!("{page}?lang=sw")).await;
    njeri.reads("M-PESA haijajibu");
    looks_for_the_sale(&mut njeri, "0733000005").await;
    njeri.reads("tunasubiri M-PESA");
    let (number, sale, amount) = (receipt.as_str(), "0733000005", Some(Cents(5_000)));
    town.acting().match_receipt(ReceiptFound { number, sale, amount }).await.unwrap();
    town.settle().await;
    assert!(town.exceptions().await.is_empty());
    njeri.opens(&format!("{page}?lang=en")).await;
    njeri.reads(PAID);
    town.close().await;
}

#[tokio::test]
async fn without_callbacks_a_statement_without_the_money_lets_the_page_say_so() {
    let mut town = Town::open_as(Plan { callbacks: false, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.lose_submit_response = true);
    let mut njeri = asks(&mut town, "0733 000 006").await;
    town.passes(1_900).await;
    njeri.does_not_see(NOTHING_PAID).await;
    town.acting().unpaid("0733000006").await.unwrap();
    town.settle().await;
    njeri.sees(NOTHING_PAID).await;
    town.passes(86_400).await;
    assert!(town.exceptions().await.is_empty());
    town.close().await;
}

#[tokio::test]
async fn after_a_decline_money_under_other_names_is_a_persons_and_the_page_does_not_deny_it() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = asks(&mut town, "0733 000 007").await;
    let prompt = njeri.prompts().pop().unwrap();
    njeri.cancels();
    town.settle().await;
    njeri.sees(NOTHING_PAID).await;
    let other = Prompt { checkout_request_id: "ws_CO_1".into(), ..prompt.clone() };
    town.posts(&prompt.callback_url, &said(&other, "0")).await;
    town.settle().await;
    assert_eq!(town.exceptions().await, ["disputed names_differ"]);
    njeri.does_not_see(NOTHING_PAID).await;
    njeri.reads("Still checking with M-PESA");
    town.acting().settle_dispute("0733000007").await.unwrap();
    njeri.sees(NOTHING_PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_decline_that_a_query_brings_after_the_hold_is_told() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.callback_never = true;
        faults.prompt_lives_seconds = Some(1_000);
    });
    let mut njeri = asks(&mut town, "0733 000 008").await;
    town.passes(400).await;
    njeri.sees("Still checking with M-PESA").await;
    town.passes(7_300).await;
    njeri.sees(NOTHING_PAID).await;
    town.close().await;
}

crate::on_postgres_too! {
    a_decline_tells_the_names_that_a_lost_answer_did_not,
    so_it_does_where_the_process_that_called_was_killed,
    a_callback_that_says_nothing_tells_the_names_all_the_same,
    a_decline_after_the_last_question_is_asked_about_once_more,
    without_callbacks_and_names_it_stands_in_the_list_by_its_account,
    without_callbacks_a_statement_without_the_money_lets_the_page_say_so,
    after_a_decline_money_under_other_names_is_a_persons_and_the_page_does_not_deny_it,
    a_decline_that_a_query_brings_after_the_hold_is_told,
}
