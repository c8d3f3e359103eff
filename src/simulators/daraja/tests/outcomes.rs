//! What came of a payment, by callback and by query, in every shape.

use super::*;

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
