//! Reversals: a payment goes back to its payer.

use super::{
    Daraja,
    http::{Family, amount, text},
    initiator::{Api, Outcome, payer},
};
use serde_json::{Value, json};

pub const API: Api = Api {
    path: "/mpesa/reversal/v1/request",
    family: Family::Push,
    initiator: "Initiator",
    commands: &["TransactionReversal"],
    number: "ReceiverParty",
    // The misspelling is the real one's.
    sort: Some(("RecieverIdentifierType", "11")),
    check: |_, _| Ok(()),
    carry_out: Daraja::give_back,
};

impl Daraja {
    fn give_back(&self, fields: &Value) -> Outcome {
        let now = self.now();
        let original = text(fields, "TransactionID");
        let mut state = self.state();
        let funds = state.funds_kes();
        let Some(entry) = state.entry_mut(&original).cloned() else {
            return Outcome::failed("R000002");
        };
        if entry.reversed_by.is_some() {
            return Outcome::failed("R000001");
        }
        if amount(fields) != Some(entry.amount_kes) {
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
