//! `/admin/sign-in` and out again.

use super::{session, visitor::Posted};
use crate::{
    services::staff::{self, Credentials, Denied},
    web::{
        page::{Fields, Page, Result},
        state::TheShop,
    },
};
use axum::{
    extract::{ConnectInfo, Form, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

#[derive(Serialize)]
struct SignInPage<'a> {
    name: &'a str,
    /// A phrase `sign_in.…`.
    problem: Option<&'static str>,
    nobody_yet: bool,
}

/// `GET /admin/sign-in`
pub async fn show(State(shop): TheShop) -> Result<Page> {
    let nobody_yet = !staff::has_owner(&shop.context.store).await?;
    Ok(Page::new("sign_in", SignInPage { name: "", problem: None, nobody_yet }))
}

/// `POST /admin/sign-in`
pub async fn send(
    State(shop): TheShop,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Form(fields): Form<Fields>,
) -> Result<Response> {
    let (name, place) = (fields.get("name"), place(from.ip()));
    let given = Credentials { name, password: fields.get("password").into(), place: &place };
    let (store, random) = (&shop.context.store, shop.context.random.as_ref());
    let (status, problem) = match staff::sign_in(store, random, &shop.passwords, given).await {
        Ok(token) => {
            let cookie = session::cookie(&shop, Some(&token));
            return Ok((cookie, Redirect::to("/admin")).into_response());
        }
        Err(Denied::Wrong) => (StatusCode::UNPROCESSABLE_ENTITY, "wrong"),
        Err(Denied::TooMany) => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
        Err(Denied::Store(failure)) => return Err(failure.into()),
    };
    let page = SignInPage { name, problem: Some(problem), nobody_yet: false };
    Ok((status, Page::new("sign_in", page)).into_response())
}

/// The place of a try to sign in: the address, or of IPv6 the network of a home.
fn place(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// `POST /admin/sign-out`
pub async fn out(State(shop): TheShop, headers: HeaderMap, _: Posted) -> Result<Response> {
    let store = &shop.context.store;
    if let Some(token) = session::token(&shop, &headers) {
        store.end_session(&staff::token_fingerprint(store, token)).await?;
    }
    Ok((session::cookie(&shop, None), Redirect::to("/admin/sign-in")).into_response())
}
