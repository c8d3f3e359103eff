//! Payments that do not come about: what the buyer reads, and how *Send again* goes on.

use crate::town::{Customer, Town};

type Deed = fn(&Town, u64);

#[tokio::test]
async fn each_way_of_not_paying_says_what_happened_and_frees_the_code() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let ways: [(Deed, &str); 4] = [
        (|town, prompt| town.mpesa.cancel(prompt).unwrap(), "You cancelled the payment"),
        (|town, prompt| town.mpesa.enter_wrong_pin(prompt).unwrap(), "The PIN was not right"),
        (|town, prompt| town.mpesa.has_no_money(prompt).unwrap(), "Not enough money in M-PESA"),
        (|town, prompt| town.mpesa.ignore(prompt).unwrap(), "Your phone did not answer in time"),
    ];
    for (number, (deed, sentence)) in ways.into_iter().enumerate() {
        let mut buyer = town.customer("Buyer", &format!("0714 000 10{number}"));
        town.asks(&mut buyer, "daily").await;
        deed(&town, buyer.prompt());
        town.settle().await;
        buyer.sees(sentence).await;
        buyer.reads("Nothing has been paid.");
        town.ends_in(&buyer, &["payment_declined", "purchase_expired", "voucher_released"]).await;
        assert_eq!(town.stock_of("daily").await, (1, 0), "{sentence}");
        assert!(town.texts(&buyer).is_empty());
    }
    town.close().await;
}

#[tokio::test]
async fn a_prompt_nobody_answers_is_declined_by_m_pesas_own_word() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0714 000 001");
    town.asks(&mut njeri, "daily").await;
    town.passes(75).await;
    njeri.sees("Your phone did not answer in time").await;
    town.close().await;
}

async fn declined(town: &mut Town, phone: &str) -> Customer {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    buyer.cancels();
    town.settle().await;
    buyer
}

#[tokio::test]
async fn sending_again_waits_for_the_gap_that_m_pesa_wants() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = declined(&mut town, "0714 000 002").await;
    njeri.sees("You can send again in 2:00").await;
    town.passes(30).await;
    njeri.sees("You can send again in 1:30").await;
    // The button is disabled; a browser without script sends all the same.
    let declined_page = njeri.page.path.clone();
    njeri.sends_again().await;
    njeri.reads("You have not been charged. Wait a few minutes.");
    town.settle().await;
    assert_eq!(njeri.prompts().len(), 1, "too soon asks nobody");
    town.passes(91).await;
    njeri.opens(&declined_page).await;
    njeri.sends_again().await;
    town.settle().await;
    assert_eq!(njeri.prompts().len(), 2);
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    assert_eq!(town.count("purchase_started").await, 2, "the first one stays declined");
    town.close().await;
}

#[tokio::test]
async fn six_prompts_an_hour_are_enough_for_one_phone() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = declined(&mut town, "0714 000 003").await;
    for _ in 1..6 {
        town.passes(125).await;
        njeri.chooses("daily").await;
        town.settle().await;
        njeri.cancels();
        town.settle().await;
    }
    assert_eq!(njeri.prompts().len(), 6);
    town.passes(125).await;
    njeri.chooses("daily").await;
    njeri.reads("Too many tries from this phone.");
    town.settle().await;
    assert_eq!(njeri.prompts().len(), 6, "nobody is pestered");
    // Another device does not help: the limit is the phone's.
    let mut elsewhere = town.other_device(&njeri);
    elsewhere.chooses("daily").await;
    elsewhere.reads("Too many tries from this phone.");
    town.passes(3_600).await;
    njeri.chooses("daily").await;
    town.settle().await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    town.close().await;
}

#[tokio::test]
async fn a_price_that_changed_meanwhile_is_shown_before_anything_is_asked() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0714 000 004");
    njeri.opens_the_shop().await;
    let form = njeri.form("daily");
    crate::town::offer(town.store(), "daily", 2, 60, 86_400).await.unwrap();
    njeri.sends(&form).await;
    njeri.reads("This package has changed since you opened the page.");
    town.settle().await;
    assert!(njeri.prompts().is_empty());
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    assert_eq!(town.mpesa.books()[0].amount_kes, 60);
    town.close().await;
}

crate::on_postgres_too! {
    each_way_of_not_paying_says_what_happened_and_frees_the_code,
    a_prompt_nobody_answers_is_declined_by_m_pesas_own_word,
    sending_again_waits_for_the_gap_that_m_pesa_wants,
    six_prompts_an_hour_are_enough_for_one_phone,
    a_price_that_changed_meanwhile_is_shown_before_anything_is_asked,
}
