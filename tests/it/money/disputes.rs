//! A cashier's afternoon: "I paid and got nothing" is answered, and mended where it can be.

use crate::town::{Clerk, Customer, Plan, Town};
use lango::ledger::staff::Role;
use reqwest::StatusCode;

const PAID: &str = "Paid. Here is your code";

async fn bought(town: &mut Town, phone: &str) -> Customer {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    town.pays(&buyer).await;
    town.passes(30).await;
    buyer.sees(PAID).await;
    buyer
}

async fn cashier(town: &mut Town) -> Clerk {
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    cashier.signs_in().await;
    cashier
}

#[tokio::test]
async fn a_sale_is_found_by_whatever_the_buyer_has_in_hand() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 2).await;
    let njeri = bought(&mut town, "0728 100 001").await;
    let mut cashier = cashier(&mut town).await;
    let sale = format!("/admin/sales/{}", town.purchase_of(&njeri).await);
    let receipt = town.mpesa.books().last().unwrap().receipt.clone();
    let reference = sale[sale.len() - 8..].to_uppercase();
    let code = njeri.code().unwrap();
    assert!(codes.contains(&code));
    let last_four = &code[4..];
    for text in ["0728100001", "+254 728 100 001", &receipt, &reference, last_four, "50 18:00"] {
        let query = text.replace('+', "%2B").replace(' ', "%20");
        cashier.opens(&format!("/admin/sales?q={query}")).await;
        assert_eq!(cashier.at, sale, "by {text}");
    }
    for text in ["0728999999", "60 18:00", "50 16:00", "no such thing"] {
        cashier.opens(&format!("/admin/sales?q={}", text.replace(' ', "%20"))).await;
        cashier.reads("No sale found for this.");
    }
    cashier.opens("/admin").await;
    cashier.reads("Sold today KSh 50 1 sale");
    cashier.opens("/admin/sales?status=fulfilled&day=2026-11-22").await;
    cashier.reads("mtaa.daily");
    cashier.opens("/admin/sales?status=fulfilled&day=2026-11-21").await;
    cashier.reads("No sales here.");
    town.close().await;
}

#[tokio::test]
async fn a_sale_tells_its_whole_story_and_the_code_only_to_who_looks() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let njeri = bought(&mut town, "0728 100 002").await;
    let code = njeri.code().unwrap();
    let sale = format!("/admin/sales/{}", town.purchase_of(&njeri).await);
    let mut cashier = cashier(&mut town).await;
    cashier.opens(&sale).await;
    for step in
        ["The buyer chose", "The phone shows the prompt", "The money moved", "The code is sold"]
    {
        cashier.reads(step);
    }
    cashier.reads("What M-PESA sent, word for word");
    assert!(!cashier.html.contains(&code), "not before somebody looks");
    cashier.sends(&format!("{sale}/look"), &[]).await;
    let shown = cashier.text().replace(' ', "");
    assert!(shown.contains(&code), "{shown}");
    assert_eq!(town.count("staff_looked_at_code").await, 1);
    cashier.opens(&sale).await;
    cashier.reads("Somebody looked at the code Otieno wa Duka");
    assert!(!cashier.html.contains(&code), "and not again by itself");
    let mut auditor = town.clerk("Mkaguzi Mkuu", Role::Auditor).await;
    auditor.signs_in().await;
    auditor.opens(&sale).await;
    auditor.reads("Somebody looked at the code");
    auditor.does_not_read("Look at the code");
    auditor.does_not_read("What M-PESA sent");
    auditor.sends(&format!("{sale}/look"), &[]).await;
    assert_eq!(auditor.status, StatusCode::FORBIDDEN);
    assert_eq!(town.count("staff_looked_at_code").await, 1);
    let events = town.store().read().events_of(town.purchase_of(&njeri).await).await.unwrap();
    let looked = events.iter().find(|event| event.kind == "staff_looked_at_code").unwrap();
    assert_eq!(looked.actor, format!("staff:{}", cashier.id));
    town.close().await;
}

#[tokio::test]
async fn an_sms_is_sent_again_once() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let njeri = bought(&mut town, "0728 100 003").await;
    assert_eq!(town.texts(&njeri).len(), 1);
    let sale = format!("/admin/sales/{}", town.purchase_of(&njeri).await);
    let mut cashier = cashier(&mut town).await;
    cashier.opens(&sale).await;
    cashier.sends(&format!("{sale}/resend"), &[]).await;
    cashier.reads("Lango is sending the SMS again.");
    cashier.sends(&format!("{sale}/resend"), &[]).await;
    cashier.reads("This is already done, or under way.");
    town.settle().await;
    let texts = town.texts(&njeri);
    assert_eq!(texts.len(), 2);
    assert_eq!(texts[0], texts[1]);
    town.close().await;
}

#[tokio::test]
async fn money_paid_by_hand_finds_its_sale_at_the_desk() {
    let mut town = Town::open_as(Plan { till: true, ..Plan::default() }).await;
    town.stock("daily", 2).await;
    town.registers().await;
    let mut njeri = town.customer("Njeri", "0728 100 004");
    town.asks(&mut njeri, "daily").await;
    njeri.cancels();
    town.passes(30).await;
    town.mpesa.pay_till("254728100004", 50).await.unwrap();
    town.mpesa.pay_till("254728100005", 70).await.unwrap();
    town.settle().await;
    let receipts: Vec<String> = town.mpesa.books().iter().map(|it| it.receipt.clone()).collect();
    let [first, second] = &receipts[..] else { panic!("{receipts:?}") };
    let mut cashier = cashier(&mut town).await;
    cashier.opens("/admin").await;
    cashier.reads("Money set aside 2");
    cashier.opens("/admin/money?kind=set_aside").await;
    cashier.reads(first);
    let match_it = [("receipt", first.as_str()), ("sale", "0728 100 004"), ("amount", "")];
    cashier.sends("/admin/money/match", &match_it).await;
    cashier.reads("The receipt now belongs to this sale.");
    cashier.reads("Otieno wa Duka");
    town.settle().await;
    njeri.sees(PAID).await;
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.opens("/admin/money").await;
    owner.sends("/admin/money/settle", &[("what", second)]).await;
    owner.reads("Choose what you did.");
    owner.sends("/admin/money/settle", &[("what", second), ("how", "cash")]).await;
    owner.reads("Noted. The books show it.");
    owner.reads("Nothing needs you.");
    town.close().await;
}

crate::on_postgres_too! {
    a_sale_is_found_by_whatever_the_buyer_has_in_hand,
    a_sale_tells_its_whole_story_and_the_code_only_to_who_looks,
    an_sms_is_sent_again_once,
    money_paid_by_hand_finds_its_sale_at_the_desk,
}
