//! Calls that go wrong: what the adapter may repeat, and what it must not.

use super::*;

/// A second passes whenever somebody looks.
struct Racing(Hands);

impl Clock for Racing {
    fn now(&self) -> Micros {
        self.0.advance(1);
        self.0.now()
    }
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
    assert_eq!(
        hasty.status(StatusRequest { payment, refs, receiver: None }).await,
        PaymentNews::Unknown
    );
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
            faults.invalid_token_form = Some(form);
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
async fn password_and_timestamp_are_of_one_look_at_the_clock() {
    let town = Town::open().await;
    let racing = Arc::new(Racing(Hands(AtomicI64::new(town.clock.now().0))));
    let settings = settings(&town.base, |_| ());
    let mpesa = Mpesa::new(settings, racing).unwrap();
    accepted(mpesa.submit(town.request(NJERI, 50)).await);
}

/// Gives out a token and answers pushes with `answer`.
async fn odd_service(answer: axum::routing::MethodRouter) -> String {
    let token = async || r#"{"access_token":"made-up","expires_in":"3599"}"#;
    let router = Router::new()
        .route("/oauth/v1/generate", axum::routing::get(token))
        .route("/mpesa/stkpush/v1/processrequest", answer)
        .route("/elsewhere", axum::routing::any(async || accepted_body(0)));
    serve(router).await
}

fn accepted_body(padding: usize) -> String {
    let padding = " ".repeat(padding);
    format!(r#"{{"ResponseCode":"0","CheckoutRequestID":"c","MerchantRequestID":"m"{padding}}}"#)
}

#[tokio::test]
async fn answers_have_a_longest_length() {
    let town = Town::open().await;
    let fits = odd_service(post(async || accepted_body(60_000))).await;
    let fits = adapter(&fits, &town.clock, |_| ());
    accepted(fits.submit(town.request(NJERI, 50)).await);
    let too_long = odd_service(post(async || accepted_body(70_000))).await;
    let too_long = adapter(&too_long, &town.clock, |_| ());
    assert_eq!(too_long.submit(town.request(NJERI, 50)).await, unknown("unreadable"));
}

#[tokio::test]
async fn a_push_is_not_sent_on_to_another_address() {
    let town = Town::open().await;
    let redirect = async || axum::response::Redirect::temporary("/elsewhere");
    let base = odd_service(post(redirect)).await;
    let mpesa = adapter(&base, &town.clock, |_| ());
    assert_eq!(mpesa.submit(town.request(NJERI, 50)).await, unknown("unreadable"));
}

#[tokio::test]
async fn a_service_that_vanishes_after_the_token_was_not_sent_the_push() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let town = Town::open().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let once = tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut request = [0; 2048];
        assert!(caller.read(&mut request).await.unwrap() > 0);
        let body = r#"{"access_token":"made-up","expires_in":"3599"}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
        let answer = format!("{head}connection: close\r\n\r\n{body}");
        caller.write_all(answer.as_bytes()).await.unwrap();
    });
    let mpesa = adapter(&base, &town.clock, |_| ());
    let submitted = mpesa.submit(town.request(NJERI, 50)).await;
    assert_eq!(submitted, refused("unreachable", true));
    once.await.unwrap();
}
