//! "I have a code": it goes to the router, byte for byte as it stands in stock where it does, as it
//! was typed where it does not. The router judges it; what was typed is never lost.

use super::{
    pages::{self, CodePage, CodeProblem},
    visit::Visit,
};
use crate::{
    adapters::routeros::login_link::{form_link, login_link},
    services::stock,
    web::{
        page::{Failure, Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use url::Url;

/// No code of any router is longer.
const CODE_CHARS_MAX: usize = 128;

/// `GET /s/{site}/code`
pub async fn show(visit: Visit) -> Result<Page> {
    page(&visit, None)
}

fn page(visit: &Visit, problem: Option<CodeProblem>) -> Result<Page> {
    visit.site()?;
    let typed = visit.fields.get("code").to_owned();
    Ok(visit.page(pages::Page::Code(CodePage { typed, problem })))
}

/// `POST /s/{site}/code`
pub async fn send(State(shop): TheShop, visit: Visit) -> Result<Response> {
    let site = visit.site()?;
    let typed = visit.fields.trimmed("code");
    if typed.is_empty() || typed.chars().count() > CODE_CHARS_MAX {
        let problem = if typed.is_empty() { CodeProblem::Empty } else { CodeProblem::Unknown };
        return Ok(page(&visit, Some(problem))?.into_response());
    }
    // Beyond the limit a code goes to the router as it was typed, so nobody guesses codes here.
    let known = if shop.limits.may_look_up(site.site.as_str(), &visit.frame.mac) {
        find(&shop, site.site.as_str(), typed).await?
    } else {
        None
    };
    let router = Url::parse(&site.router_login).map_err(|_| Failure::Missing("a login address"))?;
    let address = match known {
        Some(Known::CodeAlone(code)) => login_link(&router, &code, None, None),
        Some(Known::BlankPassword(code)) => login_link(&router, &code, Some(""), None),
        Some(Known::OtherPassword) => form_link(&router),
        None => login_link(&router, typed, None, None),
    };
    Ok(Redirect::to(address.as_str()).into_response())
}

/// A code in stock, by its password. A password that differs from the code is never given to a
/// person who knows the code alone: the router's own form asks for it.
enum Known {
    CodeAlone(String),
    BlankPassword(String),
    OtherPassword,
}

async fn find(shop: &Shop, site: &str, typed: &str) -> Result<Option<Known>> {
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
