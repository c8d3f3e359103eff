//! The status of a transaction, by its proof number or by the prompt's second id.

use super::{
    Daraja, SHORT_CODE,
    http::{Family, Refused, text},
    initiator::{Api, Outcome, payer},
    prompt::{BookEntry, SHOP_NAME},
};
use serde_json::{Value, json};

pub const API: Api = Api {
    path: "/mpesa/transactionstatus/v1/query",
    family: Family::C2b,
    initiator: "Initiator",
    commands: &["TransactionStatusQuery"],
    number: "PartyA",
    sort: Some(("IdentifierType", "4")),
    check,
    carry_out: status,
};

fn check(daraja: &Daraja, fields: &Value) -> Result<(), Refused> {
    let named = ["TransactionID", "OriginalConversationID"].map(|name| text(fields, name));
    let nothing = named.iter().all(String::is_empty);
    if nothing { Err(daraja.invalid("TransactionID")) } else { Ok(()) }
}

fn status(daraja: &Daraja, fields: &Value) -> Outcome {
    let receipt = text(fields, "TransactionID");
    let conversation = text(fields, "OriginalConversationID");
    let is_it = |entry: &&BookEntry| {
        entry.receipt == receipt || (!conversation.is_empty() && entry.conversation == conversation)
    };
    let found = daraja.state().books.iter().find(is_it).cloned();
    found.as_ref().map_or_else(|| Outcome::failed("2033"), completed)
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
