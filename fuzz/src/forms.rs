//! What browsers, providers and routers send over HTTP, to a whole shop with a database: queries,
//! forms, cookies, a file in a form. Whatever it is, it is answered; nothing that was typed comes
//! back as markup.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{HeaderValue, Request, StatusCode, header},
    response::Response,
};
use lango::{
    adapters::mpesa::{c2b, callback},
    app::{self, Parts},
    commands::catalogue::{DefinePackage, RegisterSite},
    ledger::{
        accent::Accent,
        catalogue::Package,
        kernel::{chain::hex, id::Slug, money::Cents},
        staff::Role,
    },
    ports::{
        Answer, PaymentGateway, PaymentNews, PromptRequest, ReadC2b, ReadCallback, StatusRequest,
        Submitted,
    },
    services::{
        acting::Acting,
        catalogue::Receivers,
        staff::{self, Credentials, NewStaff},
        stock::import::Import,
    },
    store::{Lookup, Opening, Store},
    web::{self, DeskSettings, WebSettings},
};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};
use tokio::runtime::Runtime;
use tower_service::Service as _;

/// What may be asked, by the first byte of an input. `LINK`, `SECRET` and the like are put in.
const ROUTES: [(&str, &str, &str); 39] = [
    ("GET", "/s/mtaa?", FORM),
    ("POST", "/s/mtaa/buy?", FORM),
    ("POST", "/s/mtaa/paid?", FORM),
    ("POST", "/s/mtaa/code?", FORM),
    ("GET", "/p/", FORM),
    ("GET", "/p/LINK?", FORM),
    ("POST", "/p/LINK/unlock?", FORM),
    ("POST", "/p/LINK/again?", FORM),
    ("POST", "/hooks/p/00000000000000000000000000000000/HOOK?", JSON),
    ("POST", "/hooks/c/confirmation/C2B?", JSON),
    ("POST", "/hooks/c/validation/C2B?", JSON),
    ("POST", "/hooks/m/at/REPORTS?", FORM),
    ("GET", "/hooks/m/at/REPORTS?", FORM),
    ("POST", "/router/mtaa/report?", FORM),
    ("POST", "/router/mtaa/codes?", FORM),
    ("GET", "/router/", FORM),
    ("GET", "/", FORM),
    ("GET", "/admin/sales?", FORM),
    ("GET", "/admin/revenue?", FORM),
    ("GET", "/admin/revenue.csv?", FORM),
    ("POST", "/admin/stock/upload?", FILE),
    ("POST", "/admin/packages/mtaa?", FORM),
    ("POST", "/admin/add-site?", FORM),
    ("POST", "/admin/sites/mtaa/preview?", FORM),
    ("POST", "/admin/stock/void?", FORM),
    ("GET", "/admin/", FORM),
    ("POST", "/admin/sign-in?", FORM),
    ("GET", "/p/LINK/wait?", FORM),
    ("POST", "/admin/sales/", FORM),
    ("POST", "/admin/money/match?", FORM),
    ("POST", "/admin/money/refund?", FORM),
    ("POST", "/admin/money/replace?", FORM),
    ("POST", "/admin/money/settle?", FORM),
    ("POST", "/admin/money/unpaid?", FORM),
    ("POST", "/admin/money/void?", FORM),
    ("POST", "/admin/money/again?", FORM),
    ("POST", "/admin/stock/hand-out?", FORM),
    ("POST", "/admin/packages/mtaa/daily?", FORM),
    ("POST", "/admin/sites/mtaa?", FORM),
];
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const FILE: &str = "multipart/form-data; boundary=X";

/// A gateway that takes nothing and tells nothing.
struct Nobody;

impl PaymentGateway for Nobody {
    fn name(&self) -> &'static str {
        "mpesa"
    }

    fn submit(&self, _: PromptRequest) -> Answer<'_, Submitted> {
        Box::pin(async { Submitted::Unknown { reason: "no_answer" } })
    }

    fn status(&self, _: StatusRequest) -> Answer<'_, PaymentNews> {
        Box::pin(async { PaymentNews::Unknown })
    }

    fn read_callback(&self, body: &[u8]) -> Option<ReadCallback> {
        callback::read(body)
    }

    fn read_c2b(&self, body: &[u8]) -> Option<ReadC2b> {
        c2b::read(body)
    }

    fn callback_answer(&self) -> &'static str {
        "{}"
    }

    fn validation_answer(&self) -> &'static str {
        "{}"
    }
}

/// A shop, with what those know who may ask it.
struct Bench {
    runtime: Runtime,
    public: Router,
    staff: Router,
    session: String,
    router_key: String,
    /// What stands for what in addresses and bodies.
    known: Vec<(&'static str, String)>,
}

static BENCH: LazyLock<Mutex<Bench>> = LazyLock::new(|| Mutex::new(Bench::open()));

impl Bench {
    fn open() -> Self {
        let folder =
            option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = folder.join("lango-forms");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let url = format!("sqlite:{}", folder.join("forms.db").display());
        let (public, staff, session, known) = runtime.block_on(shop(url));
        let router_key =
            known.iter().find(|(word, _)| *word == "KEY").expect("it is there").1.clone();
        let mut bench = Self { runtime, public, staff, session, router_key, known };
        let wish = b"\x01\xffpackage=daily&version.daily=1&phone=0700000001&nonce=first";
        let bought = bench.ask(wish).0.headers()[header::LOCATION].clone();
        let link = bought.to_str().expect("links are plain").trim_start_matches("/p/").to_owned();
        bench.known.push(("LINK", link));
        bench
    }

    /// Asks what an input says: a route, the rest of its address, and a body.
    fn ask(&mut self, bytes: &[u8]) -> (Response, &'static str) {
        let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
        let (method, path, kind) = ROUTES[usize::from(*first) % ROUTES.len()];
        let cut = rest.iter().position(|byte| *byte == 0xff).unwrap_or(rest.len());
        let (query, body) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
        let mut uri = self.filled(path.as_bytes());
        uri.extend(query.iter().filter(|byte| byte.is_ascii_graphic()));
        let cookie = format!("lango_desk={}; lango_purchase=x; {}", self.session, "lango_lang=sw");
        let request = Request::builder()
            .method(method)
            .uri(&uri[..])
            .header(header::CONTENT_TYPE, kind)
            .header(header::HOST, "127.0.0.1")
            .header(header::ORIGIN, "http://127.0.0.1")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.router_key))
            .header(header::COOKIE, HeaderValue::from_str(&cookie).expect("tokens are plain"))
            .extension(ConnectInfo(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1)))
            .body(Body::from(self.filled(body)));
        let Ok(request) = request else { return (Response::default(), path) };
        let desk = path.starts_with("/admin");
        let router = if desk { &mut self.staff } else { &mut self.public };
        let answer = self.runtime.block_on(router.call(request));
        (answer.unwrap_or_else(|never| match never {}), path)
    }

    fn filled(&self, bytes: &[u8]) -> Vec<u8> {
        let mut filled = bytes.to_vec();
        for (word, value) in &self.known {
            let found = filled.windows(word.len()).position(|piece| piece == word.as_bytes());
            if let Some(at) = found {
                filled.splice(at..at + word.len(), value.bytes());
            }
        }
        filled
    }

    fn read(&self, answer: Response) -> Bytes {
        self.runtime.block_on(to_bytes(answer.into_body(), 1 << 24)).expect("it has an end")
    }
}

async fn shop(url: String) -> (Router, Router, String, Vec<(&'static str, String)>) {
    let (clock, random) = app::machine();
    let (master, zone) = ([7; 32], app::nairobi());
    let opening = Opening { url, master, zone: zone.clone(), clock, random: Arc::clone(&random) };
    let store = Store::open(opening).await.expect("a ledger opens");
    stock(&store).await;
    let password = || "correct horse battery".to_owned();
    let new = NewStaff { name: "Amina", role: Role::Owner, password: &password().into() };
    let acting = Acting::at_command_line(&store, random.as_ref());
    acting.add_staff(new).await.expect("staff are added");
    let shop = app::build(Parts {
        store: store.clone(),
        payments: Arc::new(Nobody),
        sms: vec![],
        random: Arc::clone(&random),
        callbacks: true,
        digest: None,
        nightly: None,
        mark: None,
        web: WebSettings {
            public_url: "http://127.0.0.1".parse().expect("it is an address"),
            shop_name: "Mtaa".into(),
            support_phone: None,
            zone,
            receivers: Receivers::default(),
            accent: Accent::default(),
            desk: DeskSettings::default(),
        },
    });
    let given = Credentials { name: "Amina", password: password().into(), place: "127.0.0.1" };
    let passwords = staff::Passwords::default();
    let session = staff::sign_in(&store, random.as_ref(), &passwords, given).await;
    let session = session.unwrap_or_else(|_| panic!("the owner signs in"));
    let vault = store.vault();
    let nothing = "0".repeat(32).parse().expect("it is an id");
    let known = vec![
        ("TOKEN", hex(&vault.fingerprint(Lookup::DeskForm(&session))[..16])),
        ("HOOK", vault.hook_secret(nothing)),
        ("C2B", vault.c2b_secret("confirmation")),
        ("REPORTS", vault.report_secret("at")),
        ("KEY", vault.router_key(&slug("mtaa"))),
    ];
    (web::public(Arc::clone(&shop)), web::staff(shop), session, known)
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("it is a short name")
}

/// A site with a package and its codes.
async fn stock(store: &Store) {
    let site = slug("mtaa");
    let login = "http://10.5.50.1/login".to_owned();
    let register = RegisterSite::new(site.clone(), "Mtaa".into(), login);
    store.execute(register).await.expect("a site is added");
    let package = Package {
        site: site.clone(),
        package: slug("daily"),
        version: 1,
        name: "Daily".into(),
        price_cents: Cents::from_kes(50),
        validity_seconds: 86_400,
        profile: "daily".into(),
        devices: 1,
        rate_kbps_down: None,
        rate_kbps_up: None,
        data_bytes_max: None,
        name_sw: None,
        place: None,
        retired: false,
    };
    store.execute(DefinePackage { package }).await.expect("a package is added");
    let codes: Vec<String> = (0..500).map(|number| format!("C{number:06}")).collect();
    let import = Import { package: Some(slug("daily")), ..Import::to(site) };
    let (_, random) = app::machine();
    let acting = Acting::at_command_line(store, random.as_ref());
    acting.import(&import, codes.join("\n").as_bytes()).await.expect("codes come in");
}

/// Any request.
pub fn form(bytes: &[u8]) {
    let mut bench = BENCH.lock().unwrap_or_else(PoisonError::into_inner);
    let (answer, path) = bench.ask(bytes);
    assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path} fails");
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let body = bench.read(answer);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        let page = std::str::from_utf8(&body).expect("a page is UTF-8");
        assert!(!page.contains("<zz"), "{path} gives back what was typed as markup");
    }
}
