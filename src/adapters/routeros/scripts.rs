//! The scripts that a site's router runs: `router-scripts/`, filled in for one site. A text of the
//! owner's, such as a profile's name, is written as a RouterOS string by `ros`; all else is ours.

use super::pages::Page;
use crate::ledger::{catalogue::Package, kernel::id::Slug};
use handlebars::Handlebars;
use serde_json::{Value, json};
use std::{fmt::Write as _, net::Ipv4Addr, sync::LazyLock};
use url::{Host, Url};

/// What differs from site to site.
#[derive(Debug, Clone)]
pub struct SiteScripts {
    pub shop_url: Url,
    pub site: Slug,
    pub router_login: String,
    /// The key by which the router says who it is.
    pub key: String,
    pub pages: Vec<&'static str>,
    pub packages: Vec<Package>,
    pub version: String,
    /// By what name a router reports the files that it has.
    pub edition: String,
}

/// What a technician runs on every router; the first of them fetches the others.
const SCRIPTS: [(&str, &str); 10] = [
    ("lango-install.rsc", include_str!("../../../router-scripts/lango-install.rsc")),
    ("lango-check.rsc", include_str!("../../../router-scripts/lango-check.rsc")),
    ("lango-hotspot.rsc", include_str!("../../../router-scripts/lango-hotspot.rsc")),
    ("lango-garden.rsc", include_str!("../../../router-scripts/lango-garden.rsc")),
    ("lango-profiles.rsc", include_str!("../../../router-scripts/lango-profiles.rsc")),
    ("lango-pages.rsc", include_str!("../../../router-scripts/lango-pages.rsc")),
    ("lango-report.rsc", include_str!("../../../router-scripts/lango-report.rsc")),
    ("lango-test.rsc", include_str!("../../../router-scripts/lango-test.rsc")),
    ("lango-upgrade.rsc", include_str!("../../../router-scripts/lango-upgrade.rsc")),
    ("lango-remove.rsc", include_str!("../../../router-scripts/lango-remove.rsc")),
];

/// What the router runs by itself. `lango-report.rsc` holds both; they are beside it to be read.
const JOBS: [(&str, &str); 2] = [
    ("lango-tell.rsc", include_str!("../../../router-scripts/lango-tell.rsc")),
    ("lango-list.rsc", include_str!("../../../router-scripts/lango-list.rsc")),
];

/// How a router comes to believe the shop's certificate, for scripts that find that it does not.
const TRUST: (&str, &str) = ("trust", include_str!("../../../router-scripts/parts/trust.rsc"));

/// Needs `:rndstr`, which routers before 7 do not have.
const VOUCHERS: (&str, &str) =
    ("lango-vouchers.rsc", include_str!("../../../router-scripts/lango-vouchers.rsc"));

pub const INSTALL: &str = SCRIPTS[0].0;

/// The ports of a shop on `https`: its own, and that of links without `s`, which it redirects.
const HTTPS_PORTS: [u16; 2] = [443, 80];

/// The addresses of the two networks behind which many shops share theirs, as Cloudflare
/// (`/ips-v4`) and Fastly (`/public-ip-list`) publish them.
const SHARED: &str = "\
    103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 104.16.0.0/13 104.24.0.0/14 \
    108.162.192.0/18 131.0.72.0/22 141.101.64.0/18 162.158.0.0/15 172.64.0.0/13 \
    173.245.48.0/20 188.114.96.0/20 190.93.240.0/20 197.234.240.0/22 198.41.128.0/17 \
    146.75.0.0/17 151.101.0.0/16 167.82.0.0/17 185.31.16.0/22 199.232.0.0/16";

/// The first line of what we put into a profile's `on-login`: by it we know our own.
const MARK: &str = "# lango\n";

/// On a package of one device the newest one wins: the others are logged out, and do not come back
/// by themselves.
const NEWEST_WINS: &str = "# lango\n\
:local who $user\n\
:local mac $\"mac-address\"\n\
:foreach s in=[/ip hotspot active find where user=$who] do={\n\
    :if ([/ip hotspot active get $s mac-address] != $mac) do={ /ip hotspot active remove $s }\n\
}\n\
/ip hotspot cookie remove [find where user=$who mac-address!=$mac]\n";

/// The network of a new hotspot whose login page is registered by a name.
const NETWORK: &str = "10.5.50";

// `ros`: a text of the owner's as a RouterOS string.
mod helper {
    handlebars::handlebars_helper!(ros: |text: str| super::quoted(text));
}

/// A text as RouterOS reads it between quotes, and as its own exports write it: a new line for each
/// line's end, whose indent does not count.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '$' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\\n    \\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Typed at a terminal it would ask for help.
            '?' => quoted.push_str("\\3F"),
            // The router's strings are bytes: a letter of two is two escapes.
            other if other.is_control() => {
                for byte in other.encode_utf8(&mut [0; 4]).bytes() {
                    write!(quoted, "\\{byte:02X}").expect("a string takes what is written");
                }
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The whole set for a site; `None` where the shop's address is of IPv6: hotspots know none.
pub fn render(site: &SiteScripts) -> Option<Vec<Page>> {
    let mut values = values(site)?;
    let jobs = JOBS.map(|(name, _)| (name, fill(name, &values)));
    (values["tell"], values["list"]) = (jobs[0].1.as_str().into(), jobs[1].1.as_str().into());
    let scripts = SCRIPTS.iter().chain([&VOUCHERS]);
    let scripts = scripts.map(|(name, _)| (*name, fill(name, &values)));
    let page = |(name, text): (&'static str, String)| Page { name, bytes: text.into_bytes() };
    Some(scripts.chain(jobs).map(page).collect())
}

// Read once: a router that is set up asks for file after file.
static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(handlebars::no_escape);
    registry.register_helper("ros", Box::new(helper::ros));
    for (name, template) in SCRIPTS.iter().chain(&JOBS).chain([&VOUCHERS, &TRUST]) {
        let read = registry.register_template_string(name, *template);
        read.unwrap_or_else(|error| panic!("{name} is tested: {error}"));
    }
    registry
});

fn fill(name: &str, values: &Value) -> String {
    let text = TEMPLATES.render(name, values);
    text.unwrap_or_else(|error| panic!("{name} is tested: {error}"))
}

fn values(site: &SiteScripts) -> Option<Value> {
    let (host, is_name) = match site.shop_url.host()? {
        Host::Domain(name) => (name.to_owned(), true),
        Host::Ipv4(address) => (address.to_string(), false),
        Host::Ipv6(_) => return None,
    };
    let secure = site.shop_url.scheme() == "https";
    let ports = match (secure, site.shop_url.port_or_known_default()?) {
        (true, 443) => HTTPS_PORTS.to_vec(),
        (_, port) => vec![port],
    };
    let origin = site.shop_url.origin().ascii_serialization();
    let profiles = profiles(&site.packages);
    let login = login_address(&site.router_login);
    let parts: Vec<&str> = SCRIPTS[1..].iter().chain([&VOUCHERS]).map(|(name, _)| *name).collect();
    Some(json!({
        "version": site.version,
        "edition": site.edition,
        "site": site.site,
        "host": host,
        // The router looks a name up by itself; of an address it wants to know that it is one.
        "match": if is_name { "dst-host" } else { "dst-address" },
        "is_name": is_name,
        "ports": ports,
        "origin": origin,
        "base": format!("{origin}/router/{}", site.site),
        "key": site.key,
        "secure": secure,
        // The list of revoked certificates would need the whole chain to be installed.
        "check": if secure { "yes-without-crl" } else { "no" },
        "shared": SHARED.split(' ').collect::<Vec<_>>(),
        "parts": parts,
        "pages": site.pages,
        "network": network(login),
        "login": login.map(|address| address.to_string()),
        // As a pattern of addresses with their prefix.
        "login_pattern": login.map(|address| format!("^{address}/").replace('.', "\\\\.")),
        "mark": MARK,
        "profiles": profiles,
    }))
}

/// The router's address at the site, where its login page is registered by it.
fn login_address(router_login: &str) -> Option<Ipv4Addr> {
    match Url::parse(router_login).ok()?.host()? {
        Host::Ipv4(address) => Some(address),
        Host::Domain(_) | Host::Ipv6(_) => None,
    }
}

fn network(login: Option<Ipv4Addr>) -> String {
    login.map_or_else(
        || NETWORK.to_owned(),
        |address| {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}")
        },
    )
}

fn profiles(packages: &[Package]) -> Vec<Value> {
    let mut named: Vec<&Package> = vec![];
    for package in packages {
        if named.iter().all(|other| other.profile != package.profile) {
            named.push(package);
        }
    }
    named.into_iter().map(|package| profile(package, packages)).collect()
}

fn profile(package: &Package, all: &[Package]) -> Value {
    let held = |it: &Package| (it.devices, it.rate_kbps_up, it.rate_kbps_down);
    let is_torn = |it: &Package| it.profile == package.profile && held(it) != held(package);
    let one = package.devices == 1;
    // Upload before download, as the router sees it: what it receives, what it sends.
    let speed = |kbps: Option<u32>| kbps.map_or_else(|| "1G".to_owned(), |kbps| format!("{kbps}k"));
    let limited = package.rate_kbps_up.is_some() || package.rate_kbps_down.is_some();
    let (up, down) = (speed(package.rate_kbps_up), speed(package.rate_kbps_down));
    json!({
        "profile": package.profile,
        "seconds": package.validity_seconds,
        "devices": package.devices,
        // The newest device must get in before the other is logged out.
        "shared": if one { 2 } else { package.devices },
        "rate": if limited { format!("{up}/{down}") } else { String::new() },
        "bytes": package.data_bytes_max,
        // What one promises, the other does not keep.
        "torn": all.iter().any(is_torn),
        "on_login": if one { NEWEST_WINS } else { MARK },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::kernel::money::Cents;

    fn site(shop_url: &str) -> SiteScripts {
        SiteScripts {
            shop_url: Url::parse(shop_url).unwrap(),
            site: Slug::parse("mtaa").unwrap(),
            router_login: "http://10.7.8.1/login".into(),
            key: "0123".into(),
            pages: vec!["login.html"],
            packages: vec![Package {
                site: Slug::parse("mtaa").unwrap(),
                package: Slug::parse("daily").unwrap(),
                version: 1,
                name: "Daily".into(),
                price_cents: Cents::from_kes(50),
                validity_seconds: 86_400,
                profile: "1 \"day\" $".into(),
                devices: 1,
                rate_kbps_down: Some(5_000),
                rate_kbps_up: Some(2_000),
                data_bytes_max: Some(1 << 30),
                name_sw: None,
                place: None,
                retired: false,
            }],
            version: "1".into(),
            edition: "1-abcdef".into(),
        }
    }

    fn script(shop_url: &str, name: &str) -> String {
        let all = render(&site(shop_url)).unwrap();
        let found = all.into_iter().find(|page| page.name == name).unwrap();
        String::from_utf8(found.bytes).unwrap()
    }

    #[test]
    fn a_name_over_https_is_let_through_by_name_on_both_ports() {
        let script = script("https://wifi.example/", "lango-garden.rsc");
        assert!(script.contains("dst-host=\"wifi.example\" protocol=tcp \\\n    dst-port=443 "));
        assert!(script.contains("dst-port=80 "));
    }

    #[test]
    fn an_address_of_ipv6_is_refused() {
        assert!(render(&site("http://[fd00::1]/")).is_none());
    }

    #[test]
    fn an_address_is_let_through_by_address_on_its_port_alone() {
        let script = script("http://10.5.51.2:8080/", "lango-garden.rsc");
        assert!(script.contains("dst-address=\"10.5.51.2\" protocol=tcp \\\n    dst-port=8080 "));
        assert_eq!(script.matches("dst-port=").count(), 1);
    }

    #[test]
    fn a_profile_promises_what_the_package_does() {
        let script = script("https://wifi.example/", "lango-profiles.rsc");
        assert!(script.contains("name=\"1 \\\"day\\\" \\$\""), "{script}");
        assert!(script.contains("rate-limit=\"2000k/5000k\""), "upload first");
        assert!(script.contains("mac-cookie-timeout=86400s"));
    }

    #[test]
    fn packages_that_tear_at_one_profile_are_told() {
        let mut site = site("https://wifi.example/");
        let said = |site: &SiteScripts| {
            let all = render(site).unwrap().into_iter();
            let text: String = all
                .filter(|page| page.name == "lango-profiles.rsc")
                .map(|page| String::from_utf8(page.bytes).unwrap())
                .collect();
            text.contains("is shared by packages of other devices or speeds")
        };
        let longer = Package { validity_seconds: 604_800, ..site.packages[0].clone() };
        site.packages.push(longer);
        assert!(!said(&site), "each code has its own time");
        site.packages[1].devices = 3;
        assert!(said(&site));
    }

    #[test]
    fn a_new_hotspot_stands_where_its_login_page_is() {
        assert!(script("https://wifi.example/", "lango-hotspot.rsc").contains("10.7.8.1/24"));
        assert_eq!(network(login_address("http://login.wifi/login")), NETWORK);
    }

    /// These are missing before 7.13 or in 6.49 (`docs/reference/routeros.md`).
    #[test]
    fn nothing_but_the_voucher_maker_needs_routeros_7() {
        let missing = ":rndstr :rndnum :onerror :serialize :deserialize :convert :grep \
                       :tonsec :jobname :retry :timestamp";
        for page in render(&site("https://wifi.example/")).unwrap() {
            let text = String::from_utf8(page.bytes).unwrap();
            assert!(!text.contains("{{"), "{}", page.name);
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let path = line.split_whitespace().find(|word| word.starts_with("/ip/"));
                assert_eq!(path, None, "{}: paths have blanks", page.name);
                let found = missing.split(' ').find(|word| line.contains(word));
                assert!(found.is_none() || page.name == VOUCHERS.0, "{}: {line}", page.name);
            }
        }
    }

    #[test]
    fn texts_are_quoted_as_the_router_reads_them() {
        let wanted = "\"a\\\"b\\\\c\\$d\\\n    \\n\\3F\\07\"";
        assert_eq!(quoted("a\"b\\c$d\n?\u{7}"), wanted);
        assert_eq!(quoted("\u{85}\u{7f}"), "\"\\C2\\85\\7F\"");
    }
}
