//! `/_sim/…`: the fake phones and the faults for people and scripts, in JSON. Only ever served by
//! the demo.

use super::{BookEntry, Daraja, Faults, Prompt, prompt::Deed};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;

/// How many prompts a list shows, the newest first.
pub(super) const PROMPTS_MAX: usize = 100;

/// The paths for people.
pub fn routes() -> Router<Daraja> {
    Router::new()
        .route("/_sim/prompts", get(prompts))
        .route("/_sim/prompts/{id}/{deed}", post(act))
        .route("/_sim/books", get(books))
        .route("/_sim/faults", get(faults).post(set_faults))
        .route("/_sim/callbacks", post(deliver))
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
