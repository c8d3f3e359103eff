//! The last four digits of the paying number open a purchase that was found by MAC or number: five
//! tries.

use super::{
    purchase,
    visit::{self, Sent, field},
};
use crate::{
    commands::sale::count_try::CountTry,
    ledger::refusal::Refusal,
    store::CommandError,
    web::{
        Shop,
        page::error::{self, Problem},
    },
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// `POST /p/{key}/unlock`
pub async fn unlock(
    State(shop): State<Arc<Shop>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    let frame = visit::frame(&shop, None, &headers, &fields, format!("/p/{key}")).await;
    match is_right(&shop, &key, &headers, field(&fields, "digits")).await {
        Ok(Some(token)) => {
            let id = token.1;
            let cookie = [(header::SET_COOKIE, visit::link_cookie(&shop, id))];
            (cookie, Redirect::to(&format!("/p/{}", token.0))).into_response()
        }
        Ok(None) => purchase::answer(&shop, &key, &fields, &headers, true).await,
        Err(problem) => error::answer(&shop, frame, problem),
    }
}

async fn is_right(
    shop: &Shop,
    key: &str,
    headers: &HeaderMap,
    digits: &str,
) -> Result<Option<(String, crate::ledger::kernel::id::PurchaseId)>, Problem> {
    let view = visit::asked(shop, key, headers).await?.view;
    let store = &shop.context.store;
    match store.execute(CountTry { purchase: view.id }).await {
        Ok(_) => {}
        Err(CommandError::Refused(Refusal::TooManyTries)) => return Ok(None),
        Err(error) => return Err(Problem::of(error)),
    }
    let phone = store.phone(view.purchase.contact).await?;
    // Of a forgotten buyer no digits are right any more.
    let Some(phone) = phone else { return Ok(None) };
    let typed: String = digits.chars().filter(char::is_ascii_digit).collect();
    let right: bool = phone.last_four().as_bytes().ct_eq(typed.as_bytes()).into();
    Ok(right.then(|| (store.vault().link_token(view.id), view.id)))
}
