//! A router on a pole, which technicians set up and phones log in at.

use crate::town::{Customer, SITE, Town};
use lango::{
    commands::catalogue::DefinePackage,
    ledger::{
        catalogue::Package,
        kernel::{
            id::Slug,
            money::Cents,
            time::{DAY, Micros},
        },
    },
    ports::SystemRandom,
    services::router::kit,
    simulators::hotspot::{Hotspot, HotspotSettings, Transcript, servlet::Visit, users::User},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

pub const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 20));
pub const TABLET: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 21));
pub const LAPTOP: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 22));
pub const NEIGHBOUR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 23));
pub const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 66));

/// A router on a pole, with a hotspot that somebody set up before.
pub struct Router {
    /// The router itself.
    pub hotspot: Hotspot,
}

impl Router {
    pub fn of(town: &Town, settings: HotspotSettings) -> Self {
        let old = vec![("login.html".to_owned(), b"the owner's old page".to_vec())];
        let hotspot = Hotspot::new(settings, old, town.clock.clone(), Arc::new(SystemRandom));
        Self { hotspot }
    }

    /// What the technician pastes: plain passwords are allowed, so that stories need no script.
    pub async fn set_up(&self, town: &Town) -> Transcript {
        self.hotspot.import(":global langoPap true");
        self.hotspot.terminal(&line(town)).await
    }

    pub fn logs_in(&self, ip: IpAddr, code: &str) -> String {
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

    pub fn page(&self, ip: IpAddr) -> String {
        let url = "http://10.5.50.1/login".to_owned();
        let (fields, headers) = (BTreeMap::new(), BTreeMap::new());
        let visit = Visit { ip, path: "/login".into(), url, fields, headers };
        String::from_utf8(self.hotspot.visit(&visit).body).unwrap()
    }

    /// A minute passes; nothing that is run then may fail.
    pub async fn minute(&self, town: &Town) {
        town.clock.advance(60);
        for ran in self.hotspot.minute().await {
            assert_eq!(ran.error, None, "{}", ran.text());
        }
    }

    /// The list of all codes is due again.
    pub async fn tells_all(&self, town: &Town) {
        town.clock.advance(3_600);
        self.minute(town).await;
    }

    pub fn is_off(&self, code: &str) -> bool {
        self.hotspot.user(code).is_none_or(|user| user.disabled)
    }
}

pub fn line(town: &Town) -> String {
    let site = Slug::parse(SITE).unwrap();
    let until = Micros(town.store().now().0 + DAY);
    let pass = town.store().vault().router_pass(&site, until);
    kit::line(&town.url("").parse().unwrap(), &site, &pass)
}

#[track_caller]
pub fn all_pass(ran: &Transcript) {
    assert_eq!(ran.error, None, "{}", ran.text());
    let failed = ran.lines.iter().any(|line| line.starts_with("FAIL"));
    assert!(!failed, "{}", ran.text());
}

/// A router that is set up, with the codes of a list that the shop has too.
pub async fn selling(town: &mut Town, count: usize) -> (Router, Vec<String>) {
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

pub async fn buys(town: &mut Town, name: &str, phone: &str) -> (Customer, String) {
    let mut buyer = town.customer(name, phone);
    town.asks(&mut buyer, "daily").await;
    town.pays(&buyer).await;
    buyer.sees("Paid. Here is your code").await;
    let code = buyer.code().unwrap();
    (buyer, code)
}

/// A file of the site's kit, as a router with the key gets it.
pub async fn fetch(town: &Town, name: &str) -> String {
    let key = town.store().vault().router_key(&Slug::parse(SITE).unwrap());
    let url = town.url(&format!("/router/{SITE}/{key}/{name}"));
    let answer = lango::adapters::http::client(std::time::Duration::from_secs(10)).unwrap();
    answer.get(url).send().await.unwrap().text().await.unwrap()
}

/// A package of the site, with so much data.
pub async fn offers(town: &Town, site: &Slug, data_bytes_max: Option<u64>) {
    let package = Package {
        site: site.clone(),
        package: Slug::parse("mega").unwrap(),
        version: 1,
        name: "Mega".into(),
        price_cents: Cents::from_kes(20),
        validity_seconds: 86_400,
        profile: "mega".into(),
        devices: 1,
        rate_kbps_down: None,
        rate_kbps_up: None,
        data_bytes_max,
        name_sw: None,
        place: None,
        retired: false,
    };
    town.store().execute(DefinePackage { package }).await.unwrap();
}
