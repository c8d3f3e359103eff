//! Daraja's paths: the checks, their order, and the words of each refusal. One error code has four
//! meanings and the HTTP status misleads, as in the real service.

use super::{
    CONSUMER_KEY, CONSUMER_SECRET, Daraja,
    business::Business,
    callback,
    faults::{Edge, InFlight, Throttle, TokenForm},
    prompt::{Deed, Prompt, PromptState, Push},
    state::AMOUNT_KES_MAX,
};
use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{any, get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// A refusal, boxed because answers are large and most calls go well.
pub(super) struct Refused(Box<Response>);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

const LOCKED: &str = "Unable to lock subscriber, a transaction is already in process for the \
                      current subscriber";

/// A family of APIs; each calls an invalid token by another name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Family {
    Push,
    C2b,
    Payout,
    Pull,
}

impl Family {
    const fn token_form(self) -> TokenForm {
        match self {
            Self::Push => TokenForm::NotFound,
            Self::C2b => TokenForm::BadRequest,
            Self::Payout => TokenForm::Echo,
            Self::Pull => TokenForm::Unauthorized,
        }
    }
}

pub fn routes() -> Router<Daraja> {
    Router::new()
        .route("/oauth/v1/generate", get(token).fallback(wrong_method_for_token))
        .route("/mpesa/stkpush/v1/processrequest", post(push).fallback(wrong_method))
        .route("/mpesa/stkpushquery/v1/query", post(query).fallback(wrong_method))
        .route("/mpesa/{*rest}", any(nowhere))
        .route("/oauth/{*rest}", any(nowhere))
}

async fn token(
    State(daraja): State<Daraja>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let faults = daraja.faults();
    if let Some(edge) = faults.edge {
        return Err(page(edge));
    }
    let authorization = bearer(&headers, "Basic ");
    let Some(credentials) = authorization.and_then(|text| BASE64_STANDARD.decode(text).ok()) else {
        return Err(daraja.error(400, "400.008.01", "Invalid authentication type passed"));
    };
    if query.as_deref() != Some("grant_type=client_credentials") {
        return Err(daraja.error(400, "400.008.02", "Invalid grant type passed"));
    }
    let expected = format!("{CONSUMER_KEY}:{CONSUMER_SECRET}");
    if credentials != expected.as_bytes() || faults.oauth_empty_400 {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    }
    let token = daraja.hex(14);
    daraja.state().add_token(token.clone(), daraja.now());
    let expires_in = if faults.expires_in_as_number { json!(3599) } else { json!("3599") };
    Ok(json_answer(200, &json!({ "access_token": token, "expires_in": expires_in })))
}

async fn push(
    State(daraja): State<Daraja>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let prompt = daraja.take_push(&headers, &body).await?;
    let faults = daraja.faults();
    if let Some(after_ms) = faults.pin_after_ms {
        let daraja = daraja.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            // Refused where a person was faster.
            let _ = daraja.act(prompt.id, Deed::Pin);
        });
    }
    if faults.lose_submit_response {
        // Ends this connection's task without a word, which is what a lost connection looks like.
        std::panic::resume_unwind(Box::new("the connection is dropped on purpose"));
    }
    if faults.hang {
        return std::future::pending().await;
    }
    if faults.callback_before_submit_response {
        let called_back = |sent: u32| (sent > 0).then_some(());
        daraja.wait_until(|state| called_back(state.prompt(prompt.id)?.callbacks_sent)).await;
    }
    let success = "Success. Request accepted for processing";
    let answer = json!({
        "MerchantRequestID": prompt.merchant_request_id,
        "CheckoutRequestID": prompt.checkout_request_id,
        "ResponseCode": "0",
        "ResponseDescription": success,
        "CustomerMessage": success,
    });
    Ok(json_answer(200, &answer))
}

async fn query(
    State(daraja): State<Daraja>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = daraja.admit(&headers, &body, Family::Push).await?;
    let business = daraja.check_signature(&fields)?;
    daraja.settle();
    if daraja.faults().hang {
        return std::future::pending().await;
    }
    let asked = text(&fields, "CheckoutRequestID");
    let prompt = daraja.state().prompt_by_request(&asked).cloned();
    // Only the business that asked for a prompt may ask about it.
    let prompt = prompt.filter(|prompt| prompt.signed_by == business.short_code);
    let unknown = || daraja.error(500, "500.001.1001", "The transaction does not Exist");
    let prompt = prompt.ok_or_else(unknown)?;
    match &prompt.state {
        PromptState::Waiting => daraja.in_flight(&prompt),
        _ if daraja.state().is_noise() => Err(daraja.error(500, "500.001.1001", "")),
        PromptState::Paid { .. } => Ok(result(&prompt, "0")),
        PromptState::Ended { code } => Ok(result(&prompt, code)),
    }
}

async fn wrong_method_for_token(State(daraja): State<Daraja>) -> Refused {
    daraja.error(404, "404.001.04", "Invalid Authentication Header")
}

/// For the paths that take only a POST.
pub(super) async fn wrong_method(State(daraja): State<Daraja>) -> Refused {
    daraja.error(405, "405.001", "Method Not Allowed")
}

async fn nowhere(State(daraja): State<Daraja>) -> Refused {
    daraja.error(404, "404.001.01", "Resource not found")
}

impl Daraja {
    /// The checks of every call but the token's: firewall, token, limits, JSON.
    pub(super) async fn admit(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        family: Family,
    ) -> Result<Value, Refused> {
        let faults = self.faults();
        if faults.slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.slow_ms)).await;
        }
        if let Some(edge) = faults.edge {
            return Err(page(edge));
        }
        self.check_token(headers, family)?;
        if let Some(throttle) = faults.throttle {
            let (code, message) = match throttle {
                Throttle::SpikeArrest => ("500.003.02", "Error Occurred: Spike Arrest Violation"),
                Throttle::Quota => ("500.003.03", "Quota Violation"),
                Throttle::SystemBusy => {
                    ("500.003.02", "System is busy. Please try again in few minutes.")
                }
                Throttle::SubscriberBusy => ("500.001.1001", LOCKED),
                Throttle::WrongCredentials => {
                    ("500.001.1001", "[MerchantValidate] - Wrong credentials")
                }
            };
            return Err(self.error(500, code, message));
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(self.invalid("Content-Type"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
            _ => Err(self.error(400, "400.002.05", "Invalid Request Payload")),
        }
    }

    fn check_token(&self, headers: &HeaderMap, family: Family) -> Result<(), Refused> {
        let Some(token) = bearer(headers, "Bearer ") else {
            let message = "Invalid Authentication Header";
            return Err(self.error(404, "404.001.04", message));
        };
        let (valid, form) = {
            let mut state = self.state();
            let spoilt = state.faults.invalid_token_next > 0;
            state.faults.invalid_token_next = state.faults.invalid_token_next.saturating_sub(1);
            let now = self.now();
            let form = state.faults.invalid_token_form.unwrap_or(family.token_form());
            (!spoilt && state.knows_token(token, now), form)
        };
        if valid {
            return Ok(());
        }
        let echo = format!("Error Occurred - Invalid Access Token - {token}");
        let (status, code, message) = match form {
            TokenForm::NotFound => (404, "404.001.03", "Invalid Access Token"),
            TokenForm::BadRequest => (400, "400.003.01", "Invalid Access Token"),
            TokenForm::Echo => (401, "401.002.01", echo.as_str()),
            TokenForm::Unauthorized => (401, "401.001", "Invalid Access Token"),
        };
        Err(self.error(status, code, message))
    }

    fn check_signature(&self, fields: &Value) -> Result<&'static Business, Refused> {
        let short_code = text(fields, "BusinessShortCode");
        if !is_digits(&short_code) {
            return Err(self.invalid("BusinessShortCode"));
        }
        let Some(business) = Business::signing_as(&short_code) else {
            return Err(self.error(500, "500.001.1001", "Merchant does not exist"));
        };
        let timestamp = text(fields, "Timestamp");
        if timestamp.len() != 14 || !is_digits(&timestamp) {
            return Err(self.invalid("Timestamp"));
        }
        let signed = format!("{short_code}{}{timestamp}", business.passkey);
        if text(fields, "Password") != BASE64_STANDARD.encode(signed) {
            return Err(self.error(500, "500.001.1001", "Wrong credentials"));
        }
        Ok(business)
    }

    async fn take_push(&self, headers: &HeaderMap, body: &Bytes) -> Result<Prompt, Refused> {
        let fields = self.admit(headers, body, Family::Push).await?;
        let business = self.check_signature(&fields)?;
        let push = self.read_push(business, &fields)?;
        let now = self.now();
        self.settle();
        let merchant_request_id =
            format!("{}{}", self.groups(&[2, 2, 2, 6]), u32::from(self.percent()) + 100_000);
        let shown = {
            let mut state = self.state();
            let free = !state.is_busy(&push.msisdn);
            free.then(|| state.push(push, merchant_request_id, now))
        };
        self.settle();
        shown.ok_or_else(|| self.error(500, "500.001.1001", LOCKED))
    }

    fn read_push(&self, business: &Business, fields: &Value) -> Result<Push, Refused> {
        let wanted = match text(fields, "TransactionType").as_str() {
            "CustomerPayBillOnline" => &[business.short_code][..],
            "CustomerBuyGoodsOnline" => business.tills,
            _ => return Err(self.invalid("TransactionType")),
        };
        let amount_kes = amount(fields).ok_or_else(|| self.invalid("Amount"))?;
        for name in ["PartyA", "PhoneNumber"] {
            if !is_msisdn(&text(fields, name)) {
                return Err(self.invalid(name));
            }
        }
        let receiver = text(fields, "PartyB");
        if !is_digits(&receiver) {
            return Err(self.invalid("PartyB"));
        }
        let callback_url = text(fields, "CallBackURL");
        if !is_callback_url(&callback_url) {
            return Err(self.invalid("CallBackURL"));
        }
        let reference = text(fields, "AccountReference");
        if reference.is_empty() {
            return Err(self.invalid("AccountReference"));
        }
        let description = text(fields, "TransactionDesc");
        if description.is_empty() {
            return Err(self.invalid("Remarks"));
        }
        Ok(Push {
            msisdn: text(fields, "PhoneNumber"),
            amount_kes,
            reference,
            description,
            signed_by: business.short_code,
            assigned: wanted.contains(&receiver.as_str()),
            receiver,
            callback_url,
        })
    }

    fn in_flight(&self, prompt: &Prompt) -> Result<Response, Refused> {
        let shape = match (self.faults().in_flight, self.percent()) {
            (InFlight::Mix, 0..70) => InFlight::StillProcessing,
            (InFlight::Mix, 70..90) => InFlight::Empty,
            (InFlight::Mix, _) => InFlight::BeingProcessed,
            (shape, _) => shape,
        };
        match shape {
            InFlight::BeingProcessed => {
                Err(self.error(500, "500.001.1001", "The transaction is being processed"))
            }
            InFlight::Empty => Err(self.error(200, "500.001.1001", "")),
            InFlight::StillProcessing | InFlight::Mix => Ok(result(prompt, "4999")),
        }
    }

    pub(super) fn invalid(&self, field: &str) -> Refused {
        self.error(400, "400.002.02", &format!("Bad Request - Invalid {field}"))
    }

    pub(super) fn error(&self, status: u16, code: &str, message: &str) -> Refused {
        let id = self.groups(&[2, 2, 8]);
        let body = json!({ "requestId": id, "errorCode": code, "errorMessage": message });
        Refused(Box::new(json_answer(status, &body)))
    }
}

/// A query's answer, all strings, without receipt and amount.
fn result(prompt: &Prompt, code: &str) -> Response {
    json_answer(
        200,
        &json!({
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successfully",
            "MerchantRequestID": prompt.merchant_request_id,
            "CheckoutRequestID": prompt.checkout_request_id,
            "ResultCode": code,
            "ResultDesc": callback::description(code, false),
        }),
    )
}

fn page(edge: Edge) -> Refused {
    let status = match edge {
        Edge::Forbidden => StatusCode::FORBIDDEN,
        Edge::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Edge::Ok => StatusCode::OK,
    };
    let html = "<html style=\"height:100%\"><head><META NAME=\"ROBOTS\" \
                CONTENT=\"NOINDEX, NOFOLLOW\"></head><body>Request unsuccessful. Incapsula \
                incident ID: 100000000000000001-1</body></html>";
    Refused(Box::new((status, Html(html)).into_response()))
}

pub(super) fn json_answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}

fn bearer<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

/// A field as text: Daraja takes numbers and strings alike.
pub(super) fn text(fields: &Value, name: &str) -> String {
    match &fields[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn amount(fields: &Value) -> Option<i64> {
    text(fields, "Amount").parse().ok().filter(|kes| is_amount(*kes))
}

pub(super) fn is_amount(kes: i64) -> bool {
    (1..=AMOUNT_KES_MAX).contains(&kes)
}

pub(super) fn is_msisdn(text: &str) -> bool {
    text.len() == 12 && is_digits(text) && (text.starts_with("2547") || text.starts_with("2541"))
}

/// Blanks, placeholders and upper-case hosts are refused; the real one also wants a public host,
/// which a simulator on one machine cannot ask for.
pub(super) fn is_callback_url(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    let host = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let lower = host.is_some_and(|host| !host.bytes().any(|b| b.is_ascii_uppercase()));
    let web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    plain && lower && web
}
