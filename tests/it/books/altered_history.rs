//! Hands that reach into the ledger behind Lango's back: what the database refuses, and what
//! `lango audit verify` finds where it does not.

use crate::{cli::Place, town::sql};
use lango::{
    ledger::kernel::chain::{GENESIS, hex},
    store::Reader,
};

/// A shop with five events.
fn ledger() -> Place {
    Place::with_shop()
}

async fn try_sql(place: &Place, text: &str) -> Result<u64, String> {
    sql(&place.ledger(), text).await
}

/// As somebody who owns the database would: without the triggers.
pub async fn tamper(ledger: &str, text: &str) {
    let open = if ledger.starts_with("postgres") {
        "alter table events disable trigger all; alter table checkpoints disable trigger all"
    } else {
        "drop trigger if exists events_are_not_changed;
         drop trigger if exists events_are_not_removed;
         drop trigger if exists events_have_no_gaps;
         drop trigger if exists checkpoints_are_not_changed;
         drop trigger if exists checkpoints_are_not_removed;"
    };
    sql(ledger, open).await.unwrap();
    let touched = sql(ledger, text).await.unwrap();
    assert!(touched > 0, "nothing was touched: {text}");
}

/// Puts the triggers back that [`tamper`] took away, as the migrations make them.
pub async fn guard_again(ledger: &str) {
    if ledger.starts_with("postgres") {
        let close =
            "alter table events enable trigger all; alter table checkpoints enable trigger all";
        sql(ledger, close).await.unwrap();
        return;
    }
    let schema = include_str!("../../../migrations/sqlite/0001_schema.sql");
    for rest in schema.split("create trigger ").skip(1) {
        let (trigger, _) = rest.split_once("\nend;").unwrap();
        sql(ledger, &format!("create trigger {trigger}\nend;")).await.unwrap();
    }
}

/// Appends an event as the writer does, whose head moves along on PostgreSQL.
async fn append(place: &Place, event: &str) -> Result<u64, String> {
    let moved = "with moved as (update ledger_head set position = position + 1)";
    let before = if place.ledger().starts_with("postgres") { moved } else { "" };
    try_sql(place, &format!("{before} {event}")).await
}

/// What verifying finds: the word, and the first and last event in question.
fn found(place: &Place, arguments: &[&str]) -> Vec<(String, i64, i64)> {
    let output = place.run(&[&["audit", "verify", "--json"], arguments].concat());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = json["findings"].as_array().unwrap();
    // What was cut off at the end is missed beside the ledger too.
    let beside = json["beside"]["findings"].as_array().is_none_or(Vec::is_empty);
    // The triggers that stood in the way are missed as well.
    let schema = json["schema"].as_array().unwrap();
    assert!(schema.iter().all(|found| found["object"] == "trigger"), "{json}");
    let good = findings.is_empty() && beside && schema.is_empty();
    assert_eq!(json["verified"], good);
    assert_eq!(output.status.code(), Some(i32::from(!good)));
    let of = |finding: &serde_json::Value| {
        let (from, to) = (finding["from"].as_i64().unwrap(), finding["to"].as_i64().unwrap());
        (finding["kind"].as_str().unwrap().to_owned(), from, to)
    };
    findings.iter().map(of).collect()
}

fn finding(kind: &str, from: i64, to: i64) -> Vec<(String, i64, i64)> {
    vec![(kind.to_owned(), from, to)]
}

/// As somebody would who knows how the chain is made: hashes every event from `position` on anew.
pub async fn rehash(ledger: &str, position: i64) {
    let books = Reader::open(ledger).await.unwrap();
    let mut before = GENESIS;
    for event in books.events_after(0, 1_000).await.unwrap() {
        if event.position < position {
            before = event.hash;
            continue;
        }
        before = event.link().hash(&before);
        let digits = hex(&before);
        let bytes = if ledger.starts_with("postgres") {
            format!("decode('{digits}', 'hex')")
        } else {
            format!("x'{digits}'")
        };
        let at = event.position;
        let update = format!("update events set hash = {bytes} where position = {at}");
        sql(ledger, &update).await.unwrap();
    }
    if ledger.starts_with("postgres") {
        let head = "update ledger_head
            set hash = (select hash from events order by position desc limit 1)";
        sql(ledger, head).await.unwrap();
    }
    books.close().await;
}

/// A shop with seven events and checkpoints of the fifth and the seventh; also both short forms.
fn signed_ledger() -> (Place, [String; 2]) {
    let place = ledger();
    let short = || {
        let json = place.json(&["audit", "checkpoint", "--json"]);
        json["short"].as_str().unwrap().to_owned()
    };
    let first = short();
    for id in ["two-hours", "three-hours"] {
        place.good(&[
            "package",
            "add",
            "--site",
            "mtaa",
            "--id",
            id,
            "--name",
            id,
            "--price",
            "30",
            "--validity",
            "2h",
            "--profile",
            id,
        ]);
    }
    let second = short();
    assert!(first.starts_with("5-") && second.starts_with("7-"), "{first} {second}");
    (place, [first, second])
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
async fn checkpoints_are_kept_like_events() {
    let (place, _) = signed_ledger();
    for text in ["update checkpoints set at = 0", "delete from checkpoints"] {
        let said = try_sql(&place, text).await.unwrap_err();
        assert!(said.contains("checkpoints are never"), "{said}");
    }
    assert_eq!(found(&place, &[]), []);
}

#[tokio::test]
async fn every_changed_column_is_found_where_it_was_changed() {
    for (change, kind, to) in [
        ("stream = 'site-other'", "altered", 3),
        ("version = version + 7", "altered", 3),
        ("kind = 'site_changed'", "altered", 3),
        ("schema = 2", "altered", 3),
        ("recorded_at = recorded_at + 1", "altered", 3),
        ("business_day = '2020-01-01'", "altered", 3),
        ("correlation = 'x'", "altered", 3),
        ("actor = 'nobody'", "altered", 3),
        ("once = 'x'", "altered", 3),
        ("data = replace(data, 'daily', 'dairy')", "altered", 3),
        ("data = ' ' || data", "altered", 3),
        // What stood in its place is not known any more, so the next one cannot be told from it.
        ("hash = (select hash from events where position = 2)", "altered", 4),
        ("site = 'other'", "columns_altered", 3),
        ("package = null", "columns_altered", 3),
        ("amount_cents = 1", "columns_altered", 3),
    ] {
        let place = ledger();
        tamper(&place.ledger(), &format!("update events set {change} where position = 3")).await;
        assert_eq!(found(&place, &[]), finding(kind, 3, to), "{change}");
    }
}

#[tokio::test]
async fn several_changes_are_found_each_in_its_place() {
    let (place, _) = signed_ledger();
    tamper(&place.ledger(), "update events set actor = 'nobody' where position in (2, 5)").await;
    let both = [finding("altered", 2, 2), finding("altered", 5, 5)].concat();
    assert_eq!(found(&place, &[]), both);
}

/// Moves the events from `first` on by one place, making room or closing a hole.
fn moved(first: i64, by: i64) -> String {
    format!(
        "update events set position = position + 100 where position >= {first};
        update events set position = position - 100 + ({by}) where position > 100;"
    )
}

#[tokio::test]
async fn what_was_taken_out_put_in_or_swapped_is_found() {
    let (place, _) = signed_ledger();
    tamper(&place.ledger(), "delete from events where position in (3, 4)").await;
    assert_eq!(found(&place, &[]), finding("removed", 3, 4));

    let (place, _) = signed_ledger();
    let close = moved(4, -1);
    tamper(&place.ledger(), &format!("delete from events where position = 3; {close}")).await;
    assert_eq!(found(&place, &[]), finding("removed", 3, 3));

    let (place, _) = signed_ledger();
    let room = moved(3, 1);
    let slip_in = format!(
        "{room} insert into events select 3, 'site-other', 1, kind, schema, recorded_at,
            business_day, correlation, actor, null, data, hash, site, package, amount_cents
        from events where position = 2"
    );
    tamper(&place.ledger(), &slip_in).await;
    assert_eq!(found(&place, &[]), finding("inserted", 3, 3));

    let (place, _) = signed_ledger();
    let swap = "update events set position = 100 where position = 3;
        update events set position = 3 where position = 4;
        update events set position = 4 where position = 100";
    tamper(&place.ledger(), swap).await;
    assert_eq!(found(&place, &[]), finding("altered", 3, 5));
}

#[tokio::test]
async fn an_event_put_at_the_end_without_its_hash_is_found() {
    let place = ledger();
    append(&place, &SECOND_SALE.replace("'sale:one'", "null")).await.unwrap();
    assert_eq!(found(&place, &[]), finding("altered", 6, 6));
}

#[tokio::test]
async fn who_hashes_the_end_anew_contradicts_the_next_checkpoint() {
    let other = "update events set data = replace(data, '3000', '2000') where position = 6";
    let gone = format!("delete from events where position = 6; {}", moved(7, -1));
    let room = moved(6, 1);
    let more = format!(
        "{room} insert into events select 6, 'site-other', 1, kind, schema, recorded_at,
            business_day, correlation, actor, null, data, hash, site, package, amount_cents
        from events where position = 1"
    );
    for (sql, kind) in [(other, "rehashed"), (&*gone, "cut_off"), (&*more, "rehashed")] {
        let (place, _) = signed_ledger();
        tamper(&place.ledger(), sql).await;
        rehash(&place.ledger(), 6).await;
        assert_eq!(found(&place, &[]), finding(kind, if kind == "cut_off" { 7 } else { 6 }, 7));
    }
    // The first events, hashed anew to the very end: no checkpoint agrees any more.
    let (place, _) = signed_ledger();
    tamper(&place.ledger(), "update events set actor = 'nobody' where position = 1").await;
    rehash(&place.ledger(), 1).await;
    assert_eq!(found(&place, &[]), finding("rehashed", 1, 5));
    let said = |arguments: &[&str]| String::from_utf8(place.run(arguments).stdout).unwrap();
    let verified = said(&["audit", "verify"]);
    assert!(verified.contains("No signed checkpoint proves any of it."), "{verified}");
    let doctor = said(&["doctor"]);
    let chain = doctor.lines().find(|line| line.contains("no checkpoint agrees with it"));
    assert!(chain.is_some_and(|line| line.starts_with("FAIL  chain")), "{doctor}");
}

/// Before there is any checkpoint, the doctor has looked all the same.
#[tokio::test]
async fn a_copy_beside_an_event_is_found_in_a_ledger_that_nobody_signed() {
    let place = ledger();
    let chain = || {
        let said = String::from_utf8(place.run(&["doctor"]).stdout).unwrap();
        said.lines().find(|line| line.contains(" chain ")).map(str::to_owned).unwrap()
    };
    assert!(chain().starts_with("PASS"), "{}", chain());
    tamper(&place.ledger(), "update events set site = 'kona' where position = 2").await;
    assert!(chain().starts_with("FAIL"), "{}", chain());
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_found_and_on_paper_even_with_its_checkpoints() {
    let (place, [first, second]) = signed_ledger();
    tamper(&place.ledger(), "delete from events where position > 6").await;
    assert_eq!(found(&place, &[]), finding("cut_off", 7, 7));
    let said = String::from_utf8(place.run(&["audit", "verify"]).stdout).unwrap();
    assert!(said.starts_with("The ledger was cut off after event 6: on "), "{said}");

    tamper(&place.ledger(), "delete from checkpoints where position > 6").await;
    assert_eq!(found(&place, &[]), [], "nothing in the file tells");
    assert_eq!(found(&place, &["--against", &first]), []);
    let kept = ["--against", &*first, "--against", &*second];
    assert_eq!(found(&place, &kept), finding("contradicted", 1, 7));
}

#[tokio::test]
async fn a_checkpoint_can_only_be_made_with_the_ledgers_key() {
    let (place, [_, second]) = signed_ledger();
    tamper(&place.ledger(), "update events set actor = 'nobody' where position = 6").await;
    rehash(&place.ledger(), 6).await;
    let forge = "update checkpoints
        set hash = (select hash from events where events.position = checkpoints.position)";
    tamper(&place.ledger(), forge).await;
    assert_eq!(found(&place, &[]), finding("checkpoint_forged", 7, 7));
    tamper(&place.ledger(), "delete from checkpoints where position = 7").await;
    assert_eq!(found(&place, &[]), [], "nothing in the file tells");
    assert_eq!(found(&place, &["--against", &second]), finding("contradicted", 1, 7));
}

#[tokio::test]
async fn an_auditor_needs_the_file_and_the_public_key_and_no_secret() {
    let (place, _) = signed_ledger();
    let printed = place.json(&["audit", "checkpoint", "--json"]);
    let (line, key) = (printed["line"].as_str().unwrap(), printed["public_key"].as_str().unwrap());
    std::fs::remove_file(place.path("lango.key")).unwrap();
    let said = place.bad(1, &["audit", "verify"]);
    assert!(said.contains("--public-key"), "{said}");
    assert_eq!(found(&place, &["--public-key", key, "--against", line]), []);
    // Another ledger's key, another ledger's line.
    let other = Place::empty();
    let login = "http://10.5.50.1/login";
    other.good(&["site", "add", "--id", "mtaa", "--name", "Mtaa", "--router-login", login]);
    let other = other.json(&["audit", "checkpoint", "--json"]);
    let key_of_other = other["public_key"].as_str().unwrap();
    let forged = [finding("checkpoint_forged", 7, 7), finding("checkpoint_forged", 5, 5)];
    assert_eq!(found(&place, &["--public-key", key_of_other]), forged.concat());
    let kept = ["--public-key", key, "--against", other["line"].as_str().unwrap()];
    assert_eq!(found(&place, &kept), finding("not_signed", 2, 2));
    let slip = place.bad(2, &["audit", "verify", "--against", "7-9f3a"]);
    assert!(slip.contains("from a receipt"), "{slip}");
}

crate::on_postgres_too! {
    a_copy_beside_an_event_is_found_in_a_ledger_that_nobody_signed,
    an_untouched_ledger_is_whole,
    the_database_refuses_to_change_remove_or_skip,
    a_second_sale_of_one_voucher_cannot_be_written_at_all,
    checkpoints_are_kept_like_events,
    every_changed_column_is_found_where_it_was_changed,
    several_changes_are_found_each_in_its_place,
    what_was_taken_out_put_in_or_swapped_is_found,
    an_event_put_at_the_end_without_its_hash_is_found,
    who_hashes_the_end_anew_contradicts_the_next_checkpoint,
    a_tail_that_was_cut_off_is_found_and_on_paper_even_with_its_checkpoints,
    a_checkpoint_can_only_be_made_with_the_ledgers_key,
    an_auditor_needs_the_file_and_the_public_key_and_no_secret,
}
