//! The SMS: gateways that are dead, refuse, or report in every disorder. The page shows the code
//! whatever they do.

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
    simulators::sms_gateway::{Answer, Faults, Reports, Silence},
};

const PAID: &str = "Paid. Here is your code";

async fn sale(town: &mut Town, phone: &str) -> Customer {
    town.stock("daily", 1).await;
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, "daily").await;
    town.pays(&buyer).await;
    buyer.sees(PAID).await;
    buyer
}

fn answering(answer: Answer) -> Faults {
    Faults { answer: Some(answer), ..Faults::default() }
}

fn reporting(reports: Reports) -> Faults {
    Faults { reports, ..Faults::default() }
}

#[tokio::test]
async fn what_the_first_gateway_refuses_the_second_sends() {
    let answers = [
        Answer::WrongKey,
        Answer::Code(405),
        Answer::Code(402),
        Answer::Code(502),
        Answer::NoRecipients("InsufficientBalance".into()),
    ];
    let mut town = Town::open().await;
    for (number, answer) in answers.into_iter().enumerate() {
        town.sms[0].set_faults(answering(answer));
        let njeri = sale(&mut town, &format!("0718 000 10{number}")).await;
        assert_eq!(town.sms[1].inbox(njeri.phone.msisdn()).len(), 1, "number {number}");
        town.ends_in(&njeri, &["message_failed", "message_submitted", "message_accepted"]).await;
    }
    town.close().await;
}

#[tokio::test]
async fn a_dead_gateway_is_passed_over() {
    let mut town = Town::open_as(Plan { patience_ms: 400, ..Plan::default() }).await;
    town.sms[0].set_faults(Faults { silence: Some(Silence::Hang), ..Faults::default() });
    let njeri = sale(&mut town, "0718 000 001").await;
    assert!(town.texts(&njeri).is_empty(), "it may have left: its report is waited for");
    town.passes(60).await;
    assert_eq!(town.texts(&njeri).len(), 1);
    town.close().await;
}

#[tokio::test]
async fn an_sms_whose_answer_is_lost_is_sent_once_more_and_then_stands_unconfirmed() {
    let mut town = Town::open_as(Plan { patience_ms: 400, ..Plan::default() }).await;
    for center in &town.sms {
        center.set_faults(Faults { silence: Some(Silence::DropAfterAccept), ..Faults::default() });
    }
    let mut njeri = sale(&mut town, "0718 000 008").await;
    assert_eq!(town.texts(&njeri).len(), 1);
    town.ends_in(&njeri, &["message_submitted", "message_unconfirmed"]).await;
    town.passes(50).await;
    assert_eq!(town.texts(&njeri).len(), 1, "its report may still come");
    town.passes(3_600).await;
    assert_eq!(town.texts(&njeri).len(), 2, "once more, and never a third time");
    town.ends_in(&njeri, &["message_submitted", "message_unconfirmed", "message_given_up"]).await;
    assert_eq!(town.exceptions().await, ["unconfirmed -"]);
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn with_both_gateways_dead_the_page_still_shows_the_code() {
    let mut town = Town::open().await;
    for center in &town.sms {
        center.set_faults(answering(Answer::Html(503)));
    }
    let mut njeri = sale(&mut town, "0718 000 002").await;
    town.passes(300).await;
    // Whoever answered may have sent it on: nobody knows, so it is sent once more and no further.
    town.ends_in(&njeri, &["message_unconfirmed", "message_given_up"]).await;
    assert_eq!(town.count("message_submitted").await, 2, "each gateway once");
    njeri.sees(PAID).await;
    assert!(njeri.code().is_some());
    njeri.does_not_see("By SMS").await;
    town.close().await;
}

#[tokio::test]
async fn a_bad_number_is_not_tried_elsewhere() {
    let mut town = Town::open().await;
    town.sms[0].set_faults(answering(Answer::Code(403)));
    let njeri = sale(&mut town, "0718 000 003").await;
    town.ends_in(&njeri, &["message_submitted", "message_failed", "message_given_up"]).await;
    assert_eq!(town.sms[1].requests(), 0);
    town.close().await;
}

#[tokio::test]
async fn a_report_says_delivered_once_in_whatever_disorder_it_comes() {
    let disorders =
        [Reports::Delivered, Reports::Twice, Reports::OutOfOrder, Reports::BeforeAnswer];
    let mut town = Town::open().await;
    for (number, disorder) in disorders.into_iter().enumerate() {
        town.sms[0].set_faults(reporting(disorder));
        let njeri = sale(&mut town, &format!("0718 000 20{number}")).await;
        town.sms[0].deliver_reports().await;
        town.settle().await;
        town.ends_in(&njeri, &["message_accepted", "message_delivered"]).await;
        assert_eq!(town.count("message_delivered").await, number + 1);
    }
    town.close().await;
}

#[tokio::test]
async fn a_report_that_never_comes_changes_nothing() {
    let mut town = Town::open().await;
    town.sms[0].set_faults(reporting(Reports::Never));
    let mut njeri = sale(&mut town, "0718 000 004").await;
    town.sms[0].deliver_reports().await;
    town.passes(3_600).await;
    town.ends_in(&njeri, &["message_accepted"]).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_report_nobody_understands_is_kept_and_changes_nothing() {
    let mut town = Town::open().await;
    town.sms[0].set_faults(reporting(Reports::UnknownWord));
    let njeri = sale(&mut town, "0718 000 005").await;
    town.sms[0].deliver_reports().await;
    town.settle().await;
    town.ends_in(&njeri, &["message_accepted"]).await;
    town.close().await;
}

#[tokio::test]
async fn a_failed_delivery_is_written_down_and_the_page_shows_the_code() {
    let mut town = Town::open().await;
    town.sms[0].set_faults(reporting(Reports::Failed("Failed".into())));
    let mut njeri = sale(&mut town, "0718 000 006").await;
    town.sms[0].deliver_reports().await;
    town.settle().await;
    town.ends_in(&njeri, &["message_accepted", "message_undelivered"]).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn an_sms_that_hangs_never_slows_the_page() {
    let mut town = Town::open_as(Plan { patience_ms: 3_000, ..Plan::default() }).await;
    town.stock("daily", 1).await;
    town.sms[0].set_faults(Faults { silence: Some(Silence::Hang), ..Faults::default() });
    let mut njeri = town.customer("Njeri", "0718 000 007");
    town.asks(&mut njeri, "daily").await;
    njeri.enters_pin();
    town.mpesa.idle().await;
    let sending = tokio::spawn(town.shop().settling());
    while town.sms[0].requests() == 0 {
        tokio::task::yield_now().await;
    }
    njeri.sees(PAID).await;
    assert!(!sending.is_finished(), "the call hangs while the page shows the code");
    sending.await.unwrap();
    town.close().await;
}

/// The owner wishes for a digest at eight.
fn digest() -> Digest {
    Digest {
        phone: Phone::parse("0718 999 999").unwrap(),
        at: "20:00".parse().unwrap(),
        language: Language::En,
        zone: lango::app::nairobi(),
    }
}

#[tokio::test]
async fn the_owner_hears_in_the_evening_what_the_day_brought_and_keeps_its_mark() {
    let mut town = Town::open_as(Plan { digest: Some(digest()), ..Plan::default() }).await;
    let mut owner = town.customer("Owner", "0718 999 999");
    town.registers().await;
    sale(&mut town, "0718 000 051").await;
    sale(&mut town, "0718 000 052").await;
    town.mpesa.pay_by_hand("254718000053", 30, "HELLO").await.unwrap();
    assert!(town.texts(&owner).is_empty(), "it is not eight yet");
    town.passes(2 * 3_600).await;
    let [text] = &town.texts(&owner)[..] else { panic!("one digest: {:?}", town.texts(&owner)) };
    let expected = "LANGO DEMO WI-FI 22 Nov: 2 sold, KSh 100. Need you: 1. Few codes: \
                    mtaa.hourly 0, mtaa.daily 0. Ledger mark ";
    let mark = text.strip_prefix(expected).unwrap_or_else(|| panic!("{text}"));
    assert!(text.len() <= 160, "{} letters: {text}", text.len());
    // What the owner's phone keeps proves the ledger up to there.
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger());
    std::fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    let said = place.good(&["audit", "verify", "--against", mark]);
    assert!(said.contains("agrees"), "{said}");
    // One a day, whatever happens and however often Lango starts.
    town.restart().await;
    town.passes(3_600).await;
    assert_eq!(town.texts(&owner).len(), 1);
    town.passes(23 * 3_600).await;
    assert_eq!(town.texts(&owner).len(), 2);
    // An owner may buy too.
    owner.opens_the_shop().await;
    town.close().await;
}

crate::on_postgres_too! {
    the_owner_hears_in_the_evening_what_the_day_brought_and_keeps_its_mark,
    what_the_first_gateway_refuses_the_second_sends,
    a_dead_gateway_is_passed_over,
    an_sms_whose_answer_is_lost_is_sent_once_more_and_then_stands_unconfirmed,
    with_both_gateways_dead_the_page_still_shows_the_code,
    a_bad_number_is_not_tried_elsewhere,
    a_report_says_delivered_once_in_whatever_disorder_it_comes,
    a_report_that_never_comes_changes_nothing,
    a_report_nobody_understands_is_kept_and_changes_nothing,
    a_failed_delivery_is_written_down_and_the_page_shows_the_code,
    an_sms_that_hangs_never_slows_the_page,
}
