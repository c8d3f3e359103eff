//! Reads answers and delivery reports by the owner's rules, as pure functions. The order is that of
//! Kannel's generic gateway: not now, not at all, taken; an answer that matches no rule is unknown.

use crate::ports::{Delivery, ReadReport, SmsRetry, SmsSubmitted};
use serde::Deserialize;
use serde_json::{Map, Value};

/// When a verdict holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default)]
    pub http: Vec<u16>,
    #[serde(default)]
    pub json: Vec<JsonRule>,
}

/// A value in a JSON answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonRule {
    pub path: String,
    /// Any of these; `200` and `"200"` are the same.
    #[serde(rename = "in")]
    pub values: Vec<Value>,
    /// Why it was refused, for `tempfail` and `permfail`.
    #[serde(default)]
    pub reason: Option<Reason>,
}

/// Lango's words for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The number itself; no gateway will help.
    BadNumber,
    NoCredit,
    Blocked,
    /// Key, sender id or account.
    Configuration,
    GatewayError,
}

/// The verdicts' rules, with where the message's id stands.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub tempfail: Rule,
    pub permfail: Rule,
    pub ok: Rule,
    pub message_id: Option<String>,
}

/// How to read the delivery reports that a gateway pushes, as JSON or as a form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportMapping {
    /// A pointer to the gateway's id for the message.
    #[serde(rename = "match")]
    pub reference: String,
    pub status: String,
    /// Words that mean it is on the phone.
    pub delivered: Vec<String>,
    /// Words that mean it will not be. Other words tell nothing.
    #[serde(default)]
    pub failed: Vec<String>,
}

impl Outcome {
    pub fn read(&self, status: u16, body: &[u8]) -> SmsSubmitted {
        let json = serde_json::from_slice::<Value>(body).unwrap_or(Value::Null);
        if let Some(reason) = self.tempfail.fails(status, &json) {
            return reason.refusal(SmsRetry::Later);
        }
        if let Some(reason) = self.permfail.fails(status, &json) {
            return reason.refusal(SmsRetry::OtherGateway);
        }
        if !self.ok.holds(status, &json) {
            return SmsSubmitted::Unknown { reason: "unreadable" };
        }
        let id = self.message_id.as_deref().and_then(|path| json.pointer(path)).and_then(word);
        let known = |id: &String| !matches!(id.as_str(), "" | "0" | "None");
        SmsSubmitted::Accepted { reference: id.filter(known) }
    }

    /// Every pointer in it, for checking.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        let rules = [&self.tempfail, &self.permfail, &self.ok];
        let paths = rules.into_iter().flat_map(|rule| rule.json.iter().map(|json| &*json.path));
        paths.chain(self.message_id.as_deref())
    }
}

impl Rule {
    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && self.json.is_empty()
    }

    /// For failures one sign is enough. A JSON sign comes first, because it may say why.
    fn fails(&self, status: u16, json: &Value) -> Option<Reason> {
        if let Some(rule) = self.json.iter().find(|rule| rule.matches(json)) {
            return Some(rule.reason.unwrap_or(Reason::GatewayError));
        }
        self.http.contains(&status).then_some(Reason::GatewayError)
    }

    /// For success every kind of sign that is configured must be there: 200 alone proves little.
    fn holds(&self, status: u16, json: &Value) -> bool {
        (self.http.is_empty() || self.http.contains(&status))
            && (self.json.is_empty() || self.json.iter().any(|rule| rule.matches(json)))
    }
}

impl JsonRule {
    fn matches(&self, json: &Value) -> bool {
        let Some(found) = json.pointer(&self.path).and_then(word) else { return false };
        self.values.iter().filter_map(word).any(|value| value == found)
    }
}

impl Reason {
    fn refusal(self, retry: SmsRetry) -> SmsSubmitted {
        let (reason, retry) = match self {
            Self::BadNumber => ("bad_number", SmsRetry::Never),
            Self::NoCredit => ("no_credit", retry),
            Self::Blocked => ("blocked", retry),
            Self::Configuration => ("configuration", retry),
            Self::GatewayError => ("gateway_error", retry),
        };
        SmsSubmitted::Refused { reason, retry }
    }
}

impl ReportMapping {
    /// Reads a report; `None` without an id and a word.
    pub fn read(&self, content_type: &str, body: &[u8]) -> Option<ReadReport> {
        let report = if content_type.to_ascii_lowercase().contains("json") {
            serde_json::from_slice(body).ok()?
        } else {
            let fields = url::form_urlencoded::parse(body);
            let fields = fields.map(|(name, value)| (name.into_owned(), Value::from(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        };
        let reference = report.pointer(&self.reference).and_then(word)?;
        let status = report.pointer(&self.status).and_then(word)?;
        if reference.is_empty() || status.is_empty() {
            return None;
        }
        let outcome = if self.delivered.contains(&status) {
            Delivery::Delivered
        } else if self.failed.contains(&status) {
            Delivery::Failed(failure_word(&status))
        } else {
            Delivery::Underway
        };
        Some(ReadReport { reference, outcome })
    }
}

/// Kenyan networks' own descriptions, which most gateways pass on
/// (`docs/reference/sms-gateways.md`).
fn failure_word(theirs: &str) -> &'static str {
    match theirs {
        "AbsentSubscriber" => "phone_absent",
        "SenderName Blacklisted" | "UserInBlackList" => "blocked",
        "Invalid Source Address" => "configuration",
        _ => "not_delivered",
    }
}

/// Text, numbers and truth values as text, so that gateways may change their mind about quotes.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn celcom() -> Outcome {
        let rule = |rule| serde_json::from_value(rule).unwrap();
        Outcome {
            tempfail: rule(json!({
                "http": [429, 503],
                "json": [{"path": "/response-code", "in": [1005, 4090]}]
            })),
            permfail: rule(json!({"json": [
                {"path": "/response-code", "in": [1004], "reason": "no_credit"},
                {"path": "/responses/0/respose-code", "in": [1003], "reason": "bad_number"}
            ]})),
            ok: rule(json!({
                "http": [200],
                "json": [
                    {"path": "/responses/0/respose-code", "in": [200]},
                    {"path": "/responses/0/response-code", "in": ["200"]}
                ]
            })),
            message_id: Some("/responses/0/messageid".to_owned()),
        }
    }

    fn read(status: u16, body: &Value) -> SmsSubmitted {
        celcom().read(status, body.to_string().as_bytes())
    }

    #[test]
    fn the_order_is_not_now_not_at_all_taken_unknown() {
        let refused = |reason, retry| SmsSubmitted::Refused { reason, retry };
        let later = refused("gateway_error", SmsRetry::Later);
        assert_eq!(read(503, &json!({"responses": [{"respose-code": 200}]})), later);
        assert_eq!(read(200, &json!({"response-code": 4090})), later);
        let credit = read(200, &json!({"response-code": 1004}));
        assert_eq!(credit, refused("no_credit", SmsRetry::OtherGateway));
        let number = read(200, &json!({"responses": [{"respose-code": "1003"}]}));
        assert_eq!(number, refused("bad_number", SmsRetry::Never));
        let taken = json!({"responses": [{"response-code": 200, "messageid": 8_290_842}]});
        assert_eq!(
            read(200, &taken),
            SmsSubmitted::Accepted { reference: Some("8290842".to_owned()) }
        );
        assert_eq!(read(500, &taken), SmsSubmitted::Unknown { reason: "unreadable" });
    }

    #[test]
    fn a_200_alone_is_not_believed() {
        for body in ["", "<html>Welcome</html>", "{}", r#"{"response-code":9999}"#] {
            let answer = celcom().read(200, body.as_bytes());
            assert_eq!(answer, SmsSubmitted::Unknown { reason: "unreadable" }, "{body}");
        }
    }

    #[test]
    fn an_id_that_is_none_is_none() {
        for id in [json!(0), json!("None"), json!(""), Value::Null] {
            let taken = json!({"responses": [{"respose-code": 200, "messageid": id}]});
            assert_eq!(read(200, &taken), SmsSubmitted::Accepted { reference: None });
        }
    }

    #[test]
    fn reports_come_as_json_or_as_a_form() {
        let mapping: ReportMapping = serde_json::from_value(json!({
            "match": "/messageid", "status": "/description",
            "delivered": ["DeliveredToTerminal"],
            "failed": ["AbsentSubscriber", "DeliveryImpossible"]
        }))
        .unwrap();
        let read = |kind: &str, body: &str| mapping.read(kind, body.as_bytes()).map(|r| r.outcome);
        let kind = "application/json; charset=utf-8";
        let delivered = r#"{"messageid":77,"description":"DeliveredToTerminal"}"#;
        assert_eq!(read(kind, delivered), Some(Delivery::Delivered));
        let absent = "messageid=77&description=AbsentSubscriber";
        assert_eq!(
            read("application/x-www-form-urlencoded", absent),
            Some(Delivery::Failed("phone_absent"))
        );
        assert_eq!(read("", "messageid=77&description=MessageWaiting"), Some(Delivery::Underway));
        assert_eq!(read(kind, r#"{"messageid":"","description":"x"}"#), None);
        assert_eq!(read(kind, "messageid=77&description=x"), None);
    }

    proptest! {
        #[test]
        fn nothing_unreadable_counts_as_taken(status in 0u16..1000, body: Vec<u8>) {
            let taken = matches!(celcom().read(status, &body), SmsSubmitted::Accepted { .. });
            prop_assert!(!taken);
        }
    }
}
