//! Stories of technicians: a router is set up by the scripts that we ship, run by the simulated
//! router's own terminal.

use crate::{
    router::harness::{PHONE, Router, TABLET, all_pass, buys, selling},
    town::{SITE, Town},
};
use lango::{
    adapters::http,
    commands::catalogue::RegisterSite,
    ledger::{
        accent::Accent,
        kernel::{
            id::Slug,
            time::{HOUR, Micros, SECOND},
        },
        purchase::Language,
        staff::Role,
    },
    services::router::kit::{self, KitSettings},
    simulators::hotspot::{HotspotSettings, Version, users::Profile},
};
use std::time::Duration;

/// What the technician reads over the phone.
const READY: &str = "\
Lango 0.1.0 for mtaa\n\
PASS version: RouterOS 7.24 (stable)\n\
PASS device-mode: it allows what is needed\n\
PASS hotspot: there is one on bridge\n\
PASS licence: level 4, two hundred buyers at a time\n\
PASS clock: 2026-11-22\n\
PASS shop: it answers\n\
PASS space: enough for the pages\n\
PASS ipv6: nothing goes past the hotspot by it\n\
PASS fasttrack: off, so that speeds hold\n\
PASS bypass: nobody passes without a code\n\
PASS hotspot: it runs\n\
PASS pages: the hotspot shows ours\n\
PASS profiles: 2\n\
PASS garden: phones reach the shop\n\
PASS report: the shop has heard of this router\n\
PASS clockwork: it reports every minute\n\
Ready for codes: there are none yet. Make some with lango-vouchers.rsc, or import and upload \
yours.";

#[tokio::test]
async fn one_line_sets_a_router_up_and_another_takes_it_back() {
    let town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    assert_eq!(router.page(PHONE), "the owner's old page");
    let ran = router.set_up(&town).await;
    all_pass(&ran);
    assert_eq!(ran.text(), READY);
    assert!(router.page(PHONE).contains("Mtaa"), "our pages");
    assert!(router.hotspot.file("lango-before.rsc").is_some(), "what was there is kept");
    let again = router.set_up(&town).await;
    assert_eq!(again.lines, ran.lines, "it may be run again");
    let removed = router.hotspot.import("/import file-name=lango-remove.rsc");
    all_pass(&removed);
    assert_eq!(router.page(PHONE), "the owner's old page");
    let left = router.hotspot.import(
        "/file print\n/system script print\n/system scheduler print\n\
         /ip hotspot walled-garden print\n/ip hotspot walled-garden ip print\n\
         /ip hotspot user profile print",
    );
    assert!(!left.text().contains("lango/"), "{}", left.text());
    let named = left.lines.iter().filter(|line| line.contains("lango"));
    assert_eq!(named.count(), 1, "only what was there before: {}", left.text());
    all_pass(&router.hotspot.import("/import file-name=lango-before.rsc"));
    town.close().await;
}

#[tokio::test]
async fn on_a_package_of_one_device_the_newest_wins() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 1).await;
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    router.logs_in(PHONE, &code);
    router.logs_in(TABLET, &code);
    assert!(router.hotspot.is_online(TABLET), "the newest");
    assert!(!router.hotspot.is_online(PHONE), "was logged out");
    let mut sessions = router.hotspot.sessions();
    assert_eq!(sessions.pop().unwrap().username, code);
    assert!(sessions.is_empty());
    town.close().await;
}

#[tokio::test]
async fn an_upgrade_brings_the_sites_new_name_and_logs_nobody_out() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 1).await;
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    router.logs_in(PHONE, &code);
    let site = Slug::parse(SITE).unwrap();
    let login = "http://10.5.50.1/login".to_owned();
    router.minute(&town).await;
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.opens("/admin/routers").await;
    owner.does_not_read("run lango-upgrade.rsc");
    let renamed = RegisterSite::new(site, "Soko Wi-Fi".into(), login);
    let renamed = RegisterSite { language: Some(Language::Sw), change: true, ..renamed };
    town.store().execute(renamed).await.unwrap();
    assert!(!router.page(TABLET).contains("Soko Wi-Fi"), "not yet");
    owner.opens("/admin/routers").await;
    owner.reads("run lango-upgrade.rsc");
    // A restart forgets what was typed; that plain passwords are allowed stays.
    router.hotspot.import(":global langoPap \"\"");
    all_pass(&router.hotspot.terminal("/import file-name=lango-upgrade.rsc").await);
    let page = router.page(TABLET);
    assert!(page.contains("Soko Wi-Fi") && page.contains("lang=\"sw\""), "{page}");
    assert!(router.hotspot.is_online(PHONE));
    router.minute(&town).await;
    owner.opens("/admin/routers").await;
    owner.does_not_read("run lango-upgrade.rsc");
    // Somebody puts the router's own pages back, and nobody is led to the shop any more.
    router.hotspot.import("/ip hotspot profile set [find where name=lango] html-directory=hotspot");
    router.minute(&town).await;
    owner.opens("/admin/routers").await;
    owner.reads("buyers see none of our pages");
    all_pass(&router.hotspot.terminal("/import file-name=lango-upgrade.rsc").await);
    router.minute(&town).await;
    owner.opens("/admin/routers").await;
    owner.does_not_read("buyers see none of our pages");
    assert!(!router.is_off(&code));
    router.logs_in(TABLET, &code);
    assert!(router.hotspot.is_online(TABLET));
    town.close().await;
}

#[tokio::test]
async fn without_a_way_to_the_shop_the_folder_is_enough() {
    let mut town = Town::open().await;
    let site = town.store().read().site(&Slug::parse(SITE).unwrap()).await.unwrap().unwrap();
    let settings = KitSettings {
        shop_url: town.url("").parse().unwrap(),
        support_phone: None,
        accent: Accent::default(),
    };
    let kit = kit::make(town.store(), &settings, &site).await.unwrap();
    let router = Router::of(&town, HotspotSettings::default());
    // A board with a folder `flash`: only what lies inside is there after a restart.
    for page in &kit.pages {
        router.hotspot.copy_file(&format!("flash/lango/{}", page.name), &page.bytes);
    }
    for script in &kit.scripts {
        router.hotspot.copy_file(&format!("flash/{}", script.name), &script.bytes);
    }
    town.stop().await;
    let install = "/import file-name=flash/lango-install.rsc";
    let said = router.hotspot.terminal(install).await;
    assert_eq!(said.error, None, "{}", said.text());
    let failed = said.lines.iter().filter(|line| line.starts_with("FAIL"));
    let failed: Vec<&str> = failed.map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(failed, ["FAIL shop", "FAIL report"], "{}", said.text());
    assert!(router.page(PHONE).contains("Mtaa"), "our pages");
    town.start().await;
    all_pass(&router.hotspot.terminal(install).await);
    all_pass(&router.hotspot.import("/import file-name=flash/lango-remove.rsc"));
    assert_eq!(router.page(PHONE), "the owner's old page");
    town.close().await;
}

#[tokio::test]
async fn an_old_router_is_set_up_with_the_same_line() {
    let town = Town::open().await;
    let settings = HotspotSettings { version: Version(6, 49, 17), ..HotspotSettings::default() };
    let router = Router::of(&town, settings);
    all_pass(&router.set_up(&town).await);
    router.minute(&town).await;
    assert!(router.page(PHONE).contains("Mtaa"));
    town.close().await;
}

#[tokio::test]
async fn what_a_router_lacks_is_said_before_anything_is_changed() {
    let town = Town::open().await;
    let bare = async |change: fn(&mut HotspotSettings)| {
        let mut settings = HotspotSettings::default();
        change(&mut settings);
        let router = Router::of(&town, settings);
        let ran = router.set_up(&town).await;
        assert_eq!(router.page(PHONE), "the owner's old page", "{}", ran.text());
        ran.text()
    };
    let said = bare(|settings| settings.forbidden = vec!["hotspot", "scheduler"]).await;
    let cure = "FAIL device-mode: run /system device-mode update hotspot=yes scheduler=yes";
    assert!(said.contains(cure), "{said}");
    assert!(said.contains("Nothing was changed. Mend what FAIL names"), "{said}");
    let said = bare(|settings| settings.version = Version(6, 48, 6)).await;
    assert!(said.contains("FAIL version: RouterOS 6.48.6 (stable) is too old"), "{said}");
    let said = bare(|settings| settings.forbidden = vec!["flagged"]).await;
    assert!(said.contains("FAIL device-mode: run /system device-mode update flagged=no"), "{said}");
    let said = bare(|settings| settings.lacks = vec!["hotspot"]).await;
    assert!(said.contains("FAIL package: hotspot is missing"), "{said}");
    assert!(said.contains("Nothing was changed"), "{said}");
    let said = bare(|settings| settings.forbidden = vec!["fetch"]).await;
    assert!(said.contains("not allowed by device-mode"), "{said}");
    town.close().await;
}

#[tokio::test]
async fn a_new_hotspot_is_made_where_the_technician_says() {
    let town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    router.hotspot.import("/ip hotspot remove [find]\n/ip address remove [find]");
    let said = router.set_up(&town).await.text();
    assert!(said.contains("FAIL hotspot: there is no hotspot; say where"), "{said}");
    router.hotspot.import(":global langoInterface \"nowhere\"");
    let said = router.set_up(&town).await.text();
    assert!(said.contains("FAIL interface: there is no nowhere"), "{said}");
    router.hotspot.import(":global langoInterface \"bridge\"");
    all_pass(&router.set_up(&town).await);
    let made = router.hotspot.import("/ip address print\n/ip dhcp-server network print").text();
    assert!(made.contains("10.5.50.1/24") && made.contains("dns-server=10.5.50.1"), "{made}");
    all_pass(&router.hotspot.import("/import file-name=lango-remove.rsc"));
    let left = router.hotspot.import(
        "/ip hotspot print\n/ip address print\n/ip pool print\n/ip dhcp-server print\n\
         /ip dhcp-server network print\n/ip firewall nat print",
    );
    assert_eq!(left.text(), "", "nothing of it is left");
    town.close().await;
}

#[tokio::test]
async fn what_stands_on_an_interface_is_not_built_over() {
    let town = Town::open().await;
    let says = async |before: &str, why: &str| {
        let router = Router::of(&town, HotspotSettings::default());
        router.hotspot.import("/ip hotspot remove [find]\n/ip address remove [find]");
        all_pass(&router.hotspot.import(before));
        router.hotspot.import(":global langoInterface \"bridge\"");
        let said = router.set_up(&town).await.text();
        assert!(said.contains(&format!("FAIL interface: {why}")), "{said}");
        assert!(said.contains("The hotspot is not set up"), "{said}");
        assert_eq!(router.hotspot.import("/ip pool print\n/ip hotspot print").text(), "");
    };
    let port = "/interface bridge port add interface=bridge bridge=other";
    says(port, "bridge is a port of a bridge; name the bridge").await;
    let server = "/ip dhcp-server add name=defconf interface=bridge";
    says(server, "bridge has a DHCP server; use a bridge of its own").await;
    let address = "/ip address add address=10.5.50.1/24 interface=ether3";
    says(address, "10.5.50.1 is in use here; register another login address").await;
    town.close().await;
}

#[tokio::test]
async fn a_router_that_does_not_know_who_signed_is_told_what_to_type() {
    let town = Town::open().await;
    let site = town.store().read().site(&Slug::parse(SITE).unwrap()).await.unwrap().unwrap();
    let settings = KitSettings {
        shop_url: "https://wifi.example".parse().unwrap(),
        support_phone: None,
        accent: Accent::default(),
    };
    let kit = kit::make(town.store(), &settings, &site).await.unwrap();
    let install = kit.files().find(|file| file.name == "lango-install.rsc").unwrap();
    let shop = town.url("").trim_start_matches("http://").parse().unwrap();
    for (version, cure) in [
        (Version(7, 24, 5), "     /certificate settings set builtin-trust-store=default"),
        (Version(7, 20, 0), "     /certificate settings set builtin-trust-anchors=trusted"),
        (Version(7, 18, 2), "     /certificate import file-name=isrgrootx1.pem passphrase=\"\""),
        (
            Version(6, 49, 17),
            "     /tool fetch url=\"https://letsencrypt.org/certs/isrgrootx1.pem\"",
        ),
    ] {
        let names = [("wifi.example".to_owned(), shop)].into();
        let settings =
            HotspotSettings { version, names, trusts: false, ..HotspotSettings::default() };
        let router = Router::of(&town, settings);
        router.hotspot.copy_file(install.name, &install.bytes);
        let said = router.hotspot.terminal("/import file-name=lango-install.rsc").await;
        let wanted = "FAIL certificate: this router does not know who signed the shop's. Run:";
        assert_eq!(said.lines[1], wanted);
        assert!(said.lines.iter().any(|line| line == cure), "{}", said.text());
        assert!(said.text().contains("Nothing was changed"), "{}", said.text());
        assert!(router.hotspot.file("lango-check.rsc").is_none(), "nor fetched");
    }
    town.close().await;
}

#[tokio::test]
async fn a_board_that_doubles_flash_shows_our_pages_all_the_same() {
    let town = Town::open().await;
    let settings = HotspotSettings { doubles_flash: true, ..HotspotSettings::default() };
    let router = Router::of(&town, settings);
    router.hotspot.copy_file("flash/what-is-there.txt", b"");
    all_pass(&router.set_up(&town).await);
    assert!(router.page(PHONE).contains("Mtaa"), "our pages");
    router.minute(&town).await;
    town.close().await;
}

#[tokio::test]
async fn what_would_spoil_sales_is_named_with_its_cure() {
    let town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    let before = "/ip firewall filter add chain=forward action=fasttrack-connection\n\
        /ip hotspot walled-garden ip add action=reject\n\
        /ip hotspot walled-garden add action=allow dst-host=*.gstatic.com";
    all_pass(&router.hotspot.import(before));
    let said = router.set_up(&town).await.text();
    for wanted in [
        "FAIL fasttrack: it goes past the speeds that you sell. Run:",
        "     /ip firewall filter disable [find where action=fasttrack-connection]",
        "FAIL order: 1 rules of yours forbid before ours allow",
        "FAIL probes: 1 rules let phones believe that they are online",
        "3 FAIL. Mend the first one, then run this again.",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let cure = "/ip firewall filter disable [find where action=fasttrack-connection]\n\
        /ip hotspot walled-garden ip remove [find where action=reject]\n\
        /ip hotspot walled-garden remove [find where dst-host~\"gstatic\"]";
    all_pass(&router.hotspot.import(cure));
    all_pass(&router.set_up(&town).await);
    town.close().await;
}

#[tokio::test]
async fn who_cannot_make_codes_is_told_who_can() {
    let town = Town::open().await;
    let settings = HotspotSettings { version: Version(6, 49, 17), ..HotspotSettings::default() };
    let router = Router::of(&town, settings);
    all_pass(&router.set_up(&town).await);
    let said = router.hotspot.terminal("/import file-name=lango-vouchers.rsc").await.text();
    assert!(said.contains("FAIL codes: this RouterOS cannot draw lots."), "{said}");
    assert!(said.contains("lango vouchers make --site mtaa --package NAME --out"), "{said}");
    let router = Router::of(&town, HotspotSettings::default());
    all_pass(&router.set_up(&town).await);
    for silly in ["\"many\"", "0", "-5", "20000"] {
        router.hotspot.import(&format!(":global langoCount {silly}"));
        let said = router.hotspot.terminal("/import file-name=lango-vouchers.rsc").await.text();
        assert!(said.contains("langoCount is a number from 1 to 10000"), "{silly}: {said}");
    }
    town.close().await;
}

#[tokio::test]
async fn profiles_of_the_owner_stay_as_they_are() {
    let town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    let own = Profile { shared_users: Some(3), ..Profile::named("daily") };
    router.hotspot.add_profile(own);
    let said = router.set_up(&town).await.text();
    assert!(said.contains("FAIL profile: daily is yours and allows 3 devices, not 1"), "{said}");
    let shown = router.hotspot.import("/ip hotspot user profile print").text();
    assert!(shown.contains("name=daily shared-users=3"), "{shown}");
    town.close().await;
}

#[tokio::test]
async fn who_has_no_key_gets_and_tells_nothing() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let site = Slug::parse(SITE).unwrap();
    let late = town.store().vault().router_pass(&site, town.store().now());
    let long = town.store().vault().router_pass(&site, Micros(town.store().now().0 + HOUR));
    let client = http::client(Duration::from_secs(10)).unwrap();
    let get = async |path: String| client.get(town.url(&path)).send().await.unwrap().status();
    for path in [format!("mtaa/{late}"), "mtaa/x".into(), format!("kona/{long}")] {
        assert_eq!(get(format!("/router/{path}/lango-check.rsc")).await, 404);
        // What the technician pasted says why nothing happens.
        let url = town.url(&format!("/router/{path}/lango-install.rsc"));
        let said = client.get(url).send().await.unwrap().text().await.unwrap();
        assert!(said.starts_with(":error \"FAIL line: "), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
    assert_eq!(get(format!("/router/mtaa/{long}/..%2f..%2fetc%2fpasswd")).await, 404);
    assert_eq!(get(format!("/router/mtaa/{long}/lango-install.rsc")).await, 200);
    let key = town.store().vault().router_key(&site);
    let post = async |key: &str, body: &str| {
        let request = client.post(town.url("/router/mtaa/report"));
        let request = request.header("Authorization", format!("Bearer {key}"));
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(post("", "lango-report 1\n").await.0, 404);
    assert_eq!(post(&long, "lango-report 1\n").await.0, 404, "a pass fetches, and tells nothing");
    let (status, said) = post(&key, "hello").await;
    assert_eq!((status, said.as_str()), (400, "line 1 does not belong in a report\n"));
    let (status, said) = post(&key, "lango-report 1\nknown - nobody's\n").await;
    assert_eq!(status, 200);
    assert_eq!(said, format!("time {}\nlist\nend\n", town.store().now().0 / SECOND));
    assert_eq!(town.stock_of("daily").await, (1, 0), "nothing was told of it");
    town.close().await;
}

crate::on_postgres_too! {
    without_a_way_to_the_shop_the_folder_is_enough,
    an_upgrade_brings_the_sites_new_name_and_logs_nobody_out,
    one_line_sets_a_router_up_and_another_takes_it_back,
    on_a_package_of_one_device_the_newest_wins,
    an_old_router_is_set_up_with_the_same_line,
    what_a_router_lacks_is_said_before_anything_is_changed,
    a_new_hotspot_is_made_where_the_technician_says,
    what_stands_on_an_interface_is_not_built_over,
    a_router_that_does_not_know_who_signed_is_told_what_to_type,
    a_board_that_doubles_flash_shows_our_pages_all_the_same,
    what_would_spoil_sales_is_named_with_its_cure,
    who_cannot_make_codes_is_told_who_can,
    profiles_of_the_owner_stay_as_they_are,
    who_has_no_key_gets_and_tells_nothing,
}
