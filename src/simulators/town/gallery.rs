//! A gallery of every page for buyers, in every state and both languages. It draws the samples of
//! the snapshots with the shop's own templates, and is not part of a shop.

use crate::{
    ledger::{accent::Accent, purchase::Language},
    web::{
        page::{
            policy::{Policy, SELF},
            set::Set,
        },
        portal::{
            pages::{Frame, Page},
            templates::{self, POLICY},
        },
    },
};
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use std::{fmt::Write as _, sync::Arc};

pub const PATH: &str = "/gallery";

const STYLE: &str = "\
:root{color-scheme:light dark}body{margin:0;background:#e7e3da;font:17px/1.45 system-ui,sans-serif;\
color:#1c1a17}main{max-width:90rem;margin:0 auto;padding:1.5rem 16px}h1{font-size:1.5rem}\
ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:20px;padding:0;\
list-style:none}li{overflow-wrap:anywhere}b{display:block;margin:0 0 4px}\
.view{width:240px;height:480px;overflow:hidden;border:1px solid #8b8273;border-radius:14px}\
iframe{width:360px;height:720px;border:0;transform:scale(.66667);transform-origin:0 0}\
a{display:inline-block;padding:8px 12px 8px 0;color:#0b5c42}";

pub fn router(accent: Accent) -> Router {
    Router::new()
        .route(PATH, get(index))
        .route(&format!("{PATH}/{{name}}/{{lang}}"), get(page))
        .with_state(Arc::new((templates::set(), accent)))
}

async fn index() -> Html<String> {
    let mut html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Every page</title>\
         <meta name=viewport content='width=device-width,initial-scale=1'>\
         <link rel=icon href='data:,'><style>{STYLE}</style><main><h1>Every page of the shop</h1>\
         <p>Made-up buyers; the links on these pages lead nowhere.</p><ul>"
    );
    for (name, _) in Page::samples() {
        let title = name.replace('_', " ");
        let _ = write!(
            html,
            "<li><b>{title}</b><div class=view><iframe src='{PATH}/{name}/en' sandbox loading=lazy \
             tabindex=-1 title='{title}'></iframe></div>\
             <a href='{PATH}/{name}/en'>English</a><a href='{PATH}/{name}/sw'>Kiswahili</a></li>"
        );
    }
    html.push_str("</ul></main></html>");
    Html(html)
}

async fn page(
    State(look): State<Arc<(Set, Accent)>>,
    Path((name, lang)): Path<(String, String)>,
) -> Response {
    let sample = Page::samples().into_iter().find(|(known, _)| *known == name);
    let (Some((_, page)), Some(lang)) = (sample, Language::parse(&lang)) else {
        return (StatusCode::NOT_FOUND, "There is no such page in the gallery.\n").into_response();
    };
    let (pages, accent) = &*look;
    let frame = Frame { accent: *accent, ..Frame::sample(lang) };
    match pages.draw(&frame.around(), &page.into()) {
        Ok(html) => {
            // As the shop sends it, but for the frames of the index.
            let policy = Policy { frame_ancestors: &[SELF], ..POLICY };
            let policy = pages.policy_as(*accent, &policy);
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(error = ?error, "a page of the gallery: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
