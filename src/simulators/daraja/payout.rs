//! Payouts from the shop to a phone (B2C v3). The caller names each, so asking twice pays once.

use super::{
    Daraja,
    http::{Family, Refused, amount, is_msisdn, text},
    initiator::{Api, Outcome, payer},
    prompt::Payout,
};
use serde_json::{Value, json};

pub const API: Api = Api {
    path: "/mpesa/b2c/v3/paymentrequest",
    family: Family::Payout,
    initiator: "InitiatorName",
    commands: &["BusinessPayment", "SalaryPayment", "PromotionPayment"],
    number: "PartyA",
    sort: None,
    check,
    carry_out: Daraja::pay_phone,
};
const AMOUNT_KES_MIN: i64 = 10;

fn check(daraja: &Daraja, fields: &Value) -> Result<(), Refused> {
    if amount(fields).is_none_or(|kes| kes < AMOUNT_KES_MIN) {
        return Err(daraja.invalid("Amount"));
    }
    let name = text(fields, "OriginatorConversationID");
    if name.is_empty() {
        return Err(daraja.invalid("OriginatorConversationID"));
    }
    if !daraja.state().payout_names.insert(name) {
        return Err(daraja.error(500, "500.002.1001", "Duplicate OriginatorConversationID."));
    }
    Ok(())
}

impl Daraja {
    pub fn payouts(&self) -> Vec<Payout> {
        self.state().payouts.clone()
    }

    fn pay_phone(&self, fields: &Value) -> Outcome {
        let amount_kes = amount(fields).unwrap_or_default();
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
        let part = |from: usize, to: usize| at.get(from..to).unwrap_or_default();
        let day = [part(6, 8), part(4, 6), part(0, 4)].join(".");
        let completed = format!("{day} {}:{}:{}", part(8, 10), part(10, 12), part(12, 14));
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
