//! The APIs of a shop's initiator have this in common: a request is taken at once, and its result
//! is posted later, in an odd envelope (`docs/reference/m-pesa.md`).

use super::{
    Daraja, SHORT_CODE,
    http::{Family, Refused, is_callback_url, json_answer, text},
    prompt::Due,
};
use axum::{body::Bytes, http::HeaderMap, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// The only initiator it knows.
pub const INITIATOR: &str = "demo-initiator";
/// The internal address that real results leak.
const LEAKED: &str = "https://internalsandbox.safaricom.co.ke/mpesa/results/v1/submit";

/// A request that was taken.
pub struct Taken {
    /// Its fields.
    pub fields: Value,
    /// Whether initiator and credential are known; told only with the result.
    pub known: bool,
}

/// The fields that differ between the APIs.
pub struct Api {
    /// Which family's error it gives for an invalid token.
    pub family: Family,
    /// The field that names the initiator.
    pub initiator: &'static str,
    /// The commands it takes.
    pub commands: &'static [&'static str],
    /// The field with the shop's number.
    pub number: &'static str,
    /// The field with the number's sort, and what must stand there.
    pub sort: Option<(&'static str, &'static str)>,
}

/// What came of a request.
#[derive(Default)]
pub struct Outcome {
    /// The result code.
    pub code: &'static str,
    /// The transaction's proof number, or a placeholder.
    pub transaction: String,
    /// Keys and values; some keys come twice and some values are missing.
    pub parameters: Vec<(&'static str, Value)>,
}

impl Outcome {
    /// An outcome without money.
    pub fn failed(code: &'static str) -> Self {
        Self { code, transaction: "SKE0000000".to_owned(), parameters: vec![] }
    }
}

impl Daraja {
    /// Checks what every initiator's request must have.
    pub(super) async fn take_request(
        &self,
        api: &Api,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Taken, Refused> {
        let fields = self.admit(headers, body, api.family).await?;
        let invalid = |name: &str| Err(Refused::from(self.invalid(name)));
        if !api.commands.contains(&text(&fields, "CommandID").as_str()) {
            return invalid("CommandID");
        }
        if text(&fields, api.number) != SHORT_CODE {
            return invalid(api.number);
        }
        if let Some((name, wanted)) = api.sort
            && text(&fields, name) != wanted
        {
            return invalid(name);
        }
        for name in ["ResultURL", "QueueTimeOutURL"] {
            if !is_callback_url(&text(&fields, name)) {
                return invalid(name);
            }
        }
        if !(2..=100).contains(&text(&fields, "Remarks").len()) {
            return invalid("Remarks");
        }
        let credential = BASE64_STANDARD.decode(text(&fields, "SecurityCredential"));
        let known = text(&fields, api.initiator) == INITIATOR
            && credential.is_ok_and(|bytes| !bytes.is_empty());
        Ok(Taken { fields, known })
    }

    /// Takes the request, and has its result posted.
    pub(super) fn take_and_tell(&self, fields: &Value, outcome: &Outcome) -> Response {
        let given = text(fields, "OriginatorConversationID");
        let originator = if given.is_empty() { self.conversation() } else { given };
        let conversation = format!("AG_{}_{}", self.now().east_africa_compact(), self.hex(10));
        let faults = self.faults().results;
        if !faults.never {
            let (name, outcome) = if faults.queue_timeout {
                // Its body is documented nowhere: a result of another type.
                ("QueueTimeOutURL", &Outcome::failed("26"))
            } else {
                ("ResultURL", outcome)
            };
            let body = self.envelope(outcome, &originator, &conversation);
            let due = Due::Result { url: text(fields, name), body: body.to_string() };
            self.state().tell(self.now(), due);
        }
        let answer = json!({
            "OriginatorConversationID": originator,
            "ConversationID": conversation,
            "ResponseCode": "0",
            "ResponseDescription": "Accept the service request successfully.",
        });
        self.settle();
        json_answer(200, &answer)
    }

    fn conversation(&self) -> String {
        format!("{}-{}-{}-{}", self.hex(2), self.hex(2), self.hex(2), self.hex(8))
    }

    fn envelope(&self, outcome: &Outcome, originator: &str, conversation: &str) -> Value {
        let faults = self.faults().results;
        let code = super::callback::code_value(outcome.code, faults.codes_as_text);
        let mut item = json!({ "Key": "QueueTimeoutURL", "Value": LEAKED });
        if faults.reference_without_value {
            item = json!({ "Key": "QueueTimeoutURL" });
        }
        let items = if faults.reference_as_list { json!([item]) } else { item };
        let mut result = json!({
            "ResultType": if faults.codes_as_text { json!("0") } else { json!(0) },
            "ResultCode": code,
            "ResultDesc": super::callback::description(outcome.code, true),
            "OriginatorConversationID": originator,
            "ConversationID": conversation,
            "TransactionID": outcome.transaction,
            "ReferenceData": { "ReferenceItem": items },
        });
        if !outcome.parameters.is_empty() {
            let list = outcome.parameters.iter().map(|(key, value)| match value {
                Value::Null => json!({ "Key": key }),
                value => json!({ "Key": key, "Value": value }),
            });
            let list: Vec<Value> = list.collect();
            result["ResultParameters"] = json!({ "ResultParameter": list });
        }
        json!({ "Result": result })
    }
}

/// The name under which results show a payer.
pub fn payer(msisdn: &str) -> String {
    format!("{msisdn} - WANJIKU NJERI")
}
