//! Hands that reach into what stands beside the ledger: links, roles, sessions, passwords, stock,
//! prices, the vault. None of it is obeyed where a sale or a person is concerned, and all of it is
//! found by `lango audit verify` and `lango doctor`.

use crate::{
    cli::Place,
    town::{Clerk, Customer, MASTER, PASSWORD, SITE, Town, key, sql},
};
use lango::{
    app,
    ledger::{
        kernel::{chain::hex, id::Slug, money::Cents},
        purchase::PurchaseStatus,
        staff::Role,
    },
    ports::{Clock, SystemRandom},
    services::staff::Change,
    store::{Opening, Store},
};
use serde_json::Value;
use std::{collections::BTreeSet, fs, sync::Arc};

/// The command line beside a town's ledger, with the town's key.
pub fn beside(town: &Town) -> Place {
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger()).with_account();
    fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    place
}

/// The tables in which `lango audit verify` finds something.
pub fn found(place: &Place) -> BTreeSet<String> {
    let output = place.run(&["audit", "verify", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]), "the events themselves are whole");
    let findings = json["beside"]["findings"].as_array().cloned().unwrap_or_default();
    // A story keeps rows in tables of its own, and nothing else of the schema is touched.
    let schema = json["schema"].as_array().unwrap();
    let own = |found: &Value| found["object"] == "table" && found["kind"] == "surplus";
    assert!(schema.iter().all(own), "{json}");
    let good = findings.is_empty() && schema.is_empty();
    assert_eq!(json["verified"], good, "{json}");
    assert_eq!(output.status.code(), Some(i32::from(!good)));
    findings.iter().map(|finding| finding["table"].as_str().unwrap().to_owned()).collect()
}

pub fn tables<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// What the doctor says of what stands beside the ledger.
pub fn doctor(place: &Place) -> Value {
    let output = place.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_slice(&output.stdout).unwrap();
    let about = |check: &&Value| check["about"] == "tables";
    checks.as_array().unwrap().iter().find(about).cloned().unwrap_or_default()
}

/// Keeps a table as it is, to be put back by [`put_back`].
async fn keep(town: &Town, table: &str) {
    town.tampers(&format!("create table kept as select * from {table}")).await;
}

async fn put_back(town: &Town, table: &str) {
    let back = format!("delete from {table}; insert into {table} select * from kept");
    town.tampers(&back).await;
    town.tampers("drop table kept").await;
}

pub async fn buys(town: &mut Town, (name, phone): (&str, &str), package: &str) -> Customer {
    let mut buyer = town.customer(name, phone);
    town.asks(&mut buyer, package).await;
    town.pays(&buyer).await;
    buyer.sees("Paid. Here is your code").await;
    buyer
}

#[tokio::test]
async fn a_link_opens_the_sale_it_was_made_for_and_no_other() {
    let mut town = Town::open().await;
    let cheap = town.stock("hourly", 1).await.remove(0);
    let dear = town.stock("daily", 1).await.remove(0);
    let mut njeri = buys(&mut town, ("Njeri", "0722 100 001"), "hourly").await;
    let otieno = buys(&mut town, ("Otieno", "0722 100 002"), "daily").await;
    let [one, two] = [town.purchase_of(&njeri).await, town.purchase_of(&otieno).await];
    let link = format!("/p/{}", njeri.link_token().unwrap());
    let swap = format!(
        "update links set purchase = case purchase when '{one}' then '{two}' else '{one}' end
         where purchase in ('{one}', '{two}')"
    );
    let place = beside(&town);
    town.tampers(&swap).await;
    njeri.opens(&link).await;
    assert_eq!(njeri.code(), None, "an hour's money opens no day");
    assert!(!njeri.page.html.contains(&dear));
    assert_eq!(found(&place), tables(["links"]));
    assert_eq!(doctor(&place)["verdict"], "fail");
    town.tampers(&swap).await;
    njeri.opens(&link).await;
    assert_eq!(njeri.code(), Some(cheap));
    assert_eq!(found(&place), tables([]));
    assert_eq!(doctor(&place)["verdict"], "pass");
    town.close().await;
}

#[tokio::test]
async fn a_role_raised_in_the_table_opens_nothing() {
    let mut town = Town::open().await;
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    let mut gone = town.clerk("Achieng wa Zamani", Role::Owner).await;
    let sack = Change { disabled: Some(true), ..Change::default() };
    town.acting().change_staff(&gone.name, sack).await.unwrap();
    cashier.signs_in().await;
    keep(&town, "staff").await;
    town.tampers("update staff set role = 'owner', disabled = 0").await;
    cashier.sends("/admin/money/settle", &[("what", "X"), ("how", "cash")]).await;
    cashier.reads("Your role does not allow this.");
    gone.tries(PASSWORD).await;
    gone.reads("The name or the password is wrong.");
    let place = beside(&town);
    let listed = place.json(&["staff", "list", "--json"]);
    let theirs = listed.as_array().unwrap().iter().find(|it| it["id"] == cashier.id.to_string());
    assert_eq!(theirs.unwrap()["role"], "cashier");
    assert_eq!(found(&place), tables(["staff"]));
    put_back(&town, "staff").await;
    assert_eq!(found(&place), tables([]));
    town.close().await;
}

#[tokio::test]
async fn a_session_row_pointed_at_somebody_else_is_no_session() {
    let mut town = Town::open().await;
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    owner.signs_in().await;
    cashier.signs_in().await;
    keep(&town, "sessions").await;
    let (theirs, owners) = (cashier.id, owner.id);
    town.tampers(&format!("update sessions set staff = '{owners}' where staff = '{theirs}'")).await;
    cashier.opens("/admin").await;
    assert_eq!(cashier.at, "/admin/sign-in");
    let place = beside(&town);
    assert_eq!(found(&place), tables(["sessions"]));
    put_back(&town, "sessions").await;
    // A later beginning does not make it longer either.
    keep(&town, "sessions").await;
    town.tampers("update sessions set began_at = began_at + 1").await;
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin/sign-in");
    put_back(&town, "sessions").await;
    cashier.opens("/admin").await;
    assert_eq!(cashier.at, "/admin");
    town.close().await;
}

async fn changes_password(town: &Town, clerk: &Clerk, password: &str) {
    let change = Change { password: Some(password.to_owned().into()), ..Change::default() };
    town.acting().change_staff(&clerk.name, change).await.unwrap();
}

#[tokio::test]
async fn an_old_password_row_put_back_opens_nothing() {
    let mut town = Town::open().await;
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    town.tampers("create table old_secrets as select * from staff_secrets").await;
    town.tampers("create table old_sessions as select * from sessions").await;
    let other = "saba ndizi kiti mvua";
    changes_password(&town, &owner, other).await;
    keep(&town, "staff_secrets").await;
    town.tampers("update staff_secrets set password = (select password from old_secrets)").await;
    owner.tries(PASSWORD).await;
    owner.reads("The name or the password is wrong.");
    // The session that ended with it is over too, though its row is back and its cookie was kept.
    town.tampers("insert into sessions select * from old_sessions").await;
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin/sign-in");
    let place = beside(&town);
    assert_eq!(found(&place), tables(["sessions", "staff_secrets"]));
    town.tampers("delete from sessions; drop table old_sessions; drop table old_secrets").await;
    put_back(&town, "staff_secrets").await;
    owner.tries(other).await;
    assert_eq!(owner.at, "/admin");
    assert_eq!(found(&place), tables([]));
    town.close().await;
}

#[tokio::test]
async fn a_sold_code_put_into_stock_again_is_not_sold_again() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let njeri = buys(&mut town, ("Njeri", "0722 200 001"), "daily").await;
    let status = town.view_of(&njeri).await.purchase.status;
    let PurchaseStatus::Fulfilled(sold) = status else { panic!("{status:?}") };
    town.tampers(&format!(
        "insert into stock (voucher, site, package, since, holder, away)
         values ('{sold}', 'mtaa', 'daily', 0, null, 0)"
    ))
    .await;
    town.restart().await;
    let place = beside(&town);
    assert_eq!(found(&place), tables(["stock"]));
    let said = String::from_utf8(place.run(&["audit", "verify"]).stdout).unwrap();
    assert!(said.contains(&format!("stock: {sold}")) && said.contains("audit mend"), "{said}");
    let otieno = buys(&mut town, ("Otieno", "0722 200 002"), "daily").await;
    let theirs = town.view_of(&otieno).await.purchase.status;
    assert!(theirs != status && matches!(theirs, PurchaseStatus::Fulfilled(_)), "{theirs:?}");
    let mut achieng = town.customer("Achieng", "0722 200 003");
    achieng.opens_the_shop().await;
    achieng.reads("Sold out");
    town.tampers(&format!("delete from stock where voucher = '{sold}'")).await;
    town.close().await;
}

#[tokio::test]
async fn a_code_moved_to_another_package_is_not_sold_under_it() {
    let mut town = Town::open().await;
    town.stock("hourly", 1).await;
    town.stock("daily", 1).await;
    keep(&town, "stock").await;
    town.tampers("update stock set package = 'hourly', since = 0 where package = 'daily'").await;
    town.restart().await;
    let njeri = buys(&mut town, ("Njeri", "0722 300 001"), "hourly").await;
    let PurchaseStatus::Fulfilled(voucher) = town.view_of(&njeri).await.purchase.status else {
        panic!("it was sold")
    };
    let sold = town.store().read().voucher(voucher).await.unwrap().unwrap();
    assert_eq!(sold.package.package.as_str(), "hourly", "ten shillings bought an hour");
    let back = "update stock set package = 'daily', since =
        (select since from kept where kept.voucher = stock.voucher)";
    town.tampers(back).await;
    town.tampers("drop table kept").await;
    town.close().await;
}

#[tokio::test]
async fn a_purchase_that_is_not_open_keeps_nobody_from_buying() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let njeri = buys(&mut town, ("Njeri", "0722 400 001"), "daily").await;
    let (contact, id) =
        (town.view_of(&njeri).await.purchase.contact, town.purchase_of(&njeri).await);
    town.clock.advance(600);
    town.tampers(&format!(
        "insert into open_purchases (purchase, contact) values ('{id}', '{contact}')"
    ))
    .await;
    town.restart().await;
    assert_eq!(found(&beside(&town)), tables(["open_purchases"]));
    let mut again = town.other_device(&njeri);
    town.asks(&mut again, "daily").await;
    town.pays(&again).await;
    again.sees("Paid. Here is your code").await;
    town.tampers(&format!("delete from open_purchases where purchase = '{id}'")).await;
    town.close().await;
}

#[tokio::test]
async fn price_login_page_and_till_are_those_of_the_ledger() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    keep(&town, "packages").await;
    town.tampers("create table kept_sites as select * from sites").await;
    town.tampers("update packages set data = replace(data, '5000', '700')").await;
    town.tampers(
        "update sites set router_login = 'http://evil.example/login', receiver = '400200'",
    )
    .await;
    assert_eq!(found(&beside(&town)), tables(["packages", "sites"]));
    let mut njeri = town.customer("Njeri", "0722 500 001");
    njeri.opens_the_shop().await;
    let offers = town.store().read().offers(&Slug::parse(SITE).unwrap()).await.unwrap();
    let daily = offers.iter().find(|offer| offer.key() == key("daily")).unwrap();
    assert_eq!(daily.package.price_cents, Cents::from_kes(50), "the price of the ledger is shown");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    assert!(njeri.page.html.contains("10.5.50.1/login") && !njeri.page.html.contains("evil"));
    let site = town.store().read().sites().await.unwrap().remove(0);
    assert_eq!((site.receiver, site.router_login.as_str()), (None, "http://10.5.50.1/login"));
    put_back(&town, "packages").await;
    town.tampers("delete from sites; insert into sites select * from kept_sites").await;
    town.tampers("drop table kept_sites").await;
    town.close().await;
}

/// Njeri has bought, Otieno is asked for the money, two work at the desk.
async fn busy() -> Town {
    let mut town = Town::open().await;
    town.stock("hourly", 2).await;
    town.stock("daily", 3).await;
    town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    town.clerk("Otieno wa Duka", Role::Cashier).await;
    buys(&mut town, ("Njeri", "0722 600 001"), "daily").await;
    buys(&mut town, ("Kamau", "0722 600 002"), "hourly").await;
    let mut otieno = town.customer("Otieno", "0722 600 003");
    town.asks(&mut otieno, "daily").await;
    town
}

#[tokio::test]
async fn every_lie_of_a_decision_table_is_found_and_mended() {
    let mut town = busy().await;
    town.stop().await;
    let place = beside(&town);
    assert_eq!(found(&place), tables([]));
    let lies = [
        ("sites", "update sites set receiver = '400200'"),
        ("packages", "update packages set data = replace(data, '5000', '700')"),
        ("staff", "update staff set role = 'owner'"),
        ("stock", "update stock set holder = null"),
        ("stock", "delete from stock where holder is not null"),
        ("stock_counts", "update stock_counts set free = free + 1"),
        ("open_purchases", "delete from open_purchases"),
        (
            "owed",
            "insert into owed (purchase, site, package, payment, amount_cents, since)
             values ('x', 'mtaa', 'daily', 'y', 5000, 1)",
        ),
        ("prompts", "delete from prompts"),
        ("work", "delete from work where kind = 'settle_payment'"),
    ];
    for (table, lie) in lies {
        keep(&town, table).await;
        town.tampers(lie).await;
        assert_eq!(found(&place), tables([table]), "{lie}");
        put_back(&town, table).await;
    }
    for (_, lie) in lies {
        town.tampers(lie).await;
    }
    let wrong: BTreeSet<_> = lies.iter().map(|(table, _)| *table).collect();
    assert_eq!(mends(&town).await, wrong);
    assert_eq!(found(&place), tables([]), "the ledger's word is in every table again");
    assert_eq!(mends(&town).await, [].into(), "twice changes nothing");
    town.start().await;
    assert_eq!(town.count("tables_mended").await, 1);
    town.close().await;
}

/// As `lango audit mend` does, by the town's clock.
async fn mends(town: &Town) -> BTreeSet<&'static str> {
    let opening = Opening {
        url: town.ledger(),
        master: MASTER,
        zone: app::nairobi(),
        clock: Arc::clone(&town.clock) as Arc<dyn Clock>,
        random: Arc::new(SystemRandom),
    };
    Store::mend(&opening).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn a_shop_is_mended_while_it_sells() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.tampers("delete from stock; update stock_counts set free = 0; delete from links").await;
    town.restart().await;
    let mut njeri = town.customer("Njeri", "0722 700 001");
    njeri.opens_the_shop().await;
    njeri.reads("Sold out");
    assert_eq!(mends(&town).await, ["stock", "stock_counts"].into());
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    town.tampers("delete from links").await;
    assert_eq!(found(&beside(&town)), tables(["links"]));
    assert_eq!(mends(&town).await, ["links"].into());
    njeri.sees("Paid. Here is your code").await;
    town.close().await;
}

#[tokio::test]
async fn the_owner_is_told_what_was_mended() {
    let place = Place::with_shop();
    assert!(place.good(&["audit", "mend"]).starts_with("Nothing to mend"));
    sql(&place.ledger(), "update packages set data = replace(data, '5000', '700')").await.unwrap();
    place.bad(1, &["audit", "verify"]);
    let said = place.good(&["audit", "mend"]);
    assert_eq!(said, "Written anew from the ledger: packages.\n");
    let said = place.good(&["audit", "verify"]);
    assert!(said.contains("The tables beside the ledger say what it says."), "{said}");
}

#[tokio::test]
async fn guesses_are_not_given_back_by_a_row_that_says_fewer() {
    let mut town = Town::open().await;
    let code = town.stock("daily", 1).await.remove(0);
    let njeri = buys(&mut town, ("Njeri", "0722 800 777"), "daily").await;
    let mut thief = town.other_device(&njeri);
    thief.mac.clone_from(&njeri.mac);
    thief.comes_back_by_mac().await;
    for wrong in ["0000", "1111", "2222", "3333", "4444"] {
        thief.unlocks_with(wrong).await;
    }
    town.tampers("update tries set times = 0").await;
    thief.unlocks_with("0777").await;
    assert!(!thief.page.html.contains(&code), "a sixth guess is none");
    town.close().await;
}

/// A text of bytes that nobody sealed, in the words of either database.
fn bytes(town: &Town, digits: &str) -> String {
    if town.ledger().starts_with("postgres") {
        format!("decode('{digits}', 'hex')")
    } else {
        format!("x'{digits}'")
    }
}

#[tokio::test]
async fn a_row_of_the_vault_that_was_swapped_or_put_in_is_found() {
    let town = busy().await;
    let place = beside(&town);
    assert_eq!(found(&place), tables([]));
    let nothing = bytes(&town, "00");
    for (table, key, column) in [
        ("contacts", "contact", "sealed"),
        ("contacts", "contact", "fingerprint"),
        ("voucher_codes", "voucher", "sealed"),
        ("voucher_codes", "voucher", "fingerprint"),
        ("voucher_codes", "voucher", "folded"),
        ("voucher_codes", "voucher", "last_four"),
        ("provider_refs", "payment", "sealed"),
        ("receipt_numbers", "receipt", "sealed"),
        ("message_texts", "message", "sealed"),
        ("inbox", "row", "sealed"),
        ("inbox", "row", "fingerprint"),
        ("staff_secrets", "staff", "name"),
        ("staff_secrets", "staff", "password"),
        ("staff_secrets", "staff", "fingerprint"),
    ] {
        keep(&town, table).await;
        let at = |end: &str| format!("where {key} = (select {end}({key}) from kept)");
        let of = |end: &str| format!("(select {column} from kept {})", at(end));
        town.tampers(&format!("update {table} set {column} = {nothing} {}", at("min"))).await;
        town.tampers(&format!("update {table} set {column} = {} {}", of("min"), at("max"))).await;
        town.tampers(&format!("update {table} set {column} = {} {}", of("max"), at("min"))).await;
        assert_eq!(found(&place), tables([table]), "{table}.{column}");
        put_back(&town, table).await;
    }
    for (table, lie) in [
        ("notes", format!("insert into notes values ('site:mtaa', {nothing})")),
        (
            "uploads",
            format!("insert into uploads values ('b', 'mtaa', 's', {nothing}, 1, null, null)"),
        ),
        ("shared_secrets", format!("update shared_secrets set sealed = {nothing}")),
        ("message_refs", "update message_refs set message = 'x'".to_owned()),
        ("voucher_codes", "delete from voucher_codes".to_owned()),
        ("links", "delete from links".to_owned()),
    ] {
        keep(&town, table).await;
        town.tampers(&lie).await;
        assert_eq!(found(&place), tables([table]), "{lie}");
        put_back(&town, table).await;
    }
    assert_eq!(found(&place), tables([]));
    town.close().await;
}

#[tokio::test]
async fn without_the_master_key_the_vault_stays_shut_and_the_auditor_is_told() {
    let town = busy().await;
    let key = town.store().vault().signing_key().public().to_string();
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger());
    let said = place.good(&["audit", "verify", "--public-key", &key]);
    assert!(said.contains("vault was not opened"), "{said}");
    town.tampers("update stock_counts set free = free + 1").await;
    let said = String::from_utf8(place.run(&["audit", "verify", "--public-key", &key]).stdout);
    assert!(said.unwrap().contains("stock_counts: mtaa daily"), "the ledger itself is compared");
    town.tampers("update stock_counts set free = free - 1").await;
    town.close().await;
}

crate::on_postgres_too! {
    a_link_opens_the_sale_it_was_made_for_and_no_other,
    a_role_raised_in_the_table_opens_nothing,
    a_session_row_pointed_at_somebody_else_is_no_session,
    an_old_password_row_put_back_opens_nothing,
    a_sold_code_put_into_stock_again_is_not_sold_again,
    a_code_moved_to_another_package_is_not_sold_under_it,
    a_purchase_that_is_not_open_keeps_nobody_from_buying,
    price_login_page_and_till_are_those_of_the_ledger,
    every_lie_of_a_decision_table_is_found_and_mended,
    a_shop_is_mended_while_it_sells,
    the_owner_is_told_what_was_mended,
    guesses_are_not_given_back_by_a_row_that_says_fewer,
    a_row_of_the_vault_that_was_swapped_or_put_in_is_found,
    without_the_master_key_the_vault_stays_shut_and_the_auditor_is_told,
}
