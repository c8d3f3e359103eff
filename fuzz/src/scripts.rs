//! Scripts for routers: what the shop writes is read back to the same bytes, by the reader of
//! exports and by the simulated router; and any script makes that one neither panic nor hang.

use lango::{
    adapters::routeros::{
        export::{Format, read},
        scripts::{SiteScripts, render},
        users::{RouterUser, list, script},
    },
    ledger::{
        catalogue::Package,
        kernel::{id::Slug, money::Cents},
    },
    simulators::hotspot::console::{Arguments, Device, Row, Scope, Value, run},
};
use std::collections::BTreeMap;
use url::Url;

/// A router with users and their profiles, which takes every other menu for an empty one.
#[derive(Default)]
struct Bench {
    rows: Vec<(String, Row)>,
    given: Vec<String>,
}

impl Device for Bench {
    fn is_menu(&self, path: &[&str]) -> bool {
        path.join(" ").chars().all(|it| it.is_ascii_lowercase() || it == ' ')
            && !path.iter().any(|word| VERBS.contains(word))
    }

    fn knows(&self, menu: &str, verb: &str) -> bool {
        menu == ":" || VERBS.contains(&verb)
    }

    fn has_property(&self, _: &str, _: &str) -> bool {
        true
    }

    fn rows(&mut self, menu: &str) -> Result<Vec<Row>, String> {
        let of_menu = self.rows.iter().filter(|(name, _)| name == menu);
        Ok(of_menu.map(|(_, row)| row.clone()).collect())
    }

    fn run(&mut self, menu: &str, verb: &str, given: &Arguments) -> Result<Value, String> {
        self.given.extend(given.named.iter().map(|(_, value)| value.property()));
        let id = format!("*{:X}", self.rows.len() + 1);
        if verb == "add" && self.rows.len() < 100 {
            let properties = given.named.iter().cloned().collect();
            self.rows.push((menu.to_owned(), Row { id, properties }));
        }
        Ok(Value::Nil)
    }

    fn source(&mut self, _: &str, _: &str, _: &Arguments) -> Option<Result<String, String>> {
        None
    }

    fn print(&mut self, _: &str) {}
}

const VERBS: [&str; 10] =
    ["add", "set", "get", "find", "remove", "print", "enable", "disable", "unset", "fetch"];

/// Any script, as a file and as a job.
pub fn console(bytes: &[u8]) {
    let source = super::text(bytes);
    for scope in [Scope::Lines, Scope::Whole] {
        let (mut bench, mut globals) = (Bench::default(), BTreeMap::new());
        let _ = run(&mut bench, &mut globals, &source, scope, &[("user", Value::text("K7"))]);
    }
}

/// Users that a router is to make.
pub fn users(bytes: &[u8]) {
    let [name, password, profile, server, comment] = super::parts(bytes);
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let user = RouterUser {
        name,
        password,
        profile: some(&profile),
        server: some(&server),
        limit_uptime: None,
        limit_bytes_total: None,
        comment,
    };
    let other = RouterUser { name: "K7QX2M".into(), ..user.clone() };
    let both = [user.clone(), other];
    let export = read(list(&both).as_bytes()).expect("our own list is read");
    assert!(matches!(export.format, Format::RouterosScript | Format::MikhmonScript));
    assert_eq!((export.lines.len(), export.unreadable.len()), (2, 0), "both are read");
    let line = &export.lines[0];
    assert_eq!(line.code, user.name);
    assert_eq!(line.password.as_deref(), Some(user.password.as_str()));
    assert_eq!(line.profile, user.profile);
    assert_eq!(line.server, user.server);
    assert_eq!(line.comment, some(&user.comment));
    at_the_router(&user, &script("Codes", &both));
}

/// Runs the script of users, and compares what the router has then.
fn at_the_router(user: &RouterUser, script: &str) {
    let (mut bench, mut globals) = (Bench::default(), BTreeMap::new());
    let ran = run(&mut bench, &mut globals, script, Scope::Lines, &[]);
    ran.unwrap_or_else(|error| panic!("our own script runs: {error}\n{script}"));
    let (menu, row) = &bench.rows[0];
    assert_eq!(menu, "ip hotspot user");
    let has = |key: &str| row.properties.get(key).map(Value::property);
    assert_eq!(has("name").as_ref(), Some(&user.name));
    assert_eq!(has("password").as_ref(), Some(&user.password));
    assert_eq!(has("profile"), user.profile);
    assert_eq!(has("server"), user.server);
    assert_eq!(has("comment").unwrap_or_default(), user.comment);
}

/// A package's profile, in every script that names it.
pub fn profiles(bytes: &[u8]) {
    let profile = super::text(bytes);
    let slug = |text: &str| Slug::parse(text).expect("it is a short name");
    let package = Package {
        site: slug("mtaa"),
        package: slug("daily"),
        version: 1,
        name: "Daily".into(),
        price_cents: Cents::from_kes(50),
        validity_seconds: 86_400,
        profile: profile.clone(),
        devices: 1,
        rate_kbps_down: Some(5_000),
        rate_kbps_up: None,
        data_bytes_max: Some(1 << 30),
        name_sw: None,
        place: None,
        retired: false,
    };
    let site = SiteScripts {
        shop_url: Url::parse("https://wifi.example/").expect("it is an address"),
        site: slug("mtaa"),
        router_login: "http://10.7.8.1/login".into(),
        key: "0123".into(),
        pages: vec!["login.html"],
        packages: vec![package],
        version: "1".into(),
        edition: "1-abcdef".into(),
    };
    let all = render(&site).expect("the address is none of IPv6");
    let made = all.iter().find(|page| page.name == "lango-profiles.rsc").expect("it is in the set");
    let source = std::str::from_utf8(&made.bytes).expect("scripts are text");
    let (mut bench, mut globals) = (Bench::default(), BTreeMap::new());
    let ran = run(&mut bench, &mut globals, source, Scope::Lines, &[]);
    ran.unwrap_or_else(|error| panic!("our own script runs: {error}\n{source}"));
    let (menu, row) = &bench.rows[0];
    assert_eq!(menu, "ip hotspot user profile");
    assert_eq!(row.properties.get("name").map(Value::property), Some(profile));
}
