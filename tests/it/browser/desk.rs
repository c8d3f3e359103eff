//! The desk in a real Chromium, without a script of its own: an owner's first day, and a cashier's
//! dispute.

use crate::browser::{
    buyer::{Buyer, MSISDN, Placement},
    chromium::Chromium,
};
use lango::{
    ledger::staff::Role,
    ports::SystemRandom,
    services::{acting::Acting, staff::NewStaff},
};
use std::fmt::Write as _;

const PASSWORD: &str = "mvua kiti ndizi saba";

/// A browser at the desk of the buyer's shop, signed in.
async fn at_the_desk(buyer: &Buyer, name: &str, role: Role) -> Desk {
    let password = PASSWORD.to_owned().into();
    let store = &buyer.world.shop.context.store;
    let new = NewStaff { name, role, password: &password };
    Acting::at_command_line(store, &SystemRandom).add_staff(new).await.unwrap();
    let browser = Chromium::start_without_proxy().await;
    browser.set_width(360).await;
    let desk = Desk { browser, at: format!("http://{}", buyer.world.addresses.staff) };
    desk.opens("/admin").await;
    desk.browser.until_it_says("Open the desk").await;
    desk.browser.type_into("#name", name).await;
    // Enter sends the form: nobody needs a pointer.
    desk.browser.type_into("#password", &format!("{PASSWORD}\u{e007}")).await;
    desk.browser.until_it_says("Today so far").await;
    desk
}

/// How often a page is looked at before it is wrong.
const LOOKS_MAX: usize = 200;

struct Desk {
    browser: Chromium,
    at: String,
}

impl Desk {
    async fn opens(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.at)).await;
    }

    /// Opens a page that may be a moment behind the ledger, until it says something.
    async fn opens_until(&self, path: &str, words: &str) {
        for _ in 0..LOOKS_MAX {
            self.opens(path).await;
            if self.browser.text().await.contains(words) {
                return;
            }
        }
        panic!("{path} does not say {words}: {}", self.browser.text().await);
    }

    async fn types(&self, fields: &[(&str, &str)]) {
        for (field, text) in fields {
            self.browser.type_into(&format!("#{field}"), text).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_first_day() {
    let buyer = Buyer::at(Placement::Public).await;
    let desk = at_the_desk(&buyer, "Wanjiku", Role::Owner).await;
    let browser = &desk.browser;
    // Another package, looked at on the buyer's page before it is there.
    desk.opens("/admin/packages/mtaa").await;
    let package = [
        ("name", "Two weeks"),
        ("name_sw", "Wiki mbili"),
        ("price", "450"),
        ("id", "fortnight"),
        ("validity", "2w"),
        ("profile", "fortnight"),
        ("down", "5"),
    ];
    desk.types(&package).await;
    browser.tap("[formtarget=preview]").await;
    browser.enter_frame("iframe").await;
    browser.until_it_says("Two weeks").await;
    browser.leave_frame().await;
    browser.tap(".acts button:not([formtarget])").await;
    browser.until_it_says("Package saved.").await;

    // Its codes, as the router exports them; some are on cards already.
    let mut list = "# by RouterOS 7.20\n/ip hotspot user\n".to_owned();
    for number in 0..6 {
        let comment = if number < 4 { "vc-101 november" } else { "kadi za oktoba" };
        writeln!(
            list,
            "add name=FN{number}XK7 password=FN{number}XK7 profile=fortnight comment=\"{comment}\""
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("november.rsc");
    std::fs::write(&file, &list).unwrap();
    desk.opens("/admin/stock").await;
    browser.tap("a.button").await;
    browser.type_into("#file", file.to_str().unwrap()).await;
    browser.tap("button.main").await;
    browser.until_it_says("6 new codes will be sold online").await;
    assert!(!browser.text().await.contains("FN0XK7"), "nobody sees unsold codes");
    let printed = "[...document.querySelectorAll('.groups li')]\
         .find(it => it.innerText.includes('kadi za oktoba')).querySelector('input').id = 'cards'";
    browser.run(printed).await;
    browser.tap("#cards").await;
    browser.tap(".groups + button").await;
    browser.until_it_says("november.rsc").await;
    // The page goes on by itself until they are in.
    browser.until_it_says("Where its codes are now").await;
    let text = browser.text().await;
    assert!(text.contains("Wanjiku") && text.contains("6 codes"), "{text}");

    // Two go with somebody on cards, the next one is sold, and the owner sees it.
    desk.opens("/admin/stock").await;
    browser.tap(".more summary").await;
    browser.run("document.querySelector('#package').value = 'mtaa.fortnight'").await;
    desk.types(&[("count", "2"), ("person", "Mama Njeri")]).await;
    browser.tap(".more button").await;
    browser.until_it_says("2 codes have left online stock.").await;
    browser.tap("main form button").await;
    browser.until_it_says("Print this page on A4").await;
    assert!(browser.text().await.contains("FN"));
    buyer.joins().await;
    buyer.orders("fortnight").await;
    buyer.pays().await;
    buyer.browser.until_it_says("Paid. Here is your code").await;
    desk.opens_until("/admin", "1 sale").await;
    let text = browser.text().await;
    assert!(text.contains("Sold today") && text.contains("KSh\u{a0}450"), "{text}");
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cashiers_dispute() {
    let buyer = Buyer::at(Placement::Public).await;
    buyer.joins().await;
    buyer.orders("daily").await;
    buyer.pays().await;
    buyer.browser.until_it_says("Paid. Here is your code").await;
    let code = buyer.code().await;
    // The phone's window is gone, and the buyer stands at the counter: "I paid and got nothing".
    let desk = at_the_desk(&buyer, "Otieno", Role::Cashier).await;
    let browser = &desk.browser;
    browser.type_into("#q", "0799 000 000\u{e007}").await;
    browser.until_it_says("No sale found for this.").await;
    desk.opens("/admin").await;
    browser.type_into("#q", &format!("0{}\u{e007}", &MSISDN[3..])).await;
    browser.until_it_says("The money came, and the buyer has a code.").await;
    assert!(!browser.text().await.replace(' ', "").contains(&code));
    browser.tap(".acts button").await;
    browser.until_it_says("Lango is sending the SMS again.").await;
    browser.tap(".acts .second").await;
    browser.until_it_says("The ledger records that you looked.").await;
    let shown = browser.run("return document.querySelector('.code').textContent").await;
    assert_eq!(shown.as_str().unwrap().replace(' ', ""), code);
    browser.reload().await;
    desk.opens("/admin/sales").await;
    browser.tap(".rows a").await;
    browser.until_it_says("Somebody looked at the code").await;
    assert!(!browser.text().await.replace(' ', "").contains(&code), "it is not shown again");
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_desk_fits_a_narrow_screen_and_axe_finds_nothing() {
    let buyer = Buyer::at(Placement::Public).await;
    buyer.joins().await;
    buyer.orders("daily").await;
    buyer.pays().await;
    buyer.browser.until_it_says("Paid. Here is your code").await;
    let desk = at_the_desk(&buyer, "Wanjiku", Role::Owner).await;
    let browser = &desk.browser;
    browser.set_width(320).await;
    desk.opens("/admin/stock").await;
    let batch = browser.run("return document.querySelector('[href*=batches]').pathname").await;
    desk.opens("/admin/sales").await;
    let sale = browser.run("return document.querySelector('.rows a').pathname").await;
    let pages = [
        "/admin",
        "/admin/sales",
        "/admin/sales?q=0799000000",
        sale.as_str().unwrap(),
        "/admin/money",
        "/admin/stock",
        batch.as_str().unwrap(),
        "/admin/stock/upload",
        "/admin/routers",
        "/admin/packages",
        "/admin/packages/mtaa",
        "/admin/packages/mtaa/daily",
        "/admin/sites/mtaa",
        "/admin/add-site",
        "/admin/revenue",
        "/admin/sales/none",
    ];
    let mut found = vec![];
    for (lang, by_night) in [("en", false), ("sw", true)] {
        browser.set_night(by_night).await;
        for path in pages {
            let joint = if path.contains('?') { '&' } else { '?' };
            desk.opens(&format!("{path}{joint}lang={lang}")).await;
            // What is folded away is read too.
            browser.run("document.querySelectorAll('details').forEach(it => it.open = true)").await;
            let width = browser.run("return document.documentElement.scrollWidth").await;
            assert_eq!(width, 320, "{lang} {path} scrolls sideways");
            found.extend(browser.axe().await.iter().map(|it| format!("{lang} {path}: {it}")));
        }
    }
    assert_eq!(found, [] as [&str; 0]);
    buyer.leaves().await;
}
