//! `/admin/sign-in` and out again.

use super::{
    frame::{self, Frame},
    visitor::{self, Fields, Posted},
};
use crate::{
    services::staff::{self, Credentials, Denied},
    web::Shop,
};
use axum::{
    extract::{ConnectInfo, Form, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::{net::SocketAddr, sync::Arc};

#[derive(Serialize)]
struct SignInPage {
    name: String,
    /// A phrase `sign_in.…`.
    problem: Option<&'static str>,
    nobody_yet: bool,
}

/// `GET /admin/sign-in`
pub async fn show(State(shop): State<Arc<Shop>>, headers: HeaderMap, uri: Uri) -> Response {
    let frame = Frame::of_nobody(&shop, visitor::language(&headers, &uri));
    match staff::has_owner(&shop.context.store).await {
        Ok(has) => {
            let page = SignInPage { name: String::new(), problem: None, nobody_yet: !has };
            frame::draw(&shop, &frame, "sign_in", page)
        }
        Err(failure) => frame::sorry(&shop, &frame, failure.into()),
    }
}

/// `POST /admin/sign-in`
pub async fn send(
    State(shop): State<Arc<Shop>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    uri: Uri,
    Form(mut fields): Form<Fields>,
) -> Response {
    let name = fields.remove("name").unwrap_or_default();
    let password = fields.remove("password").unwrap_or_default().into();
    let place = visitor::place(from.ip());
    let (store, random) = (&shop.context.store, shop.context.random.as_ref());
    let given = Credentials { name: &name, password, place: &place };
    let (status, problem) = match staff::sign_in(store, random, &shop.passwords, given).await {
        Ok(token) => {
            let mut response = Redirect::to("/admin").into_response();
            visitor::give_session(&shop, Some(&token), response.headers_mut());
            return response;
        }
        Err(Denied::Wrong) => (StatusCode::UNPROCESSABLE_ENTITY, "wrong"),
        Err(Denied::TooMany) => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
        Err(Denied::Store(failure)) => {
            let frame = Frame::of_nobody(&shop, visitor::language(&headers, &uri));
            return frame::sorry(&shop, &frame, failure.into());
        }
    };
    let frame = Frame::of_nobody(&shop, visitor::language(&headers, &uri));
    let page = SignInPage { name, problem: Some(problem), nobody_yet: false };
    (status, frame::draw(&shop, &frame, "sign_in", page)).into_response()
}

/// `POST /admin/sign-out`
pub async fn out(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    Posted(visitor, _): Posted,
) -> Response {
    let store = &shop.context.store;
    if let Some(token) = visitor::session_token(&shop, &headers) {
        let fingerprint = staff::token_fingerprint(store, &token);
        if let Err(failure) = store.end_session(&fingerprint).await {
            return frame::sorry(&shop, &Frame::of(&shop, &visitor), failure.into());
        }
    }
    let mut response = Redirect::to("/admin/sign-in").into_response();
    visitor::give_session(&shop, None, response.headers_mut());
    response
}
