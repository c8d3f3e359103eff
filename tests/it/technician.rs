//! Stories of technicians: a router is set up by the scripts that we ship, run by the simulated
//! router's own terminal, and what the shop promises is what the router does.

use crate::town::{Customer, SITE, Town};
use lango::{
    commands::by::By,
    demo::hotspot::{
        Hotspot, HotspotSettings, Transcript, Version,
        servlet::Visit,
        users::{Profile, User},
    },
    kit,
    ledger::{
        id::Slug,
        time::{DAY, HOUR, Micros, SECOND},
        voucher::VoidReason,
    },
    ports::SystemRandom,
    routeros::users,
    routers,
    stock::{self, Doomed},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 20));
const TABLET: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 21));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 66));

/// What the technician reads over the phone.
const READY: &str = "\
Lango 0.1.0 for mtaa\n\
PASS version: RouterOS 7.24 (stable)\n\
PASS device-mode: it allows what is needed\n\
PASS hotspot: there is one, or it is said where to make one\n\
PASS licence: level 4, two hundred buyers at a time\n\
PASS clock: 2026-11-22\n\
PASS shop: it answers\n\
PASS space: enough for the pages\n\
PASS ipv6: nothing goes past the hotspot by it\n\
PASS bypass: nobody passes without a code\n\
PASS hotspot: it runs\n\
PASS pages: the hotspot shows ours\n\
PASS profiles: 2\n\
PASS garden: phones reach the shop\n\
PASS report: the shop has heard of this router\n\
PASS clockwork: it reports every minute\n\
PASS codes: 0 on this router\n\
Ready. Buy the cheapest package with a phone now.";

/// A router on a pole, with a hotspot that somebody set up before.
struct Router {
    hotspot: Hotspot,
}

impl Router {
    fn of(town: &Town, settings: HotspotSettings) -> Self {
        let old = vec![("login.html".to_owned(), b"the owner's old page".to_vec())];
        let hotspot = Hotspot::new(settings, old, town.clock.clone(), Arc::new(SystemRandom));
        Self { hotspot }
    }

    /// What the technician pastes: plain passwords are allowed, so that stories need no script.
    async fn set_up(&self, town: &Town) -> Transcript {
        self.hotspot.import(":global langoPap true");
        self.hotspot.terminal(&line(town)).await
    }

    fn logs_in(&self, ip: IpAddr, code: &str) -> String {
        let field = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let fields = [field("username", code), field("password", code)];
        let visit = Visit {
            ip,
            path: "/login".into(),
            url: "http://10.5.50.1/login".into(),
            fields: BTreeMap::from(fields),
            headers: BTreeMap::new(),
        };
        String::from_utf8(self.hotspot.visit(&visit).body).unwrap()
    }

    fn page(&self, ip: IpAddr) -> String {
        let url = "http://10.5.50.1/login".to_owned();
        let (fields, headers) = (BTreeMap::new(), BTreeMap::new());
        let visit = Visit { ip, path: "/login".into(), url, fields, headers };
        String::from_utf8(self.hotspot.visit(&visit).body).unwrap()
    }

    /// A minute passes; nothing that is run then may fail.
    async fn minute(&self, town: &Town) {
        town.clock.advance(60);
        for ran in self.hotspot.minute().await {
            assert_eq!(ran.error, None, "{}", ran.text());
        }
    }

    /// The list of all codes is due again.
    async fn tells_all(&self, town: &Town) {
        town.clock.advance(3_600);
        self.minute(town).await;
    }

    fn is_off(&self, code: &str) -> bool {
        self.hotspot.user(code).is_none_or(|user| user.disabled)
    }
}

fn line(town: &Town) -> String {
    let site = Slug::parse(SITE).unwrap();
    let until = Micros(town.store().now().0 + DAY);
    let pass = town.store().vault().router_pass(&site, until);
    kit::line(&town.url("").parse().unwrap(), &site, &pass)
}

#[track_caller]
fn all_pass(ran: &Transcript) {
    assert_eq!(ran.error, None, "{}", ran.text());
    let failed = ran.lines.iter().any(|line| line.starts_with("FAIL"));
    assert!(!failed, "{}", ran.text());
}

/// A router that is set up, with the codes of a list that the shop has too.
async fn selling(town: &mut Town, count: usize) -> (Router, Vec<String>) {
    let router = Router::of(town, HotspotSettings::default());
    all_pass(&router.set_up(town).await);
    let codes = town.stock("daily", count).await;
    for code in &codes {
        let profile = "daily".to_owned();
        router.hotspot.add_user(User { profile, ..User::voucher(code) });
    }
    town.clock.advance(120);
    router.minute(town).await;
    town.settle().await;
    (router, codes)
}

async fn buys(town: &mut Town, name: &str, phone: &str) -> (Customer, String) {
    let mut buyer = town.customer(name, phone);
    town.asks(&mut buyer, "daily").await;
    town.pays(&buyer).await;
    buyer.sees("Paid. Here is your code").await;
    let code = buyer.code().unwrap();
    (buyer, code)
}

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
async fn a_code_lives_from_its_first_login_as_long_as_its_package_says() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 2).await;
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    town.clock.advance(7_200);
    router.minute(&town).await;
    assert_eq!(town.count("voucher_activated").await, 0, "its time does not run yet");
    router.logs_in(PHONE, &code);
    assert!(router.hotspot.is_online(PHONE));
    router.minute(&town).await;
    assert_eq!(town.count("voucher_activated").await, 1);
    router.minute(&town).await;
    assert_eq!(town.count("voucher_activated").await, 1, "told once");
    // The phone sleeps and comes back; the router's clock is wrong after a power cut.
    router.hotspot.forget(PHONE);
    router.hotspot.configure(|settings| settings.clock_error = -30 * 365 * DAY);
    town.clock.advance(23 * 3_600);
    router.minute(&town).await;
    router.logs_in(PHONE, &code);
    assert!(router.hotspot.is_online(PHONE), "its day is not over");
    town.clock.advance(3_600);
    router.minute(&town).await;
    assert!(!router.hotspot.is_online(PHONE), "its day is over");
    assert!(router.is_off(&code));
    router.logs_in(PHONE, &code);
    assert!(!router.hotspot.is_online(PHONE));
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
async fn a_site_that_reports_sells_only_what_its_router_shows() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 2).await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    // A list of another router comes into stock: nobody can log in with it here.
    let foreign = town.stock("daily", 3).await;
    assert_eq!(town.stock_of("daily").await, (2, 0), "not for sale");
    router.tells_all(&town).await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    router.hotspot.add_user(User { profile: "daily".into(), ..User::voucher(&foreign[0]) });
    town.clock.advance(120);
    router.minute(&town).await;
    assert_eq!(town.stock_of("daily").await, (3, 0), "now it is");
    // Somebody removes one at the router.
    router.hotspot.import(&format!("/ip hotspot user remove [find where name={}]", foreign[0]));
    router.tells_all(&town).await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    town.close().await;
}

#[tokio::test]
async fn a_void_code_is_switched_off_at_the_router() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    router.logs_in(PHONE, &codes[0]);
    assert!(router.hotspot.is_online(PHONE));
    let voucher = stock::find(town.store(), SITE, &codes[0]).await.unwrap()[0];
    let doomed = Doomed::Voucher(voucher);
    stock::void(town.store(), By::CommandLine, doomed, VoidReason::Leaked).await.unwrap();
    assert!(!router.is_off(&codes[0]), "not told yet");
    router.minute(&town).await;
    assert!(router.is_off(&codes[0]));
    assert!(!router.hotspot.is_online(PHONE), "and its session has ended");
    assert_eq!(town.count("voucher_switched_off").await, 1, "and the shop knows");
    router.minute(&town).await;
    assert!(!router.is_off(&codes[1]));
    town.close().await;
}

#[tokio::test]
async fn a_code_that_is_used_and_was_never_sold_leaves_the_stock() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    router.logs_in(STRANGER, &codes[0]);
    router.minute(&town).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    assert_eq!(town.exceptions().await, ["used_unsold -"]);
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    assert_eq!(code, codes[1], "never the one that somebody uses");
    let voucher = stock::find(town.store(), SITE, &codes[0]).await.unwrap()[0];
    let doomed = Doomed::Voucher(voucher);
    stock::void(town.store(), By::CommandLine, doomed, VoidReason::Leaked).await.unwrap();
    town.settle().await;
    assert!(town.exceptions().await.is_empty());
    town.close().await;
}

#[tokio::test]
async fn a_sold_code_that_is_gone_from_the_router_is_found_out() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 1).await;
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    let remove = format!("/ip hotspot user remove [find where name={code}]");
    router.hotspot.import(&remove);
    router.tells_all(&town).await;
    town.settle().await;
    assert_eq!(town.exceptions().await, ["lost -"]);
    router.hotspot.add_user(User { profile: "daily".into(), ..User::voucher(&code) });
    router.tells_all(&town).await;
    town.settle().await;
    assert!(town.exceptions().await.is_empty(), "somebody has put it back");
    town.close().await;
}

#[tokio::test]
async fn who_has_a_code_that_the_router_lost_gets_another() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    let (mut njeri, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    router.hotspot.import(&format!("/ip hotspot user remove [find where name={code}]"));
    router.tells_all(&town).await;
    town.settle().await;
    njeri.looks_again().await;
    assert_eq!(njeri.code().as_ref(), Some(&code), "once may be a slip");
    router.tells_all(&town).await;
    town.settle().await;
    let other = codes.iter().find(|other| **other != code).unwrap();
    njeri.looks_again().await;
    assert_eq!(njeri.code().as_ref(), Some(other));
    assert!(town.texts(&njeri).last().unwrap().contains(other), "and by SMS");
    assert!(town.exceptions().await.is_empty());
    router.logs_in(PHONE, other);
    assert!(router.hotspot.is_online(PHONE));
    town.close().await;
}

#[tokio::test]
async fn a_new_router_gets_every_code_that_is_still_good() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 3).await;
    let (_, begun) = buys(&mut town, "Njeri", "0721 000 001").await;
    let (_, fresh) = buys(&mut town, "Otieno", "0721 000 002").await;
    router.logs_in(PHONE, &begun);
    router.minute(&town).await;
    town.clock.advance(20 * 3_600);
    let site = Slug::parse(SITE).unwrap();
    let users = routers::restore(town.store(), By::CommandLine, &site).await.unwrap();
    assert_eq!(users.len(), 3);
    assert_eq!(town.count("site_codes_written").await, 1);
    // Lightning. A new router is set up with the same line.
    let router = Router::of(&town, HotspotSettings::default());
    all_pass(&router.set_up(&town).await);
    let script = users::script("The codes", &users);
    all_pass(&router.hotspot.import(&script));
    all_pass(&router.hotspot.import(&script));
    router.logs_in(PHONE, &begun);
    router.logs_in(TABLET, &fresh);
    router.minute(&town).await;
    assert!(router.hotspot.is_online(PHONE) && router.hotspot.is_online(TABLET));
    town.clock.advance(4 * 3_600);
    router.minute(&town).await;
    assert!(!router.hotspot.is_online(PHONE), "its day began on the old router");
    assert!(router.hotspot.is_online(TABLET), "this one's on the new");
    assert!(codes.iter().all(|code| router.hotspot.user(code).is_some()));
    town.settle().await;
    town.close().await;
}

#[tokio::test]
async fn a_site_whose_router_left_sells_all_its_codes_again() {
    let mut town = Town::open().await;
    let (_, _) = selling(&mut town, 1).await;
    town.stock("daily", 2).await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    let site = Slug::parse(SITE).unwrap();
    routers::forget(town.store(), By::CommandLine, &site).await.unwrap();
    assert_eq!(town.stock_of("daily").await, (3, 0));
    town.stock("daily", 1).await;
    assert_eq!(town.stock_of("daily").await, (4, 0));
    assert!(routers::forget(town.store(), By::CommandLine, &site).await.is_err(), "once");
    town.close().await;
}

#[tokio::test]
async fn the_router_makes_codes_and_the_shop_sells_them() {
    let mut town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    all_pass(&router.set_up(&town).await);
    router.minute(&town).await;
    assert_eq!(town.stock_of("daily").await, (0, 0));
    let kit = format!("http://{}", town.url("").trim_start_matches("http://"));
    assert!(kit.starts_with("http://127."), "{kit}");
    router.hotspot.import(":global langoCount 5");
    let bytes = fetch(&town, "lango-vouchers.rsc").await;
    all_pass(&router.hotspot.terminal(&bytes).await);
    town.clock.advance(120);
    router.minute(&town).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (5, 0));
    assert_eq!(town.stock_of("hourly").await, (5, 0));
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    let user = router.hotspot.user(&code).unwrap();
    assert_eq!(user.limit_uptime, Some(24 * HOUR), "it carries a limit of its own");
    router.logs_in(PHONE, &code);
    assert!(router.hotspot.is_online(PHONE));
    town.close().await;
}

/// A file of the site's kit, as a router with the key gets it.
async fn fetch(town: &Town, name: &str) -> String {
    let key = town.store().vault().router_key(&Slug::parse(SITE).unwrap());
    let url = town.url(&format!("/router/{SITE}/{key}/{name}"));
    let answer = lango::http_client::client(std::time::Duration::from_secs(10)).unwrap();
    answer.get(url).send().await.unwrap().text().await.unwrap()
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
    let said = bare(|settings| settings.forbidden = vec!["fetch"]).await;
    assert!(said.contains("not allowed by device-mode"), "{said}");
    town.close().await;
}

#[tokio::test]
async fn a_new_hotspot_is_made_where_the_technician_says() {
    let town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    router.hotspot.import("/ip hotspot remove [find]");
    let said = router.set_up(&town).await.text();
    assert!(said.contains("FAIL hotspot: there is none; say where"), "{said}");
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
async fn profiles_of_the_owner_stay_as_they_are() {
    let town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    let own = Profile { shared_users: Some(3), ..Profile::named("daily") };
    router.hotspot.add_profile(own);
    let said = router.set_up(&town).await.text();
    assert!(said.contains("FAIL profile: daily is yours and allows 3 devices, not 1"), "{said}");
    let shown = router.hotspot.import("/ip hotspot user profile print").text();
    assert!(shown.contains("name=daily;shared-users=3"), "{shown}");
    town.close().await;
}

#[tokio::test]
async fn who_has_no_key_gets_and_tells_nothing() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let site = Slug::parse(SITE).unwrap();
    let late = town.store().vault().router_pass(&site, town.store().now());
    let long = town.store().vault().router_pass(&site, Micros(town.store().now().0 + HOUR));
    let client = lango::http_client::client(std::time::Duration::from_secs(10)).unwrap();
    let get = async |path: String| client.get(town.url(&path)).send().await.unwrap().status();
    assert_eq!(get(format!("/router/mtaa/{late}/lango-install.rsc")).await, 404);
    assert_eq!(get("/router/mtaa/x/lango-install.rsc".into()).await, 404);
    assert_eq!(get(format!("/router/kona/{long}/lango-install.rsc")).await, 404);
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
    assert_eq!((status, said.as_str()), (400, "line 1 is none of a report\n"));
    let (status, said) = post(&key, "lango-report 1\nknown - nobody's\n").await;
    assert_eq!(status, 200);
    assert_eq!(said, format!("time {}\nlist\nend\n", town.store().now().0 / SECOND));
    assert_eq!(town.stock_of("daily").await, (1, 0), "nothing was told of it");
    town.close().await;
}

crate::on_postgres_too! {
    one_line_sets_a_router_up_and_another_takes_it_back,
    a_code_lives_from_its_first_login_as_long_as_its_package_says,
    on_a_package_of_one_device_the_newest_wins,
    a_site_that_reports_sells_only_what_its_router_shows,
    a_void_code_is_switched_off_at_the_router,
    a_code_that_is_used_and_was_never_sold_leaves_the_stock,
    a_sold_code_that_is_gone_from_the_router_is_found_out,
    who_has_a_code_that_the_router_lost_gets_another,
    a_new_router_gets_every_code_that_is_still_good,
    a_site_whose_router_left_sells_all_its_codes_again,
    the_router_makes_codes_and_the_shop_sells_them,
    an_old_router_is_set_up_with_the_same_line,
    what_a_router_lacks_is_said_before_anything_is_changed,
    a_new_hotspot_is_made_where_the_technician_says,
    profiles_of_the_owner_stay_as_they_are,
    who_has_no_key_gets_and_tells_nothing,
}
