//! The SMS gateways as a day has them, with the texts that reached phones.

use super::{luck::Dice, post::Letter};
use lango::ports::{Delivery, ReadReport, SmsRetry, SmsSubmitted};
use serde_json::{Value, json};

/// The gateways' ids, the preferred one first.
pub const GATEWAYS: [&str; 2] = ["first", "second"];

/// All gateways.
pub struct Sms {
    dice: Dice,
    refused: usize,
    answer_lost: usize,
    report_lost: usize,
    /// Number and text.
    pub texts: Vec<(String, String)>,
    /// On its way to the shop.
    pub post: Vec<Letter>,
}

impl Sms {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 4);
        let (refused, answer_lost) = (dice.below(30), dice.below(30));
        let report_lost = dice.below(60);
        Self { dice, refused, answer_lost, report_lost, texts: vec![], post: vec![] }
    }

    /// Takes a text, or not, and answers, or not.
    pub fn send(&mut self, gateway: &str, to: &str, text: &str) -> SmsSubmitted {
        if self.dice.percent(self.refused) {
            let retry = [SmsRetry::Never, SmsRetry::OtherGateway, SmsRetry::Later];
            let retry = *self.dice.pick(&retry).unwrap();
            return SmsSubmitted::Refused { reason: "gateway_error", retry };
        }
        let unknown = SmsSubmitted::Unknown { reason: "no_answer" };
        if self.dice.percent(self.answer_lost / 2) {
            return unknown;
        }
        self.texts.push((to.to_owned(), text.to_owned()));
        let reference = format!("sms-{}", self.texts.len());
        if !self.dice.percent(self.report_lost) {
            let arrived = self.dice.percent(85);
            let body = json!({ "reference": reference, "arrived": arrived }).to_string();
            self.post.push(Letter::Report { gateway: gateway.to_owned(), body });
        }
        if self.dice.percent(self.answer_lost) {
            return unknown;
        }
        SmsSubmitted::Accepted { reference: Some(reference) }
    }
}

/// Reads a delivery report.
pub fn read_report(body: &[u8]) -> Option<ReadReport> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let arrived = told["arrived"].as_bool()?;
    let outcome = if arrived { Delivery::Delivered } else { Delivery::Failed("unreachable") };
    Some(ReadReport { reference: told["reference"].as_str()?.to_owned(), outcome })
}
