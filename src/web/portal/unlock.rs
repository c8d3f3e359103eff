//! The last four digits of the paying number open a purchase that was found by MAC or number: five
//! tries.

use super::{
    purchase,
    visit::{self, Visit},
};
use crate::{
    commands::sale::count_try::CountTry,
    ledger::refusal::Refusal,
    store::{CommandError, PurchaseView},
    web::{
        page::{Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use subtle::ConstantTimeEq;

/// `POST /p/{key}/unlock`
pub async fn unlock(
    State(shop): TheShop,
    Path(key): Path<String>,
    visit: Visit,
) -> Result<Response> {
    let view = visit.asked(&shop, &key).await?.view;
    if is_right(&shop, &view, visit.fields.get("digits")).await? {
        let token = shop.context.store.vault().link_token(view.id);
        let cookie = visit::link_cookie(&shop, view.id);
        return Ok((cookie, Redirect::to(&format!("/p/{token}"))).into_response());
    }
    let asked = visit.asked(&shop, &key).await?;
    Ok(purchase::page(&shop, &key, visit, &asked, true).await?.into_response())
}

async fn is_right(shop: &Shop, view: &PurchaseView, digits: &str) -> Result<bool> {
    let store = &shop.context.store;
    match store.execute(CountTry { purchase: view.id }).await {
        Ok(_) => {}
        Err(CommandError::Refused(Refusal::TooManyTries)) => return Ok(false),
        Err(error) => return Err(Sorry::of(error, Sorry::Busy)),
    }
    // No digits are right for a forgotten buyer.
    let Some(phone) = store.phone(view.purchase.contact).await? else { return Ok(false) };
    let typed: String = digits.chars().filter(char::is_ascii_digit).collect();
    Ok(phone.last_four().as_bytes().ct_eq(typed.as_bytes()).into())
}
