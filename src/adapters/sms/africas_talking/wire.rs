//! Africa's Talking's words and their meaning, as pure functions.

use crate::ports::{Delivery, ReadReport, SmsRetry, SmsSubmitted};
use serde::{Deserialize, Serialize};

/// The form of the classic way.
#[derive(Serialize)]
pub struct Form<'a> {
    pub username: &'a str,
    /// With `+`.
    pub to: &'a str,
    pub message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<&'a str>,
    #[serde(rename = "bulkSMSMode")]
    pub bulk_sms_mode: u8,
    pub enqueue: u8,
}

/// The body of the bulk way.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bulk<'a> {
    pub username: &'a str,
    pub message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<&'a str>,
    /// With `+`.
    pub phone_numbers: [&'a str; 1],
    pub enqueue: u8,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "SMSMessageData")]
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "Message", default)]
    message: String,
    #[serde(rename = "Recipients", default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    status_code: u16,
    #[serde(default)]
    message_id: Option<String>,
}

/// What an answer means. A readable body says more than its status: a refused recipient comes with
/// 201, a blocked one with 409.
pub fn read_answer(status: u16, body: &[u8]) -> SmsSubmitted {
    match serde_json::from_slice::<Sent>(body) {
        Ok(sent) => match sent.data.recipients.into_iter().next() {
            Some(recipient) => judge(recipient),
            None => refused_whole(&sent.data.message),
        },
        Err(_) => without_body(status),
    }
}

fn judge(recipient: Recipient) -> SmsSubmitted {
    match recipient.status_code {
        100..=102 => {
            let known = |id: &String| !id.is_empty() && id != "None";
            SmsSubmitted::Accepted { reference: recipient.message_id.filter(known) }
        }
        402 => refused("configuration", SmsRetry::OtherGateway),
        403 | 404 => refused("bad_number", SmsRetry::Never),
        405 => refused("no_credit", SmsRetry::OtherGateway),
        401 | 406 | 409 => refused("blocked", SmsRetry::OtherGateway),
        407 | 500..=502 => refused("gateway_error", SmsRetry::OtherGateway),
        _ => SmsSubmitted::Unknown { reason: "unreadable" },
    }
}

/// An answer without recipients refuses the whole request and says why in a sentence.
fn refused_whole(message: &str) -> SmsSubmitted {
    let message = message.to_ascii_lowercase();
    let says = |word: &str| message.contains(word);
    if message.is_empty() {
        SmsSubmitted::Unknown { reason: "unreadable" }
    } else if says("phonenumber") || says("unsupportednumber") {
        refused("bad_number", SmsRetry::Never)
    } else if says("balance") || says("credit") {
        refused("no_credit", SmsRetry::OtherGateway)
    } else if says("blacklist") {
        refused("blocked", SmsRetry::OtherGateway)
    } else if says("senderid") {
        refused("configuration", SmsRetry::OtherGateway)
    } else {
        refused("gateway_error", SmsRetry::OtherGateway)
    }
}

/// No JSON of theirs: plain text for a wrong key, XML or HTML from who knows whom. Only a plain
/// "no" of HTTP proves that nothing was sent.
fn without_body(status: u16) -> SmsSubmitted {
    match status {
        400 | 401 | 403 => refused("configuration", SmsRetry::OtherGateway),
        429 => refused("throttled", SmsRetry::Later),
        408 => SmsSubmitted::Unknown { reason: "no_answer" },
        402..500 => refused("gateway_error", SmsRetry::OtherGateway),
        _ => SmsSubmitted::Unknown { reason: "unreadable" },
    }
}

fn refused(reason: &'static str, retry: SmsRetry) -> SmsSubmitted {
    SmsSubmitted::Refused { reason, retry }
}

/// Reads a delivery report; `None` without an id and a status. A word we do not know tells nothing:
/// the message stays under way.
pub fn read_report(body: &[u8]) -> Option<ReadReport> {
    let (mut id, mut status, mut failure) = (None, None, None);
    for (name, value) in url::form_urlencoded::parse(body) {
        match name.as_ref() {
            "id" => id = Some(value.into_owned()),
            "status" => status = Some(value.into_owned()),
            "failureReason" => failure = Some(value.into_owned()),
            _ => {}
        }
    }
    let reference = id.filter(|id| !id.is_empty() && id != "None")?;
    let outcome = match status?.as_str() {
        "" => return None,
        "Success" => Delivery::Delivered,
        "Rejected" | "Failed" => Delivery::Failed(failure_word(failure.as_deref())),
        "AbsentSubscriber" => Delivery::Failed("phone_absent"),
        // Their word for a text that the telco's firewall threw away.
        "Expired" => Delivery::Failed("filtered"),
        // `Sent`, `Submitted`, `Buffered`, and what they will invent.
        _ => Delivery::Underway,
    };
    Some(ReadReport { reference, outcome })
}

fn failure_word(theirs: Option<&str>) -> &'static str {
    match theirs {
        Some("InsufficientCredit") => "no_credit",
        Some("UserInBlackList" | "DoNotDisturbRejection") => "blocked",
        Some("UserIsInactive") => "phone_absent",
        Some("UserDoesNotExist" | "NotNetworkSubcriber" | "UserAccountSuspended") => "bad_number",
        _ => "not_delivered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn recipient(code: u16, id: &str) -> Vec<u8> {
        format!(
            r#"{{"SMSMessageData":{{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":
            [{{"statusCode":{code},"number":"+254711000001","status":"x","cost":"KES 0.8000",
            "messageId":"{id}"}}]}}}}"#
        )
        .into_bytes()
    }

    fn accepted(reference: Option<&str>) -> SmsSubmitted {
        SmsSubmitted::Accepted { reference: reference.map(str::to_owned) }
    }

    #[test]
    fn up_to_102_it_is_accepted() {
        for code in 100..=102 {
            assert_eq!(read_answer(201, &recipient(code, "ATPid_1")), accepted(Some("ATPid_1")));
        }
        assert_eq!(read_answer(201, &recipient(101, "None")), accepted(None));
    }

    #[test]
    fn every_refusal_says_what_may_help() {
        use SmsRetry::{Never, OtherGateway};
        let table = [
            (401, "blocked", OtherGateway),
            (402, "configuration", OtherGateway),
            (403, "bad_number", Never),
            (404, "bad_number", Never),
            (405, "no_credit", OtherGateway),
            (406, "blocked", OtherGateway),
            (407, "gateway_error", OtherGateway),
            (409, "blocked", OtherGateway),
            (500, "gateway_error", OtherGateway),
            (501, "gateway_error", OtherGateway),
            (502, "gateway_error", OtherGateway),
        ];
        for (code, reason, retry) in table {
            assert_eq!(
                read_answer(201, &recipient(code, "None")),
                refused(reason, retry),
                "{code}"
            );
        }
        let new = read_answer(201, &recipient(777, "None"));
        assert_eq!(new, SmsSubmitted::Unknown { reason: "unreadable" });
    }

    #[test]
    fn the_first_recipient_is_never_taken_for_granted() {
        let whole = |message: &str| {
            let body = format!(r#"{{"SMSMessageData":{{"Message":"{message}","Recipients":[]}}}}"#);
            read_answer(201, body.as_bytes())
        };
        let other = SmsRetry::OtherGateway;
        assert_eq!(whole("InvalidSenderId"), refused("configuration", other));
        assert_eq!(whole("InvalidPhoneNumber"), refused("bad_number", SmsRetry::Never));
        assert_eq!(whole("InsufficientBalance"), refused("no_credit", other));
        assert_eq!(whole("UserInBlacklist"), refused("blocked", other));
        assert_eq!(whole("Sent to 0/1 Total Cost: 0"), refused("gateway_error", other));
        assert_eq!(whole(""), SmsSubmitted::Unknown { reason: "unreadable" });
    }

    #[test]
    fn answers_that_are_not_json_are_judged_by_status() {
        let text = b"The supplied authentication is invalid";
        assert_eq!(
            read_answer(401, text),
            refused("configuration", SmsRetry::OtherGateway),
            "wrong key"
        );
        assert_eq!(read_answer(429, b""), refused("throttled", SmsRetry::Later));
        for status in [200, 201, 302, 408, 500, 502, 503, 504] {
            let answer = read_answer(status, b"<html><body>Welcome</body></html>");
            assert!(matches!(answer, SmsSubmitted::Unknown { .. }), "{status}");
        }
    }

    #[test]
    fn reports_are_read() {
        let read = |body: &str| read_report(body.as_bytes()).map(|report| report.outcome);
        let cases = [
            ("id=A1&status=Success&phoneNumber=%2B254711000001", Some(Delivery::Delivered)),
            ("id=A1&status=Sent", Some(Delivery::Underway)),
            ("id=A1&status=Buffered", Some(Delivery::Underway)),
            ("id=A1&status=Teleported", Some(Delivery::Underway)),
            ("id=A1&status=Failed", Some(Delivery::Failed("not_delivered"))),
            (
                "id=A1&status=Rejected&failureReason=UserInBlackList",
                Some(Delivery::Failed("blocked")),
            ),
            ("id=A1&status=AbsentSubscriber", Some(Delivery::Failed("phone_absent"))),
            ("id=A1&status=Expired", Some(Delivery::Failed("filtered"))),
            ("id=&status=Success", None),
            ("id=None&status=Success", None),
            ("id=A1", None),
            ("status=Success", None),
            ("", None),
        ];
        for (body, outcome) in cases {
            assert_eq!(read(body), outcome, "{body}");
        }
    }

    proptest! {
        #[test]
        fn nothing_unreadable_counts_as_accepted(status in 0u16..1000, body: Vec<u8>) {
            let accepted = matches!(read_answer(status, &body), SmsSubmitted::Accepted { .. });
            prop_assert!(!accepted);
        }

        #[test]
        fn a_report_of_rubbish_is_never_delivered(body: Vec<u8>) {
            let delivered = read_report(&body).is_some_and(|r| r.outcome == Delivery::Delivered);
            prop_assert!(!delivered);
        }
    }
}
