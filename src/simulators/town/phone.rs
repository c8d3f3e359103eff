//! The demo's phone: M-PESA prompts that wait for a PIN, and the SMS that came. It has a page of
//! its own, so that a person can play the buyer in two windows.

use super::gallery;
use crate::{
    ledger::accent::Accent,
    simulators::{
        daraja::{Daraja, Prompt, PromptState},
        hotspot::Hotspot,
        sms_gateway::{SmsCenter, Text},
    },
};
use axum::{
    Router,
    extract::{Path, State},
    response::{Html, Redirect},
    routing::{get, post},
};
use std::{fmt::Write as _, net::SocketAddr};

const MESSAGES_SHOWN: usize = 10;

/// The phone.
#[derive(Clone)]
pub struct Phone {
    daraja: Daraja,
    sms: SmsCenter,
    hotspot: Hotspot,
    router: SocketAddr,
}

const STYLE: &str = "\
:root{color-scheme:light dark}body{margin:0;background:#e7e3da;font:17px/1.45 system-ui,sans-serif;\
color:#1c1a17}main{max-width:24rem;margin:1.5rem auto;background:#1c1a17;color:#faf7f2;\
border-radius:2rem;padding:1.5rem 1.25rem 2rem;min-height:34rem;box-sizing:border-box}\
h1{font-size:1rem;font-weight:600;opacity:.75;margin:0 0 1rem}h2{font-size:.85rem;\
text-transform:uppercase;letter-spacing:.08em;opacity:.7;margin:1.5rem 0 .5rem}\
article{background:#2f2c27;border-radius:14px;padding:1rem;margin:0 0 .75rem}\
.prompt{background:#faf7f2;color:#1c1a17}p{margin:0 0 .5rem}form{display:inline}\
button{font:inherit;min-height:44px;border:0;border-radius:10px;padding:.5rem .9rem;\
margin:.25rem .25rem 0 0;background:#d8d2c6;color:#1c1a17;cursor:pointer}\
button.main{background:#0b6e4f;color:#fff}small{opacity:.7}a{color:#7fd6b6}";

impl Phone {
    pub fn new(daraja: Daraja, sms: SmsCenter, hotspot: Hotspot, router: SocketAddr) -> Self {
        Self { daraja, sms, hotspot, router }
    }

    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(screen))
            .route("/prompts/{id}/{deed}", post(act))
            .route("/leave", post(leave))
            .with_state(self)
            .merge(gallery::router(Accent::default()))
    }
}

async fn act(State(phone): State<Phone>, Path((id, deed)): Path<(u64, String)>) -> Redirect {
    // A prompt that is gone meanwhile is shown as gone.
    let _ = match deed.as_str() {
        "pin" => phone.daraja.enter_pin(id),
        "wrong" => phone.daraja.enter_wrong_pin(id),
        "cancel" => phone.daraja.cancel(id),
        "no-money" => phone.daraja.has_no_money(id),
        _ => phone.daraja.ignore(id),
    };
    Redirect::to("/")
}

async fn leave(State(phone): State<Phone>) -> Redirect {
    phone.hotspot.forget_with_cookies(std::net::Ipv4Addr::LOCALHOST.into());
    Redirect::to("/")
}

async fn screen(State(phone): State<Phone>) -> Html<String> {
    phone.daraja.tick();
    let online = phone.hotspot.is_online(std::net::Ipv4Addr::LOCALHOST.into());
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=2>\
         <meta name=viewport content='width=device-width'><title>The phone</title>\
         <link rel=icon href='data:,'><style>{STYLE}</style><main><h1>Simulated phone · {}</h1>",
        if online { "online" } else { "not online yet" },
    );
    page.push_str(if online {
        "<p>The Wi-Fi let it in. Leave to come back as a stranger and buy again.</p>\
         <form method=post action=/leave><button>Leave the Wi-Fi</button></form>"
    } else {
        "<p>It answers for every number: in the shop, type any, such as 0712 345 678.</p>"
    });
    if !online {
        let router = phone.router;
        let _ = write!(
            page,
            "<p><a href='http://{router}/' target=wifi>Join the Wi-Fi (in its own window)</a></p>"
        );
    }
    page.push_str("<h2>M-PESA asks</h2>");
    let prompts = phone.daraja.recent_prompts();
    let mut waiting = prompts.iter().filter(|it| it.state == PromptState::Waiting).peekable();
    if waiting.peek().is_none() {
        page.push_str("<p><small>Nothing now. Pay in the shop and it appears here.</small></p>");
    }
    waiting.for_each(|prompt| show_prompt(&mut page, prompt));
    page.push_str("<h2>Messages</h2>");
    let messages = messages(&phone, &prompts);
    if messages.is_empty() {
        page.push_str("<p><small>None yet.</small></p>");
    }
    for message in messages.iter().rev().take(MESSAGES_SHOWN) {
        let (from, text) = (escape(&message.from), escape(&message.text));
        let _ = write!(page, "<article><small>{from}</small><p>{text}</p></article>");
    }
    page.push_str("</main></html>");
    Html(page)
}

/// All messages, oldest first: the SMS, M-PESA's own after a payment, and a line for each prompt
/// that ended without one.
fn messages(phone: &Phone, prompts: &[Prompt]) -> Vec<Text> {
    let mut all: Vec<_> = phone.sms.all_texts().into_iter().map(|(_, text)| text).collect();
    all.extend(prompts.iter().filter_map(|prompt| match &prompt.state {
        PromptState::Waiting => None,
        PromptState::Paid { at, .. } => {
            let text = prompt.message.clone().unwrap_or_default();
            Some(Text { at: *at, text, from: "MPESA".into() })
        }
        PromptState::Ended { code } => {
            let text = format!("The prompt ended with result {code}; no money moved.");
            Some(Text { at: prompt.shown_at, text, from: "the simulator".into() })
        }
    }));
    all.sort_by_key(|message| message.at);
    all
}

fn show_prompt(page: &mut String, prompt: &Prompt) {
    let _ = write!(page, "<article class=prompt><p>{}</p>", escape(&prompt.text));
    let deeds = [
        ("pin", "Enter the PIN", " class=main"),
        ("cancel", "Cancel", ""),
        ("wrong", "Wrong PIN", ""),
        ("no-money", "No money", ""),
        ("ignore", "Let it pass", ""),
    ];
    for (deed, label, class) in deeds {
        let _ = write!(
            page,
            "<form method=post action='/prompts/{}/{deed}'><button{class}>{label}</button></form>",
            prompt.id
        );
    }
    page.push_str("</article>");
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
