//! The hotspot's own web pages: which file answers which request, and the login.
//!
//! Pure but for the clock and the randomness it is given; the network is next door.

use super::{
    HotspotSettings, LoginMethod, errors,
    sessions::{Book, Cookie, LoginRefusal, Session},
    template::{self, Variables, escape},
    users::{COOKIE_LIFE, Challenge, Proofs, prove},
};
use crate::{
    adapters::routeros::units::write_duration,
    ledger::kernel::time::{Micros, SECOND},
    ports::Random,
};
use std::{collections::BTreeMap, net::IpAddr};

/// A request, taken apart.
#[derive(Debug, Clone)]
pub struct Visit {
    pub ip: IpAddr,
    pub path: String,
    /// What was asked for, whole: `http://example.com/x?y`.
    pub url: String,
    /// The query's and the form's fields; the form wins.
    pub fields: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(status: u16, text: &str) -> Self {
        let headers = vec![("Content-Type".into(), "text/plain".into())];
        Self { status, headers, body: text.into() }
    }
}

/// The names of the router's own pages.
const PAGES: [&str; 5] = ["", "login", "status", "logout", "api"];
/// Refusals after which trying again is of no use: the router shows `error.html`.
const FATAL: [&str; 5] =
    ["internal-error", "config-error", "ippool-empty", "shutting-down", "license-session-limit"];
const COOKIE_NAME: &str = "hotspot-login";

/// One request being answered.
pub struct Servlet<'a> {
    pub settings: &'a HotspotSettings,
    pub files: &'a BTreeMap<String, Vec<u8>>,
    pub book: &'a mut Book,
    pub random: &'a dyn Random,
    pub now: Micros,
    pub visit: &'a Visit,
    /// The chosen sub-directory: empty, or `sw/`.
    pub dir: String,
    /// Headers that the answer carries whatever the page is.
    pub headers: Vec<(String, String)>,
}

/// What a page is told beside what every page knows.
#[derive(Default)]
struct Told {
    redirect: String,
    orig: Option<String>,
    refusal: Option<LoginRefusal>,
    ended: Option<Session>,
    counters: bool,
}

impl Servlet<'_> {
    pub fn answer(mut self) -> Answer {
        let path = self.visit.path.trim_start_matches('/').to_owned();
        let (dir, page) = path.rsplit_once('/').map_or(("", path.as_str()), |both| both);
        if !PAGES.contains(&page) {
            return self.file(&path);
        }
        let target = self.visit.fields.get("target").map(|dir| dir.trim_matches('/'));
        let dir = target.unwrap_or(dir);
        self.dir = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        self.log_in_silently();
        let online = self.session().is_some();
        let (to_status, to_login) = (self.to("status"), self.to_login());
        match (page, online) {
            ("", true) => self.page(&["rstatus.html", "redirect.html"], &to_status),
            ("", false) => self.page(&["rlogin.html", "redirect.html"], &to_login),
            ("login", _) => self.login(),
            ("status", true) => {
                let told = Told { counters: true, ..to_status };
                self.page(&["status.html"], &told)
            }
            ("status", false) => self.page(&["fstatus.html", "redirect.html"], &to_login),
            ("logout", true) => self.log_out(),
            ("logout", false) => self.page(&["flogout.html", "redirect.html"], &to_login),
            _ => self.page(&["api.json"], &Told::default()),
        }
    }

    /// Answers a request for somebody else's address from a phone that may not go there.
    pub fn intercept(self) -> Answer {
        let redirect = self.link_login(&self.visit.url);
        let told = Told { redirect, orig: Some(self.visit.url.clone()), ..Told::default() };
        self.page(&["rlogin.html", "redirect.html"], &told)
    }

    /// Logs in by MAC address, MAC cookie or cookie, where those are on.
    pub fn log_in_silently(&mut self) {
        let (ip, now) = (self.visit.ip, self.now);
        self.book.tick(ip, now);
        if self.session().is_some() {
            return;
        }
        let mac = self.book.client(ip).mac.clone();
        let cookie = self.cookie().and_then(|value| self.book.cookies.get(&value));
        let ways = [
            (LoginMethod::Mac, self.book.users.get(&mac).map(|user| user.name.clone())),
            (LoginMethod::MacCookie, Book::remembered(self.book.mac_cookies.get(&mac), now)),
            (LoginMethod::Cookie, Book::remembered(cookie, now)),
        ];
        for (method, name) in ways {
            let name = name.filter(|_| self.settings.login_by.contains(&method));
            let Some(name) = name else { continue };
            let found = self.book.find(&name, &self.settings.server_name, &mac).map(|_| ());
            if found.and_then(|()| self.book.admit(&name, ip, method.word(), now)).is_ok() {
                return;
            }
            if method == LoginMethod::MacCookie {
                self.book.mac_cookies.remove(&mac);
            }
        }
    }

    fn login(mut self) -> Answer {
        let status = self.link("status");
        let told = |it: &Self| Told {
            redirect: Some(it.dst()).filter(|dst| !dst.is_empty()).unwrap_or(status),
            ..Told::default()
        };
        if self.session().is_some() {
            let told = told(&self);
            return self.page(&["alogin.html", "redirect.html"], &told);
        }
        let Some(name) = self.visit.fields.get("username").filter(|name| !name.is_empty()) else {
            return self.page(&["login.html"], &Told::default());
        };
        match self.check(name) {
            Ok(()) => {
                self.remember(name);
                let told = told(&self);
                self.page(&["alogin.html", "redirect.html"], &told)
            }
            Err(refusal) => {
                let pages: &[&str] = if FATAL.contains(&refusal.key) {
                    &["error.html"]
                } else {
                    &["flogin.html", "login.html"]
                };
                self.page(pages, &Told { refusal: Some(refusal), ..Told::default() })
            }
        }
    }

    fn check(&mut self, name: &str) -> Result<(), LoginRefusal> {
        self.book.attempts += 1;
        if !self.book.refusals.is_empty() {
            return Err(self.book.refusals.remove(0));
        }
        let on = |method| self.settings.login_by.contains(&method);
        let secure = self.visit.url.starts_with("https:");
        let proofs = Proofs {
            chap: on(LoginMethod::HttpChap),
            plain: on(LoginMethod::HttpPap) || (on(LoginMethod::Https) && secure),
        };
        let (ip, now) = (self.visit.ip, self.now);
        let client = self.book.client(ip);
        let mac = client.mac.clone();
        let challenge = client.challenge.clone().filter(|it| it.is_live(now));
        let sent = self.visit.fields.get("password").map_or("", String::as_str);
        let user = self.book.find(name, &self.settings.server_name, &mac)?;
        let password = user.password.clone();
        prove(&password, sent, challenge.as_ref(), proofs)?;
        let login_by = match (proofs.plain && sent == password, secure) {
            (false, _) => LoginMethod::HttpChap,
            (true, true) => LoginMethod::Https,
            (true, false) => LoginMethod::HttpPap,
        };
        Ok(self.book.admit(name, ip, login_by.word(), now)?)
    }

    fn remember(&mut self, name: &str) {
        let mac = self.book.client(self.visit.ip).mac.clone();
        let cookie = Cookie::new(name, self.now.plus(COOKIE_LIFE));
        if self.settings.login_by.contains(&LoginMethod::MacCookie) {
            let user = self.book.users.get(name).cloned().unwrap_or_default();
            let life = self.book.profile_of(&user).mac_cookie_life;
            self.book.mac_cookies.insert(mac, Cookie::new(name, self.now.plus(life)));
        }
        if self.settings.login_by.contains(&LoginMethod::Cookie) {
            let mut bytes = [0; 16];
            self.random.fill(&mut bytes);
            let value = format!("{:032x}", u128::from_be_bytes(bytes));
            let life = COOKIE_LIFE / SECOND;
            let header = format!("{COOKIE_NAME}={value}; Path=/; Max-Age={life}");
            self.headers.push(("Set-Cookie".into(), header));
            self.book.cookies.insert(value, cookie);
        }
    }

    fn log_out(mut self) -> Answer {
        let ended = self.book.end_for_good(self.visit.ip, self.now);
        let erase = self.visit.fields.get("erase-cookie").map(String::as_str);
        if matches!(erase, Some("on" | "true" | "1")) {
            if let Some(value) = self.cookie() {
                self.book.cookies.remove(&value);
            }
            let header = format!("{COOKIE_NAME}=; Path=/; Max-Age=0");
            self.headers.push(("Set-Cookie".into(), header));
        }
        self.page(&["logout.html"], &Told { ended, counters: true, ..Told::default() })
    }

    fn page(mut self, names: &[&str], told: &Told) -> Answer {
        let found = names.iter().find_map(|name| self.find(name).map(|file| (*name, file)));
        let Some((name, file)) = found else {
            return Answer::text(404, "Not Found");
        };
        let file = file.to_vec();
        let variables = self.variables(name, told);
        self.filled(name, &file, 200, &variables)
    }

    fn find(&self, name: &str) -> Option<&[u8]> {
        let own = self.files.get(&format!("{}{name}", self.dir));
        own.or_else(|| self.files.get(name)).map(Vec::as_slice)
    }

    fn file(mut self, path: &str) -> Answer {
        let Some(file) = self.find(path).map(<[u8]>::to_vec) else {
            return Answer::text(404, "Not Found");
        };
        if matches!(path.rsplit('.').next(), Some("html" | "htm" | "txt")) {
            let variables = self.variables(path, &Told::default());
            return self.filled(path, &file, 200, &variables);
        }
        let headers = vec![("Content-Type".into(), content_type(path).into())];
        Answer { status: 200, headers, body: file }
    }

    fn filled(self, name: &str, file: &[u8], status: u16, variables: &Variables) -> Answer {
        let text = String::from_utf8_lossy(file);
        let rendered = template::render(&text, variables, self.settings.unknown_tokens);
        let mut headers = self.headers;
        let sets_type = rendered.headers.keys().any(|it| it.eq_ignore_ascii_case("content-type"));
        if !sets_type {
            headers.push(("Content-Type".into(), content_type(name).into()));
        }
        headers.extend(rendered.headers);
        let status = rendered.status.unwrap_or(status);
        Answer { status, headers, body: rendered.body.into_bytes() }
    }

    /// Everything a page may ask for; a new challenge with each login page.
    fn variables(&mut self, page: &str, told: &Told) -> Variables {
        let settings = self.settings;
        let mut all = Variables { headers: self.visit.headers.clone(), ..Variables::default() };
        for name in EMPTY_NAMES.split(' ') {
            all.set(name, "");
        }
        let login_page = page.ends_with("login.html") && !page.ends_with("rlogin.html");
        if login_page && settings.login_by.contains(&LoginMethod::HttpChap) {
            let (id, bytes) = self.challenge();
            all.set("chap-id", id);
            all.set("chap-challenge", bytes);
        }
        let on = |method| settings.login_by.contains(&method);
        let yes = |it: bool| if it { "yes" } else { "no" };
        all.set("plain-passwd", yes(on(LoginMethod::HttpPap)));
        all.set("ssl-login", yes(self.visit.url.starts_with("https:")));
        all.set("hostname", settings.hostname());
        all.set("identity", settings.identity.as_str());
        all.set("server-name", settings.server_name.as_str());
        all.set("server-address", format!("{}:80", settings.address));
        all.set("target-dir", self.dir.as_str());
        all.set("trial", "no");
        all.set("popup", "false");
        for name in ["login", "logout", "status"] {
            all.set(&format!("link-{name}"), self.link(name));
        }
        let orig = told.orig.clone().unwrap_or_else(|| self.dst());
        all.set("link-login", self.link_login(&orig));
        all.set("link-login-only", self.link("login"));
        all.set("link-orig", orig);
        all.set("link-redirect", told.redirect.as_str());
        for name in ["var", "session-id", "username"] {
            let value = self.visit.fields.get(name).cloned();
            all.set(name, value.unwrap_or_default());
        }
        let ip = self.visit.ip.to_string();
        all.set("ip", ip.as_str());
        all.set("host-ip", ip);
        all.set("mac", self.book.client(self.visit.ip).mac.as_str());
        all.set("logged-in", yes(self.session().is_some()));
        if let Some(session) = self.session().or(told.ended.as_ref()) {
            session_names(&mut all, session, self.now, told.counters);
        }
        if let Some(LoginRefusal { key, text }) = &told.refusal {
            all.set("error-orig", text.as_str());
            all.set("error-type", *key);
            all.set("error", errors::sentence(self.find("errors.txt"), key, text, &all));
        }
        all
    }

    fn challenge(&mut self) -> (String, String) {
        let mut bytes = [0; 17];
        self.random.fill(&mut bytes);
        let mut challenge = Challenge { id: bytes[16], bytes: [0; 16], made_at: self.now };
        challenge.bytes.copy_from_slice(&bytes[..16]);
        let tokens = challenge.tokens();
        self.book.client(self.visit.ip).challenge = Some(challenge);
        tokens
    }

    fn session(&self) -> Option<&Session> {
        self.book.clients.get(&self.visit.ip)?.session.as_ref()
    }

    fn cookie(&self) -> Option<String> {
        let cookies = self.visit.headers.get("cookie")?;
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value.to_owned())
    }

    /// Where the phone wants to go; since 7.19.2 only http and https (CVE-2025-6563).
    fn dst(&self) -> String {
        let dst = self.visit.fields.get("dst").cloned().unwrap_or_default();
        let web = dst.starts_with("http://") || dst.starts_with("https://");
        if web || !self.settings.version.checks_destinations() { dst } else { String::new() }
    }

    fn to(&self, page: &str) -> Told {
        Told { redirect: self.link(page), ..Told::default() }
    }

    fn to_login(&self) -> Told {
        Told { redirect: self.link_login(&self.dst()), ..Told::default() }
    }

    fn link(&self, page: &str) -> String {
        let secure = self.settings.https_links && page == "login";
        let scheme = if secure { "https" } else { "http" };
        format!("{scheme}://{}/{}{page}", self.settings.hostname(), self.dir)
    }

    fn link_login(&self, dst: &str) -> String {
        let login = self.link("login");
        if dst.is_empty() { login } else { format!("{login}?dst={}", escape(dst)) }
    }
}

/// Known, and empty unless something sets them.
const EMPTY_NAMES: &str = "\
    advert-pending blocked bytes-in bytes-in-nice bytes-out bytes-out-nice chap-challenge \
    chap-id domain error error-orig error-type idle-timeout idle-timeout-secs interface-name \
    limit-bytes-in limit-bytes-out link-advert location-id location-name login-by \
    login-by-mac packets-in packets-out refresh-timeout refresh-timeout-secs \
    remain-bytes-total session-time-left session-time-left-secs session-timeout \
    session-timeout-secs uptime vlan-id";

fn session_names(all: &mut Variables, session: &Session, now: Micros, counters: bool) {
    all.set("username", session.username.as_str());
    all.set("login-by", session.login_by);
    all.set("login-by-mac", if session.login_by == "mac" { "yes" } else { "no" });
    let uptime = session.started_at.until(now);
    all.set("uptime", write_duration(uptime));
    all.set("uptime-secs", (uptime / SECOND).to_string());
    let length = session.ends_at.map_or(0, |end| session.started_at.until(end));
    let left = session.ends_at.map_or(0, |end| now.until(end).max(0));
    let nice = |micros| if micros == 0 { String::new() } else { write_duration(micros) };
    all.set("session-timeout", nice(length));
    all.set("session-timeout-secs", (length / SECOND).to_string());
    all.set("session-time-left", nice(left));
    all.set("session-time-left-secs", (left / SECOND).to_string());
    if let Some(bytes) = session.bytes_left() {
        all.set("remain-bytes-total", bytes.to_string());
    }
    if counters {
        all.set("refresh-timeout", "1m");
        all.set("refresh-timeout-secs", "60");
        for (name, bytes) in [("bytes-in", session.bytes_in), ("bytes-out", session.bytes_out)] {
            all.set(name, bytes.to_string());
            all.set(&format!("{name}-nice"), nice_bytes(bytes));
        }
    }
}

fn nice_bytes(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..1_048_576 => (1024, "KiB"),
        1_048_576..1_073_741_824 => (1_048_576, "MiB"),
        _ => (1_073_741_824, "GiB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html" | "htm") => "text/html",
        Some("js") => "application/javascript",
        Some("json") => "application/json",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("ico") => "image/x-icon",
        _ => "text/plain",
    }
}
