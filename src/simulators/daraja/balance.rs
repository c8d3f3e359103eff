//! The balance of the shop's accounts.

use super::{
    Daraja,
    http::Family,
    initiator::{Api, Outcome},
};
use serde_json::json;

pub const API: Api = Api {
    path: "/mpesa/accountbalance/v1/query",
    family: Family::Payout,
    initiator: "Initiator",
    commands: &["AccountBalance"],
    number: "PartyA",
    sort: Some(("IdentifierType", "4")),
    check: |_, _| Ok(()),
    carry_out: |daraja, _| daraja.accounts(),
};

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
