//! The Celcom family's `sendsms/`: one software under many brands, which differ in spelling and in
//! how they wrap errors.

use super::{
    SmsCenter, Text,
    africas_talking::html,
    faults::{self, Answer},
    reports::Family,
};
use crate::ledger::kernel::phone::Phone;
use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    apikey: String,
    #[serde(rename = "partnerID", default)]
    partner_id: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    shortcode: String,
    #[serde(default)]
    mobile: String,
}

pub(super) async fn send_json(State(center): State<SmsCenter>, Json(body): Json<Body>) -> Response {
    send(&center, body).await
}

pub(super) async fn send_query(
    State(center): State<SmsCenter>,
    Query(body): Query<Body>,
) -> Response {
    send(&center, body).await
}

async fn send(center: &SmsCenter, body: Body) -> Response {
    let code = match faults::before(center).await {
        Some(Answer::Html(status)) => return html(status),
        Some(Answer::EmptyObject | Answer::Xml | Answer::NoRecipients(_)) => {
            return Json(json!({})).into_response();
        }
        Some(Answer::WrongKey) => Some(1006),
        Some(Answer::Code(code)) => Some(code),
        None => None,
    };
    let phone = Phone::parse(&body.mobile);
    let refusal = match (&phone, code) {
        (_, Some(code)) => Some(code),
        (_, None) if body.partner_id.is_empty() => Some(4091),
        (_, None) if body.apikey.is_empty() => Some(4092),
        (None, None) => Some(1003),
        (Some(_), None) if !faults::pay(center) => Some(1004),
        (Some(_), None) => None,
    };
    let (Some(phone), None) = (phone, refusal) else {
        return refused(center, refusal.unwrap_or(1003), &body.mobile);
    };
    let text = Text { at: center.now(), text: body.message, from: body.shortcode };
    let id = center.put(Family::Celcom, phone.msisdn(), text);
    faults::after(center).await;
    let mut taken = Map::new();
    taken.insert(code_key(center).to_owned(), json!(200));
    taken.insert("response-description".to_owned(), json!("Success"));
    taken.insert("mobile".to_owned(), number(phone.msisdn()));
    taken.insert("messageid".to_owned(), number(&id));
    taken.insert("networkid".to_owned(), json!("1"));
    Json(json!({"responses": [taken]})).into_response()
}

fn refused(center: &SmsCenter, code: u16, mobile: &str) -> Response {
    let faults = center.state().faults.clone();
    // Errors without a wrapper are spelt well even where the rest is not.
    let key = if faults.celcom_bare_errors { "response-code" } else { code_key(center) };
    let mut error = Map::new();
    error.insert(key.to_owned(), json!(code));
    error.insert("response-description".to_owned(), json!(description(code)));
    let body = if faults.celcom_bare_errors {
        Value::Object(error)
    } else {
        error.insert("mobile".to_owned(), json!(mobile));
        json!({"responses": [error]})
    };
    let status = if faults.celcom_402 { StatusCode::PAYMENT_REQUIRED } else { StatusCode::OK };
    (status, Json(body)).into_response()
}

fn code_key(center: &SmsCenter) -> &'static str {
    if center.state().faults.celcom_spelt_well { "response-code" } else { "respose-code" }
}

fn number(digits: &str) -> Value {
    digits.parse::<u64>().map_or_else(|_| json!(digits), |number| json!(number))
}

fn description(code: u16) -> &'static str {
    match code {
        1001 => "Invalid sender id",
        1002 => "Network not allowed",
        1003 => "Invalid mobile number",
        1004 => "Low bulk credits",
        1005 | 1007 => "Failed. System error",
        1006 => "Invalid credentials",
        4090 => "Internal Error. Try again after 5 minutes",
        4091 => "No Partner ID is Set",
        4092 => "No API KEY Provided",
        _ => "Unknown",
    }
}
