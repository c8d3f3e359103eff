//! Hands that reach into the ledger behind Lango's back: what the database refuses, and what
//! `lango audit verify` finds where it does not.

use crate::{cli::Place, town::sql};

/// A shop with five events.
fn ledger() -> Place {
    Place::with_shop()
}

async fn try_sql(place: &Place, text: &str) -> Result<u64, String> {
    sql(&place.ledger(), text).await
}

/// As somebody who owns the database would: without the triggers.
async fn tamper(place: &Place, text: &str) {
    let open = if place.ledger().starts_with("postgres") {
        "alter table events disable trigger all"
    } else {
        "drop trigger events_are_not_changed; drop trigger events_are_not_removed;
         drop trigger events_have_no_gaps;"
    };
    try_sql(place, open).await.unwrap();
    let touched = try_sql(place, text).await.unwrap();
    assert!(touched > 0, "nothing was touched: {text}");
}

/// Appends an event as the writer does, whose head moves along on PostgreSQL.
async fn append(place: &Place, event: &str) -> Result<u64, String> {
    let moved = "with moved as (update ledger_head set position = position + 1)";
    let before = if place.ledger().starts_with("postgres") { moved } else { "" };
    try_sql(place, &format!("{before} {event}")).await
}

/// The position at which the chain breaks, and why.
fn broken(place: &Place) -> (i64, String) {
    let output = place.run(&["audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verified"], false);
    (json["position"].as_i64().unwrap(), json["why"].as_str().unwrap().to_owned())
}

const SECOND_SALE: &str = "insert into events
    select position + (select count(*) from events), stream, version + 100, kind, schema,
        recorded_at, business_day, correlation, actor, 'sale:one', data, hash, site, package,
        amount_cents
    from events where position = 1";

#[tokio::test]
async fn an_untouched_ledger_is_whole() {
    let place = ledger();
    assert!(place.good(&["audit", "verify"]).starts_with("5 events"));
}

#[tokio::test]
async fn the_database_refuses_to_change_remove_or_skip() {
    let place = ledger();
    for (text, refusal) in [
        ("update events set actor = 'nobody' where position = 2", "events are never changed"),
        ("delete from events where position = 5", "events are never removed"),
        (
            "insert into events select position + 90, stream, version + 90, kind, schema,
                recorded_at, business_day, correlation, actor, null, data, hash, site, package,
                amount_cents from events where position = 5",
            "an event must follow the last one",
        ),
    ] {
        let said = try_sql(&place, text).await.unwrap_err();
        assert!(said.contains(refusal), "{said}");
    }
    assert!(place.good(&["audit", "verify"]).starts_with("5 events"));
}

#[tokio::test]
async fn a_second_sale_of_one_voucher_cannot_be_written_at_all() {
    let place = ledger();
    append(&place, SECOND_SALE).await.unwrap();
    let again = SECOND_SALE.replace("version + 100", "version + 200");
    let said = append(&place, &again).await.unwrap_err();
    assert!(said.to_lowercase().contains("unique") && said.contains("once"), "{said}");
}

#[tokio::test]
async fn every_changed_column_is_found_where_it_was_changed() {
    for (change, why) in [
        ("stream = 'site-other'", "was changed"),
        ("version = version + 7", "was changed"),
        ("kind = 'site_changed'", "was changed"),
        ("schema = 2", "was changed"),
        ("recorded_at = recorded_at + 1", "was changed"),
        ("business_day = '2020-01-01'", "was changed"),
        ("correlation = 'x'", "was changed"),
        ("actor = 'nobody'", "was changed"),
        ("once = 'x'", "was changed"),
        ("data = replace(data, 'daily', 'dairy')", "was changed"),
        ("data = ' ' || data", "was changed"),
        ("hash = (select hash from events where position = 2)", "was changed"),
        ("site = 'other'", "site, package or amount beside the event was changed"),
        ("package = null", "site, package or amount beside the event was changed"),
        ("amount_cents = 1", "site, package or amount beside the event was changed"),
    ] {
        let place = ledger();
        tamper(&place, &format!("update events set {change} where position = 3")).await;
        let (position, said) = broken(&place);
        assert_eq!(position, 3, "{change}: {said}");
        assert!(said.contains(why), "{change}: {said}");
    }
}

#[tokio::test]
async fn a_missing_a_slipped_in_and_a_swapped_event_are_found() {
    let place = ledger();
    tamper(&place, "delete from events where position = 3").await;
    assert_eq!(broken(&place), (3, "an event is missing".into()));

    let place = ledger();
    let slip_in = "update events set position = position + 100 where position >= 3;
        update events set position = position - 99 where position > 100;
        insert into events select 3, 'site-other', 1, kind, schema, recorded_at, business_day,
            correlation, actor, null, data, hash, site, package, amount_cents
        from events where position = 2";
    tamper(&place, slip_in).await;
    assert_eq!(broken(&place).0, 3);

    let place = ledger();
    let swap = "update events set position = 100 where position = 3;
        update events set position = 3 where position = 4;
        update events set position = 4 where position = 100";
    tamper(&place, swap).await;
    assert_eq!(broken(&place).0, 3);
}

#[tokio::test]
async fn an_event_put_at_the_end_without_its_hash_is_found() {
    let place = ledger();
    append(&place, &SECOND_SALE.replace("'sale:one'", "null")).await.unwrap();
    assert_eq!(broken(&place).0, 6);
}

crate::on_postgres_too! {
    an_untouched_ledger_is_whole,
    the_database_refuses_to_change_remove_or_skip,
    a_second_sale_of_one_voucher_cannot_be_written_at_all,
    every_changed_column_is_found_where_it_was_changed,
    a_missing_a_slipped_in_and_a_swapped_event_are_found,
    an_event_put_at_the_end_without_its_hash_is_found,
}
