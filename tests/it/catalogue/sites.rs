//! Several sites of one shop: each with its router, its stock, and its till or paybill.

use crate::{
    router::harness::{buys, offers, selling},
    town::{Customer, Plan, Town},
};
use lango::{
    commands::catalogue::RegisterSite,
    ledger::kernel::id::Slug,
    services::stock::import::Import,
    simulators::daraja::{OTHER_SHORT_CODE, OTHER_TILL, TILL},
};
use reqwest::Method;

/// A second site of the shop with one code, whose buyers pay a till or paybill of its own.
async fn kona_is_paid_at(town: &Town, receiver: &str) -> RegisterSite {
    let kona = Slug::parse("kona").unwrap();
    let login = "http://10.6.50.1/login".to_owned();
    let register = RegisterSite::new(kona.clone(), "Kona Wi-Fi".into(), login);
    let register = RegisterSite { receiver: Some(receiver.into()), ..register };
    town.store().execute(register.clone()).await.unwrap();
    offers(town, &kona, None).await;
    let list = "/ip hotspot user\nadd name=KONA2345 password=KONA2345 profile=mega\n";
    town.acting().import(&Import::to(kona), list.as_bytes()).await.unwrap();
    register
}

/// Otieno asks for what is sold at the second site.
async fn asks_at_kona(town: &mut Town) -> Customer {
    let mut otieno = town.customer("Otieno", "0721 000 002");
    otieno.opens("/s/kona").await;
    let form = otieno.form("mega");
    otieno.goes(Method::POST, "/s/kona/buy", &form).await;
    town.settle().await;
    otieno
}

#[tokio::test]
async fn each_site_is_paid_by_its_own_till() {
    let mut town = Town::open_as(Plan { till: true, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    kona_is_paid_at(&town, OTHER_TILL).await;
    buys(&mut town, "Njeri", "0721 000 001").await;
    let mut otieno = asks_at_kona(&mut town).await;
    town.pays(&otieno).await;
    otieno.sees("Paid. Here is your code").await;
    assert_eq!(paid_at(&town), [TILL, OTHER_TILL]);
    town.close().await;
}

fn paid_at(town: &Town) -> Vec<String> {
    town.mpesa.books().into_iter().map(|entry| entry.receiver).collect()
}

#[tokio::test]
async fn a_paybill_of_its_own_signs_for_what_it_asked_and_asks_for_what_came() {
    // Nobody calls back: only whoever asked for the prompt is told what came of it.
    let mut town = Town::open_as(Plan { callbacks: false, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    let kona = kona_is_paid_at(&town, OTHER_SHORT_CODE).await;
    let mut otieno = asks_at_kona(&mut town).await;
    // The owner thinks better of it while Otieno's phone shows the prompt.
    let kona = RegisterSite { receiver: Some(String::new()), change: true, ..kona };
    town.store().execute(kona).await.unwrap();
    town.passes(12).await;
    town.pays(&otieno).await;
    town.passes(5).await;
    otieno.sees("Paid. Here is your code").await;
    assert_eq!(paid_at(&town), [OTHER_SHORT_CODE]);
    assert_eq!(town.mpesa.tokens_issued(), 1, "both numbers are of one app");
    town.close().await;
}

#[tokio::test]
async fn a_number_without_an_account_asks_nobody_and_says_so() {
    let mut town = Town::open().await;
    kona_is_paid_at(&town, "700999").await;
    let mut otieno = asks_at_kona(&mut town).await;
    otieno.sees("Payment is not working here right now").await;
    assert!(town.mpesa.recent_prompts().is_empty());
    assert_eq!(town.count("payment_refused").await, 1);
    town.close().await;
}

#[tokio::test]
async fn each_site_has_its_router_and_who_roams_is_told_where_a_code_works() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 1).await;
    let kona = Slug::parse("kona").unwrap();
    let login = "http://10.6.50.1/login".to_owned();
    let register = RegisterSite::new(kona.clone(), "Kona Wi-Fi".into(), login);
    town.store().execute(register).await.unwrap();
    offers(&town, &kona, None).await;
    let list = "/ip hotspot user\nadd name=KONA2345 password=KONA2345 profile=mega\n";
    let import = Import::to(kona.clone());
    town.acting().import(&import, list.as_bytes()).await.unwrap();
    router.tells_all(&town).await;
    let offer = &town.store().read().offers(&kona).await.unwrap()[0];
    assert_eq!(offer.free, 1, "another site's router says nothing of it");
    let (mut njeri, _) = buys(&mut town, "Njeri", "0721 000 001").await;
    njeri.opens("/s/mtaa").await;
    njeri.reads("You have already bought time here");
    njeri.opens("/s/kona").await;
    njeri.reads("You have a purchase at Mtaa Wi-Fi. It works only there");
    njeri.reads("Mega");
    town.close().await;
}

crate::on_postgres_too! {
    each_site_is_paid_by_its_own_till,
    a_paybill_of_its_own_signs_for_what_it_asked_and_asks_for_what_came,
    a_number_without_an_account_asks_nobody_and_says_so,
    each_site_has_its_router_and_who_roams_is_told_where_a_code_works,
}
