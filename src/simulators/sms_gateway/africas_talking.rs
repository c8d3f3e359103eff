//! Africa's Talking's two ways to send.

use super::{
    SmsCenter, Text,
    faults::{self, Answer},
    reports::Family,
};
use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The sender id of those who have none.
const SHARED_SENDER: &str = "AFRICASTKNG";
const WRONG_KEY: &str = "The supplied authentication is invalid";

#[derive(Deserialize)]
pub(super) struct ClassicForm {
    username: String,
    to: String,
    message: String,
    from: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkBody {
    username: String,
    phone_numbers: Vec<String>,
    message: String,
    sender_id: Option<String>,
}

struct Sending {
    username: String,
    to: Vec<String>,
    message: String,
    from: String,
}

pub(super) async fn classic(
    State(center): State<SmsCenter>,
    headers: HeaderMap,
    Form(form): Form<ClassicForm>,
) -> Response {
    let sending = Sending {
        username: form.username,
        to: form.to.split(',').map(|to| to.trim().to_owned()).collect(),
        message: form.message,
        from: form.from.unwrap_or_else(|| SHARED_SENDER.to_owned()),
    };
    send(&center, &headers, sending).await
}

pub(super) async fn bulk(
    State(center): State<SmsCenter>,
    headers: HeaderMap,
    Json(body): Json<BulkBody>,
) -> Response {
    let sending = Sending {
        username: body.username,
        to: body.phone_numbers,
        message: body.message,
        from: body.sender_id.unwrap_or_else(|| SHARED_SENDER.to_owned()),
    };
    send(&center, &headers, sending).await
}

async fn send(center: &SmsCenter, headers: &HeaderMap, sending: Sending) -> Response {
    let instead = faults::before(center).await;
    let key = headers.get("apiKey").is_some_and(|key| !key.is_empty());
    if !key || sending.username.is_empty() || instead == Some(Answer::WrongKey) {
        return (StatusCode::UNAUTHORIZED, WRONG_KEY).into_response();
    }
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let code = match instead {
        Some(Answer::Html(status)) => return html(status),
        Some(Answer::EmptyObject) => return (StatusCode::CREATED, Json(json!({}))).into_response(),
        Some(Answer::NoRecipients(why)) => return answer(&why, &[]),
        Some(Answer::Xml) => return xml(),
        Some(Answer::Code(code)) => Some(code),
        Some(Answer::WrongKey) | None => None,
    };
    if sending.message.is_empty() {
        return answer("MessageEmpty", &[]);
    }
    let mut recipients = Vec::new();
    for to in &sending.to {
        recipients.push(recipient(center, to, &sending, code));
    }
    faults::after(center).await;
    if !wants_json {
        return xml();
    }
    let sent = recipients.iter().filter(|one| one["messageId"] != "None").count();
    let message = format!("Sent to {sent}/{} Total Cost: KES {sent}.0000", recipients.len());
    answer(&message, &recipients)
}

fn recipient(center: &SmsCenter, to: &str, sending: &Sending, code: Option<u16>) -> Value {
    let good = to
        .strip_prefix("+254")
        .is_some_and(|rest| rest.len() == 9 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    let code = match code {
        Some(code) => code,
        None if !good => 403,
        None if !faults::pay(center) => 405,
        None => 101,
    };
    let (cost, id) = if code <= 102 {
        let text =
            Text { at: center.now(), text: sending.message.clone(), from: sending.from.clone() };
        let id = center.put(Family::AfricasTalking, to.trim_start_matches('+'), text);
        ("KES 1.0000", id)
    } else {
        ("0", "None".to_owned())
    };
    json!({
        "statusCode": code, "number": to, "status": word(code), "cost": cost, "messageId": id
    })
}

fn word(code: u16) -> &'static str {
    match code {
        100 => "Processed",
        101 => "Success",
        102 => "Queued",
        401 => "RiskHold",
        402 => "InvalidSenderId",
        403 => "InvalidPhoneNumber",
        404 => "UnsupportedNumberType",
        405 => "InsufficientBalance",
        406 => "UserInBlacklist",
        407 => "CouldNotRoute",
        409 => "DoNotDisturbRejection",
        500 => "InternalServerError",
        501 => "GatewayError",
        502 => "RejectedByGateway",
        _ => "Teleported",
    }
}

/// 201, or 409 where the one recipient does not want to be disturbed.
fn answer(message: &str, recipients: &[Value]) -> Response {
    let disturbed = recipients.iter().any(|one| one["statusCode"] == 409);
    let status = if disturbed { StatusCode::CONFLICT } else { StatusCode::CREATED };
    let data = json!({"SMSMessageData": {"Message": message, "Recipients": recipients}});
    (status, Json(data)).into_response()
}

fn xml() -> Response {
    let body = "<AfricasTalkingResponse><SMSMessageData><Message/></SMSMessageData>\
                </AfricasTalkingResponse>";
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

pub(super) fn html(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, Html("<html><body><h1>One moment, please</h1></body></html>")).into_response()
}
