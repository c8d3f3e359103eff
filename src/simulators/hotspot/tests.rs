//! What the hotspot answers, request by request; and the shop's pages on it, in every mode.

use super::*;
use crate::{
    adapters::routeros::pages::{SitePages, render},
    ledger::{
        kernel::time::{DAY, HOUR, MINUTE},
        purchase::Language,
    },
};
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use url::Url;
use users::Challenge;

const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 20));
const TABLET: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 21));

#[derive(Default)]
struct Wall(AtomicI64);

impl Clock for Wall {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

/// Counts up, so that every challenge differs and high bytes occur.
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.fetch_add(37, Ordering::SeqCst));
    }
}

struct Bench {
    hotspot: Hotspot,
    wall: Arc<Wall>,
}

impl Bench {
    fn with(settings: HotspotSettings, files: Vec<(String, Vec<u8>)>) -> Self {
        let wall = Arc::new(Wall::default());
        let random = Arc::new(Counting(AtomicU8::new(200)));
        let hotspot = Hotspot::new(settings, files, wall.clone(), random);
        hotspot.add_user(User::voucher("K7QX2M"));
        Self { hotspot, wall }
    }

    /// Pages that say what they are, in the manner of the stock set.
    fn plain(login_by: &[LoginMethod]) -> Self {
        Self::with(settings(login_by), plain_pages())
    }

    fn pass(&self, micros: i64) {
        self.wall.0.fetch_add(micros, Ordering::SeqCst);
    }

    fn get(&self, path: &str) -> Answer {
        self.get_from(PHONE, path, &[])
    }

    fn get_from(&self, ip: IpAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
        let url = Url::parse(&format!("http://10.5.50.1{path}")).unwrap();
        self.hotspot.visit(&Visit {
            ip,
            path: url.path().into(),
            fields: url.query_pairs().into_owned().collect(),
            url: url.into(),
            headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        })
    }

    fn chap(&self, code: &str) -> Answer {
        let page = body(&self.get("/login"));
        let part = |name: &str| page.split(name).nth(1).unwrap().split(';').next().unwrap();
        let hash = challenge(part("id="), part("challenge=")).answer(code.as_bytes());
        self.get(&format!("/login?username={code}&password={hash}"))
    }
}

fn settings(login_by: &[LoginMethod]) -> HotspotSettings {
    let login_by = login_by.iter().copied().collect();
    HotspotSettings { login_by, ..HotspotSettings::default() }
}

fn plain_pages() -> Vec<(String, Vec<u8>)> {
    [
        (
            "login.html",
            "login id=$(chap-id); challenge=$(chap-challenge); $(error) orig=$(link-orig) \
             var=$(var)",
        ),
        ("alogin.html", "alogin to=$(link-redirect) left=$(session-time-left)"),
        ("status.html", "status $(uptime) $(bytes-out-nice)"),
        ("logout.html", "logout $(uptime)"),
        ("error.html", "error $(error)"),
        (
            "redirect.html",
            "$(if http-status == 302)x$(endif)\
             $(if http-header == 'Location')$(link-redirect)$(endif)",
        ),
        ("errors.txt", "uptime-limit = spent, $(username)\n"),
        ("api.json", "{\"captive\": $(if logged-in == 'yes')false$(else)true$(endif)}"),
        ("md5.js", "$(mac)"),
        ("sw/login.html", "ingia $(link-login-only)"),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .to_vec()
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302);
    &answer.headers.iter().find(|(name, _)| name == "Location").unwrap().1
}

fn challenge(id: &str, bytes: &str) -> Challenge {
    let read = |text: &str| -> Vec<u8> {
        let digits = text.split('\\').skip(1);
        digits.map(|three| u8::from_str_radix(three, 8).unwrap()).collect()
    };
    let (id, bytes) = (read(id)[0], read(bytes).try_into().unwrap());
    Challenge { id, bytes, made_at: Micros(0) }
}

#[test]
fn each_request_of_a_stranger_finds_its_page_or_the_way_to_the_login() {
    let bench = Bench::plain(&[LoginMethod::HttpPap]);
    assert_eq!(location(&bench.get("/")), "http://10.5.50.1/login");
    assert_eq!(location(&bench.get("/status")), "http://10.5.50.1/login");
    assert_eq!(location(&bench.get("/logout")), "http://10.5.50.1/login");
    assert!(body(&bench.get("/login?var=c1.QQ")).starts_with("login id=; challenge=;"));
    assert!(body(&bench.get("/login?var=c1.QQ")).ends_with("var=c1.QQ"));
    assert_eq!(body(&bench.get("/api")), "{\"captive\": true}");
    assert_eq!(body(&bench.get("/md5.js")), "$(mac)");
    assert_eq!(bench.get("/nothing.html").status, 404);
}

#[test]
fn each_request_of_a_guest_finds_its_page() {
    let bench = Bench::plain(&[LoginMethod::HttpPap]);
    let answer = bench.get("/login?username=K7QX2M&password=K7QX2M");
    assert!(body(&answer).starts_with("alogin to=http://10.5.50.1/status"));
    assert_eq!(location(&bench.get("/")), "http://10.5.50.1/status");
    let answer = bench.get("/login?dst=http%3A%2F%2Fexample.com%2Fx");
    assert!(body(&answer).starts_with("alogin to=http://example.com/x"));
    bench.hotspot.use_data(PHONE, 1_572_864);
    bench.pass(90 * MINUTE);
    assert_eq!(body(&bench.get("/status")), "status 1h30m 1.5 MiB");
    assert_eq!(body(&bench.get("/api")), "{\"captive\": false}");
    assert_eq!(body(&bench.get("/logout")), "logout 1h30m");
    assert!(!bench.hotspot.is_online(PHONE));
    assert_eq!(bench.hotspot.user("K7QX2M").unwrap().uptime, 90 * MINUTE);
}

#[test]
fn a_missing_page_is_replaced_or_not_found() {
    let all = plain_pages();
    let without = |name: &str| {
        let files = all.iter().filter(|(file, _)| file != name).cloned().collect();
        Bench::with(settings(&[LoginMethod::HttpPap]), files)
    };
    assert_eq!(without("login.html").get("/login").status, 404);
    assert_eq!(without("redirect.html").get("/").status, 404);
    let bench = without("alogin.html");
    let answer = bench.get("/login?username=K7QX2M&password=K7QX2M");
    assert_eq!(location(&answer), "http://10.5.50.1/status");
}

#[test]
fn chap_takes_the_hash_and_not_the_password() {
    let bench = Bench::plain(&[LoginMethod::HttpChap]);
    let refused = bench.get("/login?username=K7QX2M&password=K7QX2M");
    assert!(body(&refused).contains("chap missing"));
    assert!(body(&bench.chap("K7QX2M")).starts_with("alogin"));
    assert_eq!(bench.hotspot.sessions()[0].login_by, "http-chap");
}

#[test]
fn a_challenge_an_hour_old_is_missing() {
    let bench = Bench::plain(&[LoginMethod::HttpChap]);
    let page = body(&bench.get("/login"));
    let part = |name: &str| page.split(name).nth(1).unwrap().split(';').next().unwrap();
    let hash = challenge(part("id="), part("challenge=")).answer(b"K7QX2M");
    bench.pass(HOUR + MINUTE);
    let refused = bench.get(&format!("/login?username=K7QX2M&password={hash}"));
    assert!(body(&refused).contains("chap missing"));
}

#[test]
fn refusals_speak_through_errors_txt_and_fatal_ones_have_their_page() {
    let bench = Bench::plain(&[LoginMethod::HttpPap]);
    let spent = User { limit_uptime: Some(HOUR), uptime: HOUR, ..User::voucher("OLD") };
    bench.hotspot.add_user(spent);
    let answer = bench.get("/login?username=OLD&password=OLD");
    assert!(body(&answer).contains("spent, OLD"));
    let answer = bench.get("/login?username=NOBODY&password=x");
    assert!(body(&answer).contains("invalid username"));
    bench.hotspot.refuse_next("ippool-empty", "no more addresses");
    let answer = bench.get("/login?username=K7QX2M&password=K7QX2M");
    assert_eq!(body(&answer), "error no more addresses");
}

#[test]
fn only_new_versions_refuse_a_script_as_destination() {
    let bench = Bench::plain(&[LoginMethod::HttpPap]);
    let asked = "/login?dst=javascript%3Aalert(1)";
    assert!(body(&bench.get(asked)).contains("orig= "));
    bench.hotspot.configure(|settings| settings.version = Version(7, 19, 1));
    assert!(body(&bench.get(asked)).contains("orig=javascript:alert(1)"));
}

#[test]
fn a_sub_directory_may_be_chosen_and_falls_back_to_the_root() {
    let bench = Bench::plain(&[LoginMethod::HttpPap]);
    assert_eq!(body(&bench.get("/sw/login")), "ingia http://10.5.50.1/sw/login");
    assert_eq!(body(&bench.get("/login?target=sw")), "ingia http://10.5.50.1/sw/login");
    assert_eq!(location(&bench.get("/sw/status")), "http://10.5.50.1/sw/login");
    assert!(body(&bench.get("/sw/login?target=%2F")).starts_with("login"));
}

#[test]
fn a_cookie_logs_in_until_it_is_erased() {
    let bench = Bench::plain(&[LoginMethod::HttpPap, LoginMethod::Cookie]);
    let answer = bench.get("/login?username=K7QX2M&password=K7QX2M");
    let cookie = &answer.headers.iter().find(|(name, _)| name == "Set-Cookie").unwrap().1;
    let cookie = [("cookie", cookie.split(';').next().unwrap())];
    bench.hotspot.forget(PHONE);
    bench.get_from(PHONE, "/login", &cookie);
    assert_eq!(bench.hotspot.sessions()[0].login_by, "cookie");
    bench.get_from(PHONE, "/logout?erase-cookie=on", &cookie);
    bench.get_from(PHONE, "/login", &cookie);
    assert!(!bench.hotspot.is_online(PHONE));
}

#[test]
fn a_remembered_device_needs_no_page_until_it_logs_out() {
    let bench = Bench::plain(&[LoginMethod::HttpPap, LoginMethod::MacCookie]);
    bench.hotspot.set_mac(TABLET, "aa:bb:cc:00:00:01");
    bench.hotspot.set_mac(PHONE, "aa:bb:cc:00:00:01");
    bench.get("/login?username=K7QX2M&password=K7QX2M");
    bench.hotspot.forget(PHONE);
    bench.get_from(TABLET, "/", &[]);
    assert_eq!(bench.hotspot.sessions()[0].login_by, "mac-cookie");
    bench.get_from(TABLET, "/logout", &[]);
    bench.get_from(TABLET, "/", &[]);
    assert!(!bench.hotspot.is_online(TABLET));
}

#[test]
fn a_session_ends_when_its_profile_says() {
    let bench = Bench::plain(&[LoginMethod::HttpPap]);
    let ran = bench.hotspot.import(
        "/ip hotspot user profile add name=daily session-timeout=1d\n\
         /ip hotspot user add name=D1 password=D1 profile=daily\n",
    );
    assert_eq!(ran.error, None);
    let answer = bench.get("/login?username=D1&password=D1");
    assert!(body(&answer).ends_with("left=1d"));
    bench.pass(DAY - 1);
    assert!(bench.hotspot.is_online(PHONE));
    bench.pass(1);
    assert!(!bench.hotspot.is_online(PHONE));
}

fn shop_pages() -> Vec<(String, Vec<u8>)> {
    let site = SitePages {
        shop_url: Url::parse("http://shop.test").unwrap(),
        site: "mtaa".into(),
        site_name: "Mtaa Wi-Fi".into(),
        support_phone: "0700 000 001".into(),
        accent: String::new(),
        language: Language::En,
        version: "1".into(),
    };
    render(&site).into_iter().map(|page| (page.name.to_owned(), page.bytes)).collect()
}

/// Every mode in which the manual leaves doubt.
fn every_mode(check: impl Fn(&Bench, &[LoginMethod], bool)) {
    use LoginMethod::{HttpChap, HttpPap};
    let sets: [&[LoginMethod]; 3] = [&[HttpChap], &[HttpPap], &[HttpChap, HttpPap]];
    for login_by in sets {
        for unknown_tokens in [UnknownTokens::Blank, UnknownTokens::Kept] {
            for https_links in [false, true] {
                let settings =
                    HotspotSettings { https_links, unknown_tokens, ..settings(login_by) };
                check(&Bench::with(settings, shop_pages()), login_by, https_links);
            }
        }
    }
}

#[test]
fn the_shops_login_page_holds_in_every_mode() {
    every_mode(|bench, login_by, https_links| {
        let answer =
            bench.get("/login?dst=http%3A%2F%2Fexample.com%2F%22%3E%3Cb%3E&var=%22%3E%3Cb%3E");
        let page = body(&answer);
        assert!(!page.contains("$("), "a token is left");
        assert!(!page.contains("\"><b>"), "what came in the address stands unescaped");
        assert!(answer.headers.contains(&("Cache-Control".into(), "no-store".into())));
        let scheme = if https_links { "https" } else { "http" };
        assert!(page.contains(&format!("action=\"{scheme}://10.5.50.1/login\"")));
        assert!(page.contains(
            "http://shop.test/s/mtaa?mac=02%3A1A%3A0A%3A05%3A32%3A14&amp;ip=10.5.50.20&amp;\
             dst=http%3A%2F%2Fexample.com"
        ));
        assert_eq!(page.contains("data-id=\"\""), !login_by.contains(&LoginMethod::HttpChap));
        assert_eq!(page.contains("<noscript>"), login_by == [LoginMethod::HttpChap]);
        assert!(!page.contains("role=\"alert\""));
    });
}

#[test]
fn the_shops_pages_leave_no_token_and_answer_as_json() {
    every_mode(|bench, _, _| {
        bench.hotspot.add_user(User { limit_uptime: Some(DAY), ..User::voucher("DAY") });
        let api: serde_json::Value = serde_json::from_slice(&bench.get("/api").body).unwrap();
        assert_eq!(api["captive"], true);
        let refused = body(&bench.get("/login?username=%3Cb%3E&password=x"));
        assert!(refused.contains("role=\"alert\"") && !refused.contains("<b>"));
        bench.hotspot.configure(|settings| {
            settings.login_by.insert(LoginMethod::HttpPap);
        });
        let pages = [
            bench.get("/login?username=DAY&password=DAY"),
            bench.get("/status"),
            bench.get("/api"),
            bench.get("/logout"),
        ];
        for answer in &pages {
            assert!(!body(answer).contains("$("), "{}", body(answer));
        }
        assert!(body(&pages[0]).contains("data-secs=\"86400\">1d</p>"));
        let api: serde_json::Value = serde_json::from_slice(&pages[2].body).unwrap();
        assert_eq!(api["captive"], false);
        assert_eq!(api["seconds-remaining"], 86_400);
        bench.hotspot.refuse_next("shutting-down", "x");
        let fatal = body(&bench.get("/login?username=DAY&password=DAY"));
        assert!(fatal.contains("restarting") && !fatal.contains("$("));
    });
}

/// A hotspot that listens, with a shop in its walled garden.
async fn on_the_wire() -> (Bench, SocketAddr) {
    use axum::routing::{get, post};
    let shop = Router::new()
        .route("/s/mtaa", get(|| async { "the shop" }))
        .route("/buy", post(|body: String| async move { format!("sold {body}") }));
    let settings = HotspotSettings {
        garden: Garden::with_host("shop.test"),
        names: [("shop.test".to_owned(), listen(shop).await)].into(),
        ..settings(&[LoginMethod::HttpPap])
    };
    let bench = Bench::with(settings, shop_pages());
    let address = listen(bench.hotspot.router()).await;
    (bench, address)
}

async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

/// Sends one request from the given address of this machine; the whole answer.
async fn say(from: [u8; 4], to: SocketAddr, first_line: &str, host: &str, body: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    let length = body.len();
    let head = format!(
        "{first_line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

const FIRST: [u8; 4] = [127, 0, 0, 1];
const SECOND: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn a_strangers_request_is_intercepted_and_the_walled_garden_is_open() {
    let (_bench, router) = on_the_wire().await;
    for (line, host) in [
        ("GET /generate_204?x=1", "probe.test"),
        ("GET http://probe.test/generate_204?x=1", "probe.test"),
        ("GET http://PROBE.test:80/generate_204?x=1", "elsewhere.test"),
    ] {
        let answer = say(FIRST, router, line, host, "").await;
        assert!(answer.starts_with("HTTP/1.1 302"), "{answer}");
        assert!(answer.contains("location: http://10.5.50.1/login?dst=http%3A%2F%2Fprobe.test"));
    }
    let answer = say(FIRST, router, "GET /s/mtaa", "shop.test", "").await;
    assert!(answer.ends_with("the shop"), "{answer}");
    let answer = say(FIRST, router, "POST http://shop.test/buy", "shop.test", "p=1").await;
    assert!(answer.ends_with("sold p=1"), "{answer}");
    let answer = say(FIRST, router, "CONNECT bank.test:443", "bank.test:443", "").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test]
async fn a_guest_passes_and_its_neighbour_does_not() {
    let (bench, router) = on_the_wire().await;
    let form = "username=K7QX2M&password=K7QX2M&dst=http%3A%2F%2Fexample.test%2F";
    let answer = say(FIRST, router, "POST /login", "10.5.50.1", form).await;
    assert!(answer.contains("data-to=\"http%3A%2F%2Fexample.test%2F\""), "{answer}");
    assert!(bench.hotspot.is_online(FIRST.into()));
    let answer = say(FIRST, router, "GET /generate_204", "probe.test", "").await;
    assert!(answer.starts_with("HTTP/1.1 204"));
    let answer = say(FIRST, router, "GET /hotspot-detect.html", "captive.test", "").await;
    assert!(answer.contains("<BODY>Success</BODY>"));
    let answer = say(FIRST, router, "GET http://example.test/", "example.test", "").await;
    assert!(answer.contains("You are online"));
    let answer = say(SECOND, router, "GET http://example.test/", "example.test", "").await;
    assert!(answer.starts_with("HTTP/1.1 302"));
    assert!(!bench.hotspot.is_online(SECOND.into()));
}
