//! `/_sim/…`: phones and faults, in JSON, for people and scripts. Only the demo serves it.

use super::{
    BookEntry, Daraja, Faults, Payout, Prompt, Registration,
    http::{is_amount, is_msisdn},
    prompt::Deed,
};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;

/// How many prompts a list shows, the newest first.
pub(super) const PROMPTS_MAX: usize = 100;

pub fn routes() -> Router<Daraja> {
    Router::new()
        .route("/_sim/prompts", get(prompts))
        .route("/_sim/prompts/{id}/{deed}", post(act))
        .route("/_sim/books", get(books))
        .route("/_sim/faults", get(faults).post(set_faults))
        .route("/_sim/callbacks", post(deliver))
        .route("/_sim/payments", post(pay_by_hand))
        .route("/_sim/payouts", get(payouts))
        .route("/_sim/c2b", get(registration).delete(delete_registration))
}

#[derive(Deserialize)]
struct Filter {
    msisdn: Option<String>,
}

async fn prompts(State(daraja): State<Daraja>, Query(filter): Query<Filter>) -> Json<Vec<Prompt>> {
    daraja.tick();
    let mut prompts = if let Some(msisdn) = filter.msisdn {
        daraja.prompts(&msisdn)
    } else {
        let state = daraja.state();
        let from = state.prompts.len().saturating_sub(PROMPTS_MAX);
        state.prompts.get(from..).unwrap_or_default().to_vec()
    };
    prompts.reverse();
    prompts.truncate(PROMPTS_MAX);
    Json(prompts)
}

async fn act(
    State(daraja): State<Daraja>,
    Path((id, deed)): Path<(u64, String)>,
) -> Result<Json<Prompt>, StatusCode> {
    let deed = match deed.as_str() {
        "pin" => Deed::Pin,
        "wrong_pin" => Deed::WrongPin,
        "cancel" => Deed::Cancel,
        "ignore" => Deed::Ignore,
        "no_money" => Deed::NoMoney,
        _ => return Err(StatusCode::NOT_FOUND),
    };
    daraja.act(id, deed).map_err(|_| StatusCode::CONFLICT)?;
    daraja.prompt(id).map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn books(State(daraja): State<Daraja>) -> Json<Vec<BookEntry>> {
    Json(daraja.books())
}

async fn faults(State(daraja): State<Daraja>) -> Json<Faults> {
    Json(daraja.faults())
}

/// Takes the whole set: a switch that is not named is off.
async fn set_faults(State(daraja): State<Daraja>, Json(wanted): Json<Faults>) -> Json<Faults> {
    daraja.set_faults(|faults| *faults = wanted);
    Json(daraja.faults())
}

async fn deliver(State(daraja): State<Daraja>) -> Json<usize> {
    Json(daraja.deliver_callbacks().await)
}

/// A payment by hand; a till's has no reference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    msisdn: String,
    amount_kes: i64,
    reference: Option<String>,
}

/// Pays by hand; 409 when the shop did not let it through.
async fn pay_by_hand(
    State(daraja): State<Daraja>,
    Json(paid): Json<ByHand>,
) -> Result<Json<BookEntry>, (StatusCode, String)> {
    if !is_msisdn(&paid.msisdn) || !is_amount(paid.amount_kes) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "msisdn or amount_kes".to_owned()));
    }
    let entry = match &paid.reference {
        Some(reference) => daraja.pay_by_hand(&paid.msisdn, paid.amount_kes, reference).await,
        None => daraja.pay_till(&paid.msisdn, paid.amount_kes).await,
    };
    entry.map(Json).map_err(|rejected| (StatusCode::CONFLICT, rejected.to_string()))
}

async fn payouts(State(daraja): State<Daraja>) -> Json<Vec<Payout>> {
    Json(daraja.payouts())
}

async fn registration(State(daraja): State<Daraja>) -> Json<Option<Registration>> {
    Json(daraja.registration())
}

async fn delete_registration(State(daraja): State<Daraja>) -> StatusCode {
    daraja.set_registration(None);
    StatusCode::NO_CONTENT
}
