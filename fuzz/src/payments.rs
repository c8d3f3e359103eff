//! What M-PESA posts and answers. Money is believed only where it is said in so many words.

use lango::{
    adapters::mpesa::{Reading, c2b as messages, callback as callbacks, classify},
    ports::{PaymentNews, ProviderRefs, Submitted},
};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What stands at a place, as the wire has it: numbers keep their digits.
fn said(body: &[u8], path: &str) -> Option<String> {
    // What is passed over need not be UTF-8.
    let text = super::text(body);
    let mut found: Box<RawValue> = serde_json::from_str(&text).ok()?;
    for key in path.split('/') {
        let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(found.get()).ok()?;
        found = fields.remove(key)?;
    }
    match found.get().bytes().next()? {
        b'"' => serde_json::from_str(found.get()).ok(),
        b'-' | b'0'..=b'9' => Some(found.get().to_owned()),
        _ => None,
    }
}

/// What came of a prompt, as it is posted.
pub fn callback(bytes: &[u8]) {
    let Some(read) = callbacks::read(bytes) else { return };
    assert_eq!(Some(&read), callbacks::read(bytes).as_ref(), "it is read the same way twice");
    for id in [&read.refs.request, &read.refs.merchant] {
        assert!((1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()));
    }
    let code = said(bytes, "Body/stkCallback/ResultCode");
    let is_paid = matches!(read.news, PaymentNews::Paid { .. });
    assert_eq!(is_paid, code.as_deref() == Some("0"), "paid means 0: {code:?}");
    if let PaymentNews::Paid { amount, receipt, .. } = read.news {
        assert!(amount.is_none_or(|amount| amount.0 >= 0));
        let plain = |r: &String| r.len() == 10 && r.bytes().all(|b| b.is_ascii_alphanumeric());
        assert!(receipt.as_ref().is_none_or(plain));
    }
}

/// Money on the shop's number, as it is posted.
pub fn c2b(bytes: &[u8]) {
    let Some(read) = messages::read(bytes) else { return };
    assert_eq!(Some(&read), messages::read(bytes).as_ref(), "it is read the same way twice");
    assert!(read.amount.0 > 0);
    assert_eq!(said(bytes, "TransID"), Some(read.receipt), "the proof is what was sent");
    if let Some(reference) = &read.reference {
        assert!((1..=64).contains(&reference.len()));
        assert_eq!(reference, reference.trim());
    }
    if let Some(at) = read.paid_at {
        assert!(!at.rfc3339().is_empty(), "the time can be written");
    }
}

/// What is answered to a push, a status query and a request for a token.
pub fn answer(bytes: &[u8]) {
    let reading = Reading::of(bytes);
    let logged = format!("{reading:?}");
    assert!(logged.len() < 2_000 && !logged.contains('\n'), "a line of the log: {logged}");
    let _ = classify::token_refused(&reading);
    let object = bytes.trim_ascii().first() == Some(&b'{');
    let body = bytes.trim_ascii();
    match classify::submitted(&reading) {
        Submitted::Accepted(refs) => {
            assert!(object && said(body, "ResponseCode").as_deref() == Some("0"));
            assert_eq!(said(body, "CheckoutRequestID"), Some(refs.request));
        }
        Submitted::Refused { reason, .. } | Submitted::Unknown { reason } => {
            assert!(!reason.is_empty(), "it says why");
        }
    }
    for status in [200, 400, 404, 500] {
        let _ = classify::token_not_given(status, &reading);
    }
    let asked = ProviderRefs { request: "ws_CO_1".into(), merchant: "m-1".into() };
    let news = classify::status(&reading, &asked);
    if matches!(news, PaymentNews::Paid { .. }) {
        assert!(object && said(body, "ResultCode").as_deref() == Some("0"));
        let other = said(body, "CheckoutRequestID").is_some_and(|id| id != asked.request);
        assert!(!other, "it tells of another attempt");
    }
}
