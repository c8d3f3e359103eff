//! A person is forgotten: all that says who they are leaves the vault, the sales stay, and what
//! comes late still finds its end.

use crate::{
    cli::Place,
    town::{Customer, MASTER, Plan, Town},
};
use lango::{
    ledger::{
        kernel::{chain::hex, phone::Phone},
        purchase::Language,
    },
    processes::context::Digest,
    services::person::{self, ForgetError},
    store::{RawMessage, Sealed, Store},
};
use std::fs;

const PAID: &str = "Paid. Here is your code";

fn digest() -> Digest {
    Digest {
        phone: Phone::parse("0731 999 999").unwrap(),
        at: "20:00".parse().unwrap(),
        language: Language::En,
        zone: lango::app::nairobi(),
    }
}

async fn buys(town: &mut Town, name: &str, phone: &str) -> Customer {
    let mut buyer = town.customer(name, phone);
    town.asks(&mut buyer, "daily").await;
    town.pays(&buyer).await;
    town.sms[0].deliver_reports().await;
    town.settle().await;
    buyer.sees(PAID).await;
    buyer
}

/// What the vault keeps of a sale's person, sealed.
async fn sealed_of(town: &Town, buyer: &Customer) -> Vec<Vec<u8>> {
    let view = town.view_of(buyer).await;
    let mut all = vec![Sealed::Contact(view.purchase.contact)];
    all.extend(view.purchase.device.map(Sealed::Contact));
    all.extend(view.payments.iter().map(|payment| Sealed::ProviderRefs(payment.id)));
    all.extend(view.messages.iter().map(|(id, _)| Sealed::MessageText(*id)));
    let mut sealed = vec![];
    for what in all {
        sealed.extend(
            town.store().read().sealed(&what).await.unwrap().filter(|seal| !seal.is_empty()),
        );
    }
    sealed
}

/// The messages from outside that name somebody, opened.
async fn kept_about(store: &Store, buyer: &Customer) -> Vec<(i64, Vec<u8>)> {
    let number = &buyer.phone.msisdn()[3..];
    let mut kept = vec![];
    for row in store.read().inbox_after(0, 1_000).await.unwrap() {
        if row.sealed.is_empty() {
            continue;
        }
        let context = RawMessage::context(&row.source, &row.subject);
        let opened = store.unseal(&context, &row.sealed).await.unwrap();
        let message: RawMessage = serde_json::from_slice(&opened).unwrap();
        if String::from_utf8_lossy(&message.body).contains(number) {
            kept.push((row.row, row.sealed));
        }
    }
    kept
}

async fn forgets(town: &Town, buyer: &Customer) {
    let found = person::find(town.store(), &buyer.phone).await.unwrap();
    assert!(person::forget(town.store(), found).await.unwrap(), "nobody is reading");
}

#[tokio::test]
async fn what_names_a_person_is_erased_and_the_sale_stays() {
    let mut town = Town::open().await;
    town.registers().await;
    town.stock("daily", 3).await;
    let mut njeri = buys(&mut town, "Njeri", "0731 000 001").await;
    let otieno = buys(&mut town, "Otieno", "0731 000 002").await;
    let code = njeri.code().unwrap();
    let mut sealed = sealed_of(&town, &njeri).await;
    assert_eq!(sealed.len(), 4, "number, device, the provider's names, a text");
    let callbacks = kept_about(town.store(), &njeri).await;
    assert!(callbacks.len() >= 2, "a callback and a report: {}", callbacks.len());
    sealed.extend(callbacks.into_iter().map(|(_, sealed)| sealed));
    let receipt = town.mpesa.books()[0].receipt.clone();
    let sale = town.purchase_of(&njeri).await;

    forgets(&town, &njeri).await;
    assert_eq!(sealed_of(&town, &njeri).await, Vec::<Vec<u8>>::new());
    assert_eq!(kept_about(town.store(), &njeri).await, []);
    let by_phone = town.store().purchases_named(njeri.phone.msisdn()).await.unwrap();
    assert_eq!(by_phone, []);
    let by_receipt = town.store().purchases_named(&receipt).await.unwrap();
    assert_eq!(by_receipt, [sale], "the sale stays in the books");
    if town.ledger().starts_with("sqlite") {
        for bytes in town.disk() {
            let found = sealed.iter().any(|seal| bytes.windows(seal.len()).any(|at| at == seal));
            assert!(!found, "what is erased stands in the file");
        }
    }
    njeri.sees(PAID).await;
    assert_eq!(njeri.code().unwrap(), code, "whoever has the link sees what was bought");
    assert_eq!(sealed_of(&town, &otieno).await.len(), 4, "nobody else is forgotten");
    assert!(!kept_about(town.store(), &otieno).await.is_empty());
    let again = person::find(town.store(), &njeri.phone).await;
    assert!(matches!(again, Err(ForgetError::Nobody)), "{again:?}");

    // M-PESA wants a pause between two payments of one amount, whoever remembers the first.
    town.passes(180).await;
    let njeri_again = buys(&mut town, "Njeri", "0731 000 001").await;
    let contact = town.view_of(&njeri_again).await.purchase.contact;
    assert_ne!(contact, town.view_of(&njeri).await.purchase.contact, "a new person");
    town.close().await;
}

#[tokio::test]
async fn nobody_is_forgotten_while_something_is_open() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0731 000 003");
    let unknown = person::find(town.store(), &njeri.phone).await;
    assert!(matches!(unknown, Err(ForgetError::Nobody)), "{unknown:?}");
    town.asks(&mut njeri, "daily").await;
    let asked = person::find(town.store(), &njeri.phone).await;
    assert!(matches!(asked, Err(ForgetError::UnderWay)), "{asked:?}");
    town.mpesa_will(|faults| faults.wrong_amount = Some(40));
    town.callbacks_lie = true;
    town.pays(&njeri).await;
    let aside = person::find(town.store(), &njeri.phone).await;
    let Err(ForgetError::NeedsYou(kinds)) = aside else { panic!("{aside:?}") };
    assert_eq!(kinds, "set aside");
    town.close().await;
}

#[tokio::test]
async fn money_that_comes_after_buys_a_code_that_the_old_link_shows() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| faults.success_after_timeout = true);
    let mut njeri = town.customer("Njeri", "0731 000 004");
    town.asks(&mut njeri, "daily").await;
    let prompt = njeri.prompt();
    town.passes(120).await;
    town.ends_in(&njeri, &["payment_declined", "purchase_expired", "voucher_released"]).await;
    let asked = person::find(town.store(), &njeri.phone).await;
    assert!(matches!(asked, Err(ForgetError::UnderWay)), "M-PESA is asked for a day: {asked:?}");
    town.passes(24 * 3_600).await;
    forgets(&town, &njeri).await;
    njeri.sends_again().await;
    town.mpesa.enter_pin(prompt).unwrap();
    town.mpesa.deliver_callbacks().await;
    town.settle().await;
    njeri.opens(&format!("/p/{}", njeri.link_token().unwrap())).await;
    njeri.reads(PAID);
    town.ends_in(&njeri, &["message_queued", "message_given_up"]).await;
    assert_eq!(kept_about(town.store(), &njeri).await, [], "nor is what came late kept");
    assert_eq!(town.callbacks().await.last().unwrap().1, "taken");
    town.close().await;
}

#[tokio::test]
async fn a_device_that_others_use_too_stays_known() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let njeri = buys(&mut town, "Njeri", "0731 000 005").await;
    let mut otieno = town.customer("Otieno", "0731 000 006");
    otieno.mac.clone_from(&njeri.mac);
    town.asks(&mut otieno, "daily").await;
    town.pays(&otieno).await;
    forgets(&town, &njeri).await;
    assert_eq!(sealed_of(&town, &njeri).await.len(), 1, "the device");
    assert_eq!(sealed_of(&town, &otieno).await.len(), 4);
    town.close().await;
}

#[tokio::test]
async fn who_only_reads_the_digest_is_forgotten_until_the_next_evening() {
    let mut town = Town::open_as(Plan { digest: Some(digest()), ..Plan::default() }).await;
    let owner = town.customer("Owner", "0731 999 999");
    town.passes(2 * 3_600).await;
    let found = person::find(town.store(), &owner.phone).await.unwrap();
    assert_eq!((found.purchases.len(), found.messages.len()), (0, 1));
    let text = Sealed::MessageText(found.messages[0]);
    person::forget(town.store(), found).await.unwrap();
    assert!(town.store().read().is_forgotten(text).await.unwrap());
    town.passes(24 * 3_600).await;
    assert_eq!(town.texts(&owner).len(), 2, "whom the configuration names is told again");
    town.close().await;
}

#[tokio::test]
async fn the_command_asks_and_says_what_it_erased() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let njeri = buys(&mut town, "Njeri", "0731 000 007").await;
    let sale = town.purchase_of(&njeri).await.to_string();
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger());
    fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    let said = place.bad(1, &["contacts", "forget", "0731000007"]);
    assert!(said.contains("add --yes"), "{said}");
    let shown = place.good(&["audit", "show", &sale]);
    assert!(shown.contains("payer 0731 *** 007"), "{shown}");
    let said = place.good(&["contacts", "forget", "+254 731 000 007", "--yes"]);
    assert!(said.contains("0731 *** 007 is in 1 purchases, 1 messages and 2 callbacks"), "{said}");
    let shown = place.good(&["audit", "show", &sale]);
    assert!(shown.contains("payer forgotten"), "{shown}");
    for number in ["0731 000 007", "0110 000 007"] {
        let said = place.bad(1, &["contacts", "forget", number, "--yes"]);
        assert_eq!(said, "lango: no buyer has this phone number\n");
    }
    let said = place.bad(2, &["contacts", "forget", "12", "--yes"]);
    assert!(said.contains("write a number like 0712 345 678"), "{said}");
    place.good(&["audit", "verify"]);
    place.good(&["backup", "--to", "."]);
    town.close().await;
}

crate::on_postgres_too! {
    what_names_a_person_is_erased_and_the_sale_stays,
    nobody_is_forgotten_while_something_is_open,
    money_that_comes_after_buys_a_code_that_the_old_link_shows,
    a_device_that_others_use_too_stays_known,
    who_only_reads_the_digest_is_forgotten_until_the_next_evening,
    the_command_asks_and_says_what_it_erased,
}
