//! What Daraja's answers mean. One error code stands for four different things and the HTTP status
//! says nothing (an old token is a 404, "try later" a 500), so an answer is judged by endpoint,
//! code and message together (`docs/reference/m-pesa.md`). An answer that is not recognised is
//! *unknown*: calling it a refusal could prompt, and charge, a buyer twice.

use super::{reading::Reading, result_codes, wire::Reply};
use crate::ports::{Again, PaymentNews, ProviderRefs, Submitted};

/// Words for a refusal and for not knowing, as the ledger keeps them.
pub mod reason {
    pub const BAD_PHONE: &str = "bad_phone";
    pub const BAD_AMOUNT: &str = "bad_amount";
    /// Another payment of this phone is under way; again after a minute.
    pub const SUBSCRIBER_BUSY: &str = "subscriber_busy";
    /// Keys, passkey, short code or product: the owner must act.
    pub const CONFIGURATION: &str = "configuration";
    pub const THROTTLED: &str = "throttled";
    pub const PROVIDER_BUSY: &str = "provider_busy";
    /// Two tokens in a row were refused; another program may be using the same keys.
    pub const TOKEN_REFUSED: &str = "token_refused";
    pub const UNREACHABLE: &str = "unreachable";
    pub const NO_ANSWER: &str = "no_answer";
    pub const EDGE_BLOCKED: &str = "edge_blocked";
    pub const UNREADABLE: &str = "unreadable";
    /// JSON of an unknown shape or code.
    pub const UNRECOGNISED: &str = "unrecognised";
}

/// A refusal that means the same on every endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub reason: &'static str,
    pub again: Again,
}

const fn refusal(reason: &'static str, again: Again) -> Refusal {
    Refusal { reason, again }
}

/// Whether an answer says that the token is not, or no longer, valid. Each family of APIs has its
/// own code for it, and the front has another.
pub fn token_refused(reading: &Reading) -> bool {
    let Reading::Json(reply) = reading else { return false };
    let code = reply.error_code.as_deref().unwrap_or_default();
    let codes = ["404.001.03", "400.003.01", "401.002.01", "401.001"];
    let message = reply.message().to_ascii_lowercase();
    codes.contains(&code)
        || message.contains("invalid access token")
        || message.contains("access token expired")
}

pub fn submitted(reading: &Reading) -> Submitted {
    let reply = match reading {
        Reading::Html => return Submitted::Unknown { reason: reason::EDGE_BLOCKED },
        Reading::Other { .. } => return Submitted::Unknown { reason: reason::UNREADABLE },
        Reading::Json(reply) => reply,
    };
    if reply.error_code.is_some() || reply.error_message.is_some() {
        return refused_push(reading, reply)
            .map_or(Submitted::Unknown { reason: reason::UNRECOGNISED }, |refusal| {
                Submitted::Refused { reason: refusal.reason, again: refusal.again }
            });
    }
    match (&reply.checkout_request_id, &reply.merchant_request_id) {
        (Some(request), Some(merchant))
            if reply.response_code.as_deref() == Some("0")
                && !request.is_empty()
                && !merchant.is_empty() =>
        {
            Submitted::Accepted(ProviderRefs {
                request: request.clone(),
                merchant: merchant.clone(),
            })
        }
        _ => Submitted::Unknown { reason: reason::UNRECOGNISED },
    }
}

fn refused_push(reading: &Reading, reply: &Reply) -> Option<Refusal> {
    if token_refused(reading) {
        return Some(refusal(reason::TOKEN_REFUSED, Again::WhenProviderRests));
    }
    let message = reply.message().to_ascii_lowercase();
    match reply.error_code.as_deref().unwrap_or_default() {
        "400.002.02" if message.contains("phonenumber") || message.contains("partya") => {
            Some(refusal(reason::BAD_PHONE, Again::Never))
        }
        "400.002.02" if message.contains("amount") => {
            Some(refusal(reason::BAD_AMOUNT, Again::Never))
        }
        "500.001.1001" if message.contains("unable to lock subscriber") => {
            Some(refusal(reason::SUBSCRIBER_BUSY, Again::WhenPhoneIsFree))
        }
        "500.001.1001"
            if message.contains("merchant does not exist")
                || message.contains("wrong credentials") =>
        {
            Some(refusal(reason::CONFIGURATION, Again::Never))
        }
        _ => refused_anywhere(reply),
    }
}

/// Refusals of the API's front, before any money is looked at.
pub fn refused_anywhere(reply: &Reply) -> Option<Refusal> {
    let code = reply.error_code.as_deref().unwrap_or_default();
    let message = reply.message().to_ascii_lowercase();
    if message.contains("no apiproduct match") {
        return Some(refusal(reason::CONFIGURATION, Again::Never));
    }
    match code {
        "400.002.02" | "400.002.05" | "400.003.02" | "400.008.01" | "400.008.02" | "404.001.01"
        | "404.002.01" | "404.003.01" | "404.001.04" | "405.001" => {
            Some(refusal(reason::CONFIGURATION, Again::Never))
        }
        "500.003.03"
        | "policies.ratelimit.SpikeArrestViolation"
        | "policies.ratelimit.QuotaViolation" => {
            Some(refusal(reason::THROTTLED, Again::WhenProviderRests))
        }
        "500.003.02" if message.contains("spike arrest") => {
            Some(refusal(reason::THROTTLED, Again::WhenProviderRests))
        }
        "500.003.02" if message.contains("busy") => {
            Some(refusal(reason::PROVIDER_BUSY, Again::WhenProviderRests))
        }
        "00.002.1001" => Some(refusal(reason::PROVIDER_BUSY, Again::WhenProviderRests)),
        _ => None,
    }
}

/// Why no token was given. Nothing was asked of M-PESA yet, so all of these are refusals.
pub fn token_not_given(status: u16, reading: &Reading) -> Refusal {
    match reading {
        Reading::Html => refusal(reason::EDGE_BLOCKED, Again::WhenProviderRests),
        // Wrong keys are answered by a 400 without a body.
        Reading::Other { empty: true } if status == 400 => {
            refusal(reason::CONFIGURATION, Again::Never)
        }
        Reading::Other { .. } => refusal(reason::PROVIDER_BUSY, Again::WhenProviderRests),
        Reading::Json(reply) => refused_anywhere(reply).unwrap_or(match status {
            400..=499 => refusal(reason::CONFIGURATION, Again::Never),
            _ => refusal(reason::PROVIDER_BUSY, Again::WhenProviderRests),
        }),
    }
}

/// What a status query came to. An error, `500.001.1001` above all, means that no answer was got:
/// it is sent for running, finished and unknown payments alike.
pub fn status(reading: &Reading, asked: &ProviderRefs) -> PaymentNews {
    let Reading::Json(reply) = reading else { return PaymentNews::Unknown };
    let about_it = |said: &Option<String>, id: &str| said.as_deref().is_none_or(|said| said == id);
    let answers = reply.error_code.is_none()
        && reply.response_code.as_deref().is_none_or(|code| code == "0")
        && about_it(&reply.checkout_request_id, &asked.request)
        && about_it(&reply.merchant_request_id, &asked.merchant);
    match &reply.result_code {
        Some(code) if answers => result_codes::news(code),
        _ => PaymentNews::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Decline;

    fn json(body: &str) -> Reading {
        Reading::of(body.as_bytes())
    }

    fn error(code: &str, message: &str) -> Reading {
        json(&format!(r#"{{"requestId":"1","errorCode":"{code}","errorMessage":"{message}"}}"#))
    }

    fn refs() -> ProviderRefs {
        ProviderRefs { request: "ws_CO_1".to_owned(), merchant: "m-1".to_owned() }
    }

    #[test]
    fn refusals_are_told_by_code_and_message_together() {
        for (code, message, reason, again) in [
            ("400.002.02", "Bad Request - Invalid PhoneNumber", "bad_phone", Again::Never),
            ("400.002.02", "Bad Request - Invalid PartyA", "bad_phone", Again::Never),
            ("400.002.02", "Bad Request - Invalid Amount", "bad_amount", Again::Never),
            ("400.002.02", "Bad Request - Invalid CallBackURL", "configuration", Again::Never),
            ("500.001.1001", "Merchant does not exist", "configuration", Again::Never),
            (
                "500.001.1001",
                "[MerchantValidate] - Wrong credentials",
                "configuration",
                Again::Never,
            ),
            (
                "500.001.1001",
                "Unable to lock subscriber, a transaction is already in process for the current \
                 subscriber",
                "subscriber_busy",
                Again::WhenPhoneIsFree,
            ),
            (
                "500.003.02",
                "System is busy. Please try again in few minutes.",
                "provider_busy",
                Again::WhenProviderRests,
            ),
            (
                "500.003.02",
                "Error Occurred: Spike Arrest Violation",
                "throttled",
                Again::WhenProviderRests,
            ),
            ("500.003.03", "Quota Violation", "throttled", Again::WhenProviderRests),
            (
                "00.002.1001",
                "Service is currently under maintenance.",
                "provider_busy",
                Again::WhenProviderRests,
            ),
            ("404.001.01", "Resource not found", "configuration", Again::Never),
            ("404.001.03", "Invalid Access Token", "token_refused", Again::WhenProviderRests),
            ("", "Invalid API call as no apiproduct match found", "configuration", Again::Never),
        ] {
            assert_eq!(
                submitted(&error(code, message)),
                Submitted::Refused { reason, again },
                "{code} {message}"
            );
        }
    }

    #[test]
    fn what_is_not_recognised_is_unknown_and_never_refused() {
        for reading in [
            error("500.001.1001", ""),
            error("500.001.1001", "The transaction is being processed"),
            error("500.003.1001", "Internal Server Error"),
            error("500.003.02", "Something new"),
            error("999.999", "Something new"),
            json(r#"{"ResponseCode":"1"}"#),
            json(r#"{"ResponseCode":"0"}"#),
            json(r#"{"ResponseCode":"0","CheckoutRequestID":"","MerchantRequestID":""}"#),
            json("{}"),
        ] {
            let expected = Submitted::Unknown { reason: reason::UNRECOGNISED };
            assert_eq!(submitted(&reading), expected, "{reading:?}");
        }
        assert_eq!(submitted(&json("")), Submitted::Unknown { reason: reason::UNREADABLE });
        assert_eq!(submitted(&json("OK")), Submitted::Unknown { reason: reason::UNREADABLE });
    }

    #[test]
    fn each_way_of_refusing_a_token_is_known() {
        for reading in [
            error("404.001.03", "Invalid Access Token"),
            error("400.003.01", "Invalid Access Token"),
            error("401.002.01", "Error Occurred - Invalid Access Token - made-up"),
            error("401.001", "Invalid Access Token"),
            json(r#"{"fault":{"faultstring":"Access Token expired","detail":{"errorcode":"k"}}}"#),
        ] {
            assert!(token_refused(&reading), "{reading:?}");
        }
        assert!(!token_refused(&error("404.001.01", "Resource not found")));
        assert!(!token_refused(&json("<html>Invalid Access Token")));
    }

    #[test]
    fn without_a_token_nothing_was_asked() {
        let wrong_keys = Reading::of(b"");
        assert_eq!(token_not_given(400, &wrong_keys).reason, "configuration");
        assert_eq!(
            token_not_given(500, &wrong_keys),
            refusal("provider_busy", Again::WhenProviderRests)
        );
        assert_eq!(
            token_not_given(403, &json("<html>")),
            refusal("edge_blocked", Again::WhenProviderRests)
        );
        let quota = error("500.003.03", "Quota Violation");
        assert_eq!(token_not_given(500, &quota), refusal("throttled", Again::WhenProviderRests));
        let scheme = error("400.008.01", "Invalid authentication type passed");
        assert_eq!(token_not_given(400, &scheme), refusal("configuration", Again::Never));
    }

    #[test]
    fn a_query_tells_the_result_of_the_payment_asked_for() {
        let answer =
            |rest: &str| status(&json(&format!(r#"{{"ResponseCode":"0",{rest}}}"#)), &refs());
        let paid = PaymentNews::Paid { amount: None, receipt: None, paid_at: None };
        assert_eq!(answer(r#""ResultCode":"0""#), paid);
        assert_eq!(answer(r#""ResultCode":0,"CheckoutRequestID":"ws_CO_1""#), paid);
        assert_eq!(answer(r#""ResultCode":"4999""#), PaymentNews::Pending);
        assert_eq!(answer(r#""ResultCode":"1032""#), PaymentNews::Declined(Decline::Cancelled));
        for other in [
            r#""ResultCode":"0","CheckoutRequestID":"ws_CO_2""#,
            r#""ResultCode":"0","MerchantRequestID":"m-2""#,
            r#""ResultCode":"0","errorCode":"500.001.1001""#,
            r#""ResultCode":"00""#,
            r#""ResultDesc":"The service request is processed successfully.""#,
        ] {
            assert_eq!(answer(other), PaymentNews::Unknown, "{other}");
        }
    }

    #[test]
    fn the_querys_favourite_error_says_nothing() {
        for message in ["The transaction is being processed", "The transaction does not Exist", ""]
        {
            let reading = error("500.001.1001", message);
            assert_eq!(status(&reading, &refs()), PaymentNews::Unknown, "{message}");
        }
        assert_eq!(status(&json("<html>"), &refs()), PaymentNews::Unknown);
    }
}
