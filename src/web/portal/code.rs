//! "I have a code": it goes to the router, byte for byte as it stands in stock where it does, as it
//! was typed where it does not. The router judges it; what was typed is never lost.

use super::visit::{self, Fields, Sent, field};
use crate::{
    adapters::routeros::login_link::{form_link, login_link},
    ledger::catalogue::Site,
    services::stock,
    web::{
        Shop,
        page::error::{self, Failure, Problem},
        portal::pages::{CodePage, CodeProblem, Frame, Page},
    },
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;
use url::Url;

/// No code of any router is longer.
const CODE_CHARS_MAX: usize = 128;

/// `GET /s/{site}/code`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    let page = CodePage { typed: field(&fields, "code").to_owned(), problem: None };
    with_site(&shop, &name, &fields, &headers, |_, _| Ok(Next::Page(page))).await
}

/// `POST /s/{site}/code`
pub async fn send(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    let typed = field(&fields, "code").to_owned();
    let tidy = typed.trim().to_owned();
    if tidy.is_empty() || tidy.chars().count() > CODE_CHARS_MAX {
        let problem = if tidy.is_empty() { CodeProblem::Empty } else { CodeProblem::Unknown };
        let page = CodePage { typed, problem: Some(problem) };
        return with_site(&shop, &name, &fields, &headers, |_, _| Ok(Next::Page(page))).await;
    }
    let frame = visit::frame(&shop, None, &headers, &fields, String::new()).await;
    // Beyond the limit a code goes to the router as it was typed: the shop is no place to guess
    // codes.
    let looked_up = if shop.limits.may_look_up(&name, &frame.mac) {
        find(&shop, &name, &tidy).await
    } else {
        Ok(None)
    };
    let known = match looked_up {
        Ok(known) => known,
        Err(problem) => {
            let frame =
                visit::frame(&shop, None, &headers, &fields, format!("/s/{name}/code")).await;
            return error::answer(&shop, frame, problem);
        }
    };
    with_site(&shop, &name, &fields, &headers, |site, _| {
        let router = router(site)?;
        Ok(Next::Go(match known {
            Some(Known::CodeAlone(code)) => login_link(&router, &code, None, None),
            Some(Known::BlankPassword(code)) => login_link(&router, &code, Some(""), None),
            Some(Known::OtherPassword) => form_link(&router),
            None => login_link(&router, &tidy, None, None),
        }))
    })
    .await
}

enum Next {
    Page(CodePage),
    Go(Url),
}

/// A code in stock, by what else it needs. A password that differs is never handed to somebody who
/// knows the code alone: the router's own form asks for it.
enum Known {
    CodeAlone(String),
    BlankPassword(String),
    OtherPassword,
}

async fn find(shop: &Shop, site: &str, typed: &str) -> Result<Option<Known>, Problem> {
    let store = &shop.context.store;
    let found = stock::find(store, site, typed).await?;
    let [voucher] = found.as_slice() else { return Ok(None) };
    let code = store.voucher_code(*voucher).await?.ok_or(Failure::Missing("a code"))?;
    Ok(Some(match code.password.as_deref() {
        Some("") => Known::BlankPassword(code.code),
        Some(password) if password != code.code => Known::OtherPassword,
        Some(_) | None => Known::CodeAlone(code.code),
    }))
}

fn router(site: &Site) -> Result<Url, Problem> {
    Ok(Url::parse(&site.router_login).map_err(|_| Failure::Missing("a login address"))?)
}

async fn with_site(
    shop: &Shop,
    name: &str,
    fields: &Fields,
    headers: &HeaderMap,
    next: impl FnOnce(&Site, &Frame) -> Result<Next, Problem>,
) -> Response {
    let here = format!("/s/{name}/code");
    let frame = visit::frame(shop, None, headers, fields, here.clone()).await;
    let site = match visit::site(shop, name).await {
        Ok(site) => site,
        Err(problem) => return error::answer(shop, frame, problem),
    };
    let frame = visit::frame(shop, Some(&site), headers, fields, here).await;
    match next(&site, &frame) {
        Ok(Next::Go(router)) => Redirect::to(router.as_str()).into_response(),
        Ok(Next::Page(page)) => {
            let origin = router(&site).map(|url| url.origin().ascii_serialization()).ok();
            error::draw(shop, &frame, &Page::Code(page), origin.as_deref())
        }
        Err(problem) => error::answer(shop, frame, problem),
    }
}
