//! Buying with a real Chromium behind the simulated router: from the first intercepted page to the
//! phone's own check that it is online, and every way in which buyers leave that path.

use crate::browser::{
    buyer::{Buyer, MSISDN, OUTSIDE, Placement, ROUTER_PHONE},
    chromium::{Chromium, until},
};
use lango::{
    ledger::accent::Accent,
    simulators::{hotspot::LoginMethod, town::gallery},
    web::portal::pages::Page,
};
use std::time::{Duration, Instant};

/// The first codes of the demo's stock.
const IN_STOCK: &str = "HS45S3CV";

/// TCP's first flight: what arrives without a second round trip.
const FIRST_FLIGHT_BYTES: u64 = 14 * 1024;

async fn a_buyer_pays_and_is_online(placement: Placement) {
    let buyer = Buyer::at(placement).await;
    buyer.joins().await;
    buyer.orders("daily").await;
    let prompt = buyer.world.daraja.wait_for_prompt(MSISDN).await;
    buyer.browser.until_it_says("Look at your phone, enter your PIN").await;
    let page = buyer.browser.text().await;
    for words in [&prompt.shop, &prompt.reference, "KSh\u{a0}50", "0712\u{a0}***\u{a0}678"] {
        assert!(page.contains(words), "the page does not say {words}:\n{page}");
    }
    buyer.pays().await;
    buyer.browser.until_it_says("Paid. Here is your code").await;
    let code = buyer.code().await;
    // Nobody touches anything: the page goes to the router by itself.
    buyer.browser.until_it_says("You are online").await;
    let at = buyer.browser.address().await;
    assert!(at.starts_with(&buyer.router("/")), "{at}");
    assert!(buyer.is_online().await);
    assert_eq!(buyer.world.hotspot.sessions()[0].username, code);
    assert_eq!(buyer.world.hotspot.login_attempts(), 1);
    let text = buyer.world.sms.wait_for_text(MSISDN).await.text;
    assert!(text.starts_with(&format!("{code} ")), "the text does not begin with the code");
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_callbacks_arrive_a_buyer_pays_and_is_online() {
    a_buyer_pays_and_is_online(Placement::Public).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_callback_arrives_a_buyer_pays_and_is_online() {
    a_buyer_pays_and_is_online(Placement::Local).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_a_buyer_pays_and_types_the_code() {
    let buyer = Buyer::at(Placement::Public).await;
    buyer.world.hotspot.configure(|settings| settings.login_by = [LoginMethod::HttpPap].into());
    let browser = &buyer.browser;
    browser.disable_script().await;
    browser.open(OUTSIDE).await;
    browser.tap("a#shop").await;
    buyer.orders("hourly").await;
    browser.until_it_says("Look at your phone, enter your PIN").await;
    buyer.pays().await;
    browser.until_it_says("Paid. Here is your code").await;
    let code = buyer.code().await;
    browser.tap("#connect").await;
    browser.until_it_says("I have a code").await;
    browser.type_into("#u", &code).await;
    browser.type_into("#p", &code).await;
    browser.tap("#go").await;
    browser.until_it_says("You are online").await;
    assert!(buyer.is_online().await);
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_dies_while_the_pin_is_typed_is_no_loss() {
    let mut buyer = Buyer::at(Placement::Public).await;
    buyer.joins().await;
    buyer.orders("daily").await;
    buyer.browser.until_it_says("Look at your phone").await;
    // The captive mini-browser is closed and comes back without cookies, on the same device.
    buyer.browser = Chromium::start(buyer.world.addresses.router).await;
    buyer.joins().await;
    buyer.browser.until_it_says("You have a purchase under way").await;
    buyer.browser.tap("a.open").await;
    buyer.browser.until_it_says("M-PESA has asked your phone to pay.").await;
    assert!(!buyer.browser.text().await.contains("678"), "a MAC address is no secret");
    buyer.pays().await;
    buyer.browser.until_it_says("Paid. Show the code").await;
    let sent = buyer.world.sms.wait_for_text(MSISDN).await.text;
    let code = sent.split(' ').next().unwrap();
    assert!(!buyer.browser.property("html", "outerHTML").await.contains(code));
    buyer.browser.type_into("#digits", "0000").await;
    buyer.browser.tap("button.main").await;
    buyer.browser.until_it_says("Those digits are wrong. 4 tries left.").await;
    buyer.browser.type_into("#digits", "5678").await;
    buyer.browser.tap("button.main").await;
    buyer.browser.until_it_says("Paid. Here is your code").await;
    assert_eq!(buyer.code().await, code);
    buyer.browser.tap("#connect").await;
    buyer.browser.until_it_says("You are online").await;
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swahili_stays_from_the_routers_page_to_the_text() {
    let buyer = Buyer::at(Placement::Public).await;
    let browser = &buyer.browser;
    browser.open(&buyer.router("/login?var=u1.")).await;
    browser.tap("#lang").await;
    browser.until_it_says("Nunua Wi-Fi").await;
    browser.tap("#shop").await;
    browser.until_it_says("Chagua kifurushi").await;
    browser.open(&buyer.shop("/s/mtaa")).await;
    browser.until_it_says("Chagua kifurushi").await;
    buyer.orders("daily").await;
    browser.until_it_says("Angalia simu yako, weka PIN").await;
    buyer.pays().await;
    browser.until_it_says("Umelipa. Vocha yako hii hapa").await;
    let text = buyer.world.sms.wait_for_text(MSISDN).await.text;
    assert!(text.contains("ni vocha yako ya"), "the text is not in Swahili");
    // Another language chosen on a purchase's page is remembered too.
    browser.tap("a.lang").await;
    browser.until_it_says("Paid. Here is your code").await;
    browser.open(&buyer.shop("/s/mtaa")).await;
    browser.until_it_says("You have already bought time here").await;
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_hangs_or_is_gone_locks_nobody_out() {
    let mut buyer = Buyer::at_a_closed_shop(Placement::Public).await;
    for hangs in [true, false] {
        if !hangs {
            buyer.opens_shop();
            buyer.closes_shop().await;
        }
        let began = Instant::now();
        buyer.browser.open(OUTSIDE).await;
        buyer.browser.type_into("#u", IN_STOCK).await;
        buyer.browser.tap("#go").await;
        buyer.browser.until_it_says("You are online").await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        buyer.world.hotspot.kick(ROUTER_PHONE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_code_is_sold_once_and_the_next_buyer_is_told_before_paying() {
    let buyer = Buyer::at(Placement::Public).await;
    buyer.stocks_one_code("duka", "LAST1").await;
    let browser = &buyer.browser;
    browser.open(&buyer.shop("/s/duka")).await;
    buyer.orders("daily").await;
    buyer.pays().await;
    browser.until_it_says("Paid. Here is your code").await;
    assert_eq!(buyer.code().await, "LAST1");
    browser.forget_cookies().await;
    browser.open(&buyer.shop("/s/duka")).await;
    browser.until_it_says("Sold out for now").await;
    assert_eq!(browser.run("return document.forms.length").await, 0);
    browser.tap("a[href*='/code']").await;
    browser.until_it_says("Your code").await;
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_payment_is_sent_again() {
    let buyer = Buyer::at(Placement::Public).await;
    let browser = &buyer.browser;
    buyer.joins().await;
    buyer.orders("daily").await;
    let prompt = buyer.world.daraja.wait_for_prompt(MSISDN).await;
    buyer.world.daraja.cancel(prompt.id).unwrap();
    browser.until_it_says("You cancelled the payment").await;
    browser.until_it_says("Nothing has been paid.").await;
    assert_eq!(browser.run("return document.querySelector('button.main').disabled").await, true);
    buyer.clock.forward(121);
    browser.reload().await;
    browser.until_it_says("Send again").await;
    browser.tap("button.main").await;
    browser.until_it_says("Look at your phone").await;
    buyer.pays().await;
    browser.until_it_says("Paid. Here is your code").await;
    assert_eq!(buyer.world.daraja.prompts(MSISDN).len(), 2);
    assert_eq!(buyer.world.daraja.books().len(), 1);
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_code_goes_to_the_router_as_it_stands_in_stock() {
    let buyer = Buyer::at(Placement::Public).await;
    let browser = &buyer.browser;
    buyer.joins().await;
    browser.tap(".doors summary").await;
    browser.type_into("#code", "hs45-s3cv ").await;
    browser.tap(".row button").await;
    browser.until_it_says("You are online").await;
    assert_eq!(buyer.world.hotspot.sessions()[0].username, IN_STOCK);
    assert_eq!(buyer.world.hotspot.login_attempts(), 1);

    buyer.world.hotspot.kick(ROUTER_PHONE);
    browser.open(&buyer.shop("/s/mtaa/code")).await;
    browser.type_into("#code", "no such code").await;
    browser.tap("button.main").await;
    browser.until_it_says("That code is not right.").await;
    assert_eq!(browser.property("#u", "value").await, "no such code");
    assert_eq!(buyer.world.hotspot.login_attempts(), 2);
    browser.reload().await;
    browser.until_it_says("I have a code").await;
    assert!(!buyer.is_online().await);
    assert!(buyer.world.hotspot.login_attempts() <= 3, "it loops");
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_with_time_left_finds_the_code() {
    let buyer = Buyer::at(Placement::Public).await;
    let browser = &buyer.browser;
    buyer.joins().await;
    buyer.orders("daily").await;
    buyer.pays().await;
    browser.until_it_says("Paid. Here is your code").await;
    let code = buyer.code().await;
    browser.tap("#connect").await;
    browser.until_it_says("You are online").await;
    // An hour later, for the page too, the power is cut: the router forgets who was logged in.
    buyer.clock.forward(3600);
    browser.run("sessionStorage.clear()").await;
    buyer.world.hotspot.kick(ROUTER_PHONE);
    buyer.joins().await;
    browser.until_it_says("You have already bought time here").await;
    browser.tap("a.open").await;
    browser.until_it_says("Paid. Here is your code").await;
    assert_eq!(buyer.code().await, code);
    browser.tap("#connect").await;
    browser.until_it_says("You are online").await;
    assert!(buyer.is_online().await);
    assert_eq!(buyer.world.daraja.books().len(), 1);
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_narrow_screen_and_one_flight_and_axe_finds_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = gallery::router(Accent::default());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let browser = Chromium::start_without_proxy().await;
    browser.set_width(320).await;
    let mut found = vec![];
    // The same markup in both languages: once by day, once by night.
    for (lang, by_night) in [("en", false), ("sw", true)] {
        browser.set_night(by_night).await;
        for (name, _) in Page::samples() {
            browser.open(&format!("http://{at}{}/{name}/{lang}", gallery::PATH)).await;
            // Headers take less than half a kilobyte; the buyers' page has no other request.
            let bytes = browser.run(BYTES).await.as_u64().unwrap();
            assert!(bytes + 512 < FIRST_FLIGHT_BYTES, "{name} is {bytes} bytes");
            let wide = "return document.documentElement.scrollWidth";
            assert_eq!(browser.run(wide).await, 320, "{lang} {name} scrolls sideways");
            let asked = "return performance.getEntriesByType('resource')\
                         .filter(it => !it.name.includes('/wait?')).length";
            assert_eq!(browser.run(asked).await, 0, "{name} needs more than itself");
            found.extend(browser.axe().await.iter().map(|it| format!("{lang} {name}: {it}")));
        }
    }
    assert_eq!(found, [] as [&str; 0]);
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    serving.abort();
}

/// What came over the wire for the page itself.
const BYTES: &str = "return performance.getEntriesByType('navigation')[0].encodedBodySize";

#[tokio::test(flavor = "multi_thread")]
async fn the_routers_pages_fit_a_narrow_screen() {
    let buyer = Buyer::at(Placement::Public).await;
    let browser = &buyer.browser;
    browser.set_width(320).await;
    let fits = async |what: &str| {
        let width = browser.run("return document.documentElement.scrollWidth").await;
        assert_eq!(width, 320, "{what} scrolls sideways");
    };
    browser.open(&buyer.router("/login?var=u1.")).await;
    fits("the login page").await;
    browser.type_into("#u", IN_STOCK).await;
    browser.tap("#go").await;
    browser.until_it_says("You are online").await;
    fits("the page after the login").await;
    browser.open(&buyer.router("/status")).await;
    browser.until_it_says("Connected for").await;
    fits("the status page").await;
    browser.tap("form button").await;
    until("logged out", async || !buyer.world.hotspot.is_online(ROUTER_PHONE)).await;
    fits("the page after the logout").await;
    buyer.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_clicked_through_in_two_windows_without_a_proxy() {
    let mut buyer = Buyer::at(Placement::Public).await;
    buyer.browser = Chromium::start_without_proxy().await;
    let browser = &buyer.browser;
    let phone = format!("http://{}/", buyer.world.addresses.phone);
    browser.open(&buyer.router("/")).await;
    browser.until_it_says("Choose a package").await;
    buyer.orders("daily").await;
    browser.until_it_says("Look at your phone").await;
    let purchase = browser.address().await;
    browser.open(&phone).await;
    browser.until_it_says("Do you want to pay Ksh50.00").await;
    browser.tap("button.main").await;
    browser.until_it_says("is your LANGO DEMO WI-FI code").await;
    browser.open(&purchase).await;
    browser.tap("#connect").await;
    browser.until_it_says("You are online").await;
    browser.open(&phone).await;
    browser.until_it_says("Leave the Wi-Fi").await;
    browser.tap("form button").await;
    browser.until_it_says("not online yet").await;
    browser.open(&buyer.router("/")).await;
    browser.until_it_says("You have already bought time here").await;
    buyer.leaves().await;
}
