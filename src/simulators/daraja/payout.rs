//! Paying from the shop to a phone (B2C v3). The only API with a name of the caller's own, so that
//! asking twice pays once.

use super::{
    Daraja,
    http::{Family, is_amount, is_msisdn, text, wrong_method},
    initiator::{Api, Outcome, payer},
    prompt::Payout,
};
use axum::{
    Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post,
};
use serde_json::{Value, json};

const API: Api = Api {
    family: Family::Payout,
    initiator: "InitiatorName",
    commands: &["BusinessPayment", "SalaryPayment", "PromotionPayment"],
    number: "PartyA",
    sort: None,
};
/// The least that is paid out, in shillings.
const AMOUNT_KES_MIN: i64 = 10;

/// Its path.
pub fn routes() -> Router<Daraja> {
    Router::new().route("/mpesa/b2c/v3/paymentrequest", post(pay_out).fallback(wrong_method))
}

async fn pay_out(State(daraja): State<Daraja>, headers: HeaderMap, body: Bytes) -> Response {
    let taken = match daraja.take_request(&API, &headers, &body).await {
        Ok(taken) => taken,
        Err(refused) => return *refused,
    };
    let amount: Option<i64> = text(&taken.fields, "Amount").parse().ok();
    let Some(amount) = amount.filter(|kes| is_amount(*kes) && *kes >= AMOUNT_KES_MIN) else {
        return daraja.invalid("Amount");
    };
    let name = text(&taken.fields, "OriginatorConversationID");
    if name.is_empty() {
        return daraja.invalid("OriginatorConversationID");
    }
    if !daraja.state().payout_names.insert(name) {
        return daraja.error(500, "500.002.1001", "Duplicate OriginatorConversationID.");
    }
    let outcome =
        if taken.known { daraja.pay_phone(&taken.fields, amount) } else { Outcome::failed("2001") };
    daraja.take_and_tell(&taken.fields, &outcome)
}

impl Daraja {
    /// Every payout, in order.
    pub fn payouts(&self) -> Vec<Payout> {
        self.state().payouts.clone()
    }

    fn pay_phone(&self, fields: &Value, amount_kes: i64) -> Outcome {
        let msisdn = text(fields, "PartyB");
        if !is_msisdn(&msisdn) {
            return Outcome::failed("SFC_IC0003");
        }
        let now = self.now();
        let mut state = self.state();
        let left = state.funds_kes() - amount_kes;
        if left < 0 {
            return Outcome::failed("1");
        }
        let receipt = state.receipt(now);
        let name = payer(&msisdn);
        state.payouts.push(Payout { receipt: receipt.clone(), amount_kes, msisdn, at: now });
        let at = now.east_africa_compact();
        let part = |range: std::ops::Range<usize>| at.get(range).unwrap_or_default().to_owned();
        let completed = format!(
            "{}.{}.{} {}:{}:{}",
            part(6..8),
            part(4..6),
            part(0..4),
            part(8..10),
            part(10..12),
            part(12..14)
        );
        Outcome {
            code: "0",
            transaction: receipt.clone(),
            parameters: vec![
                ("TransactionAmount", json!(amount_kes)),
                ("TransactionReceipt", json!(receipt)),
                ("ReceiverPartyPublicName", json!(name)),
                ("TransactionCompletedDateTime", json!(completed)),
                ("B2CUtilityAccountAvailableFunds", json!(left)),
                ("B2CWorkingAccountAvailableFunds", json!(0)),
                ("B2CRecipientIsRegisteredCustomer", json!("Y")),
                ("B2CChargesPaidAccountAvailableFunds", json!(0)),
            ],
        }
    }
}
