//! The owner asks whether the shop is sound.

use crate::{
    cli::Place,
    town::{MASTER, Town, sql},
};
use lango::ledger::kernel::chain::hex;
use std::fs;

/// The command line beside a town's ledger, with the town's key and an account.
fn beside(town: &Town) -> Place {
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger()).with_account();
    fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    place
}

/// What the doctor says of a shop that is not sound.
fn unwell(place: &Place) -> String {
    let output = place.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

/// The lines that do not pass.
fn complaints(said: &str) -> Vec<String> {
    let lines = said.lines().filter(|line| line.starts_with("WARN") || line.starts_with("FAIL"));
    lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
async fn a_shop_without_a_copy_elsewhere_is_not_sound() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    town.stock("hourly", 2).await;
    town.passes(61).await;
    let place = beside(&town);
    let said = unwell(&place);
    let mut found = complaints(&said);
    // The town has a clock of its own.
    found.retain(|line| !line.ends_with("work") && !line.ends_with("clock"));
    assert_eq!(found, ["WARN SMS", "FAIL backup"], "{said}");
    let copies = place.path("copies");
    fs::create_dir(&copies).unwrap();
    let place = place
        .with("LANGO_BACKUP__FOLDER", copies.to_str().unwrap())
        .with("LANGO_BACKUP__OFF_BOX", "on");
    place.good(&["backup"]);
    let output = place.run(&["doctor", "--json"]);
    let checks: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let backup = checks.as_array().unwrap().iter().find(|check| check["about"] == "backup");
    assert_eq!(backup.unwrap()["verdict"], "pass", "{checks}");
    town.close().await;
}

#[tokio::test]
async fn an_event_changed_behind_our_back_since_the_last_checkpoint_is_found() {
    let mut town = Town::open().await;
    town.passes(61).await;
    town.stock("daily", 2).await;
    let place = beside(&town);
    assert!(unwell(&place).contains("PASS  chain"));
    town.stop().await;
    let url = town.ledger();
    let on = if url.starts_with("sqlite:") { "" } else { " on events" };
    sql(&url, &format!("drop trigger events_are_not_changed{on}")).await.unwrap();
    let change = |actor: &str| {
        format!(
            "update events set actor = '{actor}'
             where position = (select max(position) from events)"
        )
    };
    sql(&url, &change("buyer")).await.unwrap();
    let said = unwell(&place);
    assert!(said.contains("FAIL  chain          broken at event"), "{said}");
    sql(&url, &change("cli")).await.unwrap();
    town.start().await;
    town.close().await;
}

#[test]
fn a_wrong_key_is_told_as_such() {
    let place = Place::with_shop().with_account();
    fs::write(place.path("lango.key"), hex(&[9; 32])).unwrap();
    let said = unwell(&place);
    assert!(said.contains("FAIL  ledger"), "{said}");
}

crate::on_postgres_too! {
    a_shop_without_a_copy_elsewhere_is_not_sound,
    an_event_changed_behind_our_back_since_the_last_checkpoint_is_found,
}
