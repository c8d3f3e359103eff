//! The terminal of the demo's router, as a page: a technician pastes the line that sets a router up
//! and reads what a real one would print.

use super::phone::escape;
use crate::{
    ledger::kernel::{
        id::Slug,
        time::{HOUR, Micros},
    },
    services::router::kit,
    simulators::hotspot::{Hotspot, Transcript},
    web::Shop,
};
use axum::{
    Form, Router,
    extract::State,
    response::{Html, Redirect},
    routing::get,
};
use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

pub const PATH: &str = "/terminal";

const RUNS_SHOWN: usize = 6;

const TEST: &str = "/import file-name=lango-test.rsc";

/// Lines that a technician may try when the router is set up.
const MORE: [&str; 5] = [
    TEST,
    ":global langoCount 5; /import file-name=lango-vouchers.rsc",
    "/ip hotspot active print",
    "/import file-name=lango-upgrade.rsc",
    "/import file-name=lango-remove.rsc",
];

const STYLE: &str = "\
:root{color-scheme:light dark}body{margin:0;background:#e7e3da;font:17px/1.45 system-ui,sans-serif;\
color:#1c1a17}main{max-width:52rem;margin:0 auto;padding:1.5rem 16px}h1{font-size:1.5rem}\
pre{background:#1c1a17;color:#faf7f2;border-radius:14px;padding:1rem;white-space:pre-wrap;\
overflow-wrap:anywhere;font-size:.85rem}b{color:#7fd6b6}strong{color:#ff9c8a}i{opacity:.7;\
font-style:normal}.try{display:grid;gap:.5rem;padding:0;margin:.75rem 0;list-style:none}\
.try form{margin:0}.try button{width:100%;margin:0;background:#fff;color:#1c1a17;text-align:left;\
border:1px solid #8b8273;font:.85rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{background:#14120f;color:#f2ece2}pre{background:#000}\
textarea,.try button{background:#26221d;color:#f2ece2}}textarea{width:100%;box-sizing:border-box;\
font:.85rem/1.4 ui-monospace,monospace;\
min-height:7rem;padding:.75rem;border:1px solid #8b8273;border-radius:10px;background:#fff;\
color:#1c1a17}button{font:inherit;min-height:44px;border:0;border-radius:10px;padding:.5rem 1.1rem;\
margin:.5rem 0;background:#0b6e4f;color:#fff;cursor:pointer}label{display:block;margin:0 0 .25rem}\
button:focus-visible,textarea:focus-visible{outline:3px solid #0b6e4f;outline-offset:2px}";

/// The terminal.
#[derive(Clone)]
pub struct Terminal {
    hotspot: Hotspot,
    shop: Arc<Shop>,
    site: Slug,
    ran: Arc<Mutex<Vec<(String, Transcript)>>>,
}

#[derive(serde::Deserialize)]
struct Typed {
    line: String,
}

impl Terminal {
    pub fn new(hotspot: Hotspot, shop: Arc<Shop>, site: Slug) -> Self {
        Self { hotspot, shop, site, ran: Arc::default() }
    }

    pub fn router(self) -> Router {
        Router::new().route(PATH, get(screen).post(run)).with_state(self)
    }

    fn line(&self) -> String {
        let store = self.shop.context.store.clone();
        let pass = store.vault().router_pass(&self.site, Micros(store.now().0 + HOUR));
        kit::line(&self.shop.settings.public_url, &self.site, &pass)
    }
}

async fn run(State(terminal): State<Terminal>, Form(typed): Form<Typed>) -> Redirect {
    let ran = terminal.hotspot.terminal(&typed.line).await;
    let mut all = terminal.ran.lock().unwrap_or_else(PoisonError::into_inner);
    all.push((typed.line, ran));
    let old = all.len().saturating_sub(RUNS_SHOWN);
    all.drain(..old);
    Redirect::to(&format!("{PATH}#line"))
}

async fn screen(State(terminal): State<Terminal>) -> Html<String> {
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content='width=device-width,initial-scale=1'>\
         <title>The router's terminal</title><link rel=icon href='data:,'><style>{STYLE}</style>\
         <main><h1>The simulated router's terminal</h1>\
         <p>It runs Lango's own scripts as a router would. Set it up with the line of the desk's \
         Routers page, which stands in the field; read what it says, and look at that page again \
         after a minute. Nothing here is real.</p>"
    );
    let ran = terminal.ran.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (line, transcript) in &ran {
        show(&mut page, line, transcript);
    }
    let is_ready = |(_, ran): &(String, Transcript)| ran.lines.iter().any(|it| is_good_end(it));
    let next = if ran.iter().any(is_ready) { TEST.to_owned() } else { terminal.line() };
    let _ = write!(
        page,
        "<form method=post><label for=line>What to run</label>\
         <textarea id=line name=line spellcheck=false autocapitalize=none>{}</textarea>\
         <button>Run it</button></form><p>Or run one of these:</p><ul class=try>",
        escape(&next)
    );
    for line in MORE.into_iter().map(str::to_owned).chain([terminal.line()]) {
        let line = escape(&line);
        let _ = write!(
            page,
            "<li><form method=post><button name=line value=\"{line}\">{line}</button></form></li>"
        );
    }
    page.push_str("</ul></main></html>");
    Html(page)
}

fn is_good_end(line: &str) -> bool {
    line.starts_with("Ready")
}

fn show(page: &mut String, line: &str, transcript: &Transcript) {
    let _ = writeln!(page, "<pre tabindex=0><i>[admin@demo] &gt; {}</i>", escape(line));
    for text in transcript.lines.iter().flat_map(|text| text.lines()) {
        let shown = escape(text);
        let _ = match (shown.strip_prefix("PASS"), text.contains("FAIL")) {
            _ if is_good_end(text) => writeln!(page, "<b>{shown}</b>"),
            (Some(what), _) => writeln!(page, "<b>PASS</b>{what}"),
            (None, true) => writeln!(page, "<strong>{shown}</strong>"),
            (None, false) => writeln!(page, "{shown}"),
        };
    }
    if let Some(error) = &transcript.error {
        let _ = writeln!(page, "<strong>{}</strong>", escape(&error.to_string()));
    }
    page.push_str("</pre>");
}
