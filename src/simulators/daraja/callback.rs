//! Callbacks: their bodies in all the shapes that were captured, and their delivery. Each is sent
//! once, whatever the answer, without signature or credential, as observed.

use super::{
    Daraja, SHORT_CODE,
    faults::{BalanceItem, Faults, PhoneShape},
    prompt::{Due, Prompt, PromptState},
};
use crate::ledger::kernel::chain::hex;
use axum::body::Bytes;
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};
use url::Url;

impl Daraja {
    /// Posts one callback. Its answer changes nothing: there is no second try.
    pub(super) async fn deliver(&self, due: Due) {
        match due {
            Due::Prompt { prompt, outcome } => {
                let (prompt, faults) = {
                    let state = self.state();
                    let Some(prompt) = state.prompt(prompt) else { return };
                    (prompt.clone(), state.faults.clone())
                };
                self.post(&prompt.callback_url, body(&prompt, &outcome, &faults)).await;
                if let Some(prompt) = self.state().prompt_mut(prompt.id) {
                    prompt.callbacks_sent += 1;
                }
            }
            Due::C2b(receipt) => self.confirm_c2b(&receipt).await,
            Due::Result { url, body } => {
                self.post(&url, body).await;
            }
        }
        self.ring();
    }

    /// Posts a body as Daraja does; the answer's, where there was one.
    pub(super) async fn post(&self, url: &str, body: String) -> Option<Bytes> {
        let sending = self.inner.http.post(reachable(url)?);
        let sent = sending
            .header("Content-Type", "application/json;charset=UTF-8")
            .header("Businessshortcode", SHORT_CODE)
            .body(body)
            .send()
            .await;
        let status = sent.as_ref().map(|answer| answer.status().as_u16()).ok();
        tracing::debug!(?status, "called back; without a status nobody answered");
        sent.ok()?.bytes().await.ok()
    }
}

/// Addresses under `.invalid` are taken with a push, and lead nowhere.
fn reachable(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let nowhere = url.host_str().is_none_or(|host| host.ends_with(".invalid"));
    (!nowhere).then_some(url)
}

pub fn body(prompt: &Prompt, outcome: &PromptState, faults: &Faults) -> String {
    let code = match outcome {
        PromptState::Paid { .. } => "0",
        PromptState::Ended { code } => code,
        PromptState::Waiting => "4999",
    };
    let mut callback = json!({
        "MerchantRequestID": prompt.merchant_request_id,
        "CheckoutRequestID": prompt.checkout_request_id,
        "ResultCode": code_value(code, faults.result_code_as_string),
        "ResultDesc": description(code, true),
    });
    let PromptState::Paid { receipt, at } = outcome else {
        return json!({ "Body": { "stkCallback": callback } }).to_string();
    };
    // Written by hand, because `1.00` would not survive a JSON value.
    let list = items(prompt, receipt, &at.east_africa_compact(), faults).join(",");
    callback["CallbackMetadata"] = json!("@");
    let text = json!({ "Body": { "stkCallback": callback } }).to_string();
    text.replace("\"@\"", &format!("{{\"Item\":[{list}]}}"))
}

fn items(prompt: &Prompt, receipt: &str, at: &str, faults: &Faults) -> Vec<String> {
    let amount = faults.wrong_amount.map_or(prompt.amount_kes, i64::from);
    let amount =
        if faults.amount_with_decimals { format!("{amount}.00") } else { amount.to_string() };
    let mut items = vec![
        format!(r#"{{"Name":"Amount","Value":{amount}}}"#),
        format!(r#"{{"Name":"MpesaReceiptNumber","Value":"{receipt}"}}"#),
    ];
    match faults.balance_item {
        Some(BalanceItem::WithoutValue) => items.push(r#"{"Name":"Balance"}"#.to_owned()),
        Some(BalanceItem::WithValue) => items.push(r#"{"Name":"Balance","Value":0.00}"#.to_owned()),
        None => {}
    }
    items.push(format!(r#"{{"Name":"TransactionDate","Value":{at}}}"#));
    let phone = phone(&prompt.msisdn, faults.phone);
    items.push(format!(r#"{{"Name":"PhoneNumber","Value":{phone}}}"#));
    items
}

fn phone(msisdn: &str, shape: PhoneShape) -> String {
    match shape {
        PhoneShape::Number => msisdn.to_owned(),
        PhoneShape::Text => format!("\"{msisdn}\""),
        PhoneShape::Masked => {
            let (head, tail) = (msisdn.get(..4), msisdn.get(9..));
            format!("\"{}*****{}\"", head.unwrap_or_default(), tail.unwrap_or_default())
        }
        PhoneShape::Hashed => format!("\"{}\"", hashed(msisdn)),
    }
}

pub fn hashed(msisdn: &str) -> String {
    hex(&Sha256::digest(msisdn.as_bytes()))
}

/// A number where it can be one; codes like `SFC_IC0003` are always strings.
pub fn code_value(code: &str, as_string: bool) -> Value {
    match serde_json::from_str::<&RawValue>(code) {
        Ok(raw) if !as_string && code.bytes().all(|b| b.is_ascii_digit()) => {
            serde_json::from_str(raw.get()).unwrap_or_else(|_| json!(code))
        }
        _ => json!(code),
    }
}

/// The prose beside a code; it differs between callback and query.
pub fn description(code: &str, in_callback: bool) -> &'static str {
    match code {
        "0" => "The service request is processed successfully.",
        "1" => "The balance is insufficient for the transaction.",
        "4" => "The transaction amount exceeds the daily limit.",
        "17" => "Rule limited.",
        "1025" => "An error occurred while sending a push request.",
        "1032" => "Request Cancelled by user.",
        "1037" if in_callback => "No response from user.",
        "1037" => "DS timeout user cannot be reached.",
        "2001" => "The initiator information is invalid.",
        "26" => "System busy.",
        "2033" => "The transaction receipt number does not exist.",
        "R000001" => "The transaction has already been reversed.",
        "R000002" => "The OriginalTransactionID is invalid.",
        "2028" => "The request is not permitted according to product assignment.",
        "4999" => "The transaction is still under processing",
        _ => "Something went wrong.",
    }
}
