//! What routers tell the shop, and the pages and links that it makes for them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lango::{
    adapters::routeros::{
        login_link::login_link as link_of,
        pages::{SitePages, render},
        report::{End, Orders, Report},
    },
    ledger::purchase::Language,
};
use std::fmt::Write as _;
use url::Url;

/// What a router tells, and what it is told of the same codes.
pub fn report(bytes: &[u8]) {
    let text = super::text(bytes);
    let Ok(report) = Report::read(&text) else { return };
    let begun = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!(report.known.len(), begun("known "), "each line is a code");
    assert_eq!(report.off.len(), begun("off "));
    for kept in [&report.routeros, &report.pages, &report.clock] {
        assert!(!kept.contains(char::is_control), "a database takes it");
    }
    if let Some(piece) = &report.piece {
        assert!(1 <= piece.piece && piece.piece <= piece.pieces);
    }
    assert_eq!(Report::read(&written(&report)).as_ref(), Ok(&report), "written, it is read again");
    let codes: Vec<String> = report.known.iter().map(|known| known.code.clone()).collect();
    let ends = codes.iter().map(|code| End { code: code.clone(), at: 1, seconds: 2, bytes: None });
    let orders = Orders { time: 7, list: false, off: codes.clone(), ends: ends.collect() }.write();
    let lines: Vec<&str> = orders.split('\n').collect();
    assert_eq!(lines.len(), 1 + 2 * codes.len() + 2, "a code is one line");
    for (code, line) in codes.iter().zip(&lines[1..]) {
        assert_eq!(line.strip_prefix("off "), Some(code.as_str()));
    }
}

/// A report as a router would write it.
fn written(report: &Report) -> String {
    let Report { routeros, pages, clock, users, piece, known, off } = report;
    let mut text = format!("lango-report 1\nrouteros {routeros}\npages {pages}\nclock {clock}\n");
    if let Some(users) = users {
        writeln!(text, "users {users}").expect("a string takes what is written");
    }
    if let Some(it) = piece {
        writeln!(text, "list {} {} {}", it.run, it.piece, it.pieces)
            .expect("a string takes what is written");
    }
    for it in known {
        let flag = |is: bool, flag| if is { flag } else { "" };
        let flags = [flag(it.used, "u"), flag(it.ends, "s"), flag(it.disabled, "x")].concat();
        writeln!(text, "known -{flags} {}", it.code).expect("a string takes what is written");
    }
    for code in off {
        writeln!(text, "off {code}").expect("a string takes what is written");
    }
    text
}

/// A code on its way back to the router.
pub fn login_link(bytes: &[u8]) {
    let [code, password, dst] = super::parts(bytes);
    let router = Url::parse("http://10.5.50.1/login").expect("it is an address");
    let dst = Url::parse(&dst).ok();
    let link = link_of(&router, &code, Some(&password), dst.as_ref());
    assert_eq!((link.host_str(), link.path()), (Some("10.5.50.1"), "/login"));
    let asked: Vec<(String, String)> = link.query_pairs().into_owned().collect();
    let (name, var) = &asked[0];
    assert!(name == "var" && asked.len() <= 2);
    let read = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("it is base64url");
    let parts: Vec<&str> = var.split('.').collect();
    assert_eq!(read(parts[1]), code.as_bytes(), "the code is what it was");
    match parts[..] {
        ["c1", _] => assert_eq!(password, code),
        ["c1", _, sent] => assert_eq!(read(sent), password.as_bytes()),
        _ => panic!("another form: {var}"),
    }
    if let Some((name, sent)) = asked.get(1) {
        assert!(name == "dst" && Some(sent.as_str()) == dst.as_ref().map(Url::as_str));
        assert!(sent.starts_with("http"));
    }
}

/// A site's name and number on the pages that its router serves.
pub fn pages(bytes: &[u8]) {
    let [site_name, support_phone] = super::parts(bytes);
    let site = |site_name: &str, support_phone: &str| SitePages {
        shop_url: Url::parse("https://shop.example").expect("it is an address"),
        site: "mtaa".into(),
        site_name: site_name.into(),
        support_phone: support_phone.into(),
        accent: String::new(),
        language: Language::En,
        version: "1".into(),
    };
    let given = render(&site(&site_name, &support_phone));
    let plain = render(&site("Mtaa", if support_phone.is_empty() { "" } else { "0700" }));
    for (page, plain) in given.iter().zip(&plain) {
        let count = |bytes: &[u8], what: &str| String::from_utf8_lossy(bytes).matches(what).count();
        let same = |what: &str| count(&page.bytes, what) == count(&plain.bytes, what);
        assert!(same("$("), "{}: a token of the router", page.name);
        if page.name.split('.').next_back() == Some("html") {
            assert!(same("<") && same(">"), "{}: markup", page.name);
        } else {
            assert!(same("\n") && same("\""), "{}: a line or a quote", page.name);
        }
    }
}
