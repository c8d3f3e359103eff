//! Every misbehaviour of the simulator, with Lango's own adapter as the one who suffers it.

mod c2b;
mod calls;
mod outcomes;
mod requests;
mod service;

use super::*;
use crate::{
    adapters::mpesa::{Mpesa, Settings},
    ledger::kernel::{id::PaymentId, money::Cents, phone::Phone, time::SECOND},
    ports::{
        Again, Decline, PaymentGateway, PaymentNews, PromptRequest, ProviderRefs, ReadCallback,
        StatusRequest, Submitted,
    },
};
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, AtomicU64};
use tokio::sync::mpsc;
use url::Url;

const NJERI: &str = "254700000001";
const OTIENO: &str = "254110000002";

struct Hands(AtomicI64);

impl Hands {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

/// Splitmix: the same bytes in each run.
struct Dice(AtomicU64);

impl Random for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let mut mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A served simulator, an adapter that talks to it, and a listener for callbacks.
struct Town {
    daraja: Daraja,
    clock: Arc<Hands>,
    base: String,
    mpesa: Mpesa,
    hook: Url,
    callbacks: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

impl Town {
    async fn open() -> Self {
        let evening: jiff::Timestamp = "2026-11-22T18:00:00+03:00".parse().unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(evening.as_microsecond())));
        let daraja = Daraja::new(clock.clone(), Arc::new(Dice(AtomicU64::new(7))));
        let base = serve(daraja.router()).await;
        let (sender, callbacks) = mpsc::unbounded_channel();
        let hooks = Router::new().route(
            "/hooks/{token}",
            post(async move |headers: HeaderMap, body: Bytes| {
                sender.send((headers, body)).unwrap();
            }),
        );
        let hook = format!("{}/hooks/abc", serve(hooks).await).parse().unwrap();
        let mpesa = adapter(&base, &clock, |_| ());
        Self { daraja, clock, base, mpesa, hook, callbacks }
    }

    fn faults(&self, change: impl FnOnce(&mut Faults)) {
        self.daraja.set_faults(change);
    }

    fn request(&self, msisdn: &str, kes: i64) -> PromptRequest {
        PromptRequest {
            payment: PaymentId(uuid::Uuid::nil()),
            payer: Phone::parse(msisdn).unwrap(),
            amount: Cents::from_kes(kes),
            reference: "LNG7K2Q9X4".to_owned(),
            description: "Daily".to_owned(),
            receiver: None,
            callback: Some(self.hook.clone()),
        }
    }

    async fn submit(&self, msisdn: &str, kes: i64) -> Submitted {
        self.mpesa.submit(self.request(msisdn, kes)).await
    }

    async fn prompted(&self, msisdn: &str, kes: i64) -> (ProviderRefs, Prompt) {
        let refs = accepted(self.submit(msisdn, kes).await);
        (refs, self.daraja.wait_for_prompt(msisdn).await)
    }

    async fn status(&self, refs: &ProviderRefs) -> PaymentNews {
        let payment = PaymentId(uuid::Uuid::nil());
        let request = StatusRequest { payment, refs: refs.clone(), receiver: None };
        self.mpesa.status(request).await
    }

    /// Fetches a token, so that what comes next happens to the call itself.
    async fn warm_up(&self) {
        let refs = ProviderRefs { request: "none".to_owned(), merchant: "none".to_owned() };
        assert_eq!(self.status(&refs).await, PaymentNews::Unknown);
        assert_eq!(self.daraja.tokens_issued(), 1);
    }

    async fn callback(&mut self) -> ReadCallback {
        let (_, body) = self.callbacks.recv().await.unwrap();
        self.mpesa.read_callback(&body).expect("a callback of Daraja's")
    }

    /// All callbacks that were sent, once none is on its way.
    async fn all_callbacks(&mut self) -> Vec<ReadCallback> {
        self.daraja.idle().await;
        let mut all = Vec::new();
        while let Ok((_, body)) = self.callbacks.try_recv() {
            all.push(self.mpesa.read_callback(&body).expect("a callback of Daraja's"));
        }
        all
    }

    async fn posted(&mut self) -> Value {
        let (_, body) = self.callbacks.recv().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    async fn nothing_posted(&mut self) {
        self.daraja.idle().await;
        assert!(self.callbacks.try_recv().is_err());
    }

    /// Calls an API of Daraja's with a token; status and answer.
    async fn calls(&self, path: &str, body: &Value) -> (u16, Value) {
        let http = reqwest::Client::new();
        let token = format!("{}/oauth/v1/generate?grant_type=client_credentials", self.base);
        let token = http.get(token).basic_auth(CONSUMER_KEY, Some(CONSUMER_SECRET));
        let token: Value = token.send().await.unwrap().json().await.unwrap();
        let call = http.post(format!("{}{path}", self.base)).json(body);
        let call = call.bearer_auth(token["access_token"].as_str().unwrap());
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// One sale from prompt to callback's JSON.
    async fn sold(&mut self) -> (Prompt, Value, ReadCallback) {
        let (_, prompt) = self.prompted(NJERI, 50).await;
        self.daraja.enter_pin(prompt.id).unwrap();
        let (_, body) = self.callbacks.recv().await.unwrap();
        let read = self.mpesa.read_callback(&body).unwrap();
        (prompt, serde_json::from_slice(&body).unwrap(), read)
    }
}

fn adapter(base: &str, clock: &Arc<Hands>, change: impl FnOnce(&mut Value)) -> Mpesa {
    Mpesa::new(settings(base, change), clock.clone()).unwrap()
}

fn settings(base: &str, change: impl FnOnce(&mut Value)) -> Settings {
    let mut settings = json!({
        "base_url": base, "consumer_key": CONSUMER_KEY, "consumer_secret": CONSUMER_SECRET,
        "short_code": SHORT_CODE, "passkey": PASSKEY, "timeout_ms": 20_000,
    });
    change(&mut settings);
    serde_json::from_value(settings).unwrap()
}

fn accepted(submitted: Submitted) -> ProviderRefs {
    match submitted {
        Submitted::Accepted(refs) => refs,
        other => panic!("not accepted: {other:?}"),
    }
}

fn refused(reason: &'static str, later: bool) -> Submitted {
    let again = if later { Again::WhenProviderRests } else { Again::Never };
    Submitted::Refused { reason, again }
}

fn phone_busy() -> Submitted {
    Submitted::Refused { reason: "subscriber_busy", again: Again::WhenPhoneIsFree }
}

fn unknown(reason: &'static str) -> Submitted {
    Submitted::Unknown { reason }
}

fn paid_by_query() -> PaymentNews {
    PaymentNews::Paid { amount: None, receipt: None, paid_at: None }
}

fn amount_of(read: &ReadCallback) -> Option<Cents> {
    match read.news {
        PaymentNews::Paid { amount, .. } => amount,
        _ => None,
    }
}
