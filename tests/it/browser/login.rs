//! The router's pages in a real Chromium, behind the simulated hotspot: from the first intercepted
//! request to *You are online*, in every mode that the manual leaves open.
//!
//! Chromium reaches everything through the hotspot as its proxy.

use crate::browser::chromium::{Chromium, until};
use axum::{Router, http::header, response::Html, routing::get};
use lango::{
    adapters::routeros::{
        login_link::login_link,
        pages::{SitePages, render},
    },
    ledger::purchase::Language,
    ports::{SystemClock, SystemRandom},
    simulators::hotspot::{
        Hotspot, HotspotSettings, LoginMethod, garden::Garden, template::UnknownTokens, users::User,
    },
};
use md5::{Digest as _, Md5};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// A hotspot that listens, a shop behind it, and a browser on its network.
struct Site {
    hotspot: Hotspot,
    shop: JoinHandle<()>,
    browser: Chromium,
}

impl Site {
    async fn open(login_by: &[LoginMethod], unknown_tokens: UnknownTokens) -> Self {
        let (shop_address, shop) = listen(shop()).await;
        let settings = HotspotSettings {
            login_by: login_by.iter().copied().collect(),
            unknown_tokens,
            garden: Garden::with_host("shop.test"),
            names: [("shop.test".to_owned(), shop_address)].into(),
            ..HotspotSettings::default()
        };
        let files = render(&pages()).into_iter().map(|it| (it.name.to_owned(), it.bytes));
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let hotspot = Hotspot::new(settings, files.collect(), clock, random);
        hotspot.add_user(User::voucher("K7QX2M"));
        let (address, _) = listen(hotspot.router()).await;
        let browser = Chromium::start(address).await;
        Self { hotspot, shop, browser }
    }

    async fn until_online(&self) {
        until("online", async || self.hotspot.is_online(PHONE)).await;
    }
}

fn pages() -> SitePages {
    SitePages {
        shop_url: Url::parse("http://shop.test").unwrap(),
        site: "mtaa".into(),
        site_name: "Mtaa Wi-Fi".into(),
        support_phone: "0700 000 001".into(),
        accent: lango::ledger::accent::Accent::default().css(),
        language: Language::En,
        version: "1".into(),
    }
}

fn router_login() -> Url {
    Url::parse("http://10.5.50.1/login").unwrap()
}

fn shop() -> Router {
    const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\
        \x01\0\x01\0\0\x02\x02D\x01\0;";
    Router::new()
        .route("/pixel.gif", get(|| async { ([(header::CONTENT_TYPE, "image/gif")], PIXEL) }))
        .route("/s/mtaa", get(|| async { Html("<h1>The shop</h1>") }))
}

async fn listen(router: Router) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    (address, tokio::spawn(async move { axum::serve(listener, service).await.unwrap() }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_led_to_the_shop_and_the_shops_link_brings_it_online() {
    let site = Site::open(&[LoginMethod::HttpChap], UnknownTokens::Blank).await;
    let browser = &site.browser;
    browser.open("http://example.test/news?a=1").await;
    browser.until_it_says("The shop").await;
    let shop = browser.run("return location.href").await;
    assert_eq!(
        shop,
        "http://shop.test/s/mtaa?mac=02%3A1A%3A7F%3A00%3A00%3A01&ip=127.0.0.1\
         &dst=http%3A%2F%2Fexample.test%2Fnews%3Fa%3D1"
    );
    let dst = Url::parse("http://example.test/news?a=1").unwrap();
    browser.open(login_link(&router_login(), "K7QX2M", None, Some(&dst)).as_str()).await;
    site.until_online().await;
    until("the page first asked for", async || {
        browser.run("return location.href").await == "http://example.test/news?a=1"
    })
    .await;
    assert_eq!(site.hotspot.login_attempts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shops_link_logs_in_with_one_attempt_in_every_mode() {
    use LoginMethod::{HttpChap, HttpPap};
    let modes: [(&[LoginMethod], UnknownTokens); 3] = [
        (&[HttpChap], UnknownTokens::Kept),
        (&[HttpPap], UnknownTokens::Kept),
        (&[HttpChap, HttpPap], UnknownTokens::Blank),
    ];
    let site = Site::open(&[HttpChap], UnknownTokens::Blank).await;
    let users = [("K7QX2M", "K7QX2M"), ("kiosk 1", "s3 é€\"<&+"), ("ngo", "")];
    for (name, password) in users {
        let (name, password) = (name.to_owned(), password.to_owned());
        site.hotspot.add_user(User { name, password, ..User::default() });
    }
    let mut attempts = 0;
    for (login_by, unknown_tokens) in modes {
        site.hotspot.configure(|settings| {
            settings.login_by = login_by.iter().copied().collect();
            settings.unknown_tokens = unknown_tokens;
        });
        for (name, password) in users {
            let link = login_link(&router_login(), name, Some(password), None);
            site.browser.open(link.as_str()).await;
            site.until_online().await;
            attempts += 1;
            site.browser.until_it_says("You are online").await;
            assert_eq!(site.hotspot.sessions()[0].username, name);
            assert_eq!(site.hotspot.login_attempts(), attempts);
            site.hotspot.kick(PHONE);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_code_is_explained_and_not_sent_again() {
    let site = Site::open(&[LoginMethod::HttpChap], UnknownTokens::Kept).await;
    let browser = &site.browser;
    browser.open(login_link(&router_login(), "WRONG", None, None).as_str()).await;
    browser.until_it_says("That code is not right.").await;
    assert!(!browser.text().await.contains("invalid-username"));
    assert_eq!(browser.run("return document.getElementById('u').value").await, "WRONG");
    let shop = browser.run("return document.getElementById('shop').href").await;
    assert!(shop.as_str().unwrap().ends_with("&error=invalid-username"));
    browser.run("document.getElementById('lang').click()").await;
    browser.until_it_says("Vocha hiyo si sahihi.").await;
    // A login by address whose fields stay in the address: loaded anew, still one attempt each.
    let link = login_link(&router_login(), "WRONG", None, None);
    browser.open(&format!("{link}&username=WRONG&password=x")).await;
    browser.until_it_says("Vocha hiyo si sahihi.").await;
    assert_eq!(site.hotspot.login_attempts(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_challenge_is_renewed_once() {
    let site = Site::open(&[LoginMethod::HttpChap], UnknownTokens::Blank).await;
    let link = login_link(&router_login(), "K7QX2M", None, None);
    site.hotspot.refuse_next("chap-missing", "web browser did not send challenge response");
    site.browser.open(link.as_str()).await;
    site.until_online().await;
    assert_eq!(site.hotspot.login_attempts(), 2);

    site.hotspot.kick(PHONE);
    site.browser.run("sessionStorage.clear()").await;
    for _ in 0..2 {
        site.hotspot.refuse_next("chap-missing", "web browser did not send challenge response");
    }
    site.browser.open(link.as_str()).await;
    site.browser.until_it_says("The page was too old.").await;
    assert_eq!(site.hotspot.login_attempts(), 4);
    assert!(!site.hotspot.is_online(PHONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_shop_locks_nobody_out_and_a_typed_code_is_tidied() {
    let site = Site::open(&[LoginMethod::HttpChap], UnknownTokens::Kept).await;
    site.shop.abort();
    site.hotspot.configure(|settings| settings.names.clear());
    let browser = &site.browser;
    browser.open("http://example.test/").await;
    browser.until_it_says("I have a code").await;
    browser
        .run(
            "var u = document.getElementById('u'); u.focus(); u.value = ' K7QX 2M ';\
             document.getElementById('go').click()",
        )
        .await;
    site.until_online().await;
    assert_eq!(site.hotspot.login_attempts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_md5_is_md5() {
    let site = Site::open(&[LoginMethod::HttpChap], UnknownTokens::Blank).await;
    site.browser.open("http://10.5.50.1/login?var=u1.").await;
    let script = "var all = [], n, i, s;\
        for (n = 0; n < 200; n++) {\
            s = ''; for (i = 0; i < n; i++) s += String.fromCharCode((i * 7 + n * 13) % 256);\
            all.push(md5(s));\
        } return all";
    let hashes = site.browser.run(script).await;
    for length in 0..200_usize {
        let byte = |i: usize| u8::try_from((i * 7 + length * 13) % 256).unwrap();
        let bytes: Vec<u8> = (0..length).map(byte).collect();
        let expected = u128::from_be_bytes(Md5::digest(&bytes).into());
        assert_eq!(hashes[length], format!("{expected:032x}"), "of {length} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_form_logs_in_over_pap_and_the_shop_is_a_plain_link() {
    let site = Site::open(&[LoginMethod::HttpPap], UnknownTokens::Kept).await;
    let browser = &site.browser;
    browser.disable_script().await;
    browser.open("http://example.test/").await;
    let link = browser.property("a#shop", "href").await;
    assert!(link.starts_with("http://shop.test/s/mtaa?mac=02%3A1A"), "{link}");
    browser.type_into("#u", "K7QX2M").await;
    browser.type_into("#p", "K7QX2M").await;
    browser.tap("#go").await;
    site.until_online().await;
    assert_eq!(site.hotspot.login_attempts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_password_goes_with_its_code() {
    let site = Site::open(&[LoginMethod::HttpChap], UnknownTokens::Blank).await;
    let (name, password) = ("desk".to_owned(), "s3cret".to_owned());
    site.hotspot.add_user(User { name, password, ..User::default() });
    site.browser.open("http://10.5.50.1/login?var=u1.").await;
    site.browser
        .run(
            "document.getElementById('more').click();\
             document.getElementById('u').value = 'desk';\
             document.getElementById('p').value = 's3cret';\
             document.getElementById('go').click()",
        )
        .await;
    site.until_online().await;
}
