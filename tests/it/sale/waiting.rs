//! Smaller stories of a long evening at the hotspot: waiting pages, other languages, changed
//! prices, debts served in order, and money that takes its time.

use crate::town::{Town, offer};
use reqwest::Method;
use std::time::Duration;

const PAID: &str = "Paid. Here is your code";

#[tokio::test]
async fn a_page_that_waits_is_told_as_soon_as_the_money_is_there() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0721 000 001");
    town.asks(&mut njeri, "daily").await;
    let seen = town.view_of(&njeri).await.position;
    let wait = format!("{}/wait?seen={seen}", njeri.page.path);
    let mut tab = njeri.clone();
    let waiting = tokio::spawn(async move { tab.asks(Method::GET, &wait, &vec![]).await.html });
    tokio::task::yield_now().await;
    town.pays(&njeri).await;
    let told = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("soon").unwrap();
    assert!(told.parse::<i64>().unwrap() > seen);
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn the_page_goes_to_the_router_by_itself_after_the_sale_and_never_the_next_morning() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0721 000 009");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    let by_itself = "data-then=\"connect\"";
    assert!(njeri.page.html.contains(by_itself), "{}", njeri.page.html);
    town.passes(12 * 3_600).await;
    njeri.sees(PAID).await;
    assert!(!njeri.page.html.contains(by_itself), "{}", njeri.page.html);
    njeri.reads("Connect now");
    town.close().await;
}

#[tokio::test]
async fn who_reads_swahili_gets_page_and_sms_in_swahili() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0721 000 002");
    njeri.opens("/s/mtaa?lang=sw").await;
    njeri.reads("Chagua kifurushi");
    town.asks(&mut njeri, "daily").await;
    njeri.reads("Angalia simu yako, weka PIN");
    town.pays(&njeri).await;
    njeri.sees("Umelipa. Vocha yako hii hapa").await;
    let texts = town.texts(&njeri);
    assert!(texts[0].starts_with(&format!("{} ni vocha yako", codes[0])), "in Swahili too");
    town.close().await;
}

#[tokio::test]
async fn a_password_of_its_own_is_told_on_the_page_and_by_sms() {
    let mut town = Town::open().await;
    let list = "/ip hotspot user\nadd name=mtaa-7781 password=q4w9zx profile=daily\n";
    assert_eq!(town.imports(list).await, 1);
    let mut njeri = town.customer("Njeri", "0721 000 003");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees("Password").await;
    assert!(town.texts(&njeri)[0].contains("mtaa-7781"));
    assert!(town.texts(&njeri)[0].contains("q4w9zx"));
    assert_eq!(town.imports(list).await, 0, "the same list again brings nothing");
    town.close().await;
}

#[tokio::test]
async fn a_purchase_keeps_the_price_it_saw() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0721 000 004");
    njeri.chooses("daily").await;
    offer(town.store(), "daily", 2, 60, 86_400).await.unwrap();
    town.settle().await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    assert_eq!(town.mpesa.books()[0].amount_kes, 50);
    town.close().await;
}

#[tokio::test]
async fn who_is_owed_longest_is_served_first_and_nobody_buys_before_them() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(7_200));
    let mut waiting = vec![];
    for number in 0..3 {
        let mut buyer = town.customer("Buyer", &format!("0721 000 10{number}"));
        town.asks(&mut buyer, "daily").await;
        town.passes(305).await;
        waiting.push(buyer);
    }
    for buyer in &waiting {
        town.pays(buyer).await;
    }
    let [first, second, third] = &mut waiting[..] else { unreachable!("there are three") };
    first.sees(PAID).await;
    second.sees("Paid. We owe you a code").await;
    third.sees("Paid. We owe you a code").await;
    // The code is there before the processes have looked: it is promised all the same.
    let fresh = town.stock("daily", 1).await;
    let mut late = town.customer("Late", "0721 000 105");
    late.opens_the_shop().await;
    assert!(!late.page.path.starts_with("/p/"));
    assert_eq!(town.stock_of("daily").await, (0, 0), "a promised code is not for sale");
    town.settle().await;
    second.sees(PAID).await;
    assert_eq!(second.code().as_ref(), Some(&fresh[0]));
    third.sees("Paid. We owe you a code").await;
    town.stock("daily", 1).await;
    town.settle().await;
    third.sees(PAID).await;
    assert_eq!((town.texts(first).len(), town.texts(third).len()), (1, 2));
    town.close().await;
}

#[tokio::test]
async fn money_an_hour_later_is_found_by_the_ladder_of_queries() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| {
        faults.prompt_lives_seconds = Some(7_000);
        faults.callback_never = true;
    });
    let mut njeri = town.customer("Njeri", "0721 000 005");
    town.asks(&mut njeri, "daily").await;
    town.passes(3_600).await;
    town.pays(&njeri).await;
    njeri.sees("Still checking with M-PESA").await;
    town.passes(3_700).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn money_after_the_last_query_still_gives_a_code() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(1_000_000));
    let mut njeri = town.customer("Njeri", "0721 000 006");
    town.asks(&mut njeri, "daily").await;
    town.passes(2 * 86_400).await;
    town.ends_in(&njeri, &["payment_inquiry_ended"]).await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_number_that_is_none_comes_back_with_what_was_typed() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0721 000 007");
    njeri.opens_the_shop().await;
    for (typed, sentence) in [
        ("", "Enter the phone number that pays."),
        ("07210", "Some digits are missing."),
        ("020 7210 000", "This is not a Kenyan mobile number."),
        ("0721 000 007 0721", "There are too many digits."),
    ] {
        let mut form = njeri.form("daily");
        form.iter_mut().filter(|(name, _)| name == "phone").for_each(|(_, v)| *v = typed.into());
        njeri.sends(&form).await;
        njeri.reads(sentence);
        assert!(njeri.page.html.contains(typed), "what was typed is not lost");
    }
    town.settle().await;
    assert_eq!(town.count("purchase_started").await, 0);
    town.close().await;
}

#[tokio::test]
async fn a_decision_table_that_was_tampered_with_is_found() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let tampered = [
        ("update stock_counts set free = free + 1", "stock_counts"),
        ("update stock set since = since + 1", "stock"),
        ("update sites set router_login = router_login || '/'", "sites"),
    ];
    let undone = [
        "update stock_counts set free = free - 1",
        "update stock set since = since - 1",
        "update sites set router_login = rtrim(router_login, '/')",
    ];
    for ((tamper, table), undo) in tampered.into_iter().zip(undone) {
        town.tampers(tamper).await;
        let found = town.store().read().compare_decision_tables().await.unwrap();
        assert_eq!(found.iter().map(|found| found.table).collect::<Vec<_>>(), [table]);
        town.tampers(undo).await;
    }
    town.close().await;
}

crate::on_postgres_too! {
    a_page_that_waits_is_told_as_soon_as_the_money_is_there,
    the_page_goes_to_the_router_by_itself_after_the_sale_and_never_the_next_morning,
    who_reads_swahili_gets_page_and_sms_in_swahili,
    a_password_of_its_own_is_told_on_the_page_and_by_sms,
    a_purchase_keeps_the_price_it_saw,
    who_is_owed_longest_is_served_first_and_nobody_buys_before_them,
    money_an_hour_later_is_found_by_the_ladder_of_queries,
    money_after_the_last_query_still_gives_a_code,
    a_number_that_is_none_comes_back_with_what_was_typed,
    a_decision_table_that_was_tampered_with_is_found,
}
