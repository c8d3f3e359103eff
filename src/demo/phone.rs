//! The phone of the demo: M-PESA prompts that wait for a PIN, and the SMS that came. A page of its
//! own, so that a person can play the buyer in two windows.

use super::{
    daraja::{Daraja, Prompt, PromptState},
    hotspot::Hotspot,
    sms_gateway::SmsCenter,
};
use axum::{
    Router,
    extract::{Path, State},
    response::{Html, Redirect},
    routing::{get, post},
};
use std::{fmt::Write as _, net::SocketAddr};

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
    /// A phone on the world's networks.
    pub fn new(daraja: Daraja, sms: SmsCenter, hotspot: Hotspot, router: SocketAddr) -> Self {
        Self { daraja, sms, hotspot, router }
    }

    /// Its page.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(screen))
            .route("/prompts/{id}/{deed}", post(act))
            .route("/leave", post(leave))
            .with_state(self)
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
    phone.hotspot.forget(std::net::Ipv4Addr::LOCALHOST.into());
    Redirect::to("/")
}

async fn screen(State(phone): State<Phone>) -> Html<String> {
    phone.daraja.tick();
    let online = phone.hotspot.is_online(std::net::Ipv4Addr::LOCALHOST.into());
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=2>\
         <meta name=viewport content='width=device-width'><title>The phone</title>\
         <style>{STYLE}</style><main><h1>Simulated phone · {}</h1>\
         <p><a href='http://{}/' target=_blank>Join the Wi-Fi (open the router)</a></p>",
        if online { "online" } else { "not online yet" },
        phone.router
    );
    if online {
        page.push_str("<form method=post action=/leave><button>Leave the Wi-Fi</button></form>");
    }
    page.push_str("<h2>M-PESA</h2>");
    let prompts = phone.daraja.recent_prompts();
    for prompt in prompts.iter().filter(|prompt| prompt.state == PromptState::Waiting) {
        show_prompt(&mut page, prompt);
    }
    if !prompts.iter().any(|prompt| prompt.state == PromptState::Waiting) {
        page.push_str("<p><small>No prompt. Buy a package and it appears here.</small></p>");
    }
    page.push_str("<h2>Messages</h2>");
    for (_, text) in phone.sms.all_texts().iter().rev().take(10) {
        let _ = write!(page, "<article><p>{}</p></article>", escape(&text.text));
    }
    page.push_str("</main></html>");
    Html(page)
}

fn show_prompt(page: &mut String, prompt: &Prompt) {
    let _ = write!(page, "<article class=prompt><p>{}</p>", escape(&prompt.text));
    let deeds = [
        ("pin", "Enter the PIN", " class=main"),
        ("cancel", "Cancel", ""),
        ("wrong", "Wrong PIN", ""),
        ("no-money", "No money", ""),
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
