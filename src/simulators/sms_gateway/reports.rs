//! Delivery reports, pushed to the address that the owner set in the gateway's dashboard.

use super::{SmsCenter, faults::Reports};
use reqwest::RequestBuilder;
use serde_json::json;
use url::Url;

/// The API by which a message came, and by which its reports go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// A form: `id`, `status`, `phoneNumber` …
    AfricasTalking,
    /// JSON, as the sister platform documents it: `messageid`, `description` …
    Celcom,
}

#[derive(Debug, Clone)]
pub(super) struct Report {
    pub family: Family,
    pub id: String,
    pub to: String,
}

impl SmsCenter {
    /// Pushes every report that is due, one after the other, and returns how many were answered
    /// with a success. Without an address they are gone, as in the real world.
    pub async fn deliver_reports(&self) -> usize {
        let (due, mode) = {
            let mut state = self.state();
            (std::mem::take(&mut state.reports), state.faults.reports.clone())
        };
        let mut answered = 0;
        for report in due {
            let Some(callback) = self.state().callbacks.get(&report.family).cloned() else {
                continue;
            };
            for word in words(&mode, report.family) {
                let request = self.report(&report, &callback, &word);
                if request.send().await.is_ok_and(|answer| answer.status().is_success()) {
                    answered += 1;
                }
            }
        }
        answered
    }

    fn report(&self, report: &Report, callback: &Url, word: &str) -> RequestBuilder {
        let request = self.0.http.post(callback.clone());
        match report.family {
            Family::AfricasTalking => {
                let mut form = vec![
                    ("id", report.id.clone()),
                    ("status", word.to_owned()),
                    ("phoneNumber", format!("+{}", report.to)),
                    ("networkCode", "63902".to_owned()),
                    ("retryCount", "0".to_owned()),
                ];
                if matches!(word, "Failed" | "Rejected") {
                    form.push(("failureReason", "DeliveryFailure".to_owned()));
                }
                request.form(&form)
            }
            Family::Celcom => request.json(&json!({
                "description": word,
                "messageid": report.id,
                "timeTaken": "9s",
                "timestamp": self.now().east_africa_compact(),
            })),
        }
    }
}

fn words(mode: &Reports, family: Family) -> Vec<String> {
    let (delivered, sent) = match family {
        Family::AfricasTalking => ("Success", "Sent"),
        Family::Celcom => ("DeliveredToTerminal", "MessageWaiting"),
    };
    let words = match mode {
        Reports::Delivered | Reports::BeforeAnswer => vec![delivered],
        Reports::Twice => vec![delivered, delivered],
        Reports::Never => vec![],
        Reports::UnknownWord => vec!["Teleported"],
        Reports::OutOfOrder => vec![delivered, sent],
        Reports::Failed(word) => vec![word.as_str()],
    };
    words.into_iter().map(str::to_owned).collect()
}
