//! The books, as an auditor and a bookkeeper read them: a month full of events, its journal judged
//! by hledger and ledger and held against M-PESA's own sums, and what one sale or one evening looks
//! like afterwards.

use crate::{
    cli::Place,
    town::{Customer, MASTER, Town},
};
use lango::{
    ledger::{
        kernel::{
            chain::{GENESIS, Hash, Link, hex},
            time::{DAY, SECOND},
        },
        payment::account_reference,
    },
    ports::Clock as _,
    store::Store,
};
use std::{fs, process::Command};

const PAID: &str = "Paid. Here is your code";
const OWED: &str = "Paid. We owe you a code";

/// The command line beside the town's ledger, without its key: what it prints is no secret.
fn auditor(town: &Town) -> Place {
    Place::empty().with("LANGO_DATABASE__URL", &town.ledger())
}

async fn sold(town: &mut Town, phone: &str, package: &str) -> Customer {
    let mut buyer = town.customer("Buyer", phone);
    town.asks(&mut buyer, package).await;
    town.pays(&buyer).await;
    buyer.sees(PAID).await;
    buyer
}

/// A town at the end of November: sales, a debt that is paid back, a sale found by asking whose
/// receipt comes later, money by hand, and money of the last minutes told in December.
async fn eventful() -> Town {
    let mut town = Town::open().await;
    town.registers().await;
    town.stock("daily", 3).await;
    town.stock("hourly", 1).await;
    sold(&mut town, "0727 000 001", "daily").await;
    sold(&mut town, "0727 000 002", "hourly").await;
    // Pays after the hold is over and the last code is gone; is served next day.
    town.mpesa_will(|faults| faults.prompt_lives_seconds = Some(7_200));
    let mut late = town.customer("Late", "0727 000 003");
    town.asks(&mut late, "daily").await;
    town.passes(305).await;
    sold(&mut town, "0727 000 004", "daily").await;
    sold(&mut town, "0727 000 005", "daily").await;
    town.pays(&late).await;
    late.sees(OWED).await;
    town.passes(86_400).await;
    town.stock("daily", 2).await;
    town.settle().await;
    late.sees(PAID).await;
    // Found by asking, which tells no time; the receipt brings it.
    town.mpesa_will(|faults| {
        faults.callback_never = true;
        faults.c2b.delay_seconds = 120;
    });
    let mut asked = town.customer("Asked", "0727 000 006");
    town.asks(&mut asked, "daily").await;
    town.pays(&asked).await;
    town.passes(60).await;
    asked.sees(PAID).await;
    town.passes(120).await;
    // By hand: once for nothing that we know, and a second time for what was paid already.
    let paid = account_reference(town.view_of(&asked).await.last_payment().unwrap().id);
    town.mpesa.pay_by_hand("254727000007", 30, "HELLO").await.unwrap();
    town.mpesa.pay_by_hand("254727000006", 50, &paid).await.unwrap();
    town.passes(180).await;
    // Five minutes before December, told an hour later.
    let month_ends = "2026-12-01T00:00:00+03:00".parse::<jiff::Timestamp>().unwrap();
    let left = month_ends.as_second() - town.clock.now().0 / SECOND;
    town.passes(left - 300).await;
    town.mpesa_will(|faults| faults.c2b.delay_seconds = 3_600);
    town.mpesa.pay_by_hand("254727000008", 70, "LATE").await.unwrap();
    town.passes(4_000).await;
    town
}

/// The sum of an account as a bookkeeping program gives it, in shillings.
fn sum(program: &str, journal: &std::path::Path, account: &str) -> f64 {
    let output = Command::new(program)
        .args(["-f", journal.to_str().unwrap(), "bal", account, "--flat"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.trim_end().ends_with(account));
    let line = line.unwrap_or_else(|| panic!("{program} knows no {account}: {text}"));
    let number = line.split("KES").nth(1).unwrap().split_whitespace().next().unwrap();
    number.replace(',', "").parse().unwrap()
}

fn journal(place: &Place, name: &str, arguments: &[&str]) -> std::path::PathBuf {
    let all = [&["audit", "journal", "--format", "hledger"], arguments].concat();
    let path = place.path(name);
    fs::write(&path, place.good(&all)).unwrap();
    let strict = Command::new("hledger")
        .args(["-f", path.to_str().unwrap(), "check", "--strict"])
        .output()
        .unwrap();
    assert!(strict.status.success(), "{}", String::from_utf8_lossy(&strict.stderr));
    path
}

#[tokio::test]
async fn hledger_and_ledger_agree_with_m_pesas_own_books() {
    let town = eventful().await;
    let place = auditor(&town);
    let collected: i64 = town.mpesa.books().iter().map(|entry| entry.amount_kes).sum();
    assert_eq!(collected, 10 + 5 * 50 + 30 + 50 + 70);
    let whole = journal(&place, "whole.journal", &[]);
    for (account, shillings) in [
        ("Assets:Mpesa", 410.0),
        ("Income:Sales:Mtaa:Daily", -250.0),
        ("Income:Sales:Mtaa:Hourly", -10.0),
        ("Liabilities:Unmatched", -150.0),
    ] {
        for program in ["hledger", "ledger"] {
            let found = sum(program, &whole, account);
            assert!((found - shillings).abs() < 0.001, "{program} {account}: {found}");
        }
    }
    let balances = place.json(&["audit", "journal", "--json"]);
    assert_eq!(balances["sum_cents"], 0);
    town.close().await;
}

#[tokio::test]
async fn a_month_goes_by_m_pesas_time_and_lists_apart_what_came_late() {
    let town = eventful().await;
    let place = auditor(&town);
    let november = journal(&place, "november.journal", &["--month", "2026-11"]);
    assert!((sum("hledger", &november, "Assets:Mpesa") - 410.0).abs() < 0.001);
    let text = fs::read_to_string(&november).unwrap();
    let (in_time, late) = text.split_once("; Late entries").unwrap();
    assert!(late.contains("2026-11-30 (") && late.contains("; late: 2026-12-01"), "{late}");
    assert_eq!(late.matches("Assets:Mpesa").count(), 1, "{late}");
    assert!(late.contains("KES 70.00") && !in_time.contains("KES 70.00"));
    let december = place.good(&["audit", "journal", "--format", "hledger", "--month", "2026-12"]);
    assert!(!december.contains("Assets:Mpesa"), "nothing moved in December: {december}");
    // A debt is a debt until its code is there, on whatever day that is.
    let days: Vec<&str> = text
        .lines()
        .filter(|line| line.ends_with("Paid, code owed") || line.ends_with("Owed code delivered"))
        .map(|line| &line[..10])
        .collect();
    assert_eq!(days.len(), 2);
    assert!(days[0] < days[1], "{days:?}");
    let beans = place.good(&["audit", "journal", "--format", "beancount", "--month", "2026-11"]);
    assert!(beans.contains("1970-01-01 open Income:Sales:Mtaa:Daily KES"));
    town.close().await;
}

#[tokio::test]
async fn one_sale_is_found_by_whatever_a_person_has_in_hand() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 2).await;
    let njeri = sold(&mut town, "0727 000 011", "daily").await;
    let place = with_key(&town);
    let id = town.purchase_of(&njeri).await.to_string();
    let receipt = town.mpesa.books()[0].receipt.clone();
    let view = town.view_of(&njeri).await;
    let code = codes.iter().find(|code| njeri.page.html.contains(&code[..4])).unwrap();
    let reference = account_reference(view.last_payment().unwrap().id);
    let end = id[24..].to_uppercase();
    let last = code[code.len() - 4..].to_lowercase();
    for name in [&*id, &*end, &*reference, &*receipt, "0727000011", "+254 727 000 011", &*last] {
        let shown = place.good(&["audit", "show", name]);
        assert!(shown.starts_with(&format!("Purchase {id}\n")), "{name}: {shown}");
        for kind in ["voucher_imported", "purchase_started", "receipt_recorded", "message_queued"] {
            assert_eq!(shown.matches(kind).count(), 1, "{kind}: {shown}");
        }
        assert!(!shown.contains(code.as_str()) && !shown.contains("727000011"), "{shown}");
    }
    let json = place.json(&["audit", "show", &end, "--json"]);
    assert_eq!(json["purchase"].as_str(), Some(&*id));
    assert!(json["events"].as_array().unwrap().len() > 10);
    // Another sale of the same phone: a list to choose from.
    town.passes(600).await;
    let mut again = njeri.clone();
    again.opens("/s/mtaa").await;
    town.asks(&mut again, "daily").await;
    let list = place.good(&["audit", "show", "0727000011"]);
    assert!(list.starts_with("2 sales; choose one by its id:"), "{list}");
    assert!(
        list.contains("paid, and has its code") && list.contains("waiting for money"),
        "{list}"
    );
    let said = place.bad(1, &["audit", "show", "0700000000"]);
    assert!(said.contains("nothing here matches 0700000000"), "{said}");
    town.close().await;
}

/// The command line with the town's own key.
fn with_key(town: &Town) -> Place {
    let place = auditor(town);
    fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    place
}

#[tokio::test]
async fn a_paid_page_bears_witness_to_the_ledger() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = sold(&mut town, "0727 000 041", "daily").await;
    town.passes(70).await;
    njeri.looks_again().await;
    let (_, after) = njeri.page.html.split_once("Ledger mark</dt><dd>").unwrap();
    let mark = after.split('<').next().unwrap();
    let last = town.store().read().last_position().await.unwrap();
    assert!(mark.starts_with(&format!("{last}-")), "the sale is under it: {mark}");
    let place = with_key(&town);
    let said = place.good(&["audit", "verify", "--against", mark]);
    assert!(said.ends_with("What was kept outside agrees.\n"), "{said}");
    town.close().await;
}

#[tokio::test]
async fn an_evening_long_ago_is_shown_as_it_stood() {
    let mut town = Town::open().await;
    town.stock("daily", 3).await;
    sold(&mut town, "0727 000 021", "daily").await;
    let evening = town.clock.now().0 / SECOND;
    town.passes(DAY / SECOND).await;
    sold(&mut town, "0727 000 022", "daily").await;
    let place = auditor(&town);
    let of = |time: &str| {
        let json = place.json(&["audit", "as-of", time, "--json"]);
        let sold: i64 = json["revenue"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["sales"].as_i64().unwrap())
            .sum();
        let stock = json["stock"].as_array().unwrap();
        (sold, stock.first().map(|row| (row["free"].as_i64(), row["sold"].as_i64())))
    };
    let then = jiff::Timestamp::from_second(evening).unwrap().to_string();
    assert_eq!(of(&then), (1, Some((Some(2), Some(1)))));
    assert_eq!(of("2999-01-01"), (2, Some((Some(1), Some(2)))));
    assert_eq!(of("2020-01-01"), (0, None));
    let text = place.good(&["audit", "as-of", &then]);
    assert!(text.contains("mtaa.daily") && text.contains("KSh 50"), "{text}");
    let said = place.bad(2, &["audit", "as-of", "yesterday"]);
    assert!(said.contains("2026-11-22"), "{said}");
    town.close().await;
}

#[tokio::test]
async fn an_export_holds_the_whole_chain() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    sold(&mut town, "0727 000 031", "daily").await;
    let place = auditor(&town);
    let lines = place.good(&["audit", "export", "--format", "jsonl"]);
    let last = hash_of_last(town.store()).await;
    assert_eq!(chain_of(&lines), hex(&last));
    let table = place.good(&["audit", "export", "--format", "csv"]);
    assert!(table.starts_with("position,time,recorded_at,"));
    assert_eq!(table.lines().count(), lines.lines().count() + 1);
    assert!(table.trim_end().ends_with(&hex(&last)));
    town.close().await;
}

async fn hash_of_last(store: &Store) -> Hash {
    let position = store.read().last_position().await.unwrap();
    store.read().events_after(position - 1, 1).await.unwrap()[0].hash
}

/// The last hash, computed from nothing but the export.
fn chain_of(lines: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        position: i64,
        stream: &'a str,
        version: i64,
        kind: &'a str,
        schema: i64,
        recorded_at: i64,
        business_day: &'a str,
        correlation: Option<&'a str>,
        actor: &'a str,
        once: Option<&'a str>,
        #[serde(borrow)]
        data: &'a serde_json::value::RawValue,
    }
    let mut hash = GENESIS;
    for line in lines.lines() {
        let line: Line<'_> = serde_json::from_str(line).unwrap();
        hash = Link {
            position: line.position,
            stream: line.stream,
            version: line.version,
            kind: line.kind,
            schema: line.schema,
            recorded_at: line.recorded_at,
            business_day: line.business_day,
            correlation: line.correlation,
            actor: line.actor,
            once: line.once,
            data: line.data.get(),
        }
        .hash(&hash);
    }
    hex(&hash)
}

crate::on_postgres_too! {
    hledger_and_ledger_agree_with_m_pesas_own_books,
    a_month_goes_by_m_pesas_time_and_lists_apart_what_came_late,
    one_sale_is_found_by_whatever_a_person_has_in_hand,
    a_paid_page_bears_witness_to_the_ledger,
    an_evening_long_ago_is_shown_as_it_stood,
    an_export_holds_the_whole_chain,
}
