//! A simulated SMS gateway: Africa's Talking's classic and bulk ways, and the JSON of the Celcom
//! family (`docs/reference/sms-gateways.md`), with an inbox for every phone.
//!
//! Each text in an inbox was sent, whatever the caller was told.

mod africas_talking;
mod celcom;
mod control;
mod faults;
mod reports;
#[cfg(test)]
mod tests;

pub use faults::{Answer, Faults, Reports, Silence};
pub use reports::Family;

use crate::{
    adapters::http,
    ledger::kernel::time::Micros,
    ports::{Clock, Random},
};
use axum::{
    Router,
    routing::{get, post},
};
use reports::Report;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::Notify;
use url::Url;

/// A user name that the simulator takes; it takes any.
pub const USERNAME: &str = "demo";

/// A key that the simulator takes; it takes any.
pub const API_KEY: &str = "demo-key";

const REPORT_SECONDS_MAX: u64 = 10;

/// The gateway. Clones share one state.
#[derive(Clone)]
pub struct SmsCenter(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    http: reqwest::Client,
    state: Mutex<State>,
    /// Rung whenever a text arrives on a phone.
    arrived: Notify,
}

#[derive(Default)]
struct State {
    inbox: HashMap<String, Vec<Text>>,
    /// How many texts of a phone [`SmsCenter::wait_for_text`] has returned.
    awaited: HashMap<String, usize>,
    faults: Faults,
    reports: Vec<Report>,
    callbacks: HashMap<Family, Url>,
    automatic: bool,
    requests: usize,
}

/// A text on a phone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Text {
    pub at: Micros,
    pub text: String,
    pub from: String,
}

impl SmsCenter {
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let timeout = Duration::from_secs(REPORT_SECONDS_MAX);
        Self(Arc::new(Inner {
            clock,
            random,
            http: http::client(timeout).expect("TLS can be set up on this machine"),
            state: Mutex::default(),
            arrived: Notify::new(),
        }))
    }

    /// What it serves: `/version1/messaging`, `/version1/messaging/bulk`,
    /// `/api/services/sendsms/`, and `/_sim/…` for whoever runs it.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/version1/messaging", post(africas_talking::classic))
            .route("/version1/messaging/bulk", post(africas_talking::bulk))
            .route("/api/services/sendsms/", get(celcom::send_query).post(celcom::send_json))
            .route("/_sim/faults", get(control::faults).post(control::set_faults))
            .route("/_sim/inbox", get(control::inbox))
            .with_state(self.clone())
    }

    /// Every text on a phone, oldest first. The number as digits, `254712345678`.
    pub fn inbox(&self, msisdn: &str) -> Vec<Text> {
        self.state().inbox.get(msisdn).cloned().unwrap_or_default()
    }

    /// Every text on every phone, by number, for comparing books.
    pub fn all_texts(&self) -> Vec<(String, Text)> {
        let state = self.state();
        let mut all: Vec<_> = state
            .inbox
            .iter()
            .flat_map(|(to, texts)| texts.iter().map(|text| (to.clone(), text.clone())))
            .collect();
        all.sort_by(|a, b| (a.1.at, &a.0).cmp(&(b.1.at, &b.0)));
        all
    }

    /// The oldest text on a phone that no earlier call returned; waits until there is one.
    pub async fn wait_for_text(&self, msisdn: &str) -> Text {
        loop {
            let arrived = self.0.arrived.notified();
            tokio::pin!(arrived);
            // From here on nothing rings unheard, so the look below cannot come too early.
            arrived.as_mut().enable();
            if let Some(text) = self.next_text(msisdn) {
                return text;
            }
            arrived.await;
        }
    }

    pub fn requests(&self) -> usize {
        self.state().requests
    }

    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Where delivery reports of a family go, as the owner sets in the gateway's dashboard.
    pub fn report_to(&self, family: Family, callback: Url) {
        self.state().callbacks.insert(family, callback);
    }

    pub fn report_automatically(&self, automatic: bool) {
        self.state().automatic = automatic;
    }

    fn next_text(&self, msisdn: &str) -> Option<Text> {
        let mut state = self.state();
        let awaited = state.awaited.get(msisdn).copied().unwrap_or_default();
        let text = state.inbox.get(msisdn)?.get(awaited)?.clone();
        state.awaited.insert(msisdn.to_owned(), awaited + 1);
        Some(text)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panics while holding it")
    }

    /// Puts a text on a phone and notes the report that is due.
    fn put(&self, family: Family, to: &str, text: Text) -> String {
        let mut number = [0; 8];
        self.0.random.fill(&mut number);
        let number = u64::from_be_bytes(number);
        let id = match family {
            Family::AfricasTalking => format!("ATPid_{number:016x}"),
            // Numbers that fit in a float too.
            Family::Celcom => (number >> 12).to_string(),
        };
        let mut state = self.state();
        state.inbox.entry(to.to_owned()).or_default().push(text);
        state.reports.push(Report { family, id: id.clone(), to: to.to_owned() });
        drop(state);
        self.0.arrived.notify_waiters();
        id
    }

    fn now(&self) -> Micros {
        self.0.clock.now()
    }
}
