//! Every misbehaviour of the simulator, with Lango's own adapter as the one who suffers it.

use super::*;
use crate::{
    ledger::{id::PaymentId, money::Cents, phone::Phone, time::SECOND},
    mpesa::{Mpesa, Settings},
    ports::{
        Decline, PaymentGateway, PaymentNews, PromptRequest, ProviderRefs, ReadCallback,
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
        self.mpesa.status(StatusRequest { payment, refs: refs.clone() }).await
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

fn refused(reason: &'static str, again: bool) -> Submitted {
    Submitted::Refused { reason, again }
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

#[tokio::test]
async fn a_sale_is_told_by_callback_by_query_and_by_the_books() {
    let mut town = Town::open().await;
    let (refs, prompt) = town.prompted(NJERI, 50).await;
    assert_eq!(
        prompt.text,
        "Do you want to pay Ksh50.00 to LANGO DEMO WI-FI Account no.LNG7K2Q9X4? Enter M-PESA PIN:"
    );
    assert_eq!(refs.request, "ws_CO_221120261800000700000001");
    assert_eq!(town.status(&refs).await, PaymentNews::Pending);
    town.clock.advance(5);
    town.daraja.enter_pin(prompt.id).unwrap();
    let books = town.daraja.books();
    let [entry] = books.as_slice() else { panic!("one payment: {books:?}") };
    assert_eq!((entry.amount_kes, entry.msisdn.as_str()), (50, NJERI));
    assert_eq!(entry.reference, "LNG7K2Q9X4");
    assert!(entry.receipt.starts_with("UKM"), "November 22nd 2026: {}", entry.receipt);
    let news = PaymentNews::Paid {
        amount: Some(Cents::from_kes(50)),
        receipt: Some(entry.receipt.clone()),
        paid_at: Some(town.clock.now()),
    };
    assert_eq!(town.callback().await, ReadCallback { refs: refs.clone(), news });
    assert_eq!(town.status(&refs).await, paid_by_query());
    assert_eq!(town.daraja.enter_pin(prompt.id), Err(NotOpen));
}

#[tokio::test]
async fn callbacks_carry_the_headers_that_were_observed() {
    let mut town = Town::open().await;
    let (_, prompt) = town.prompted(NJERI, 50).await;
    town.daraja.cancel(prompt.id).unwrap();
    let (headers, _) = town.callbacks.recv().await.unwrap();
    assert_eq!(headers["content-type"], "application/json;charset=UTF-8");
    assert_eq!(headers["businessshortcode"], SHORT_CODE);
    assert!(!headers.contains_key("authorization"));
}

#[tokio::test]
async fn what_the_buyer_does_is_what_is_told() {
    type Act = fn(&Daraja, u64) -> Result<(), NotOpen>;
    let deeds: [(Act, Decline); 4] = [
        (Daraja::enter_wrong_pin, Decline::WrongPin),
        (Daraja::cancel, Decline::Cancelled),
        (Daraja::ignore, Decline::NoAnswer),
        (Daraja::has_no_money, Decline::InsufficientFunds),
    ];
    let mut town = Town::open().await;
    for (act, decline) in deeds {
        let (refs, prompt) = town.prompted(NJERI, 50).await;
        act(&town.daraja, prompt.id).unwrap();
        let news = PaymentNews::Declined(decline);
        assert_eq!(town.status(&refs).await, news);
        assert_eq!(town.callback().await, ReadCallback { refs, news });
    }
    assert!(town.daraja.books().is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_a_prompt_that_can_be_paid() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.lose_submit_response = true);
    assert_eq!(town.submit(NJERI, 50).await, unknown("no_answer"));
    let prompts = town.daraja.prompts(NJERI);
    assert_eq!(prompts.len(), 1, "the push must not be repeated");
    town.daraja.enter_pin(prompts[0].id).unwrap();
    let callback = town.callback().await;
    assert_eq!(callback.refs.request, prompts[0].checkout_request_id);
    assert_eq!(amount_of(&callback), Some(Cents::from_kes(50)));
}

#[tokio::test]
async fn a_call_that_hangs_ends_as_not_knowing() {
    let town = Town::open().await;
    let hasty = adapter(&town.base, &town.clock, |settings| settings["timeout_ms"] = json!(250));
    town.faults(|faults| faults.hang = true);
    assert_eq!(hasty.submit(town.request(NJERI, 50)).await, unknown("no_answer"));
    let prompt = town.daraja.wait_for_prompt(NJERI).await;
    let refs =
        ProviderRefs { request: prompt.checkout_request_id, merchant: prompt.merchant_request_id };
    let payment = PaymentId(uuid::Uuid::nil());
    assert_eq!(hasty.status(StatusRequest { payment, refs }).await, PaymentNews::Unknown);
}

#[tokio::test]
async fn slowness_within_the_limit_is_waited_for() {
    let town = Town::open().await;
    town.faults(|faults| faults.slow_ms = 20);
    accepted(town.submit(NJERI, 50).await);
}

#[tokio::test]
async fn what_was_never_sent_may_be_sent_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let town = Town::open().await;
    let mpesa = adapter(&nobody, &town.clock, |_| ());
    let submitted = mpesa.submit(town.request(NJERI, 50)).await;
    assert_eq!(submitted, refused("unreachable", true));
}

#[tokio::test]
async fn the_firewall_leaves_a_push_unknown_and_a_token_unasked() {
    for edge in [Edge::Forbidden, Edge::Unavailable, Edge::Ok] {
        let town = Town::open().await;
        town.faults(|faults| faults.edge = Some(edge));
        assert_eq!(town.submit(NJERI, 50).await, refused("edge_blocked", true), "{edge:?}");
        town.faults(|faults| faults.edge = None);
        town.warm_up().await;
        town.faults(|faults| faults.edge = Some(edge));
        assert_eq!(town.submit(NJERI, 50).await, unknown("edge_blocked"), "{edge:?}");
    }
}

#[tokio::test]
async fn too_many_calls_are_refused_until_later() {
    let town = Town::open().await;
    let (refs, _) = town.prompted(OTIENO, 50).await;
    for (throttle, reason) in [
        (Throttle::SpikeArrest, "throttled"),
        (Throttle::Quota, "throttled"),
        (Throttle::SystemBusy, "provider_busy"),
    ] {
        town.faults(|faults| faults.throttle = Some(throttle));
        assert_eq!(town.submit(NJERI, 50).await, refused(reason, true));
        assert_eq!(town.status(&refs).await, PaymentNews::Unknown);
    }
    assert!(town.daraja.prompts(NJERI).is_empty());
}

#[tokio::test]
async fn wrong_keys_are_the_owners_business() {
    let town = Town::open().await;
    for (name, value) in [
        ("consumer_key", "other"),
        ("consumer_secret", "other"),
        ("passkey", "other"),
        ("short_code", "600999"),
    ] {
        let mpesa = adapter(&town.base, &town.clock, |settings| settings[name] = json!(value));
        let submitted = mpesa.submit(town.request(NJERI, 50)).await;
        assert_eq!(submitted, refused("configuration", false), "{name}");
    }
    town.faults(|faults| faults.oauth_empty_400 = true);
    assert_eq!(town.submit(NJERI, 50).await, refused("configuration", false));
}

#[tokio::test]
async fn a_token_refused_midway_is_replaced_and_the_push_repeated_once() {
    for form in
        [TokenForm::NotFound, TokenForm::BadRequest, TokenForm::Echo, TokenForm::Unauthorized]
    {
        let town = Town::open().await;
        town.warm_up().await;
        town.faults(|faults| {
            faults.invalid_token_next = 1;
            faults.invalid_token_form = form;
        });
        accepted(town.submit(NJERI, 50).await);
        assert_eq!(town.daraja.tokens_issued(), 2, "{form:?}");
        assert_eq!(town.daraja.prompts(NJERI).len(), 1);
        town.faults(|faults| faults.invalid_token_next = 2);
        assert_eq!(town.submit(OTIENO, 50).await, refused("token_refused", true));
        accepted(town.submit(OTIENO, 50).await);
    }
}

#[tokio::test]
async fn two_programs_with_the_same_keys_get_by() {
    let town = Town::open().await;
    let other = adapter(&town.base, &town.clock, |_| ());
    town.faults(|faults| faults.new_token_kills_old = true);
    for round in 0..3 {
        let msisdn = format!("25470000010{round}");
        accepted(town.submit(&msisdn, 50).await);
        let msisdn = format!("25470000020{round}");
        accepted(other.submit(town.request(&msisdn, 50)).await);
    }
    assert_eq!(town.daraja.tokens_issued(), 6);
}

#[tokio::test]
async fn many_at_once_share_one_token_until_its_last_minute() {
    let town = Town::open().await;
    town.faults(|faults| faults.expires_in_as_number = true);
    let town = Arc::new(town);
    let pushes: Vec<_> = (0..20)
        .map(|buyer| {
            let town = town.clone();
            tokio::spawn(async move {
                accepted(town.submit(&format!("2547000003{buyer:02}"), 50).await);
            })
        })
        .collect();
    for push in pushes {
        push.await.unwrap();
    }
    assert_eq!(town.daraja.tokens_issued(), 1);
    town.clock.advance(3599 - 60);
    accepted(town.submit(OTIENO, 50).await);
    assert_eq!(town.daraja.tokens_issued(), 2);
}

#[tokio::test]
async fn a_query_underway_is_pending_or_says_nothing() {
    let town = Town::open().await;
    let (refs, prompt) = town.prompted(NJERI, 50).await;
    for (shape, news) in [
        (InFlight::StillProcessing, PaymentNews::Pending),
        (InFlight::BeingProcessed, PaymentNews::Unknown),
        (InFlight::Empty, PaymentNews::Unknown),
    ] {
        town.faults(|faults| faults.in_flight = shape);
        assert_eq!(town.status(&refs).await, news, "{shape:?}");
    }
    town.faults(|faults| *faults = Faults::as_observed());
    let mut seen = Vec::new();
    for _ in 0..30 {
        seen.push(town.status(&refs).await);
    }
    assert!(seen.contains(&PaymentNews::Pending) && seen.contains(&PaymentNews::Unknown));
    assert!(seen.iter().all(|n| matches!(n, PaymentNews::Pending | PaymentNews::Unknown)));
    town.daraja.enter_pin(prompt.id).unwrap();
    let mut paid = 0;
    for _ in 0..10 {
        match town.status(&refs).await {
            PaymentNews::Unknown => {}
            news => {
                assert_eq!(news, paid_by_query());
                paid += 1;
            }
        }
    }
    assert_eq!(paid, 8, "every fifth answer is noise");
}

#[tokio::test]
async fn a_payment_that_daraja_does_not_know_is_unknown() {
    let town = Town::open().await;
    let (mut refs, _) = town.prompted(NJERI, 50).await;
    refs.request.push('9');
    assert_eq!(town.status(&refs).await, PaymentNews::Unknown);
}

#[tokio::test]
async fn callbacks_repeat_themselves() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.duplicate_callback = 2);
    let (_, prompt) = town.prompted(NJERI, 50).await;
    town.daraja.enter_pin(prompt.id).unwrap();
    let all = town.all_callbacks().await;
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|read| *read == all[0]));
    assert_eq!(town.daraja.books().len(), 1);
}

#[tokio::test]
async fn a_callback_may_come_before_the_answer_to_the_push() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.callback_before_submit_response = true);
    let mpesa = adapter(&town.base, &town.clock, |_| ());
    let request = town.request(NJERI, 50);
    let push = tokio::spawn(async move { mpesa.submit(request).await });
    let prompt = town.daraja.wait_for_prompt(NJERI).await;
    assert!(!push.is_finished());
    town.daraja.enter_pin(prompt.id).unwrap();
    let callback = town.callback().await;
    assert_eq!(accepted(push.await.unwrap()), callback.refs);
}

#[tokio::test]
async fn callbacks_are_held_delayed_or_never_sent() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.hold_callbacks = true);
    let (_, prompt) = town.prompted(NJERI, 50).await;
    town.daraja.enter_pin(prompt.id).unwrap();
    assert!(town.all_callbacks().await.is_empty());
    assert_eq!(town.daraja.deliver_callbacks().await, 1);
    assert_eq!(amount_of(&town.callback().await), Some(Cents::from_kes(50)));

    town.faults(|faults| {
        *faults = Faults { callback_delay_seconds: 300, ..Faults::default() };
    });
    let (_, prompt) = town.prompted(NJERI, 60).await;
    town.daraja.enter_pin(prompt.id).unwrap();
    town.clock.advance(299);
    town.daraja.tick();
    assert!(town.all_callbacks().await.is_empty());
    town.clock.advance(1);
    town.daraja.tick();
    assert_eq!(amount_of(&town.callback().await), Some(Cents::from_kes(60)));

    town.faults(|faults| *faults = Faults { callback_never: true, ..Faults::default() });
    let (refs, prompt) = town.prompted(NJERI, 70).await;
    town.daraja.enter_pin(prompt.id).unwrap();
    assert_eq!(town.daraja.deliver_callbacks().await, 0);
    assert_eq!(town.status(&refs).await, paid_by_query());
}

#[tokio::test]
async fn success_may_come_after_a_timeout() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.success_after_timeout = true);
    let (refs, prompt) = town.prompted(NJERI, 50).await;
    town.clock.advance(61);
    assert_eq!(town.status(&refs).await, PaymentNews::Declined(Decline::NoAnswer));
    town.daraja.enter_pin(prompt.id).unwrap();
    assert_eq!(amount_of(&town.callback().await), Some(Cents::from_kes(50)));
    assert_eq!(town.status(&refs).await, paid_by_query());
    assert_eq!(town.daraja.books().len(), 1);
}

#[tokio::test]
async fn an_unanswered_prompt_ends_by_the_clock() {
    let mut town = Town::open().await;
    let (refs, prompt) = town.prompted(NJERI, 50).await;
    town.clock.advance(59);
    assert_eq!(town.status(&refs).await, PaymentNews::Pending);
    town.clock.advance(1);
    let declined = PaymentNews::Declined(Decline::NoAnswer);
    assert_eq!(town.status(&refs).await, declined);
    assert!(town.all_callbacks().await.is_empty(), "the query knows first");
    assert_eq!(town.daraja.enter_pin(prompt.id), Err(NotOpen));
    town.clock.advance(12);
    town.daraja.tick();
    assert_eq!(town.callback().await.news, declined);
}

#[tokio::test]
async fn a_callbacks_details_come_in_many_shapes() {
    let shapes: [fn(&mut Faults); 7] = [
        |faults| faults.balance_item = Some(BalanceItem::WithoutValue),
        |faults| faults.balance_item = Some(BalanceItem::WithValue),
        |faults| faults.amount_with_decimals = true,
        |faults| faults.phone = PhoneShape::Text,
        |faults| faults.phone = PhoneShape::Masked,
        |faults| faults.phone = PhoneShape::Hashed,
        |faults| faults.result_code_as_string = true,
    ];
    let mut town = Town::open().await;
    for (round, shape) in shapes.into_iter().enumerate() {
        town.faults(|faults| {
            *faults = Faults::default();
            shape(faults);
        });
        let (_, json, read) = town.sold().await;
        let receipt = town.daraja.books()[round].receipt.clone();
        let news = PaymentNews::Paid {
            amount: Some(Cents::from_kes(50)),
            receipt: Some(receipt),
            paid_at: Some(town.clock.now()),
        };
        assert_eq!(read.news, news, "{json}");
        town.clock.advance(121);
    }
}

#[tokio::test]
async fn a_wrong_amount_in_a_callback_is_read_as_it_is() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.wrong_amount = Some(5));
    let (_, _, read) = town.sold().await;
    assert_eq!(amount_of(&read), Some(Cents::from_kes(5)));
    assert_eq!(town.daraja.books()[0].amount_kes, 50);
}

#[tokio::test]
async fn odd_result_codes_are_never_success() {
    let mut town = Town::open().await;
    for (code, news) in [
        ("SFC_IC0003", PaymentNews::Declined(Decline::Configuration)),
        ("1019", PaymentNews::Declined(Decline::PromptFailed)),
        ("77777", PaymentNews::Unknown),
        ("NEVER_SEEN", PaymentNews::Unknown),
    ] {
        town.faults(|faults| faults.forced_result = Some(code.to_owned()));
        let (prompt, json, read) = town.sold().await;
        assert_eq!(read.news, news, "{json}");
        assert_eq!(town.status(&read.refs).await, news);
        assert_eq!(prompt.checkout_request_id, read.refs.request);
    }
    assert!(town.daraja.books().is_empty());
}

#[tokio::test]
async fn the_same_amount_twice_within_two_minutes_is_too_soon() {
    let mut town = Town::open().await;
    town.sold().await;
    town.clock.advance(119);
    let (_, _, read) = town.sold().await;
    assert_eq!(read.news, PaymentNews::Declined(Decline::TooSoon));
    town.clock.advance(1);
    let (_, _, read) = town.sold().await;
    assert_eq!(amount_of(&read), Some(Cents::from_kes(50)));
}

#[tokio::test]
async fn one_phone_has_one_prompt_at_a_time() {
    let town = Town::open().await;
    let (_, prompt) = town.prompted(NJERI, 50).await;
    assert_eq!(town.submit(NJERI, 20).await, refused("subscriber_busy", true));
    accepted(town.submit(OTIENO, 20).await);
    town.daraja.cancel(prompt.id).unwrap();
    accepted(town.submit(NJERI, 20).await);
}

#[tokio::test]
async fn the_days_limit_of_a_payer_is_kept() {
    let mut town = Town::open().await;
    for (kes, news) in
        [(250_000, None), (249_999, None), (2, Some(PaymentNews::Declined(Decline::PayerLimit)))]
    {
        let (_, prompt) = town.prompted(NJERI, kes).await;
        town.daraja.enter_pin(prompt.id).unwrap();
        let read = town.callback().await;
        match news {
            Some(news) => assert_eq!(read.news, news),
            None => assert_eq!(amount_of(&read), Some(Cents::from_kes(kes))),
        }
    }
}

#[tokio::test]
async fn what_m_pesa_cannot_take_is_not_even_sent() {
    let town = Town::open().await;
    for amount in [Cents(0), Cents(-100), Cents(50), Cents(150), Cents::from_kes(250_001)] {
        let request = PromptRequest { amount, ..town.request(NJERI, 1) };
        assert_eq!(town.mpesa.submit(request).await, refused("bad_amount", false));
    }
    let request = PromptRequest { reference: "L".repeat(13), ..town.request(NJERI, 1) };
    assert_eq!(town.mpesa.submit(request).await, refused("configuration", false));
    assert_eq!(town.daraja.tokens_issued(), 0);
}

#[tokio::test]
async fn a_till_is_paid_through_its_store_number() {
    let mut town = Town::open().await;
    let till = adapter(&town.base, &town.clock, |settings| settings["till"] = json!(TILL));
    accepted(till.submit(town.request(NJERI, 50)).await);
    let prompt = town.daraja.wait_for_prompt(NJERI).await;
    assert_eq!(prompt.receiver, TILL);
    town.daraja.enter_pin(prompt.id).unwrap();
    assert_eq!(amount_of(&town.callback().await), Some(Cents::from_kes(50)));

    let wrong = adapter(&town.base, &town.clock, |settings| settings["till"] = json!("500201"));
    accepted(wrong.submit(town.request(OTIENO, 50)).await);
    assert_eq!(town.callback().await.news, PaymentNews::Declined(Decline::Configuration));
}

#[tokio::test]
async fn without_callbacks_a_sale_is_told_by_queries_alone() {
    let town = Town::open().await;
    let request = PromptRequest { callback: None, ..town.request(NJERI, 50) };
    let refs = accepted(town.mpesa.submit(request).await);
    let prompt = town.daraja.wait_for_prompt(NJERI).await;
    assert_eq!(prompt.callback_url, "https://example.invalid/none");
    town.daraja.enter_pin(prompt.id).unwrap();
    town.daraja.idle().await;
    assert_eq!(town.status(&refs).await, paid_by_query());
}

#[tokio::test]
async fn the_simulator_checks_what_the_manual_asks_for() {
    let town = Town::open().await;
    let http = callback::http_client();
    let token: Value = http
        .get(format!("{}/oauth/v1/generate?grant_type=client_credentials", town.base))
        .basic_auth(CONSUMER_KEY, Some(CONSUMER_SECRET))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = token["access_token"].as_str().unwrap();
    let good = json!({
        "BusinessShortCode": 600_100,
        "Password": "NjAwMTAwZGVtby1wYXNza2V5MjAyNjExMjIxODAwMDA=",
        "Timestamp": "20261122180000", "TransactionType": "CustomerPayBillOnline",
        "Amount": 50, "PartyA": 254_700_000_001_i64, "PartyB": SHORT_CODE,
        "PhoneNumber": NJERI, "CallBackURL": "https://example.invalid/x",
        "AccountReference": "LNG1", "TransactionDesc": "Daily",
    });
    for (field, bad, code) in [
        ("Timestamp", json!("20261122180001"), "500.001.1001"),
        ("Timestamp", json!("today"), "400.002.02"),
        ("TransactionType", json!("BuyGoods"), "400.002.02"),
        ("Amount", json!("1.50"), "400.002.02"),
        ("Amount", json!(250_001), "400.002.02"),
        ("PartyA", json!("0700000001"), "400.002.02"),
        ("PhoneNumber", json!("+254700000001"), "400.002.02"),
        ("CallBackURL", json!("https://<your-host>/x"), "400.002.02"),
        ("CallBackURL", json!("https://Shop.example/x"), "400.002.02"),
        ("CallBackURL", json!("shop.example/x"), "400.002.02"),
        ("AccountReference", json!(null), "400.002.02"),
        ("TransactionDesc", json!(""), "400.002.02"),
    ] {
        let mut body = good.clone();
        body[field] = bad;
        let answer = post_push(&http, &town.base, token, &body).await;
        assert_eq!(answer["errorCode"], code, "{field} {answer}");
    }
    assert!(town.daraja.prompts(NJERI).is_empty());
    let mut long = good.clone();
    long["AccountReference"] = json!("L".repeat(120));
    assert_eq!(post_push(&http, &town.base, token, &long).await["ResponseCode"], "0");
    let ended = PromptState::Ended { code: "1025".to_owned() };
    assert_eq!(town.daraja.prompts(NJERI)[0].state, ended);
    assert_eq!(post_push(&http, &town.base, token, &good).await["ResponseCode"], "0");
}

async fn post_push(http: &reqwest::Client, base: &str, token: &str, body: &Value) -> Value {
    let url = format!("{base}/mpesa/stkpush/v1/processrequest");
    http.post(url).bearer_auth(token).json(body).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn wrong_paths_and_methods_get_darajas_own_errors() {
    let town = Town::open().await;
    let http = callback::http_client();
    let push = format!("{}/mpesa/stkpush/v1/processrequest", town.base);
    let token = format!("{}/oauth/v1/generate", town.base);
    let wrong = format!("{}/mpesa/stkpush/v9/processrequest", town.base);
    for (request, status, code) in [
        (http.get(&push), 405, "405.001"),
        (http.post(&token), 404, "404.001.04"),
        (http.get(&token).bearer_auth("x"), 400, "400.008.01"),
        (http.get(&token).basic_auth("x", Some("y")), 400, "400.008.02"),
        (http.post(&wrong), 404, "404.001.01"),
        (http.post(&push), 404, "404.001.04"),
        (http.post(&push).bearer_auth("x"), 404, "404.001.03"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], code);
    }
}

#[tokio::test]
async fn people_drive_the_phones_over_http() {
    let town = Town::open().await;
    let http = callback::http_client();
    let (_, prompt) = town.prompted(NJERI, 50).await;
    let list = format!("{}/_sim/prompts?msisdn={NJERI}", town.base);
    let prompts: Value = http.get(&list).send().await.unwrap().json().await.unwrap();
    assert_eq!(prompts[0]["text"], prompt.text.as_str());
    assert_eq!(prompts[0]["state"]["is"], "waiting");
    let pin = format!("{}/_sim/prompts/{}/pin", town.base, prompt.id);
    let paid: Value = http.post(&pin).send().await.unwrap().json().await.unwrap();
    assert_eq!(paid["state"]["is"], "paid");
    assert_eq!(http.post(&pin).send().await.unwrap().status().as_u16(), 409);
    let books = format!("{}/_sim/books", town.base);
    let books: Value = http.get(&books).send().await.unwrap().json().await.unwrap();
    assert_eq!(books[0]["amount_kes"], 50);

    let faults = format!("{}/_sim/faults", town.base);
    let wanted = json!({ "throttle": "quota", "in_flight": "mix" });
    http.post(&faults).json(&wanted).send().await.unwrap();
    assert_eq!(town.daraja.faults().throttle, Some(Throttle::Quota));
    let typo = http.post(&faults).json(&json!({ "throtle": "quota" })).send().await.unwrap();
    assert_eq!(typo.status().as_u16(), 422);
}

#[tokio::test]
async fn buyers_can_be_left_to_themselves() {
    let mut town = Town::open().await;
    town.faults(|faults| faults.pin_after_ms = Some(0));
    accepted(town.submit(NJERI, 50).await);
    assert_eq!(amount_of(&town.callback().await), Some(Cents::from_kes(50)));
}

/// A second passes whenever somebody looks.
struct Racing(Hands);

impl Clock for Racing {
    fn now(&self) -> Micros {
        self.0.advance(1);
        self.0.now()
    }
}

#[tokio::test]
async fn password_and_timestamp_are_of_one_look_at_the_clock() {
    let town = Town::open().await;
    let racing = Arc::new(Racing(Hands(AtomicI64::new(town.clock.now().0))));
    let settings = settings(&town.base, |_| ());
    let mpesa = Mpesa::new(settings, racing).unwrap();
    accepted(mpesa.submit(town.request(NJERI, 50)).await);
}

#[tokio::test]
async fn receipts_never_repeat() {
    let town = Town::open().await;
    for buyer in 0..50 {
        let (_, prompt) = town.prompted(&format!("2547000004{buyer:02}"), 50).await;
        town.daraja.enter_pin(prompt.id).unwrap();
    }
    let receipts: std::collections::HashSet<String> =
        town.daraja.books().into_iter().map(|entry| entry.receipt).collect();
    assert_eq!(receipts.len(), 50);
}
