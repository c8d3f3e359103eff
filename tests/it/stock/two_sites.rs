//! The same codes at several sites: sold once on one router, and at each site only where a person
//! said that the routers are others.

use crate::{
    cli::{Place, sample},
    town::{Customer, SITE, Town},
};
use lango::{
    commands::{
        catalogue::{DefinePackage, RegisterSite},
        stock::import_vouchers::{ImportLines, Line},
    },
    ledger::{
        catalogue::Package,
        command::{CodeRow, Command, Decision},
        kernel::{
            id::{BatchId, PackageKey, Slug, VoucherId},
            money::Cents,
            time::Micros,
        },
        needs::Need,
        refusal::Refusal,
        staff::Role,
        voucher::{VoidReason, fold},
        world::World,
    },
    ports::{Random as _, SystemRandom},
    services::{
        acting::Acting,
        stock::{
            self, Doomed,
            import::{Import, Report},
        },
    },
    store::{Lookup, Sealed, Store},
};
use reqwest::Method;
use std::collections::BTreeMap;

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// Another site of the shop, which sells a day to whoever has the router's profile of that name.
pub async fn opens_a_site(town: &Town, id: &str, name: &str) {
    let site = RegisterSite::new(slug(id), name.into(), "http://10.6.50.1/login".into());
    town.store().execute(site).await.unwrap();
    let package = Package {
        site: slug(id),
        package: slug("daily"),
        version: 1,
        name: "The daily".into(),
        price_cents: Cents::from_kes(50),
        validity_seconds: 86_400,
        profile: "daily".into(),
        devices: 1,
        rate_kbps_down: None,
        rate_kbps_up: None,
        data_bytes_max: None,
        name_sw: None,
        place: None,
        retired: false,
    };
    town.store().execute(DefinePackage { package }).await.unwrap();
}

pub fn list(codes: &[String]) -> String {
    let line = |code: &String| format!("add name={code} password={code} profile=daily\n");
    format!("/ip hotspot user\n{}", codes.iter().map(line).collect::<String>())
}

/// Imports codes at a site, with what is said of other sites' routers.
pub async fn imports(store: &Store, site: &str, codes: &[String], others: &[&str]) -> Report {
    let other_routers = others.iter().map(|other| slug(other)).collect();
    let import = Import { other_routers, ..Import::to(slug(site)) };
    let acting = Acting::at_command_line(store, &SystemRandom);
    acting.import(&import, list(codes).as_bytes()).await.unwrap()
}

/// How many lines are new, known here, and known elsewhere.
fn counts(report: &Report) -> (usize, usize, usize) {
    let counts = &report.counts;
    (report.taken, counts.already_known, counts.known_elsewhere)
}

/// Which sites have codes of the list, and how many of them stand where there.
fn elsewhere(report: &Report) -> Vec<(String, Vec<(&'static str, usize)>)> {
    let sites = report.elsewhere().into_iter();
    sites.map(|at| (at.site.to_string(), at.standing.into_iter().collect())).collect()
}

async fn free_at(town: &Town, site: &str) -> i64 {
    town.store().read().offers(&slug(site)).await.unwrap().iter().map(|offer| offer.free).sum()
}

/// Buys a day at a site and reads the code.
async fn buys_at(town: &Town, customer: &mut Customer, site: &str) -> String {
    customer.opens(&format!("/s/{site}")).await;
    let form = customer.form("daily");
    customer.goes(Method::POST, &format!("/s/{site}/buy"), &form).await;
    town.settle().await;
    town.pays(customer).await;
    customer.sees("Paid. Here is your code").await;
    customer.code().unwrap()
}

#[tokio::test]
async fn the_same_file_at_two_sites_sells_each_code_once() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 4).await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    opens_a_site(&town, "soko", "Soko Wi-Fi").await;
    let report = imports(town.store(), "kona", &codes, &[]).await;
    assert_eq!(counts(&report), (0, 0, 4));
    assert_eq!(elsewhere(&report), [("mtaa".to_owned(), vec![("free", 4)])]);
    assert!(report.judged[0].reason.contains("Mtaa Wi-Fi (mtaa)"), "{}", report.judged[0].reason);
    assert_eq!(town.count("batch_imported").await, 1, "nothing new is no batch");
    // What became of the codes is told too, and that they may be typed in another way.
    let mut njeri = town.customer("Njeri", "0721 000 001");
    buys_at(&town, &mut njeri, SITE).await;
    let unsold = stock::find(town.store(), SITE, &codes[3]).await.unwrap()[0];
    let doomed = Doomed::Voucher(unsold);
    town.acting().void(doomed, VoidReason::Leaked).await.unwrap();
    let typed: Vec<String> =
        codes.iter().map(|code| format!("{}-{}", &code[..4], code[4..].to_lowercase())).collect();
    for site in ["kona", "soko"] {
        let report = imports(town.store(), site, &typed, &[]).await;
        assert_eq!(counts(&report), (0, 0, 4));
        let standing = vec![("free", 2), ("sold", 1), ("voided", 1)];
        assert_eq!(elsewhere(&report), [("mtaa".to_owned(), standing)]);
        assert_eq!(free_at(&town, site).await, 0);
    }
    assert_eq!(counts(&imports(town.store(), SITE, &codes, &[]).await), (0, 4, 0));
    town.close().await;
}

#[tokio::test]
async fn two_routers_may_have_the_same_code_when_a_person_says_so() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 1).await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    opens_a_site(&town, "soko", "Soko Wi-Fi").await;
    assert_eq!(counts(&imports(town.store(), "kona", &codes, &[]).await), (0, 0, 1));
    assert_eq!(counts(&imports(town.store(), "kona", &codes, &["mtaa"]).await), (1, 0, 0));
    assert_eq!(town.count("site_router_differs").await, 1);
    // Said once, it is known, and at both sites.
    assert_eq!(counts(&imports(town.store(), "kona", &codes, &["mtaa"]).await), (0, 1, 0));
    assert_eq!(counts(&imports(town.store(), SITE, &codes, &[]).await), (0, 1, 0));
    assert_eq!(town.count("site_router_differs").await, 1);
    // The third site may share its router with either.
    let report = imports(town.store(), "soko", &codes, &["mtaa"]).await;
    assert_eq!(elsewhere(&report), [("kona".to_owned(), vec![("free", 1)])]);
    // Each site's voucher is its own, wherever one looks.
    let here = stock::find(town.store(), SITE, &codes[0]).await.unwrap();
    let there = stock::find(town.store(), "kona", &codes[0]).await.unwrap();
    assert!(here.len() == 1 && there.len() == 1 && here != there);
    let vault = town.store().vault();
    let at = |site: &str| vault.fingerprint(Lookup::Code(site, &codes[0]));
    let told = town.store().read().vouchers_of_codes(&[at(SITE), at("kona")]).await.unwrap();
    assert_eq!((told[&at(SITE)], told[&at("kona")]), (here[0], there[0]));
    let mut njeri = town.customer("Njeri", "0721 000 001");
    for site in [SITE, "kona"] {
        assert_eq!(buys_at(&town, &mut njeri, site).await, codes[0]);
        town.passes(180).await;
    }
    assert_eq!(town.count("voucher_allocated").await, 2);
    let last_four = &codes[0][4..];
    assert_eq!(town.store().purchases_named(last_four).await.unwrap().len(), 2);
    town.close().await;
}

#[tokio::test]
async fn the_ledger_knows_a_code_whose_row_in_the_vault_is_gone() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 2).await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    let mut njeri = town.customer("Njeri", "0721 000 001");
    buys_at(&town, &mut njeri, SITE).await;
    town.tampers("create table taken as select * from voucher_codes").await;
    town.tampers("delete from voucher_codes").await;
    let report = imports(town.store(), "kona", &codes, &[]).await;
    assert_eq!(counts(&report), (0, 0, 2));
    let standing = vec![("free", 1), ("sold", 1)];
    assert_eq!(elsewhere(&report), [("mtaa".to_owned(), standing)]);
    assert_eq!(counts(&imports(town.store(), SITE, &codes, &[]).await), (0, 2, 0));
    assert_eq!(free_at(&town, "kona").await, 0);
    assert_eq!(town.count("voucher_imported").await, 2);
    town.tampers("insert into voucher_codes select * from taken").await;
    town.tampers("drop table taken").await;
    town.close().await;
}

#[tokio::test]
async fn two_imports_at_once_at_two_sites_take_each_code_once() {
    let mut town = Town::open().await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    let other = town.second_instance().await;
    for (round, store) in [town.store(), other.store()].into_iter().enumerate() {
        let codes: Vec<String> = (0..450).map(|n| format!("R{round}C{n:05}")).collect();
        let here = imports(town.store(), SITE, &codes, &[]);
        let there = imports(store, "kona", &codes, &[]);
        let (here, there) = tokio::join!(here, there);
        let (taken, known) = (here.taken + there.taken, |report: &Report| {
            assert_eq!(report.taken, report.counts.accepted, "what is told is what was done");
            report.counts.known_elsewhere
        });
        assert_eq!((taken, known(&here) + known(&there)), (450, 450));
    }
    let free = free_at(&town, SITE).await + free_at(&town, "kona").await;
    assert_eq!(free, 900);
    other.die().await;
    town.hides("R0C00000");
    town.close().await;
}

/// An import as Lango did it when codes had no names in the ledger, and nobody looked at other
/// sites.
struct AsBefore(ImportLines);

impl Command for AsBefore {
    fn needs(&self, _: &World) -> Vec<Need> {
        self.0.lines.iter().map(|line| Need::Stock(line.package.clone())).collect()
    }

    fn decide(&self, _: &World, now: Micros) -> Result<Decision, Refusal> {
        let mut decision = self.0.decide(&World::whole(), now)?;
        decision.events.iter_mut().for_each(|event| event.once = None);
        Ok(decision)
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}

async fn imports_as_before(store: &Store, site: &str, codes: &[String]) {
    let batch = BatchId(SystemRandom.id(store.now()));
    let lines = codes.iter().map(|code| line_of(store, site, code)).collect();
    store.execute(AsBefore(ImportLines { batch, lines })).await.unwrap();
}

fn line_of(store: &Store, site: &str, code: &str) -> Line {
    let vault = store.vault();
    let voucher = VoucherId(SystemRandom.id(store.now()));
    let plain = serde_json::json!({ "code": code }).to_string();
    let code = CodeRow {
        voucher,
        fingerprint: vault.fingerprint(Lookup::Code(site, code)),
        folded: vault.fingerprint(Lookup::FoldedCode(site, code)),
        shop_wide: vault.fingerprint(Lookup::ShopWideCode(code)),
        last_four: vault.fingerprint(Lookup::LastFour(site, &fold(code)[4..])),
        sealed: vault.seal(&Sealed::Code(voucher).context(), plain.as_bytes()),
    };
    let package = PackageKey { site: slug(site), package: slug("daily") };
    Line { package, set_aside: None, code }
}

#[tokio::test]
async fn codes_from_before_are_found_at_every_site() {
    let mut town = Town::open().await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    let codes: Vec<String> = ["AB7R2MWE", "AB7R2MWF", "AB7R2MWG"].map(str::to_owned).to_vec();
    imports_as_before(town.store(), SITE, &codes).await;
    let last = stock::find(town.store(), SITE, &codes[2]).await.unwrap()[0];
    town.stop().await;
    town.tampers("update voucher_codes set shop_wide = null").await;
    // One that does not open keeps nobody from opening the shop.
    town.tampers("create table taken as select voucher, sealed from voucher_codes").await;
    let spoil = "update voucher_codes set sealed = fingerprint where voucher";
    town.tampers(&format!("{spoil} = '{last}'")).await;
    town.start().await;
    let (whole, broken) = codes.split_at(2);
    assert_eq!(counts(&imports(town.store(), "kona", whole, &[]).await), (0, 0, 2));
    assert_eq!(counts(&imports(town.store(), SITE, broken, &[]).await), (0, 1, 0));
    assert_eq!(town.times_logged("does not open"), 1);
    let back = "select sealed from taken where taken.voucher = voucher_codes.voucher";
    town.tampers(&format!("update voucher_codes set sealed = ({back})")).await;
    town.tampers("drop table taken").await;
    town.close().await;
}

#[tokio::test]
async fn codes_that_came_in_at_two_sites_before_are_told() {
    let town = Town::open().await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    let codes: Vec<String> = ["AB7R2MWE", "AB7R2MWF"].map(str::to_owned).to_vec();
    for site in [SITE, "kona"] {
        imports_as_before(town.store(), site, &codes).await;
    }
    let twice = [(slug("kona"), slug(SITE), 2), (slug(SITE), slug("kona"), 2)];
    assert_eq!(town.store().read().stocked_twice().await.unwrap(), twice);
    // Nothing of it is new, and what is said with it counts all the same.
    assert_eq!(counts(&imports(town.store(), "kona", &codes, &["mtaa"]).await), (0, 2, 0));
    assert_eq!(town.store().read().stocked_twice().await.unwrap(), []);
    town.close().await;
}

#[tokio::test]
async fn a_technician_says_at_the_desk_that_a_site_has_another_router() {
    let mut town = Town::open().await;
    opens_a_site(&town, "kona", "Kona Wi-Fi").await;
    let codes: Vec<String> = ["AB7R2MWE", "AB7R2MWF"].map(str::to_owned).to_vec();
    for code in &codes {
        town.hides(code);
    }
    imports(town.store(), "kona", &codes, &[]).await;
    let mut fundi = town.clerk("Fundi Barasa", Role::Technician).await;
    fundi.signs_in().await;
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("novemba.rsc", list(&codes).as_bytes()).await;
    fundi.reads("0 new codes");
    fundi.reads("2 of these codes came in at Kona Wi-Fi before: 2 for sale");
    fundi.reads("At another site 2");
    fundi.reads("Kona Wi-Fi: in stock");
    fundi.does_not_read("Take them into stock");
    let preview = fundi.at.clone();
    fundi.opens(&format!("{preview}?lang=sw")).await;
    fundi.reads("Mtaa Wi-Fi ina ruta tofauti na Kona Wi-Fi");
    fundi.reads("Ipo kituo kingine");
    fundi.opens(&format!("{preview}?lang=en&other_router.kona=on")).await;
    fundi.reads("You state that Mtaa Wi-Fi has another router than Kona Wi-Fi");
    fundi.reads("2 new codes will be sold online");
    assert_eq!(town.count("site_router_differs").await, 0, "a look changes nothing");
    fundi.sends(&preview, &[("other_router.kona", "on")]).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    let events = town.store().read().events_after(0, 1_000).await.unwrap();
    let said = events.iter().find(|event| event.kind == "site_router_differs").unwrap();
    assert_eq!(said.actor, format!("staff:{}", fundi.id));
    assert_eq!(said.data, r#"{"other":"kona","site":"mtaa"}"#);
    town.close().await;
}

#[test]
fn at_the_command_line_a_code_of_another_site_is_named_and_left() {
    let place = Place::with_shop();
    let login = "http://10.6.50.1/login";
    place.good(&["site", "add", "--id", "kona", "--name", "Kona Wi-Fi", "--router-login", login]);
    let package = ["package", "add", "--site", "kona", "--id", "daily", "--name", "Daily"];
    let how = ["--price", "50", "--validity", "1d", "--profile", "daily"];
    place.good(&[&package[..], &how[..]].concat());
    let file = sample("hotspot-user-export-terse.rsc");
    let import = |site| ["vouchers", "import", "--site", site, &file];
    place.good(&import("mtaa"));
    // The key that seals the vault is changed between the two imports.
    place.good(&["keys", "rotate", "--purpose", "seal"]);
    let kona = import("kona");
    let json = place.json(&[&kona[..], &["--json", "--lines"]].concat());
    assert_eq!((json["known_elsewhere"].as_u64(), json["taken"].as_u64()), (Some(125), Some(0)));
    let standing = BTreeMap::from([("free", 125)]);
    let site = serde_json::json!({ "site": "mtaa", "codes": 125, "standing": standing });
    assert_eq!(json["elsewhere"], serde_json::json!([site]));
    assert_eq!(json["lines"][0]["verdict"], "known_elsewhere");
    assert_eq!(json["lines"][0]["elsewhere"], "mtaa");
    let said = place.good(&kona);
    assert!(said.contains("at Mtaa Wi-Fi (mtaa): 125 free"), "{said}");
    assert!(said.contains("--other-router mtaa"), "{said}");
    let said = place.bad(1, &[&kona[..], &["--other-router", "kona"]].concat());
    assert!(said.contains("is the same site"), "{said}");
    let said = place.bad(1, &[&kona[..], &["--other-router", "pwani"]].concat());
    assert!(said.contains("no site pwani"), "{said}");
    let before = place.good(&["audit", "verify"]);
    let other = [&kona[..], &["--json", "--other-router", "mtaa"]].concat();
    let dry = place.json(&[&other[..], &["--dry-run"]].concat());
    assert_eq!(dry["accepted"].as_u64(), Some(125));
    assert_eq!(place.good(&["audit", "verify"]), before, "a dry run states nothing");
    let json = place.json(&other);
    assert_eq!((json["accepted"].as_u64(), json["taken"].as_u64()), (Some(125), Some(125)));
    assert!(place.good(&["audit", "verify"]).contains("each follows from the one before"));
}

crate::on_postgres_too! {
    the_same_file_at_two_sites_sells_each_code_once,
    two_routers_may_have_the_same_code_when_a_person_says_so,
    the_ledger_knows_a_code_whose_row_in_the_vault_is_gone,
    two_imports_at_once_at_two_sites_take_each_code_once,
    codes_from_before_are_found_at_every_site,
    codes_that_came_in_at_two_sites_before_are_told,
    a_technician_says_at_the_desk_that_a_site_has_another_router,
    at_the_command_line_a_code_of_another_site_is_named_and_left,
}
