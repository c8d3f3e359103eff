//! Hands that change not a row but the schema: a trigger that swallows callbacks, a view that hides
//! a sale, an index that no longer keeps a code from being sold twice. `lango audit verify` and
//! `lango doctor` name it, and go on with the rest where they can.

use crate::{
    cli::Place,
    town::{Home, MASTER, Town, sql},
};
use lango::ledger::kernel::chain::hex;
use serde_json::{Value, json};
use std::fs;

/// What verifying says of the schema: object, name, what is wrong.
fn found(place: &Place) -> Vec<[String; 3]> {
    let output = place.run(&["audit", "verify", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = json["schema"].as_array().unwrap();
    assert_eq!(json["verified"], found.is_empty(), "{json}");
    assert_eq!(output.status.code(), Some(i32::from(!found.is_empty())));
    let text = |found: &Value, key| found[key].as_str().unwrap().to_owned();
    found.iter().map(|it| ["object", "name", "kind"].map(|key| text(it, key))).collect()
}

/// What the doctor says of the schema. All other things are looked at too.
fn doctor(place: &Place) -> Value {
    let output = place.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_slice(&output.stdout).unwrap();
    let about = |wanted: &str| {
        let mut checks = checks.as_array().unwrap().iter();
        checks.find(|check| check["about"] == wanted).cloned().unwrap_or_default()
    };
    assert!(place.ledger().starts_with("postgres") || !about("disk").is_null());
    about("schema")
}

/// Does something to a new shop, and expects it to be named in both places.
async fn is_named(text: &str, wanted: [&str; 3]) -> Place {
    let place = Place::with_shop();
    assert_eq!(found(&place), [] as [[String; 3]; 0]);
    assert_eq!(doctor(&place)["verdict"], "pass");
    sql(&place.ledger(), text).await.unwrap();
    let named = found(&place);
    assert!(named.contains(&wanted.map(str::to_owned)), "{wanted:?} is not in {named:?}");
    let said = doctor(&place);
    assert_eq!(said["verdict"], "fail", "{said}");
    assert!(said["says"].as_str().unwrap().contains(wanted[1]), "{said}");
    let said = place.run(&["audit", "verify"]);
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains(&format!("schema: {} {}", wanted[0], wanted[1])), "{said}");
    assert!(said.contains("Ask whoever changed the database"), "{said}");
    place
}

fn is_postgres() -> bool {
    Place::empty().ledger().starts_with("postgres")
}

#[tokio::test]
async fn a_foreign_trigger_is_named() {
    let swallow = if is_postgres() {
        "create function swallow() returns trigger language plpgsql as
           $$ begin delete from inbox; return null; end $$;
         create trigger x after insert on inbox execute function swallow()"
    } else {
        "create trigger x after insert on inbox begin delete from inbox where row = new.row; end"
    };
    let place = is_named(swallow, ["trigger", "x", "surplus"]).await;
    if is_postgres() {
        let function = ["function", "swallow()", "surplus"].map(str::to_owned);
        assert!(found(&place).contains(&function));
    }
}

/// Also on a table of a projection, whose columns come and go.
#[tokio::test]
async fn a_foreign_trigger_on_a_read_model_is_named() {
    let hide = if is_postgres() {
        "create rule x as on insert to shown_stock do instead nothing"
    } else {
        "create trigger x after insert on shown_stock begin delete from shown_stock; end"
    };
    let object = if is_postgres() { "rule" } else { "trigger" };
    is_named(hide, [object, "x", "surplus"]).await;
}

#[tokio::test]
async fn a_replaced_view_is_named() {
    let (id, data) = if is_postgres() {
        ("substr(stream, strpos(stream, '-') + 1)", "data::json")
    } else {
        ("substr(stream, instr(stream, '-') + 1)", "data")
    };
    let kind = if is_postgres() {
        "split_part(stream, '-', 1)"
    } else {
        "substr(stream, 1, instr(stream, '-') - 1)"
    };
    let hide = format!(
        "drop view facts;
         create view facts as select position, stream, {kind} as category, {id} as id, version,
           kind, recorded_at, business_day, correlation, actor, site, package, amount_cents,
           {data} as data
         from events where position <> 5"
    );
    is_named(&hide, ["view", "facts", "differs"]).await;
}

#[tokio::test]
async fn a_dropped_view_is_named_and_stops_nothing() {
    let place = is_named("drop view facts", ["view", "facts", "missing"]).await;
    let output = place.run(&["audit", "verify", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["beside"]["findings"], json!([]), "the rest was looked at");
}

#[tokio::test]
async fn a_dropped_unique_index_is_named() {
    is_named("drop index event_once_unique", ["index", "event_once_unique", "missing"]).await;
}

#[tokio::test]
async fn a_dropped_table_is_named_and_stops_nothing() {
    is_named("drop table breakdowns", ["table", "breakdowns", "missing"]).await;
    // Without these nothing of the rest can be looked at, and that is said.
    for table in ["stock", "vault_keys", "bookmarks"] {
        is_named(&format!("drop table {table}"), ["table", table, "missing"]).await;
    }
}

#[tokio::test]
async fn a_column_that_was_added_is_named() {
    is_named("alter table links add column x text", ["table", "links", "differs"]).await;
}

#[tokio::test]
async fn a_trigger_of_the_events_that_is_off_is_named() {
    let (off, wrong) = if is_postgres() {
        ("alter table events disable trigger events_are_not_changed", "differs")
    } else {
        ("drop trigger events_are_not_changed", "missing")
    };
    is_named(off, ["trigger", "events_are_not_changed", wrong]).await;
}

/// What comes between a statement and a row on PostgreSQL alone.
#[tokio::test]
async fn what_only_postgresql_can_do_is_named_there() {
    if !is_postgres() {
        return;
    }
    for (text, wanted) in [
        ("alter table inbox enable row level security", ["row security", "inbox", "surplus"]),
        ("create table x () inherits (events)", ["child table", "x", "surplus"]),
        ("alter table inbox set unlogged", ["table", "inbox", "differs"]),
        (
            "create or replace function events_stand() returns trigger language plpgsql as
               $$ begin return null; end $$",
            ["function", "events_stand()", "differs"],
        ),
        (
            "create or replace view facts as
             select position, stream, split_part(stream, 'events.-', 1) as category,
               substr(stream, strpos(stream, '-') + 1) as id, version, kind, recorded_at,
               business_day, correlation, actor, site, package, amount_cents, data::json as data
             from events",
            ["view", "facts", "differs"],
        ),
    ] {
        is_named(text, wanted).await;
    }
}

#[tokio::test]
async fn a_healthy_shop_says_nothing() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0722 100 001");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    town.settle().await;
    let beside = |url: &str| {
        let place = Place::empty().with("LANGO_DATABASE__URL", url).with_account();
        fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
        place
    };
    let place = beside(&town.ledger());
    let nothing: [[String; 3]; 0] = [];
    assert_eq!(found(&place), nothing);
    place.good(&["projections", "rebuild"]);
    assert_eq!(found(&place), nothing);
    assert_eq!(doctor(&place)["verdict"], json!("pass"));
    let copy = place.json(&["backup", "--to", "copies", "--json"])["file"].clone();
    let copy = place.path(copy.as_str().unwrap());
    // From one kind to the other too.
    for home in [Home::file(), Home::schema()] {
        let other = beside(&home.url());
        other.good(&["restore", copy.to_str().unwrap(), "--nothing-sold-since"]);
        assert_eq!(found(&other), nothing);
        assert_eq!(doctor(&other)["verdict"], "pass");
    }
    town.close().await;
}

#[tokio::test]
async fn a_ledger_of_another_version_is_not_opened_and_the_way_on_is_said() {
    let place = Place::with_shop();
    let edited = "update _sqlx_migrations set checksum = checksum || checksum";
    let unknown = "update _sqlx_migrations set version = 7";
    for other in [edited, unknown] {
        sql(&place.ledger(), other).await.unwrap();
        for command in [&["migrate"][..], &["backup", "--to", "."]] {
            let said = place.bad(1, command);
            let sentence = "another version of Lango made this ledger, and this version cannot \
                open it: start that version again; to change to this one, run `lango backup` \
                there and `lango restore` here";
            assert!(said.contains(sentence) && !said.contains("igration"), "{said}");
        }
    }
}

crate::on_postgres_too! {
    a_foreign_trigger_is_named,
    a_foreign_trigger_on_a_read_model_is_named,
    a_replaced_view_is_named,
    a_dropped_view_is_named_and_stops_nothing,
    a_dropped_unique_index_is_named,
    a_dropped_table_is_named_and_stops_nothing,
    a_column_that_was_added_is_named,
    a_trigger_of_the_events_that_is_off_is_named,
    what_only_postgresql_can_do_is_named_there,
    a_healthy_shop_says_nothing,
    a_ledger_of_another_version_is_not_opened_and_the_way_on_is_said,
}
