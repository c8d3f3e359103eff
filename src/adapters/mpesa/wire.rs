//! Daraja's own words: the bodies that go out, and one tolerant reading of whatever comes back.
//!
//! Daraja writes the same field as a number here and as a string there, so every field is read as
//! its canonical text. Other files judge it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

pub const TOKEN_PATH: &str = "/oauth/v1/generate?grant_type=client_credentials";
pub const PUSH_PATH: &str = "/mpesa/stkpush/v1/processrequest";
pub const QUERY_PATH: &str = "/mpesa/stkpushquery/v1/query";

pub const REGISTER_PATH: &str = "/mpesa/c2b/v2/registerurl";

/// The body that asks for a prompt. Everything is sent as text, which Daraja takes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PushBody<'a> {
    pub business_short_code: &'a str,
    /// `base64(short code ‖ passkey ‖ timestamp)`.
    pub password: String,
    /// The very timestamp that is inside the password, East Africa Time.
    pub timestamp: String,
    pub transaction_type: &'static str,
    pub amount: String,
    pub party_a: &'a str,
    pub party_b: &'a str,
    pub phone_number: &'a str,
    #[serde(rename = "CallBackURL")]
    pub callback_url: &'a str,
    /// Printed in the payer's message.
    pub account_reference: &'a str,
    /// Optional by the manual; leaving it out is answered "Invalid Remarks".
    pub transaction_desc: String,
}

/// The body that asks what came of a prompt.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryBody<'a> {
    pub business_short_code: &'a str,
    pub password: String,
    pub timestamp: String,
    #[serde(rename = "CheckoutRequestID")]
    pub checkout_request_id: &'a str,
}

/// The body that gives the addresses for C2B messages.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegisterBody<'a> {
    pub short_code: &'a str,
    pub response_type: &'static str,
    #[serde(rename = "ConfirmationURL")]
    pub confirmation_url: &'a str,
    #[serde(rename = "ValidationURL")]
    pub validation_url: &'a str,
}

/// Any JSON answer of Daraja; each endpoint fills its own few fields.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Reply {
    #[serde(deserialize_with = "text")]
    pub access_token: Option<String>,
    #[serde(deserialize_with = "text")]
    pub expires_in: Option<String>,
    /// An error's code; one code can stand for four different things.
    #[serde(rename = "errorCode", deserialize_with = "text")]
    pub error_code: Option<String>,
    /// An error's text. May echo the bearer token: never log it as it is.
    #[serde(rename = "errorMessage", deserialize_with = "text")]
    pub error_message: Option<String>,
    /// `0` when a request was taken, which says nothing of the payment.
    #[serde(rename = "ResponseCode", deserialize_with = "text")]
    pub response_code: Option<String>,
    /// The text beside it; some answers have nothing else.
    #[serde(rename = "ResponseDescription", deserialize_with = "text")]
    pub response_description: Option<String>,
    #[serde(rename = "MerchantRequestID", deserialize_with = "text")]
    pub merchant_request_id: Option<String>,
    /// The id to ask by.
    #[serde(rename = "CheckoutRequestID", deserialize_with = "text")]
    pub checkout_request_id: Option<String>,
    #[serde(rename = "ResultCode", deserialize_with = "text")]
    pub result_code: Option<String>,
    /// The fault of the API front, in its own shape.
    fault: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    #[serde(deserialize_with = "text")]
    faultstring: Option<String>,
    detail: FaultDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FaultDetail {
    #[serde(deserialize_with = "text")]
    errorcode: Option<String>,
}

/// Reads an object; `None` where the bytes are something else. serde would read a list as an
/// object's fields in their order.
pub fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(body).ok())?
}

impl Reply {
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reply: Self = object(body)?;
        if let Some(fault) = reply.fault.take() {
            let fault: Fault = serde_json::from_str(fault.get()).unwrap_or_default();
            reply.error_code = reply.error_code.or(fault.detail.errorcode);
            reply.error_message = reply.error_message.or(fault.faultstring);
        }
        Some(reply)
    }

    pub fn message(&self) -> &str {
        self.error_message.as_deref().unwrap_or_default()
    }
}

/// A number or a string in its canonical text; `None` for anything else.
pub fn text_of(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    match json.bytes().next()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// For serde: reads a field by [`text_of`].
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Box::<RawValue>::deserialize(from).map(|raw| text_of(&raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_the_same_text() {
        for (body, text) in [
            (r#"{"ResultCode":0}"#, Some("0")),
            (r#"{"ResultCode":"0"}"#, Some("0")),
            (r#"{"ResultCode":0.0}"#, Some("0.0")),
            (r#"{"ResultCode":"SFC_IC0003"}"#, Some("SFC_IC0003")),
            (r#"{"ResultCode":null}"#, None),
            (r#"{"ResultCode":[0]}"#, None),
            (r#"{"ResultCode":false}"#, None),
            ("{}", None),
        ] {
            assert_eq!(
                Reply::read(body.as_bytes()).unwrap().result_code.as_deref(),
                text,
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_object_is_no_reply() {
        for body in ["", "<html>", "0", "[]", "null", "{"] {
            assert!(Reply::read(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn the_fronts_own_faults_are_errors_too() {
        let body = br#"{"fault":{"faultstring":"Spike arrest violation",
            "detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}}"#;
        let reply = Reply::read(body).unwrap();
        assert_eq!(reply.error_code.as_deref(), Some("policies.ratelimit.SpikeArrestViolation"));
        assert_eq!(reply.message(), "Spike arrest violation");
        assert_eq!(Reply::read(br#"{"fault":7}"#).unwrap().error_code, None);
    }
}
