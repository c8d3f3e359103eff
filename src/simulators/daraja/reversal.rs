//! Giving a payment back to its payer.

use super::{
    Daraja,
    http::{Family, text, wrong_method},
    initiator::{Api, Outcome, payer},
};
use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use serde_json::{Value, json};

const API: Api = Api {
    family: Family::Push,
    initiator: "Initiator",
    commands: &["TransactionReversal"],
    number: "ReceiverParty",
    // The misspelling is the real one's.
    sort: Some(("RecieverIdentifierType", "11")),
};

/// Its path.
pub fn routes() -> Router<Daraja> {
    Router::new().route("/mpesa/reversal/v1/request", post(reverse).fallback(wrong_method))
}

async fn reverse(State(daraja): State<Daraja>, headers: HeaderMap, body: Bytes) -> Response {
    let taken = match daraja.take_request(&API, &headers, &body).await {
        Ok(taken) => taken,
        Err(refused) => return *refused,
    };
    let outcome =
        if taken.known { daraja.give_back(&taken.fields) } else { Outcome::failed("2001") };
    daraja.take_and_tell(&taken.fields, &outcome)
}

impl Daraja {
    fn give_back(&self, fields: &Value) -> Outcome {
        let now = self.now();
        let original = text(fields, "TransactionID");
        let amount: Option<i64> = text(fields, "Amount").parse().ok();
        let mut state = self.state();
        let funds = state.funds_kes();
        let Some(entry) = state.entry_mut(&original).cloned() else {
            return Outcome::failed("R000002");
        };
        if entry.reversed_by.is_some() {
            return Outcome::failed("R000001");
        }
        if amount != Some(entry.amount_kes) {
            return Outcome::failed("R000002");
        }
        if funds < entry.amount_kes {
            return Outcome::failed("1");
        }
        let receipt = state.receipt(now);
        if let Some(entry) = state.entry_mut(&original) {
            entry.reversed_by = Some(receipt.clone());
        }
        let time: u64 = now.east_africa_compact().parse().unwrap_or_default();
        let left = format!("Utility Account|KES|{0}.00|{0}.00|0.00|0.00", funds - entry.amount_kes);
        Outcome {
            code: "0",
            transaction: receipt,
            parameters: vec![
                ("DebitAccountBalance", json!(left)),
                ("Amount", json!(entry.amount_kes)),
                ("TransCompletedTime", json!(time)),
                ("OriginalTransactionID", json!(original)),
                ("Charge", json!(0)),
                ("CreditPartyPublicName", json!(payer(&entry.msisdn))),
            ],
        }
    }
}
