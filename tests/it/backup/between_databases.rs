//! A copy of a full day: from either database into either, compared row by row, and the shop goes
//! on from it as if nothing had happened.

use crate::{
    cli,
    router::harness,
    town::{Clerk, Customer, GATEWAYS, Home, MASTER, PASSWORD, Town, sql},
};
use lango::{
    adapters::http,
    app,
    commands::money::settle::StateCharges,
    ledger::{
        kernel::{
            money::Cents,
            time::{HOUR, Micros},
        },
        key::KeyPurpose,
        settlement::Settlement,
        staff::Role,
    },
    ports::SystemRandom,
    services::{backup, person, staff::Change},
    simulators::sms_gateway::{Answer, Faults},
    store::{BackupKey, Key, LEFT_OUT, Opening, SOURCE_REPORT, Store},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

const PAID: &str = "Paid. Here is your code";

/// Everybody who comes back after the copy.
struct Day {
    /// Has her code since the morning.
    njeri: Customer,
    /// That code.
    code: String,
    /// The phone shows a prompt.
    wafula: Customer,
    /// Paid; what M-PESA told of it is kept and not looked at yet.
    kamau: Customer,
    /// Paid; no gateway takes the SMS.
    atieno: Customer,
    /// Paid, when the last code was gone.
    otieno: Customer,
    /// Changed role and password during the day.
    owner: Clerk,
    /// May sign in no longer.
    former: Clerk,
    /// Where the file stands of which nobody has decided yet.
    waiting: String,
}

/// Two lists of stock, and two files at the desk.
const BATCHES: usize = 4;

const NEW_PASSWORD: &str = "ndovu wawili juu ya mti";

/// All that can happen on a day, up to the middle of a busy minute.
async fn a_full_day(town: &mut Town) -> Day {
    town.registers().await;
    town.stock("hourly", 1).await;
    let otieno = is_owed(town).await;
    harness::selling(town, 16).await;
    town.mpesa_will(|faults| faults.duplicate_callback = 1);
    let (njeri, code) = harness::buys(town, "Njeri", "0733 000 001").await;
    town.mpesa_will(|faults| faults.duplicate_callback = 0);
    town.sms[0].deliver_reports().await;
    money_goes_back_and_forth(town).await;
    let (owner, former) = staff_comes_and_goes(town).await;
    every_key_is_changed(town).await;
    let (owner, waiting) = files_are_brought(town, owner).await;
    town.passes(61).await;
    assert!(town.store().read().last_checkpoint().await.unwrap().is_some());
    for center in &town.sms {
        center.set_faults(Faults { answer: Some(Answer::Html(503)), ..Faults::default() });
    }
    let (atieno, _) = harness::buys(town, "Atieno", "0733 000 006").await;
    assert_eq!(town.texts(&atieno).len(), 0);
    let mut wafula = town.customer("Wafula", "0733 000 007");
    town.asks(&mut wafula, "daily").await;
    let mut kamau = town.customer("Kamau", "0733 000 008");
    town.asks(&mut kamau, "daily").await;
    kamau.enters_pin();
    town.mpesa.tick();
    town.mpesa.idle().await;
    let secret = town.store().vault().report_secret(GATEWAYS[0]);
    let report = format!("/hooks/m/{}/{secret}?id=of-nobody&status=Success", GATEWAYS[0]);
    let client = http::client(std::time::Duration::from_secs(30)).unwrap();
    assert_eq!(client.get(town.url(&report)).send().await.unwrap().status(), 200);
    let undecided = town.store().read().inbox_undecided(SOURCE_REPORT, 9).await.unwrap();
    assert_eq!(undecided.len(), 1, "a report may come before its gateway's answer");
    Day { njeri, code, wafula, kamau, atieno, otieno, owner, former, waiting }
}

async fn is_owed(town: &mut Town) -> Customer {
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(3_600));
    let mut otieno = town.customer("Otieno", "0733 000 010");
    let mut quicker = town.customer("Quicker", "0733 000 011");
    town.asks(&mut otieno, "hourly").await;
    town.passes(305).await;
    town.asks(&mut quicker, "hourly").await;
    town.pays(&quicker).await;
    town.pays(&otieno).await;
    otieno.sees("Paid. We owe you a code").await;
    town.mpesa_will(|faults| faults.prompt_lives_seconds = None);
    otieno
}

/// A decline, a code replaced, a sale given back, money of nobody, charges, somebody forgotten.
async fn money_goes_back_and_forth(town: &mut Town) {
    let mut mwangi = town.customer("Mwangi", "0733 000 002");
    town.asks(&mut mwangi, "daily").await;
    mwangi.cancels();
    town.passes(30).await;
    let (akinyi, _) = harness::buys(town, "Akinyi", "0733 000 003").await;
    let sale = town.purchase_of(&akinyi).await.to_string();
    town.acting().replace(&sale).await.unwrap();
    let (barasa, _) = harness::buys(town, "Barasa", "0733 000 004").await;
    let sale = town.purchase_of(&barasa).await.to_string();
    town.acting().refund(&sale, Settlement::RefundedMpesa).await.unwrap();
    town.mpesa.pay_by_hand("254733000009", 70, "ZAWADI").await.unwrap();
    town.settle().await;
    let (month, ends_at) = ("2026-10".parse().unwrap(), Micros(town.store().now().0 - 24 * HOUR));
    let amount = Cents::from_kes(123);
    town.store().execute(StateCharges { month, amount, ends_at }).await.unwrap();
    let (chebet, _) = harness::buys(town, "Chebet", "0733 000 005").await;
    town.sms[0].deliver_reports().await;
    town.settle().await;
    let found = person::find(town.store(), &chebet.phone).await.unwrap();
    assert!(person::forget(town.store(), found).await.unwrap());
}

async fn staff_comes_and_goes(town: &mut Town) -> (Clerk, Clerk) {
    let owner = town.clerk("Wanjiku wa Mtaa", Role::Cashier).await;
    let former = town.clerk("Juma wa Zamani", Role::Technician).await;
    town.hides(NEW_PASSWORD);
    let role = Some(Role::Owner);
    let change = Change { role, password: Some(NEW_PASSWORD.to_owned().into()), disabled: None };
    for (clerk, change) in
        [(&owner, change), (&former, Change { disabled: Some(true), ..Change::default() })]
    {
        town.acting().change_staff(&clerk.name, change).await.unwrap();
    }
    (owner, former)
}

async fn every_key_is_changed(town: &mut Town) {
    town.stop().await;
    let (url, random) = (town.ledger(), Arc::new(SystemRandom));
    let opening = Opening {
        url: url.clone(),
        master: MASTER,
        zone: app::nairobi(),
        clock: town.clock.clone(),
        random: random.clone(),
    };
    for purpose in [KeyPurpose::Seal, KeyPurpose::Hook, KeyPurpose::Link, KeyPurpose::Sign] {
        Store::change_key(&opening, purpose).await.unwrap();
    }
    Store::seal_anew(&opening, |_| {}).await.unwrap();
    for (old, new) in [(MASTER, [1; 32]), ([1; 32], MASTER)] {
        Store::change_master(&url, &old, &new, random.clone()).await.unwrap();
    }
    town.start().await;
}

/// One file is taken in, and another one waits for a decision.
async fn files_are_brought(town: &mut Town, mut owner: Clerk) -> (Clerk, String) {
    owner.at_desk_of(town);
    owner.tries(PASSWORD).await;
    assert_eq!(owner.at, "/admin/sign-in", "that was the former one");
    owner.tries(NEW_PASSWORD).await;
    assert_eq!(owner.at, "/admin", "{}", owner.text());
    let list = |codes: [&str; 2]| {
        let line = |code| format!("add name={code} password={code} profile=daily\n");
        format!("/ip hotspot user\n{}", codes.map(line).concat())
    };
    let [taken, waits] = [["HTKW7731", "BQ4M99XR"], ["TZ8KLM23", "PP7WQ4N8"]];
    for code in [taken, waits].concat() {
        town.hides(code);
    }
    for (name, codes) in [("novemba.rsc", taken), ("desemba.rsc", waits)] {
        owner.opens("/admin/stock/upload").await;
        owner.brings(name, list(codes).as_bytes()).await;
        if codes == taken {
            let preview = owner.at.clone();
            owner.sends(&preview, &[]).await;
            town.settle().await;
        }
    }
    let waiting = owner.at.clone();
    (owner, waiting)
}

/// Every table of a ledger with all its rows, as the database's own catalogue names them: the
/// columns by name, what they hold in hexadecimal digits.
async fn rows(url: &str, tables: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in tables.iter().filter(|table| is_copied(table)) {
        let mut columns = columns(url, table).await;
        columns.sort();
        let value = |(name, kind): &(String, String)| {
            let value = match (url.starts_with("postgres"), kind.as_str()) {
                (false, _) => format!("lower(hex({name}))"),
                (true, "bytea") => format!("encode({name}, 'hex')"),
                (true, _) => format!("encode(convert_to({name}::text, 'UTF8'), 'hex')"),
            };
            // SQLite has digits for nothing too: none.
            format!("'{name}=' || case when {name} is null then 'null' else {value} end")
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let select = format!("select {}, '' from {table}", values.join(" || ' ' || "));
        let rows = asked(url, &select).await.into_iter().map(|(row, _)| row);
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        all.insert(table.clone(), rows);
    }
    all
}

fn is_copied(table: &str) -> bool {
    LEFT_OUT.iter().all(|(left_out, _)| *left_out != table)
}

async fn tables(url: &str) -> Vec<String> {
    let all = if url.starts_with("postgres") {
        "select tablename::text, '' from pg_tables where schemaname = current_schema()"
    } else {
        "select name, '' from sqlite_master where type = 'table'"
    };
    asked(url, all).await.into_iter().map(|(name, _)| name).collect()
}

async fn columns(url: &str, table: &str) -> Vec<(String, String)> {
    let all = if url.starts_with("postgres") {
        format!(
            "select column_name::text, data_type::text from information_schema.columns
             where table_schema = current_schema() and table_name = '{table}'"
        )
    } else {
        format!("select name, type from pragma_table_info('{table}')")
    };
    asked(url, &all).await
}

async fn asked(url: &str, select: &str) -> Vec<(String, String)> {
    if url.starts_with("postgres") {
        let mut schema = PgConnection::connect(url).await.unwrap();
        let select = AssertSqlSafe(select.to_owned());
        sqlx::query_as(select).fetch_all(&mut schema).await.unwrap()
    } else {
        let file = rusqlite::Connection::open(url.strip_prefix("sqlite:").unwrap()).unwrap();
        let mut select = file.prepare(select).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

fn key() -> BackupKey {
    BackupKey::of(&MASTER)
}

async fn copied(town: &Town, folder: &Path) -> backup::Made {
    let seals = backup::Seals { key: &key(), random: &SystemRandom };
    backup::make(town.store(), seals, folder, |_| {}).await.unwrap()
}

/// A full day's copy comes back in another home, and the shop goes on there.
async fn comes_back_in(home: Home) {
    let mut town = Town::open().await;
    let day = a_full_day(&mut town).await;
    let folder = tempfile::tempdir().unwrap();
    let made = copied(&town, folder.path()).await;
    town.stop().await;
    let (from, to) = (town.ledger(), home.url());
    backup::restore(&made.path, &key(), &to, None, |_| {}).await.unwrap();
    let tables = tables(&to).await;
    for (table, rows) in same_rows(&from, &to, &tables).await {
        assert!(!rows.is_empty(), "nothing of the day stands in {table}");
    }
    town.moves_to(home).await;
    goes_on(&mut town, day).await;
    town.close().await;
}

/// Every table of a ledger, which another one has row by row.
async fn same_rows(from: &str, to: &str, tables: &[String]) -> BTreeMap<String, Vec<String>> {
    let (before, after) = (rows(from, tables).await, rows(to, tables).await);
    for (table, rows) in &before {
        let lost = rows.iter().find(|row| !after[table].contains(row));
        assert_eq!(lost, None, "a row of {table}");
        assert_eq!(after[table].len(), rows.len(), "{table}");
    }
    before
}

async fn goes_on(town: &mut Town, mut day: Day) {
    for center in &town.sms {
        center.set_faults(Faults::default());
    }
    town.settle().await;
    day.kamau.sees(PAID).await;
    town.pays(&day.wafula).await;
    day.wafula.sees(PAID).await;
    let owner = &mut day.owner;
    owner.at_desk_of(town);
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin/sign-in", "everybody signs in again");
    owner.tries(NEW_PASSWORD).await;
    assert_eq!(owner.at, "/admin", "{}", owner.text());
    owner.opens(&day.waiting).await;
    owner.sends(&day.waiting, &[]).await;
    owner.reads("The codes are coming in.");
    day.former.at_desk_of(town);
    day.former.tries(PASSWORD).await;
    assert_eq!(day.former.at, "/admin/sign-in");
    town.passes(900).await;
    assert_eq!(town.count("batch_imported").await, BATCHES, "the file that waited is in");
    assert_eq!(town.texts(&day.atieno).len(), 1, "what was owed to her is sent");
    day.njeri.sees(PAID).await;
    assert_eq!(day.njeri.code().unwrap(), day.code);
    day.otieno.sees("Paid. We owe you a code").await;
}

#[tokio::test]
async fn a_full_day_comes_back_in_a_file() {
    comes_back_in(Home::file()).await;
}

#[tokio::test]
async fn a_full_day_comes_back_in_a_schema() {
    comes_back_in(Home::schema()).await;
}

/// What nobody writes on a normal day: letters that mean something to one of the two databases, to
/// JSON or to hexadecimal digits.
const ODD: &str = "'' \" \\ \\u0000 %s $1 {given: a text} ; -- \u{1}\u{7f}\u{2028}\u{feff}\u{fffd}\
                   \u{10ffff} 🕌\r\n\t";

async fn writes_odd_rows(url: &str) {
    let postgres = url.starts_with("postgres");
    let bytes = |digits: &str| {
        if postgres { format!("'\\x{digits}'::bytea") } else { format!("x'{digits}'") }
    };
    let (empty, all) = (bytes(""), bytes("00ff27225c0a"));
    let (low, high) = (i64::MIN + 1, i64::MAX);
    for statement in [
        format!("insert into notes (subject, sealed) values ('{ODD}', {empty}), ('', {all})"),
        format!("insert into tries (subject, times) values ('{ODD}', {high}), ('', {low})"),
        format!(
            "insert into work (kind, subject, since, due_at, attempt, seen)
             values ('{ODD}', 'null', {low}, {high}, 0, -1), ('', '0', 0, 0, {high}, {low})"
        ),
        // A hole in the numbers, and the highest.
        format!(
            "insert into inbox (row, source, subject, fingerprint, sealed, received_at, outcome)
             values (7, 'report', '{ODD}', {all}, {empty}, {low}, null),
               ({high}, 'c2b', '', {empty}, {all}, 0, 'taken')"
        ),
        format!(
            "insert into uploads (batch, site, staff, sealed, received_at, choice)
             values ('{ODD}', '', 'x', {empty}, {high}, null), ('', '', '', {all}, 0, '{ODD}')"
        ),
        format!("insert into links (fingerprint, purchase) values ({empty}, ''), ({all}, '{ODD}')"),
    ] {
        sql(url, &statement).await.unwrap();
    }
}

#[tokio::test]
async fn odd_rows_come_back_from_either_in_either() {
    let place = cli::Place::with_shop();
    writes_odd_rows(&place.ledger()).await;
    let text = std::fs::read_to_string(place.path("lango.key")).unwrap();
    let master = app::parse_key(text.trim()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut homes = vec![];
    let mut from = place.ledger();
    // From each into a file and into a schema.
    for home in [Home::file(), Home::schema(), Home::schema(), Home::file(), Home::file()] {
        let copy = copy_of(&from, master, folder.path()).await;
        backup::restore(&copy, &BackupKey::of(&master), &home.url(), None, |_| {}).await.unwrap();
        let tables = tables(&home.url()).await;
        let rows = same_rows(&from, &home.url(), &tables).await;
        assert_eq!((rows["notes"].len(), rows["inbox"].len()), (2, 2));
        from = home.url();
        homes.push(home);
    }
}

/// A copy of any ledger.
async fn copy_of(url: &str, master: Key, folder: &Path) -> PathBuf {
    let store = opened(url, master).await;
    let seals = backup::Seals { key: &BackupKey::of(&master), random: &SystemRandom };
    let made = backup::make(&store, seals, folder, |_| {}).await.unwrap();
    store.close().await;
    made.path
}

async fn opened(url: &str, master: Key) -> Store {
    let (clock, random) = app::machine();
    let (url, zone) = (url.to_owned(), app::nairobi());
    Store::open(Opening { url, master, zone, clock, random }).await.unwrap()
}

/// Copies that former versions made, whose key is the town's.
fn golden() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/backups");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn copies_of_former_versions_come_back() {
    let copies = golden();
    assert!(!copies.is_empty());
    for copy in copies {
        let home = Home::new();
        let restored = backup::restore(&copy, &key(), &home.url(), None, |_| {}).await;
        let restored = restored.unwrap_or_else(|failure| {
            panic!(
                "{failure}: did a migration bring a column that this copy does not have? Say in \
                 `later` (store/copy.rs) what stands there"
            )
        });
        let store = opened(&home.url(), MASTER).await;
        while store.project().await.unwrap() > 0 {}
        let audit = store.verify().await.unwrap();
        assert_eq!((audit.events, audit.findings), (restored.end.position, vec![]));
        assert_eq!(store.read().compare_decision_tables().await.unwrap(), []);
        assert_eq!(store.compare_projections().await.unwrap(), []);
        let seals = store.read().open_every_seal(&store.vault(), || true).await.unwrap();
        assert!(seals.opened > 100 && seals.closed == 0, "{seals:?}");
        assert_eq!(store.read().inbox_kept().await.unwrap().len(), 11);
        store.close().await;
        let scratch = tempfile::tempdir().unwrap();
        let within = scratch.path().to_owned();
        let prover = backup::Prover::new(MASTER, within, Arc::new(SystemRandom));
        let proof = prover.prove(&copy, &|| true, |_| {}).await.unwrap();
        assert_eq!((proof.end, proof.seals), (restored.end, seals.opened));
    }
}

crate::on_postgres_too! {
    a_full_day_comes_back_in_a_file,
    a_full_day_comes_back_in_a_schema,
    odd_rows_come_back_from_either_in_either,
    copies_of_former_versions_come_back,
}
