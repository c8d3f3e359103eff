//! The owner's desk at the command line: money that needs a person is found, given its place, and
//! the books follow.

use crate::{
    cli::Place,
    town::{Customer, MASTER, Plan, Town},
};
use lango::{
    ledger::{
        kernel::{chain::hex, money::Cents},
        refusal::Refusal,
        settlement::Settlement,
    },
    services::money::{MoneyError, ReceiptFound},
    store::{CommandError, Param},
};
use std::fs;

const PAID: &str = "Paid. Here is your code";

async fn till(codes: usize) -> Town {
    let mut town = Town::open_as(Plan { till: true, ..Plan::default() }).await;
    town.stock("daily", codes).await;
    town.registers().await;
    town
}

async fn asks(town: &mut Town, phone: &str) -> Customer {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    buyer
}

/// The receipt of the latest money.
fn receipt(town: &Town) -> String {
    town.mpesa.books().last().unwrap().receipt.clone()
}

async fn balance(town: &Town, account: &str) -> i64 {
    let head = town.store().read().last_position().await.unwrap();
    let mut past = town.store().read().past(&["journal"], head).await.unwrap();
    let always = [i64::MIN, i64::MAX].map(Param::from).into();
    let accounts = past.ask("journal", "trial_balance", always).await.unwrap();
    let of = accounts.iter().filter(|row| row["account"] == account);
    of.map(|row| row["balance_cents"].as_i64().unwrap()).sum()
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, MoneyError>) -> Refusal {
    match outcome {
        Err(MoneyError::Command(CommandError::Refused(refusal))) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_tills_money_is_in_the_books_once_as_soon_as_it_is_matched() {
    let mut town = till(1).await;
    town.mpesa_will(|faults| faults.callback_never = true);
    let mut njeri = asks(&mut town, "0728 000 001").await;
    town.pays(&njeri).await;
    town.passes(60).await;
    njeri.sees(PAID).await;
    assert_eq!(balance(&town, "Assets:Mpesa").await, 10_000, "told twice, without a name");
    let receipt = receipt(&town);
    let sale = town.purchase_of(&njeri).await.to_string();
    let found = ReceiptFound { number: &receipt, sale: &sale, amount: None };
    town.acting().match_receipt(found).await.unwrap();
    town.settle().await;
    assert_eq!(balance(&town, "Assets:Mpesa").await, 5_000);
    assert!(town.exceptions().await.is_empty());
    njeri.sees(&receipt).await;
    let again = town.acting().match_receipt(found).await;
    assert_eq!(refused(again), Refusal::NothingNew);
    town.close().await;
}

#[tokio::test]
async fn who_paid_by_hand_gets_the_code_when_the_owner_says_whose_money_it_is() {
    let mut town = till(1).await;
    let mut njeri = asks(&mut town, "0728 000 002").await;
    njeri.cancels();
    town.passes(30).await;
    njeri.does_not_see(PAID).await;
    town.mpesa.pay_till("254728000002", 50).await.unwrap();
    town.settle().await;
    assert_eq!(town.exceptions().await, ["unmatched unknown_reference"]);
    let receipt = receipt(&town);
    let found = ReceiptFound { number: &receipt, sale: "0728000002", amount: None };
    let wrong = ReceiptFound { amount: Some(Cents(4_000)), ..found };
    let other = town.acting().match_receipt(wrong).await;
    assert_eq!(refused(other), Refusal::AmountDiffers);
    town.acting().match_receipt(found).await.unwrap();
    town.settle().await;
    njeri.sees(PAID).await;
    assert_eq!(town.texts(&njeri).len(), 1);
    assert!(town.exceptions().await.is_empty());
    town.close().await;
}

#[tokio::test]
async fn what_is_promised_back_stays_on_the_list_until_it_is_back() {
    let town = till(1).await;
    town.mpesa.pay_till("254728000003", 70).await.unwrap();
    town.settle().await;
    let receipt = receipt(&town);
    let acting = town.acting();
    let settle = |how| acting.settle(&receipt, how);
    settle(Settlement::RefundPromised).await.unwrap();
    town.settle().await;
    assert_eq!(town.exceptions().await, ["refund_due unmatched"]);
    assert_eq!(balance(&town, "Liabilities:Refunds").await, -7_000);
    assert_eq!(refused(settle(Settlement::ServedByHand).await), Refusal::NotDue);
    settle(Settlement::RefundedMpesa).await.unwrap();
    town.settle().await;
    assert!(town.exceptions().await.is_empty());
    for account in ["Liabilities:Refunds", "Liabilities:Unmatched", "Assets:Mpesa"] {
        assert_eq!(balance(&town, account).await, 0, "{account}");
    }
    let gone = settle(Settlement::RefundedMpesa).await;
    assert!(matches!(gone, Err(MoneyError::NoLine(_))), "{gone:?}");
    town.close().await;
}

#[tokio::test]
async fn who_is_owed_a_code_and_takes_the_money_back_gets_none_later() {
    let mut town = till(1).await;
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(7_200));
    let mut late = asks(&mut town, "0728 000 004").await;
    town.passes(305).await;
    let quick = asks(&mut town, "0728 000 005").await;
    town.pays(&quick).await;
    town.pays(&late).await;
    late.sees("Paid. We owe you a code").await;
    town.acting().settle("0728000004", Settlement::RefundedCash).await.unwrap();
    town.stock("daily", 1).await;
    town.settle().await;
    late.sees("The owner gave your KSh 50 back in cash.").await;
    assert_eq!(town.stock_of("daily").await, (1, 0), "the code is for somebody else");
    assert_eq!(balance(&town, "Assets:Cash").await, -5_000);
    assert!(town.exceptions().await.is_empty());
    town.close().await;
}

#[tokio::test]
async fn the_desk_at_the_command_line() {
    let town = till(1).await;
    town.mpesa.pay_till("254728000006", 70).await.unwrap();
    town.settle().await;
    let receipt = receipt(&town);
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger());
    fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    let list = place.good(&["money", "list"]);
    assert!(list.contains("unmatched") && list.contains("KSh 70") && list.contains(&receipt));
    let json = place.json(&["money", "list", "--json"]);
    assert_eq!(json[0]["amount_cents"], 7_000);
    let said = place.bad(1, &["money", "settle", "TJK4ABC9XY", "--by", "cash"]);
    assert!(said.contains("nothing on the list matches TJK4ABC9XY"), "{said}");
    let said = place.bad(1, &["money", "match", &receipt, "0711000000"]);
    assert!(said.contains("0 sales match 0711000000"), "{said}");
    place.bad(2, &["money", "charges", "2026-13", "10"]);
    place.bad(2, &["money", "charges", "2026-11", "-10"]);
    let said = place.good(&["money", "settle", &receipt.to_lowercase(), "--by", "hand"]);
    assert_eq!(said, format!("KSh 70 of receipt {receipt}: served by hand.\n"));
    assert_eq!(place.good(&["money", "list"]), "Nothing needs you.\n");
    place.good(&["money", "charges", "2026-11", "23.50"]);
    let said = place.bad(1, &["money", "charges", "2026-11", "23.50"]);
    assert!(said.contains("nothing to change: already set"), "{said}");
    place.good(&["money", "charges", "2026-11", "20"]);
    let journal = place.good(&["audit", "journal", "--format", "hledger"]);
    for entry in ["Served by hand", "Charges by statement", "Expenses:Charges", "KES -3.50"] {
        assert!(journal.contains(entry), "{entry}: {journal}");
    }
    town.close().await;
}

crate::on_postgres_too! {
    a_tills_money_is_in_the_books_once_as_soon_as_it_is_matched,
    who_paid_by_hand_gets_the_code_when_the_owner_says_whose_money_it_is,
    what_is_promised_back_stays_on_the_list_until_it_is_back,
    who_is_owed_a_code_and_takes_the_money_back_gets_none_later,
    the_desk_at_the_command_line,
}
