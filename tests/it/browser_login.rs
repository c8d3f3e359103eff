//! The router's pages in a real Chromium, behind the simulated hotspot: from the first intercepted
//! request to *You are online*, in every mode that the manual leaves open.
//!
//! Chromium reaches everything through the hotspot as its proxy. Needs Debian's `chromium` and
//! `chromium-driver`; their absence is a failure, not a pass.

use axum::{Router, http::header, response::Html, routing::get};
use lango::{
    demo::hotspot::{
        Hotspot, HotspotSettings, LoginMethod, garden::Garden, template::UnknownTokens, users::User,
    },
    ledger::purchase::Language,
    ports::{SystemClock, SystemRandom},
    routeros::{
        login_link::login_link,
        pages::{SitePages, render},
    },
};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use std::{
    future::Future,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long a page may take to come to what is expected of it.
const PATIENCE: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(40);

/// One Chromium, driven through its driver.
struct Browser {
    driver: Child,
    http: reqwest::Client,
    port: u16,
    path: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a Chromium that reaches everything through `proxy`.
    async fn start(proxy: SocketAddr) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian's chromium-driver)");
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver says its port");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new".into(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--disable-dev-shm-usage".into(),
            "--window-size=360,760".into(),
            format!("--proxy-server=http://{proxy}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wish = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
        }}});
        let root = format!("http://127.0.0.1:{port}/session");
        let answer: Value =
            http.post(&root).json(&wish).send().await.unwrap().json().await.unwrap();
        let id = answer["value"]["sessionId"].as_str().expect("Chromium starts").to_owned();
        Self { driver, http, port, path: format!("/session/{id}"), _profile: profile }
    }

    async fn open(&self, url: &str) {
        self.post("url", json!({"url": url})).await;
    }

    /// Runs `script` in the page; `null` while the page is being replaced.
    async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({"script": script, "args": []})).await
    }

    async fn element(&self, selector: &str) -> String {
        let wish = json!({"using": "css selector", "value": selector});
        let found = self.post("element", wish).await;
        let id = found.as_object().and_then(|found| found.values().next()?.as_str());
        id.unwrap_or_else(|| panic!("no {selector} on the page")).to_owned()
    }

    async fn get(&self, what: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{}/{what}", self.port, self.path);
        let answer: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        answer["value"].clone()
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        let url = format!("http://127.0.0.1:{}{}/{what}", self.port, self.path);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let failed = answer["value"].get("error").is_some();
        if failed { Value::Null } else { answer["value"].clone() }
    }

    async fn text(&self) -> String {
        let text = self.run("return document.body ? document.body.innerText : ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    async fn until_it_says(&self, words: &str) {
        until(words, async || self.text().await.contains(words)).await;
    }
}

impl Drop for Browser {
    /// Ends the session first, or Chromium would outlive its driver; also when a test fails.
    fn drop(&mut self) {
        let delete = format!(
            "DELETE {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
            self.path
        );
        let mut answer = [0; 12];
        let ended = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(delete.as_bytes())?;
            stream.read_exact(&mut answer)
        });
        let killed = self.driver.kill().and_then(|()| self.driver.wait());
        if !std::thread::panicking() {
            ended.expect("the session ends");
            assert_eq!(&answer, b"HTTP/1.1 200");
            killed.expect("the driver ends");
        }
    }
}

async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let waiting = async {
        while !check().await {
            tokio::time::sleep(EVERY).await;
        }
    };
    let came = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(came.is_ok(), "waited in vain for: {what}");
}

/// A hotspot that listens, a shop behind it, and a browser on its network.
struct Site {
    hotspot: Hotspot,
    shop: JoinHandle<()>,
    browser: Browser,
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
        let browser = Browser::start(address).await;
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
    browser.until_it_says("Nambari hiyo si sahihi.").await;
    // A login by address whose fields stay in the address: loaded anew, still one attempt each.
    let link = login_link(&router_login(), "WRONG", None, None);
    browser.open(&format!("{link}&username=WRONG&password=x")).await;
    browser.until_it_says("Nambari").await;
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
    let off = json!({"cmd": "Emulation.setScriptExecutionDisabled", "params": {"value": true}});
    browser.post("goog/cdp/execute", off).await;
    browser.open("http://example.test/").await;
    let link = browser.element("a#shop").await;
    let href = browser.get(&format!("element/{link}/property/href")).await;
    assert!(href.as_str().unwrap().starts_with("http://shop.test/s/mtaa?mac=02%3A1A"), "{href}");
    for field in ["#u", "#p"] {
        let element = browser.element(field).await;
        browser.post(&format!("element/{element}/value"), json!({"text": "K7QX2M"})).await;
    }
    let button = browser.element("#go").await;
    browser.post(&format!("element/{button}/click"), json!({})).await;
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
