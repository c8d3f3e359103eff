//! The APIs of a shop's initiator have this in common: a request is taken at once, and its result
//! is posted later, in an odd envelope (`docs/reference/m-pesa.md`).

use super::{
    Daraja, SHORT_CODE, callback,
    http::{Family, Refused, is_callback_url, json_answer, text, wrong_method},
    prompt::Due,
};
use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

pub const INITIATOR: &str = "demo-initiator";
/// The internal address that real results leak.
const LEAKED: &str = "https://internalsandbox.safaricom.co.ke/mpesa/results/v1/submit";

/// One API; the rest is common to all.
pub struct Api {
    pub path: &'static str,
    pub family: Family,
    pub initiator: &'static str,
    pub commands: &'static [&'static str],
    pub number: &'static str,
    /// The field with the number's sort, and what must stand there.
    pub sort: Option<(&'static str, &'static str)>,
    /// What is refused at once besides.
    pub check: fn(&Daraja, &Value) -> Result<(), Refused>,
    pub carry_out: fn(&Daraja, &Value) -> Outcome,
}

pub fn routes(apis: [&'static Api; 4]) -> Router<Daraja> {
    apis.into_iter().fold(Router::new(), |router, api| {
        let take = async move |State(daraja): State<Daraja>, headers: HeaderMap, body: Bytes| {
            daraja.take_request(api, &headers, &body).await
        };
        router.route(api.path, post(take).fallback(wrong_method))
    })
}

/// What came of a request.
#[derive(Default)]
pub struct Outcome {
    pub code: &'static str,
    /// The transaction's proof number, or a placeholder.
    pub transaction: String,
    /// Keys and values; some keys come twice and some values are missing.
    pub parameters: Vec<(&'static str, Value)>,
}

impl Outcome {
    pub fn failed(code: &'static str) -> Self {
        Self { code, transaction: "SKE0000000".to_owned(), parameters: vec![] }
    }
}

impl Daraja {
    async fn take_request(
        &self,
        api: &Api,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Response, Refused> {
        let fields = self.admit(headers, body, api.family).await?;
        let invalid = |name: &str| Err(self.invalid(name));
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
        (api.check)(self, &fields)?;
        let credential = BASE64_STANDARD.decode(text(&fields, "SecurityCredential"));
        let known = text(&fields, api.initiator) == INITIATOR
            && credential.is_ok_and(|bytes| !bytes.is_empty());
        // An unknown initiator is told so with the result only.
        let outcome = if known { (api.carry_out)(self, &fields) } else { Outcome::failed("2001") };
        Ok(self.take_and_tell(&fields, &outcome))
    }

    /// Takes the request, and has its result posted.
    fn take_and_tell(&self, fields: &Value, outcome: &Outcome) -> Response {
        let given = text(fields, "OriginatorConversationID");
        let originator = if given.is_empty() { self.groups(&[2, 2, 2, 8]) } else { given };
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

    fn envelope(&self, outcome: &Outcome, originator: &str, conversation: &str) -> Value {
        let faults = self.faults().results;
        let code = callback::code_value(outcome.code, faults.codes_as_text);
        let mut item = json!({ "Key": "QueueTimeoutURL", "Value": LEAKED });
        if faults.reference_without_value {
            item = json!({ "Key": "QueueTimeoutURL" });
        }
        let items = if faults.reference_as_list { json!([item]) } else { item };
        let mut result = json!({
            "ResultType": if faults.codes_as_text { json!("0") } else { json!(0) },
            "ResultCode": code,
            "ResultDesc": callback::description(outcome.code, true),
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
