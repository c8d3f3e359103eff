//! Asking what became of a transaction, by its proof number or by the prompt's second id.

use super::{
    Daraja, SHORT_CODE,
    http::{Family, text, wrong_method},
    initiator::{Api, Outcome, payer},
    prompt::{BookEntry, SHOP_NAME},
};
use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use serde_json::{Value, json};

const API: Api = Api {
    family: Family::C2b,
    initiator: "Initiator",
    commands: &["TransactionStatusQuery"],
    number: "PartyA",
    sort: Some(("IdentifierType", "4")),
};

/// Its path.
pub fn routes() -> Router<Daraja> {
    Router::new().route("/mpesa/transactionstatus/v1/query", post(status).fallback(wrong_method))
}

async fn status(State(daraja): State<Daraja>, headers: HeaderMap, body: Bytes) -> Response {
    let taken = match daraja.take_request(&API, &headers, &body).await {
        Ok(taken) => taken,
        Err(refused) => return *refused,
    };
    let receipt = text(&taken.fields, "TransactionID");
    let conversation = text(&taken.fields, "OriginalConversationID");
    if receipt.is_empty() && conversation.is_empty() {
        return daraja.invalid("TransactionID");
    }
    let is_it = |entry: &&BookEntry| {
        entry.receipt == receipt || (!conversation.is_empty() && entry.conversation == conversation)
    };
    let found = daraja.state().books.iter().find(is_it).cloned();
    let outcome = match found {
        _ if !taken.known => Outcome::failed("2001"),
        Some(entry) => completed(&entry),
        None => Outcome::failed("2033"),
    };
    daraja.take_and_tell(&taken.fields, &outcome)
}

fn completed(entry: &BookEntry) -> Outcome {
    let at = entry.at.east_africa_compact();
    let shop = format!("{SHORT_CODE} - {SHOP_NAME}");
    Outcome {
        code: "0",
        transaction: entry.receipt.clone(),
        parameters: vec![
            ("DebitPartyName", json!(payer(&entry.msisdn))),
            ("DebitPartyName", json!(payer(&entry.msisdn))),
            ("CreditPartyName", json!(shop)),
            ("OriginatorConversationID", json!(entry.conversation)),
            ("InitiatedTime", json!(at)),
            ("DebitAccountType", json!("MMF Account For Customer")),
            ("DebitPartyCharges", Value::Null),
            ("TransactionReason", Value::Null),
            ("ReasonType", json!("Pay Utility with OD via STK")),
            ("TransactionStatus", json!("Completed")),
            ("FinalisedTime", json!(at)),
            ("Amount", json!(entry.amount_kes.to_string())),
            ("ConversationID", json!(entry.conversation)),
            ("ReceiptNo", json!(entry.receipt)),
        ],
    }
}
