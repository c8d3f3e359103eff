//! For whoever runs the simulator: faults to set, and the inbox of a phone.

use super::{Faults, SmsCenter, Text};
use crate::ledger::kernel::phone::Phone;
use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Whose {
    phone: String,
}

pub(super) async fn faults(State(center): State<SmsCenter>) -> Json<Faults> {
    Json(center.state().faults.clone())
}

pub(super) async fn set_faults(
    State(center): State<SmsCenter>,
    Json(faults): Json<Faults>,
) -> StatusCode {
    center.set_faults(faults);
    StatusCode::NO_CONTENT
}

/// The texts of a phone, however its number is written.
pub(super) async fn inbox(
    State(center): State<SmsCenter>,
    Query(whose): Query<Whose>,
) -> Json<Vec<Text>> {
    let phone = Phone::parse(&whose.phone);
    Json(phone.map(|phone| center.inbox(phone.msisdn())).unwrap_or_default())
}
