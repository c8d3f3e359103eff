//! The statement of the last 48 hours, of money that came in.

use super::{
    Daraja, SHORT_CODE,
    business::is_till,
    http::{Family, Refused, is_callback_url, is_digits, json_answer, text, wrong_method},
    prompt::{BookEntry, SHOP_NAME},
};
use crate::ledger::kernel::time::{HOUR, Micros};
use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use jiff::{civil::DateTime, tz::Offset};
use serde_json::{Value, json};

/// How far back a statement reaches.
const REACHES_BACK: i64 = 48 * HOUR;

pub fn routes() -> Router<Daraja> {
    Router::new()
        .route("/pulltransactions/v1/register", post(register).fallback(wrong_method))
        // Documented as a GET with a body in one place and as a POST in another.
        .route("/pulltransactions/v1/query", post(query).get(query).fallback(wrong_method))
}

async fn register(
    State(daraja): State<Daraja>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = daraja.admit(&headers, &body, Family::Pull).await?;
    if text(&fields, "ShortCode") != SHORT_CODE {
        return Err(daraja.error(400, "400.001", "Invalid ShortCode"));
    }
    if text(&fields, "RequestType") != "Pull" {
        return Err(daraja.invalid("RequestType"));
    }
    if !is_digits(&text(&fields, "NominatedNumber")) {
        return Err(daraja.invalid("NominatedNumber"));
    }
    if !is_callback_url(&text(&fields, "CallBackURL")) {
        return Err(daraja.invalid("CallBackURL"));
    }
    let known = std::mem::replace(&mut daraja.state().pull_registered, true);
    let (status, said) = if known {
        ("1001", "ShortCode already Registered")
    } else {
        ("1000", "ShortCode Registered Successfully")
    };
    let answer = json!({
        "ResponseRefID": daraja.groups(&[2, 2, 8]),
        "ResponseStatus": status,
        "ShortCode": SHORT_CODE,
        "ResponseDescription": said,
    });
    Ok(json_answer(200, &answer))
}

async fn query(
    State(daraja): State<Daraja>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = daraja.admit(&headers, &body, Family::Pull).await?;
    if text(&fields, "ShortCode") != SHORT_CODE || !daraja.state().pull_registered {
        return Err(daraja.error(400, "400.001", "Invalid ShortCode"));
    }
    let time = |name| nairobi_time(&text(&fields, name)).ok_or_else(|| daraja.invalid(name));
    let (from, to) = (time("StartDate")?, time("EndDate")?);
    let Ok(skipped) = text(&fields, "OffSetValue").parse::<usize>() else {
        return Err(daraja.invalid("OffSetValue"));
    };
    let oldest = daraja.now().plus(-REACHES_BACK).max(from);
    let books = daraja.books();
    let within = books.iter().filter(|entry| entry.at >= oldest && entry.at <= to);
    let rows: Vec<Value> = within.skip(skipped).map(row).collect();
    let (code, message, response) = if rows.is_empty() {
        ("1001", "No transactions found", json!("[[]]"))
    } else {
        ("1000", "Success", json!([rows]))
    };
    let answer = json!({
        "ResponseRefID": daraja.groups(&[2, 2, 8]),
        "ResponseCode": code,
        "ResponseMessage": message,
        "Response": response,
    });
    Ok(json_answer(200, &answer))
}

fn row(entry: &BookEntry) -> Value {
    let national: u64 = entry.msisdn.get(3..).and_then(|n| n.parse().ok()).unwrap_or_default();
    let till = is_till(&entry.receiver);
    json!({
        "transactionId": entry.receipt,
        "trxDate": utc(entry.at),
        "msisdn": national,
        "sender": "MPESA",
        "transactiontype": if till { "c2b-buy-goods-debit" } else { "c2b-pay-bill-debit" },
        "billreference": if till { "" } else { &entry.reference },
        "amount": format!("{}.00", entry.amount_kes),
        "organizationname": SHOP_NAME,
    })
}

fn utc(at: Micros) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0 / 1_000_000 * 1_000_000);
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// `2020-08-04 8:36:00`, in Nairobi.
fn nairobi_time(text: &str) -> Option<Micros> {
    let local = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    let at = Offset::constant(3).to_timestamp(local).ok()?;
    Some(Micros(at.as_microsecond()))
}
