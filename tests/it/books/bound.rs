//! What a person said of a file of codes, and to whom a code was sold, is bound: who writes into
//! the database without a key says nothing in a person's place, and sees nobody's code.

use crate::{
    books::{
        altered_history::{guard_again, rehash, tamper},
        altered_tables::{beside, buys, doctor, found, tables},
    },
    cli::Place,
    stock::two_sites::{imports, list, opens_a_site},
    town::{Clerk, Customer, Town},
};
use lango::{
    commands::{by::By, message::resend_message::ResendMessage},
    ledger::{
        kernel::{
            id::{BatchId, MessageId, PurchaseId, VoucherId},
            stream::Stream,
        },
        purchase::PurchaseStatus,
        staff::Role,
    },
    ports::{Random as _, SystemRandom},
    simulators::sms_gateway::SmsCenter,
    store::Reader,
};
use reqwest::{Method, StatusCode};
use serde_json::json;

/// Somebody brings a file whose code another site has, and looks at it; the page's address.
async fn brings_a_code_of_kona(town: &mut Town, fundi: &mut Clerk) -> String {
    opens_a_site(town, "kona", "Kona Wi-Fi").await;
    let codes = ["TWACE77A", "TWACE77B"].map(str::to_owned);
    for code in &codes {
        town.hides(code);
    }
    imports(town.store(), "kona", &codes[..1], &[]).await;
    fundi.signs_in().await;
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("novemba.rsc", list(&codes).as_bytes()).await;
    fundi.at.clone()
}

const OTHER_ROUTERS: &str = r#"choice = '{"package":null,"printed":[],"other_routers":["kona"]}'"#;

async fn stuck(town: &Town) -> Vec<String> {
    let stuck = town.store().read().stuck().await.unwrap();
    stuck.into_iter().map(|thing| thing.kind).collect()
}

/// Looks at a file, and says that it is to be taken in as it is.
async fn decides(clerk: &mut Clerk, preview: &str) {
    clerk.opens(preview).await;
    clerk.reads("Lango cannot prove what was decided about this file before");
    clerk.sends(preview, &[]).await;
    assert_eq!(clerk.at, preview, "who was not shown the site decides nothing");
    clerk.sends(preview, &[("for_site", "kona")]).await;
    assert_eq!(clerk.at, preview, "nor who was shown another");
    clerk.sends(preview, &[("for_site", "mtaa")]).await;
    clerk.reads("The codes are coming in.");
}

#[tokio::test]
async fn a_choice_that_nobody_made_takes_nothing_in_and_a_person_is_asked() {
    let mut town = Town::open().await;
    town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    let mut fundi = town.clerk("Fundi Barasa", Role::Technician).await;
    let preview = brings_a_code_of_kona(&mut town, &mut fundi).await;
    let place = beside(&town);
    assert_eq!(found(&place), tables([]));
    town.tampers("create table kept as select * from uploads").await;
    let owner = "staff = (select staff from staff where role = 'owner')";
    for lie in [
        OTHER_ROUTERS,
        owner,
        &format!("{OTHER_ROUTERS}, {owner}"),
        &format!("{OTHER_ROUTERS}, proof = null"),
        r#"choice = '{"package":"hourly","printed":[]}', site = 'kona'"#,
        "site = 'kona'",
        r"choice = '\x00'",
    ] {
        town.tampers(&format!("update uploads set {lie}")).await;
        town.passes(120).await;
        assert_eq!(town.count("site_router_differs").await, 0, "{lie}");
        assert_eq!(town.count("batch_imported").await, 1, "{lie}");
        assert_eq!(found(&place), tables(["uploads"]), "{lie}");
        assert_eq!(doctor(&place)["verdict"], "fail", "{lie}");
        assert_eq!(stuck(&town).await, ["upload"], "{lie}");
        town.tampers("delete from uploads; insert into uploads select * from kept").await;
        town.tampers("delete from breakdowns").await;
    }
    assert_eq!(found(&place), tables([]));
    // Nothing else stops, and a person is asked about the file itself.
    town.tampers(&format!("update uploads set {OTHER_ROUTERS}")).await;
    town.stock("daily", 1).await;
    buys(&mut town, ("Njeri", "0722 700 001"), "daily").await;
    town.passes(7_200).await;
    fundi.signs_in().await;
    decides(&mut fundi, &preview).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (1, 0), "the code that kona has is not taken");
    assert_eq!(town.count("site_router_differs").await, 0);
    town.tampers("drop table kept").await;
    town.close().await;
}

#[tokio::test]
async fn who_decides_is_named_and_what_was_decided_holds_with_other_keys_and_in_a_copy() {
    let mut town = Town::open().await;
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    let mut fundi = town.clerk("Fundi Barasa", Role::Technician).await;
    let preview = brings_a_code_of_kona(&mut town, &mut fundi).await;
    owner.signs_in().await;
    owner.sends(&preview, &[("other_router.kona", "on")]).await;
    // Decided, and not taken in yet: the seals are made anew, and a copy is made and taken in.
    town.stop().await;
    let place = beside(&town);
    place.good(&["keys", "rotate", "--purpose", "seal"]);
    place.good(&["keys", "rotate", "--purpose", "link"]);
    assert_eq!(found(&place), tables([]));
    for home in [crate::town::Home::file(), crate::town::Home::schema()] {
        let made = place.json(&["backup", "--to", ".", "--json"]);
        let backup = place.path(made["file"].as_str().unwrap());
        let there = Place::empty().with("LANGO_DATABASE__URL", &home.url()).with_account();
        std::fs::copy(place.path("lango.key"), there.path("lango.key")).unwrap();
        there.good(&["restore", &backup.display().to_string()]);
        assert_eq!(found(&there), tables([]));
        let books = Reader::open(&home.url()).await.unwrap();
        let key = &crate::town::MASTER;
        let vault = books.open_vault(key, std::sync::Arc::new(SystemRandom)).await.unwrap();
        let upload = books.uploads().await.unwrap().remove(0);
        assert!(upload.choice(&vault).is_some(), "it is as decided as it was");
        books.close().await;
    }
    town.start().await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    let events = town.store().read().events_after(0, 1_000).await.unwrap();
    let said = events.iter().find(|event| event.kind == "site_router_differs").unwrap();
    assert_eq!(said.actor, format!("staff:{}", owner.id), "who said so, not who brought the file");
    town.close().await;
}

#[tokio::test]
async fn what_was_decided_before_there_was_a_proof_is_asked_again() {
    let mut town = Town::open().await;
    let mut fundi = town.clerk("Fundi Barasa", Role::Technician).await;
    let preview = brings_a_code_of_kona(&mut town, &mut fundi).await;
    // As the migration leaves one that was decided.
    town.tampers("update uploads set proof = null, choice = null").await;
    town.settle().await;
    assert_eq!(found(&beside(&town)), tables([]), "nothing is wrong with it");
    assert_eq!(stuck(&town).await, [""; 0]);
    decides(&mut fundi, &preview).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    // One about which nobody decides may have been decided, so it is not gone in an hour.
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("desemba.rsc", list(&["TWACE77C".to_owned()]).as_bytes()).await;
    town.hides("TWACE77C");
    let batch: BatchId = fundi.at.rsplit_once('/').unwrap().1.parse().unwrap();
    town.tampers("update uploads set proof = null").await;
    town.passes(3_700).await;
    assert!(town.store().read().upload(batch).await.unwrap().is_some());
    town.passes(7 * 24 * 3_600).await;
    assert_eq!(town.store().read().upload(batch).await.unwrap(), None);
    town.close().await;
}

#[tokio::test]
async fn an_altered_file_about_which_nobody_decides_goes_after_a_week() {
    let mut town = Town::open().await;
    let mut fundi = town.clerk("Fundi Barasa", Role::Technician).await;
    brings_a_code_of_kona(&mut town, &mut fundi).await;
    town.tampers(&format!("update uploads set {OTHER_ROUTERS}")).await;
    town.settle().await;
    town.clock.advance(6 * 86_400);
    town.settle().await;
    assert_eq!(town.store().read().uploads().await.unwrap().len(), 1);
    town.clock.advance(2 * 86_400);
    town.settle().await;
    assert_eq!(town.store().read().uploads().await.unwrap(), []);
    town.close().await;
}

/// Appends an event that follows from the last one, as somebody would who knows how the chain is
/// made.
async fn appends(town: &Town, stream: Stream, kind: &str, data: &serde_json::Value) {
    let (store, digits) = (town.store(), "00".repeat(32));
    let version =
        1 + i64::try_from(store.read().stream_events(&stream).await.unwrap().len()).unwrap();
    let of = |name: &str| data[name].as_str().unwrap();
    let amount = data["amount_cents"].as_i64().map_or("null".into(), |cents| cents.to_string());
    let (site, package) = (of("site"), of("package"));
    let correlation = match (&stream, data["purchase"].as_str()) {
        (Stream::Purchase(id), _) => id.to_string(),
        (_, id) => id.unwrap().to_owned(),
    };
    let postgres = town.ledger().starts_with("postgres");
    let (before, hash) = if postgres {
        let moved = "with moved as (update ledger_head set position = position + 1)";
        (moved, format!("decode('{digits}', 'hex')"))
    } else {
        ("", format!("x'{digits}'"))
    };
    let event = format!(
        "{before} insert into events (position, stream, version, kind, schema, recorded_at,
           business_day, correlation, actor, once, data, hash, site, package, amount_cents)
         select position + 1, '{stream}', {version}, '{kind}', 1, recorded_at, business_day,
           '{correlation}', 'router', null, '{data}', {hash}, '{site}', '{package}', {amount}
         from events order by position desc limit 1"
    );
    tamper(&town.ledger(), &event).await;
    rehash(&town.ledger(), store.read().last_position().await.unwrap()).await;
    guard_again(&town.ledger()).await;
}

fn replaced(former: VoucherId, voucher: VoucherId) -> serde_json::Value {
    json!({ "former": former, "package": "hourly", "site": "mtaa", "voucher": voucher })
}

async fn sold_to(town: &Town, buyer: &Customer) -> (PurchaseId, VoucherId) {
    let view = town.view_of(buyer).await;
    let PurchaseStatus::Fulfilled(voucher) = view.purchase.status else { panic!("{view:?}") };
    (view.id, voucher)
}

/// What `lango audit verify` says, and that it is a finding.
fn verify(place: &Place) -> String {
    let output = place.run(&["audit", "verify"]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

/// Neither page, nor desk, nor SMS shows a purchase's code; the page is a failure, and logged.
async fn sees_no_code(town: &mut Town, buyer: &mut Customer, codes: &[String]) {
    let path = format!("/p/{}", buyer.link_token().unwrap());
    let page = buyer.asks(Method::GET, &path, &vec![]).await;
    let page = match page.location {
        Some(to) => buyer.asks(Method::GET, &to, &vec![]).await,
        None => page,
    };
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    let id = town.purchase_of(buyer).await;
    let logged = format!("purchase {id} names a code that was not sold to it");
    assert!(town.times_logged(&logged) > 0);
    let view = town.store().read().purchase(id).await.unwrap().unwrap();
    let PurchaseStatus::Fulfilled(voucher) = view.purchase.status else { panic!("{view:?}") };
    assert_eq!(town.store().code_of(id, voucher).await.unwrap(), None);
    let told = town.sms.iter().map(|gateway| gateway.all_texts().len()).sum::<usize>();
    let message = MessageId(SystemRandom.id(town.store().now()));
    let resend = ResendMessage { purchase: id, message };
    town.store().execute(By::CommandLine.wish(resend)).await.unwrap();
    town.settle().await;
    let texts: Vec<_> = town.sms.iter().flat_map(SmsCenter::all_texts).collect();
    assert_eq!(texts.len(), told, "there is nothing to tell");
    for code in codes {
        assert!(!page.html.contains(code));
    }
}

#[tokio::test]
async fn a_purchase_that_names_anothers_code_shows_it_to_nobody() {
    let mut town = Town::open().await;
    town.stock("hourly", 3).await;
    let mut njeri = buys(&mut town, ("Njeri", "0722 800 001"), "hourly").await;
    let mut thief = buys(&mut town, ("Mwizi", "0722 800 002"), "hourly").await;
    let ((theirs, wanted), (id, had)) =
        (sold_to(&town, &njeri).await, sold_to(&town, &thief).await);
    let code = njeri.code().unwrap();
    let place = beside(&town);
    assert_eq!(found(&place), tables([]));
    appends(&town, Stream::Purchase(id), "purchase_replaced", &replaced(had, wanted)).await;
    sees_no_code(&mut town, &mut thief, std::slice::from_ref(&code)).await;
    let said = verify(&place);
    let named = format!("purchase-{id}: it says that it got the code of voucher {wanted}");
    assert!(said.contains(&named) && !said.contains(&theirs.to_string()), "{said}");
    assert_eq!(found(&place), tables(["events"]));
    assert_eq!(doctor(&place)["verdict"], "fail");
    njeri.looks_again().await;
    assert_eq!(njeri.code(), Some(code), "whoever bought it has it");
    // It stays a finding when the purchase names its own code again.
    appends(&town, Stream::Purchase(id), "purchase_replaced", &replaced(wanted, had)).await;
    assert_eq!(found(&place), tables(["events"]));
    town.leave().await;
}

#[tokio::test]
async fn a_code_in_stock_that_a_purchase_names_is_shown_only_to_whom_it_is_sold() {
    let mut town = Town::open().await;
    let codes = town.stock("hourly", 2).await;
    let mut thief = buys(&mut town, ("Mwizi", "0722 800 003"), "hourly").await;
    let (id, had) = sold_to(&town, &thief).await;
    let key = crate::town::key("hourly");
    let free = town.store().read().free_of(&key, 1).await.unwrap()[0];
    appends(&town, Stream::Purchase(id), "purchase_replaced", &replaced(had, free)).await;
    sees_no_code(&mut town, &mut thief, &codes).await;
    let njeri = buys(&mut town, ("Njeri", "0722 800 004"), "hourly").await;
    assert_eq!(sold_to(&town, &njeri).await.1, free);
    assert!(njeri.code().is_some());
    sees_no_code(&mut town, &mut thief, &codes).await;
    assert!(verify(&beside(&town)).contains(&format!("purchase-{id}: it says that it got")));
    town.leave().await;
}

#[tokio::test]
async fn a_purchase_that_was_never_paid_shows_no_code_that_an_event_names() {
    let mut town = Town::open().await;
    town.stock("hourly", 2).await;
    let njeri = buys(&mut town, ("Njeri", "0722 800 005"), "hourly").await;
    let (_, wanted) = sold_to(&town, &njeri).await;
    let mut thief = town.customer("Mwizi", "0722 800 006");
    town.asks(&mut thief, "hourly").await;
    let view = town.view_of(&thief).await;
    let payment = view.payments[0].id;
    for (voucher, name) in [(wanted, "anothers"), (view.purchase.held, "the one that is held")] {
        let fulfilled = json!({
            "amount_cents": 1_000, "package": "hourly", "payment": payment, "site": "mtaa",
            "voucher": voucher,
        });
        if name == "anothers" {
            let stream = Stream::Purchase(view.id);
            appends(&town, stream, "purchase_fulfilled", &fulfilled).await;
        } else {
            let data = replaced(wanted, voucher);
            appends(&town, Stream::Purchase(view.id), "purchase_replaced", &data).await;
        }
        sees_no_code(&mut town, &mut thief, &[njeri.code().unwrap()]).await;
        let said = verify(&beside(&town));
        let named =
            format!("purchase-{}: it says that it got the code of voucher {voucher}", view.id);
        assert!(said.contains(&named), "{name}: {said}");
    }
    town.leave().await;
}

#[tokio::test]
async fn a_code_that_says_it_was_sold_to_a_purchase_which_does_not_say_so_is_found() {
    let mut town = Town::open().await;
    town.stock("hourly", 2).await;
    let njeri = buys(&mut town, ("Njeri", "0722 800 007"), "hourly").await;
    let (id, _) = sold_to(&town, &njeri).await;
    let free = town.store().read().free_of(&crate::town::key("hourly"), 1).await.unwrap()[0];
    let data = json!({ "package": "hourly", "purchase": id, "site": "mtaa" });
    appends(&town, Stream::Voucher(free), "voucher_allocated", &data).await;
    let said = verify(&beside(&town));
    let named =
        format!("voucher-{free}: it says that it was sold to purchase {id}, which does not");
    assert!(said.contains(&named), "{said}");
    town.leave().await;
}

crate::on_postgres_too! {
    a_choice_that_nobody_made_takes_nothing_in_and_a_person_is_asked,
    who_decides_is_named_and_what_was_decided_holds_with_other_keys_and_in_a_copy,
    what_was_decided_before_there_was_a_proof_is_asked_again,
    an_altered_file_about_which_nobody_decides_goes_after_a_week,
    a_purchase_that_names_anothers_code_shows_it_to_nobody,
    a_code_in_stock_that_a_purchase_names_is_shown_only_to_whom_it_is_sold,
    a_purchase_that_was_never_paid_shows_no_code_that_an_event_names,
    a_code_that_says_it_was_sold_to_a_purchase_which_does_not_say_so_is_found,
}
