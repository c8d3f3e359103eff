//! The rules of the service itself: limits, checks, errors, and the paths for people.

use super::*;

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
    assert_eq!(town.submit(NJERI, 20).await, phone_busy());
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
async fn the_simulator_checks_what_the_manual_asks_for() {
    let town = Town::open().await;
    let http = reqwest::Client::new();
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
    let http = reqwest::Client::new();
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
    let http = reqwest::Client::new();
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
