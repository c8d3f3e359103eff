//! A simulated RouterOS hotspot (`docs/reference/routeros.md`): its own pages, its users, and the
//! interceptor that stands between phones and everything else.
//!
//! A phone is a source address. Point a browser at it as an HTTP proxy, or send requests with
//! other hosts' names to it, as a router's redirect would; what asks for the hotspot's own address
//! gets its pages. Where the manual leaves a doubt there is a switch, so that both can be tested.

mod board;
pub mod console;
mod device;
mod errors;
mod forward;
pub mod garden;
mod menus;
mod rows;
pub mod servlet;
pub mod sessions;
pub mod template;
mod terminal;
pub mod users;

use crate::{
    ledger::kernel::time::Micros,
    ports::{Clock, Random},
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use board::Board;
use garden::Garden;
use servlet::{Answer, Servlet, Visit};
use sessions::{Book, LoginRefusal, Session};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use template::UnknownTokens;
pub use terminal::Transcript;
use users::{Profile, User};

/// A way to log in, as in `login-by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoginMethod {
    HttpChap,
    /// The password travels in clear.
    HttpPap,
    Https,
    Cookie,
    Mac,
    /// The MAC address is remembered after a login.
    MacCookie,
}

impl LoginMethod {
    fn parse(word: &str) -> Option<Self> {
        use LoginMethod as M;
        [M::HttpChap, M::HttpPap, M::Https, M::Cookie, M::Mac, M::MacCookie]
            .into_iter()
            .find(|method| method.word() == word)
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::HttpChap => "http-chap",
            Self::HttpPap => "http-pap",
            Self::Https => "https",
            Self::Cookie => "cookie",
            Self::Mac => "mac",
            Self::MacCookie => "mac-cookie",
        }
    }
}

/// A version of RouterOS: `Version(7, 24, 0)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Whether `dst` must be http or https (since 7.19.2, CVE-2025-6563).
    pub fn checks_destinations(self) -> bool {
        self >= Self(7, 19, 2)
    }
}

/// The router's set-up.
#[derive(Debug, Clone)]
pub struct HotspotSettings {
    pub address: String,
    /// Its name there (`dns-name`); pages link by it when it is set.
    pub dns_name: Option<String>,
    pub server_name: String,
    pub identity: String,
    pub version: Version,
    pub login_by: BTreeSet<LoginMethod>,
    /// Whether `$(link-login-only)` is https, which the manual leaves open.
    pub https_links: bool,
    pub unknown_tokens: UnknownTokens,
    pub html_directory: String,
    pub licence: i64,
    /// What device-mode forbids, among `hotspot`, `fetch` and `scheduler`; `flagged` where it has
    /// flagged the router.
    pub forbidden: Vec<&'static str>,
    pub lacks: Vec<&'static str>,
    /// Whether it puts `flash/` before a folder of pages that has it already (7.17.0 and 7.17.1).
    pub doubles_flash: bool,
    pub trusts: bool,
    /// How far its clock is ahead, in µs.
    pub clock_error: i64,
    pub garden: Garden,
    /// Names of the outside world that exist, and where they really listen. Loopback addresses
    /// need no entry; any other name leads to a page that says *You are online*.
    pub names: BTreeMap<String, SocketAddr>,
}

impl Default for HotspotSettings {
    fn default() -> Self {
        Self {
            address: "10.5.50.1".into(),
            dns_name: None,
            server_name: "hotspot1".into(),
            identity: "MikroTik".into(),
            version: Version(7, 24, 0),
            login_by: BTreeSet::from([LoginMethod::HttpChap, LoginMethod::Cookie]),
            https_links: false,
            unknown_tokens: UnknownTokens::Blank,
            html_directory: "hotspot".into(),
            licence: 4,
            forbidden: vec![],
            lacks: vec![],
            doubles_flash: false,
            trusts: true,
            clock_error: 0,
            garden: Garden::default(),
            names: BTreeMap::new(),
        }
    }
}

impl HotspotSettings {
    fn hostname(&self) -> &str {
        self.dns_name.as_deref().unwrap_or(&self.address)
    }

    fn is_own(&self, authority: &str) -> bool {
        let host = authority.strip_suffix(":80").unwrap_or(authority);
        host.eq_ignore_ascii_case(&self.address)
            || self.dns_name.as_ref().is_some_and(|name| host.eq_ignore_ascii_case(name))
    }

    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let named = self.names.get(host).copied();
        named.or_else(|| match host {
            "localhost" => Some((Ipv4Addr::LOCALHOST, port).into()),
            _ => host.parse().ok().filter(IpAddr::is_loopback).map(|ip| (ip, port).into()),
        })
    }
}

/// The simulated hotspot; clones are the same one.
#[derive(Clone)]
pub struct Hotspot {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Mutex<HotspotSettings>,
    board: Mutex<Board>,
    book: Mutex<Book>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// The largest form or upload a phone may send through, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

impl Hotspot {
    /// A hotspot with these files in its html directory, and no users.
    pub fn new(
        settings: HotspotSettings,
        files: Vec<(String, Vec<u8>)>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let book = Mutex::default();
        let board = Mutex::new(Board::new(&settings, files));
        let settings = Mutex::new(settings);
        Self { inner: Arc::new(Inner { settings, board, book, clock, random }) }
    }

    /// The hotspot as a server. Serve it with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, or every phone is 127.0.0.1.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    pub fn configure(&self, change: impl FnOnce(&mut HotspotSettings)) {
        change(&mut self.inner.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn add_user(&self, user: User) {
        self.book().users.insert(user.name.clone(), user);
    }

    pub fn add_profile(&self, profile: Profile) {
        self.book().profiles.insert(profile.name.clone(), profile);
    }

    /// A user as the router has it now, with what ended sessions used.
    pub fn user(&self, name: &str) -> Option<User> {
        self.book().users.get(name).cloned()
    }

    /// Switches a user off or on; an open session goes on, as on the device.
    pub fn disable_user(&self, name: &str, disabled: bool) {
        if let Some(user) = self.book().users.get_mut(name) {
            user.disabled = disabled;
        }
    }

    /// Gives a device its MAC address; otherwise one is made up from `ip`.
    pub fn set_mac(&self, ip: IpAddr, mac: &str) {
        self.book().client(ip).mac = mac.to_uppercase();
    }

    /// The device left: its session ends, and it comes back as a stranger.
    pub fn forget(&self, ip: IpAddr) {
        let now = self.now();
        let mut book = self.book();
        book.end(ip, now);
        book.clients.remove(&ip);
    }

    /// As `forget`, and no cookie logs the device in again by itself.
    pub fn forget_with_cookies(&self, ip: IpAddr) {
        let now = self.now();
        let mut book = self.book();
        if let Some(session) = book.end_for_good(ip, now) {
            book.cookies.retain(|_, cookie| cookie.username != session.username);
        }
        book.clients.remove(&ip);
    }

    pub fn kick(&self, ip: IpAddr) {
        self.book().end_for_good(ip, self.now());
    }

    pub fn is_online(&self, ip: IpAddr) -> bool {
        let mut book = self.book();
        book.tick(ip, self.now());
        book.sessions().any(|session| session.ip == ip)
    }

    pub fn sessions(&self) -> Vec<Session> {
        let mut book = self.book();
        book.tick_all(self.now());
        book.sessions().cloned().collect()
    }

    pub fn use_data(&self, ip: IpAddr, bytes: u64) {
        if let Some(session) = &mut self.book().client(ip).session {
            session.bytes_out += bytes;
        }
    }

    /// Refuses the next login with this key of `errors.txt`; `text` is what `$(error-orig)` says.
    pub fn refuse_next(&self, key: &'static str, text: &str) {
        self.book().refusals.push(LoginRefusal { key, text: text.to_owned() });
    }

    pub fn login_attempts(&self) -> usize {
        self.book().attempts
    }

    /// Answers a request for the hotspot's own address, without a network.
    pub fn visit(&self, visit: &Visit) -> Answer {
        let settings = self.settings();
        let files = self.board().folder(&settings.html_directory);
        let answer = self.servlet(&settings, &files, &mut self.book(), visit).answer();
        self.run_hooks();
        answer
    }

    fn servlet<'a>(
        &'a self,
        settings: &'a HotspotSettings,
        files: &'a BTreeMap<String, Vec<u8>>,
        book: &'a mut Book,
        visit: &'a Visit,
    ) -> Servlet<'a> {
        Servlet {
            settings,
            files,
            book,
            random: self.inner.random.as_ref(),
            now: self.now(),
            visit,
            dir: String::new(),
            headers: Vec::new(),
        }
    }

    /// Whether this phone may pass now; tries the silent ways to log in first.
    fn passes(&self, settings: &HotspotSettings, visit: &Visit) -> bool {
        self.servlet(settings, &BTreeMap::new(), &mut self.book(), visit).log_in_silently();
        self.run_hooks();
        self.book().sessions().any(|session| session.ip == visit.ip)
    }

    async fn remote(&self, visit: &Visit, asked: &Asked, body: &[u8]) -> Answer {
        let settings = self.settings();
        let online = self.passes(&settings, visit);
        let (host, port) = (asked.host.as_str(), asked.port);
        if asked.method == Method::CONNECT {
            // There is no TLS in here: what may pass finds nobody at home.
            let passes = online || settings.garden.allows_any(host, port);
            return Answer::text(if passes { 502 } else { 403 }, "no https here\n");
        }
        if !online && !settings.garden.allows_http(host, port, &visit.path) {
            let files = self.board().folder(&settings.html_directory);
            return self.servlet(&settings, &files, &mut self.book(), visit).intercept();
        }
        let Some(server) = settings.resolve(host, port) else {
            return if online {
                internet(&visit.path)
            } else {
                Answer::text(504, "no such host\n")
            };
        };
        let method = asked.method.as_str();
        match forward::forward(server, method, &asked.target, visit, body).await {
            Ok(answer) => {
                if let Some(session) = &mut self.book().client(visit.ip).session {
                    session.bytes_in += body.len() as u64;
                    session.bytes_out += answer.body.len() as u64;
                }
                answer
            }
            Err(_) => Answer::text(504, "the server does not answer\n"),
        }
    }

    fn settings(&self) -> HotspotSettings {
        self.inner.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.inner.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.inner.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Micros {
        self.inner.clock.now()
    }
}

/// The method and the address of a request.
struct Asked {
    method: Method,
    authority: String,
    host: String,
    port: u16,
    target: String,
}

impl Asked {
    fn read(method: Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let named = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        let authority = uri.authority().map_or(named, |it| it.as_str()).to_lowercase();
        let (host, port) = authority.rsplit_once(':').unwrap_or((&authority, "80"));
        let target = uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let (host, port) = (host.to_owned(), port.parse().unwrap_or(80));
        Self { method, authority, host, port, target }
    }
}

async fn handle(State(hotspot): State<Hotspot>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let asked = Asked::read(parts.method, &parts.uri, &parts.headers);
    let visit = Visit {
        ip: peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        path: parts.uri.path().to_owned(),
        url: format!("http://{}{}", asked.authority, asked.target),
        fields: fields(parts.uri.query(), &parts.headers, &body),
        headers: text_headers(&parts.headers),
    };
    let own = hotspot.settings().is_own(&asked.authority) && asked.method != Method::CONNECT;
    let answer =
        if own { hotspot.visit(&visit) } else { hotspot.remote(&visit, &asked, &body).await };
    respond(answer)
}

fn text_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

fn fields(query: Option<&str>, headers: &HeaderMap, body: &Bytes) -> BTreeMap<String, String> {
    let pairs = |bytes: &[u8]| {
        let pairs = url::form_urlencoded::parse(bytes).into_owned();
        pairs.collect::<BTreeMap<String, String>>()
    };
    let mut fields = pairs(query.unwrap_or_default().as_bytes());
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        fields.extend(pairs(body));
    }
    fields
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = Body::from(answer.body);
    response.body(body).unwrap_or_else(|_| Response::new(Body::from("a header cannot be sent")))
}

/// The internet, as far as phones ask it whether they are online.
fn internet(path: &str) -> Answer {
    let page = |text: &str| Answer {
        status: 200,
        headers: vec![("Content-Type".into(), "text/html".into())],
        body: text.into(),
    };
    match path {
        "/generate_204" => Answer { status: 204, headers: Vec::new(), body: Vec::new() },
        "/hotspot-detect.html" => {
            page("<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>")
        }
        _ => page("<!doctype html><title>Internet</title><h1>You are online</h1>"),
    }
}

#[cfg(test)]
mod tests;
