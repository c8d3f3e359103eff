//! Lists of codes: every sample through the real binary with counts that a script of its own found,
//! and awkward lines byte for byte from the file to the router.

use crate::cli::{Place, sample};
use lango::{
    adapters::routeros::{export, login_link::login_link},
    app,
    ledger::{
        catalogue::Package,
        kernel::{id::Slug, money::Cents},
    },
    ports::SystemRandom,
    services::{
        acting::Acting,
        stock::import::{self, Import},
    },
    store::{Key, Opening, Sealed, Store, VoucherCode},
};
use proptest::prelude::*;
use std::fs;

/// The counts that scripts rely on, in this order.
const NAMES: [&str; 7] = [
    "accepted",
    "other_package",
    "duplicate_in_file",
    "already_known",
    "already_used",
    "disabled",
    "not_a_voucher",
];

fn counts(json: &serde_json::Value) -> [u64; 7] {
    NAMES.map(|name| json[name].as_u64().unwrap_or_else(|| panic!("{name} is no number: {json}")))
}

fn free(place: &Place) -> Vec<u64> {
    let list = place.json(&["package", "list", "--site", "mtaa", "--json"]);
    list.as_array().unwrap().iter().map(|offer| offer["free"].as_u64().unwrap()).collect()
}

/// File, package asked for, counts of the first run, of the second.
type Row = (&'static str, Option<&'static str>, [u64; 7], [u64; 7]);

/// The figures were counted with a script in another language, from the files alone.
const SAMPLES: [Row; 14] = [
    ("hotspot-user-export-terse.rsc", None, [125, 0, 0, 0, 0, 0, 0], [0, 0, 0, 125, 0, 0, 0]),
    ("hotspot-user-export-terse-again.rsc", None, [130, 0, 0, 0, 0, 0, 0], [0, 0, 0, 130, 0, 0, 0]),
    ("hotspot-user-export-v6.rsc", None, [123, 0, 0, 0, 0, 2, 1], [0, 0, 0, 123, 0, 2, 1]),
    ("hotspot-user-export-v6.rsc", Some("daily"), [43, 80, 0, 0, 0, 2, 1], [0, 80, 0, 43, 0, 2, 1]),
    (
        "hotspot-user-export-v6.rsc",
        Some("weekly"),
        [49, 74, 0, 0, 0, 2, 1],
        [0, 74, 0, 49, 0, 2, 1],
    ),
    ("hotspot-user-export-v7.rsc", None, [494, 0, 0, 0, 0, 6, 1], [0, 0, 0, 494, 0, 6, 1]),
    (
        "hotspot-user-export-v7.rsc",
        Some("monthly"),
        [159, 335, 0, 0, 0, 6, 1],
        [0, 335, 0, 159, 0, 6, 1],
    ),
    ("hotspot-user-print-detail.txt", None, [39, 0, 0, 0, 9, 2, 0], [0, 0, 0, 48, 0, 2, 0]),
    ("mikhmon-export.rsc", None, [125, 0, 0, 0, 0, 0, 0], [0, 0, 0, 125, 0, 0, 0]),
    ("mikhmon-export.csv", None, [122, 0, 0, 0, 0, 0, 1], [0, 0, 0, 122, 0, 0, 1]),
    ("mikhmon-export.csv", Some("daily"), [122, 128, 0, 0, 0, 0, 1], [0, 128, 0, 122, 0, 0, 1]),
    ("plain-codes.txt", Some("daily"), [100, 0, 2, 0, 0, 0, 0], [0, 0, 2, 100, 0, 0, 0]),
    ("user-manager-export.csv", Some("daily"), [100, 0, 0, 0, 0, 0, 0], [0, 0, 0, 100, 0, 0, 0]),
    ("user-manager-export.xml", Some("daily"), [100, 0, 0, 0, 0, 0, 0], [0, 0, 0, 100, 0, 0, 0]),
];

#[test]
fn every_sample_is_counted_and_repeating_it_is_harmless() {
    for (name, package, first, second) in SAMPLES {
        let place = Place::with_shop();
        let file = sample(name);
        let mut arguments = vec!["vouchers", "import", "--site", "mtaa", "--json", &file];
        arguments.extend(package.iter().flat_map(|package| ["--package", package]));
        let before = place.good(&["audit", "verify"]);
        let dry = [&arguments[..], &["--dry-run"]].concat();
        assert_eq!(counts(&place.json(&dry)), first, "{name} dry");
        assert_eq!(place.good(&["audit", "verify"]), before, "a dry run changes nothing");
        assert_eq!(counts(&place.json(&arguments)), first, "{name}");
        let stock = free(&place);
        assert_eq!(stock.iter().sum::<u64>(), first[0], "{name}: what is accepted is in stock");
        let after = place.good(&["audit", "verify"]);
        assert_eq!(counts(&place.json(&arguments)), second, "{name} again");
        assert_eq!(free(&place), stock);
        assert_eq!(place.good(&["audit", "verify"]), after, "a repeated upload records nothing");
    }
}

#[test]
fn a_second_list_adds_only_what_is_new() {
    let place = Place::with_shop();
    for (name, expected) in [
        ("hotspot-user-export-terse.rsc", [125, 0, 0, 0, 0, 0, 0]),
        ("hotspot-user-export-terse-again.rsc", [5, 0, 0, 125, 0, 0, 0]),
    ] {
        let json = place.json(&["vouchers", "import", "--site", "mtaa", "--json", &sample(name)]);
        assert_eq!(counts(&json), expected, "{name}");
    }
    assert_eq!(free(&place).iter().sum::<u64>(), 130);
}

#[test]
fn printed_codes_are_known_and_never_in_stock() {
    let place = Place::with_shop();
    let file = sample("hotspot-user-export-v6.rsc");
    let import = ["vouchers", "import", "--site", "mtaa", "--json", &file];
    let set_aside = [&import[..], &["--set-aside-comment", "vc-544-batch 7, counter"]].concat();
    let json = place.json(&set_aside);
    assert_eq!((counts(&json)[0], json["set_aside"].as_u64()), (123, Some(1)));
    assert_eq!(free(&place).iter().sum::<u64>(), 122);
    // Without the flag they would be accepted, were they not known.
    assert_eq!(counts(&place.json(&import)), [0, 0, 0, 123, 0, 2, 1]);
    assert_eq!(free(&place).iter().sum::<u64>(), 122);
}

#[test]
fn two_uploads_at_once_take_each_code_once() {
    let place = Place::with_shop();
    let file = sample("hotspot-user-export-v7.rsc");
    let import = ["vouchers", "import", "--site", "mtaa", "--json", &file];
    let mut pipes = (place.command(&import), place.command(&import));
    let start = |command: &mut std::process::Command| {
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    let (one, other) = (start(&mut pipes.0), start(&mut pipes.1));
    let taken: u64 = [one, other]
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .map(|output| {
            assert!(output.status.success());
            let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            json["taken"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(taken, 494);
    assert_eq!(free(&place).iter().sum::<u64>(), 494);
    assert!(place.good(&["audit", "verify"]).contains("each follows from the one before"));
}

/// A shop in the test's own process, with the packages of the samples.
async fn shop(place: &Place) -> Store {
    let (clock, random) = app::machine();
    let opening = Opening {
        url: place.ledger(),
        master: Key::default(),
        zone: app::nairobi(),
        clock,
        random,
    };
    let store = Store::open(opening).await.unwrap();
    let site = Slug::parse("mtaa").unwrap();
    let register = lango::commands::catalogue::RegisterSite::new(
        site.clone(),
        "Mtaa".into(),
        "http://10.5.50.1/login".into(),
    );
    store.execute(register).await.unwrap();
    for id in ["daily", "weekly", "monthly"] {
        let package = Package {
            site: site.clone(),
            package: Slug::parse(id).unwrap(),
            version: 1,
            name: id.into(),
            price_cents: Cents::from_kes(50),
            validity_seconds: 86_400,
            profile: id.into(),
            devices: 1,
            rate_kbps_down: None,
            rate_kbps_up: None,
            data_bytes_max: None,
            name_sw: None,
            place: None,
            retired: false,
        };
        store.execute(lango::commands::catalogue::DefinePackage { package }).await.unwrap();
    }
    store
}

async fn upload(store: &Store, bytes: &[u8]) -> import::Report {
    let site = Slug::parse("mtaa").unwrap();
    let acting = Acting::at_command_line(store, &SystemRandom);
    acting.import(&Import::to(site), bytes).await.unwrap()
}

/// Every code of the vault with its password, in order.
async fn vault(store: &Store) -> Vec<(String, Option<String>)> {
    let mut codes = vec![];
    for event in store.read().events_after(0, 10_000).await.unwrap() {
        if event.kind != "voucher_imported" {
            continue;
        }
        let id = event.stream.strip_prefix("voucher-").unwrap().parse().unwrap();
        let text = store.open_sealed(Sealed::Code(id)).await.unwrap().unwrap();
        let code: VoucherCode = serde_json::from_str(&text).unwrap();
        codes.push((code.code, code.password));
    }
    codes.sort();
    codes
}

#[tokio::test]
async fn awkward_codes_and_passwords_reach_the_router_byte_for_byte() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let place = Place::empty();
    let store = shop(&place).await;
    let list = concat!(
        "/ip hotspot user\n",
        "add name=\"A B-1\" password=\"78LZ \\\"x\" profile=daily\n",
        "add name=\"q\\\"uote\" password=\"back\\\\slash \\$x\" profile=daily\n",
        "add name=lower9 password=\"  two  \" profile=weekly\n",
        "add name=\"caf\\C3\\A9\" password=\"\" profile=monthly\n",
    );
    upload(&store, list.as_bytes()).await;
    let expected =
        [("A B-1", "78LZ \"x"), ("café", ""), ("lower9", "  two  "), ("q\"uote", "back\\slash $x")];
    let kept = vault(&store).await;
    assert_eq!(kept, expected.map(|(code, password)| (code.to_owned(), Some(password.to_owned()))));
    let router = "http://10.5.50.1/login".parse().unwrap();
    for (code, password) in kept {
        let link = login_link(&router, &code, password.as_deref(), None);
        let (_, var) = link.query_pairs().next().unwrap();
        let parts: Vec<Vec<u8>> =
            var.split('.').skip(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert_eq!(parts, [code.as_bytes(), password.unwrap().as_bytes()]);
    }
}

#[tokio::test]
async fn the_vault_holds_a_sample_as_its_file_does() {
    let place = Place::empty();
    let store = shop(&place).await;
    let bytes = fs::read(sample("hotspot-user-export-v6.rsc")).unwrap();
    upload(&store, &bytes).await;
    let mut lines: Vec<(String, Option<String>)> = export::read(&bytes)
        .unwrap()
        .lines
        .into_iter()
        .filter(|line| line.code != "admin" && !line.disabled)
        .map(|line| (line.code, line.password))
        .collect();
    lines.sort();
    assert!(lines.contains(&("LJH53H".into(), Some("X2HD \"x".into()))));
    assert_eq!(vault(&store).await, lines);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    /// Whatever way the owner cuts, shuffles and repeats a list, the stock is the same.
    #[test]
    fn any_split_order_and_repetition_gives_the_same_stock(
        order in Just((0..125_usize).collect::<Vec<_>>()).prop_shuffle(),
        cuts in prop::collection::vec(1..40_usize, 1..6),
        repeated in prop::collection::vec(0..125_usize, 0..30),
    ) {
        let text = fs::read_to_string(sample("hotspot-user-export-terse.rsc")).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let mut wanted: Vec<&str> = order.iter().chain(&repeated).map(|at| lines[*at]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (place, whole) = (Place::empty(), Place::empty());
            let (store, at_once) = (shop(&place).await, shop(&whole).await);
            for cut in cuts {
                let rest = wanted.split_off(cut.min(wanted.len()));
                upload(&store, wanted.join("\n").as_bytes()).await;
                wanted = rest;
            }
            upload(&store, (wanted.join("\n") + "\n" + lines[0]).as_bytes()).await;
            upload(&at_once, text.as_bytes()).await;
            assert_eq!(vault(&store).await, vault(&at_once).await);
            let site = Slug::parse("mtaa").unwrap();
            let free = |offers: Vec<lango::store::Offer>| -> Vec<_> {
                offers.into_iter().map(|offer| (offer.package.package, offer.free)).collect()
            };
            let stock = free(store.read().offers(&site).await.unwrap());
            assert_eq!(stock, free(at_once.read().offers(&site).await.unwrap()));
            Ok::<(), TestCaseError>(())
        })?;
    }
}

crate::on_postgres_too! {
    a_second_list_adds_only_what_is_new,
    two_uploads_at_once_take_each_code_once,
    awkward_codes_and_passwords_reach_the_router_byte_for_byte,
    the_vault_holds_a_sample_as_its_file_does,
}
