//! Asking what the shop's account holds.

use super::{
    Daraja,
    http::{Family, wrong_method},
    initiator::{Api, Outcome},
};
use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use serde_json::json;

const API: Api = Api {
    family: Family::Payout,
    initiator: "Initiator",
    commands: &["AccountBalance"],
    number: "PartyA",
    sort: Some(("IdentifierType", "4")),
};

/// Its path.
pub fn routes() -> Router<Daraja> {
    Router::new().route("/mpesa/accountbalance/v1/query", post(balance).fallback(wrong_method))
}

async fn balance(State(daraja): State<Daraja>, headers: HeaderMap, body: Bytes) -> Response {
    let taken = match daraja.take_request(&API, &headers, &body).await {
        Ok(taken) => taken,
        Err(refused) => return *refused,
    };
    let outcome = if taken.known { daraja.accounts() } else { Outcome::failed("2001") };
    daraja.take_and_tell(&taken.fields, &outcome)
}

impl Daraja {
    fn accounts(&self) -> Outcome {
        let funds = self.state().funds_kes();
        let at = self.now().east_africa_compact();
        let account = |name: &str, kes: i64| format!("{name}|KES|{kes}.00|{kes}.00|0.00|0.00");
        let all = [
            account("Working Account", 0),
            account("Float Account", 0),
            account("Utility Account", funds),
            account("Charges Paid Account", 0),
            account("Organization Settlement Account", 0),
        ];
        Outcome {
            code: "0",
            transaction: "SKE0000000".to_owned(),
            parameters: vec![
                ("AccountBalance", json!(all.join("&"))),
                ("BOCompletedTime", json!(at.parse::<u64>().unwrap_or_default())),
            ],
        }
    }
}
