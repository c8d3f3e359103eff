//! What SMS gateways answer and report, and the owner's templates for asking them.

use lango::{
    adapters::sms::{
        africas_talking,
        http::{
            Outcome, ReportMapping,
            template::{Filter, Template, Values},
        },
    },
    ports::{Delivery, SmsSubmitted},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The HTTP statuses that answers come with.
const STATUSES: [u16; 8] = [0, 200, 201, 401, 408, 429, 500, 503];

/// The rules of one of the gateways that the manual shows.
fn celcom() -> Outcome {
    let rule = |rule| serde_json::from_value(rule).expect("the rules are as the manual has them");
    Outcome {
        tempfail: rule(json!({
            "http": [429, 503], "json": [{"path": "/response-code", "in": [1005, 4090]}]
        })),
        permfail: rule(json!({"json": [
            {"path": "/response-code", "in": [1004], "reason": "no_credit"},
            {"path": "/responses/0/respose-code", "in": [1003], "reason": "bad_number"}
        ]})),
        ok: rule(json!({
            "http": [200], "json": [{"path": "/responses/0/respose-code", "in": [200]}]
        })),
        message_id: Some("/responses/0/messageid".into()),
    }
}

/// What came of handing a message over.
pub fn answer(bytes: &[u8]) {
    let outcome = celcom();
    let body = serde_json::from_slice::<Value>(bytes);
    for status in STATUSES {
        if let SmsSubmitted::Accepted { reference } = outcome.read(status, bytes) {
            let code =
                body.as_ref().ok().and_then(|body| body.pointer("/responses/0/respose-code"));
            assert!(status == 200 && code.is_some_and(|code| code == 200 || code == "200"));
            assert!(reference.is_none_or(|id| !id.is_empty()));
        }
        if let SmsSubmitted::Accepted { reference } = africas_talking::read_answer(status, bytes) {
            assert!(bytes.contains(&b'1'), "only 100, 101 and 102 are taken");
            assert!(reference.is_none_or(|id| !id.is_empty() && id != "None"));
        }
    }
}

/// A delivery report.
pub fn report(bytes: &[u8]) {
    let mapping: ReportMapping = serde_json::from_value(json!({
        "match": "/messageid", "status": "/description",
        "delivered": ["DeliveredToTerminal"], "failed": ["AbsentSubscriber"]
    }))
    .expect("the mapping is as the manual has it");
    let form = "application/x-www-form-urlencoded";
    let reads = [
        mapping.read("application/json", bytes),
        mapping.read(form, bytes),
        africas_talking::read_report(bytes),
    ];
    for read in reads.into_iter().flatten() {
        assert!(!read.reference.is_empty(), "it tells of a message");
        if read.outcome == Delivery::Delivered {
            let named = ["Success", "DeliveredToTerminal", "\\u", "%"];
            let text = String::from_utf8_lossy(bytes);
            assert!(named.iter().any(|word| text.contains(word)), "it says so");
        }
    }
}

/// A template of the owner's, filled in with what a buyer typed.
pub fn template(bytes: &[u8]) {
    let [written, to, typed] = super::parts(bytes);
    let secrets = BTreeMap::new();
    let all = [Filter::Json, Filter::Url, Filter::Form, Filter::Header];
    let _ = Template::parse(&written, &all, &secrets)
        .map(|it| it.render(Values { to: &to, text: &typed }));
    let Ok(template) = Template::parse(&written, &[Filter::Json], &secrets) else { return };
    let shape = |values: Values<'_>| {
        let filled = template.render(values);
        serde_json::from_str::<Value>(&filled).ok().map(|value| leaves(&value))
    };
    // What the program checks when it starts.
    let nasty = Values { to: "+\"&", text: "\"}]&=#?/\\\r\n{{é" };
    if let Some(checked) = shape(nasty) {
        let now = shape(Values { to: &to, text: &typed });
        // Two keys of an object that are alike become one.
        assert!(now.is_some_and(|now| now <= checked), "it stays what it was checked to be");
    }
}

/// How many values a value holds.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(leaves).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(leaves).sum::<usize>(),
        _ => 1,
    }
}
