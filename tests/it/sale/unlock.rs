//! A MAC address is no secret: it finds a purchase and its progress. The code also needs the link,
//! its cookie, or the last four digits of the paying number, five tries.

use crate::town::{Customer, Town};

const PAID: &str = "Paid. Here is your code";

async fn bought(town: &mut Town, phone: &str) -> (Customer, String) {
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", phone);
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    let code = njeri.code().unwrap();
    (njeri, code)
}

fn shows_nothing_secret(buyer: &Customer, code: &str) {
    let html = &buyer.page.html;
    assert!(!html.contains(code) && buyer.code().is_none(), "no code");
    assert!(!html.contains(buyer.phone.last_four()), "no digits of the number");
    assert!(!html.contains("***"), "not even a masked number");
}

#[tokio::test]
async fn a_mac_address_alone_shows_progress_but_no_code_and_no_number() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0719 001 234");
    town.asks(&mut njeri, "daily").await;
    let mut stranger = njeri.clone();
    stranger.comes_back_by_mac().await;
    stranger.reads("M-PESA has asked your phone to pay.");
    shows_nothing_secret(&stranger, "nothing");
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    stranger.sees("Paid. Show the code").await;
    shows_nothing_secret(&stranger, &njeri.code().unwrap());
    town.close().await;
}

#[tokio::test]
async fn the_last_four_digits_open_it_and_the_browser_remembers() {
    let mut town = Town::open().await;
    let (mut njeri, code) = bought(&mut town, "0719 002 345").await;
    njeri.comes_back_by_mac().await;
    njeri.unlocks_with("0000").await;
    njeri.reads("Those digits are wrong. 4 tries left.");
    njeri.unlocks_with(" 23 45 ").await;
    njeri.reads(PAID);
    assert_eq!(njeri.code(), Some(code));
    njeri.opens_the_shop().await;
    njeri.reads("You have already bought time here");
    town.close().await;
}

#[tokio::test]
async fn five_wrong_tries_lock_it_and_a_restart_does_not_forget() {
    let mut town = Town::open().await;
    let (njeri, code) = bought(&mut town, "0719 003 456").await;
    let mut stranger = njeri.clone();
    stranger.comes_back_by_mac().await;
    for left in (0..5).rev() {
        stranger.unlocks_with("1111").await;
        if left > 0 {
            let tries = if left == 1 { "1 try left." } else { "tries left." };
            stranger.reads(tries);
        }
    }
    stranger.reads("Too many tries.");
    town.restart().await;
    stranger.unlocks_with("3456").await;
    stranger.reads("Too many tries.");
    shows_nothing_secret(&stranger, &code);
    // Who has the link needs no digits.
    let mut owner = njeri.clone();
    owner.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn an_empty_guess_and_a_long_one_open_nothing() {
    let mut town = Town::open().await;
    let (mut njeri, code) = bought(&mut town, "0719 004 567").await;
    njeri.comes_back_by_mac().await;
    for guess in ["", "45670", "567", "0719004567"] {
        njeri.unlocks_with(guess).await;
        shows_nothing_secret(&njeri, &code);
    }
    town.close().await;
}

#[tokio::test]
async fn already_paid_finds_it_by_number_or_receipt_and_still_asks_for_the_digits() {
    let mut town = Town::open().await;
    let (njeri, code) = bought(&mut town, "0719 005 678").await;
    let receipt = town.mpesa.books()[0].receipt.clone();
    let number = njeri.phone.local();
    for (field, value) in [("phone", number), ("receipt", receipt.to_lowercase())] {
        let mut stranger = town.customer("Stranger", "0719 009 999");
        let form = vec![(field.to_owned(), value)];
        stranger.goes(reqwest::Method::POST, "/s/mtaa/paid", &form).await;
        stranger.reads("We found your purchase");
        let link = stranger.page.html.split(r#"href="/p/"#).nth(1).unwrap();
        let link = format!("/p/{}", link.split('"').next().unwrap());
        stranger.opens(&link).await;
        stranger.reads("Paid. Show the code");
        assert!(!stranger.page.html.contains(&code));
    }
    town.close().await;
}

crate::on_postgres_too! {
    a_mac_address_alone_shows_progress_but_no_code_and_no_number,
    the_last_four_digits_open_it_and_the_browser_remembers,
    five_wrong_tries_lock_it_and_a_restart_does_not_forget,
    an_empty_guess_and_a_long_one_open_nothing,
    already_paid_finds_it_by_number_or_receipt_and_still_asks_for_the_digits,
}
