//! Money on the shop's number: registering, validating, confirming, and everything odd about it.

use super::*;
use crate::{
    adapters::mpesa::{C2bAddresses, Registered},
    ports::ReadC2b,
};

const REGISTER: &str = "/mpesa/c2b/v2/registerurl";
const ALREADY: &str = "Urls are already registered.";

type Shape = fn(&mut C2bFaults);

impl Town {
    fn addresses(&self) -> C2bAddresses {
        C2bAddresses { confirmation: self.hook.clone(), validation: self.hook.clone() }
    }

    async fn register(&self) -> Registered {
        self.mpesa.register(SHORT_CODE, &self.addresses()).await
    }

    fn registration(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = json!({
            "ShortCode": SHORT_CODE, "ResponseType": "Completed",
            "ConfirmationURL": self.hook, "ValidationURL": self.hook,
        });
        change(&mut body);
        body
    }

    fn c2b(&self, change: impl FnOnce(&mut C2bFaults)) {
        self.faults(|faults| {
            faults.c2b = C2bFaults::default();
            change(&mut faults.c2b);
        });
    }
}

fn read(town: &Town, posted: &Value) -> ReadC2b {
    town.mpesa.read_c2b(posted.to_string().as_bytes()).expect("a C2B message")
}

#[tokio::test]
async fn addresses_are_registered_once_and_deleted_by_hand() {
    let town = Town::open().await;
    assert_eq!(town.register().await, Registered::Done);
    let registered = town.daraja.registration().unwrap();
    assert_eq!((registered.version, registered.completes), (2, true));
    assert_eq!(registered.confirmation, town.hook.as_str());
    assert_eq!(town.register().await, Registered::Already);
    let (status, answer) = town.calls(REGISTER, &town.registration(|_| ())).await;
    assert_eq!((status, answer["errorMessage"].as_str()), (500, Some(ALREADY)));
    town.daraja.set_registration(None);
    assert_eq!(town.register().await, Registered::Done);
    town.c2b(|c2b| c2b.sandbox = true);
    assert_eq!(town.register().await, Registered::Done, "the sandbox overwrites");
}

#[tokio::test]
async fn each_answer_to_a_registration_is_understood() {
    let town = Town::open().await;
    for shape in [RegisterAnswer::Full, RegisterAnswer::Bare, RegisterAnswer::LongCode] {
        town.c2b(|c2b| (c2b.sandbox, c2b.register_answer) = (true, shape));
        assert_eq!(town.register().await, Registered::Done, "{shape:?}");
    }
    for (fault, already) in [
        (RegisterFault::AlreadyRegistered, true),
        (RegisterFault::OnOlderPlatform, true),
        (RegisterFault::InternalError, false),
    ] {
        town.c2b(|c2b| c2b.register = Some(fault));
        let registered = town.register().await;
        assert_eq!(registered == Registered::Already, already, "{fault:?}: {registered:?}");
        assert_eq!(matches!(registered, Registered::Refused { .. }), !already);
    }
    town.c2b(|_| ());
    town.faults(|faults| faults.edge = Some(Edge::Forbidden));
    assert!(matches!(town.register().await, Registered::Refused { .. }));
}

#[tokio::test]
async fn words_and_addresses_that_the_manual_bans_are_refused() {
    let town = Town::open().await;
    for (field, bad) in [
        ("ShortCode", json!("600999")),
        ("ResponseType", json!("completed")),
        ("ConfirmationURL", json!("https://shop.example/mpesa/c")),
        ("ConfirmationURL", json!("https://shop.example/M-Pesa/c")),
        ("ValidationURL", json!("https://shop.example/run.exe")),
        ("ValidationURL", json!("https://shop.example/SQL")),
        ("ValidationURL", json!("https://a.ngrok.app/v")),
        ("ValidationURL", json!("not an address")),
    ] {
        let body = town.registration(|body| body[field] = bad.clone());
        let (status, answer) = town.calls(REGISTER, &body).await;
        assert_eq!((status, answer["errorCode"].as_str()), (400, Some("400.002.02")), "{bad}");
        assert_eq!(answer["errorMessage"], format!("Bad Request - Invalid {field}"));
    }
    assert_eq!(town.daraja.registration(), None);
}

#[tokio::test]
async fn a_payment_by_hand_is_told_with_the_number_hidden() {
    let mut town = Town::open().await;
    assert_eq!(town.register().await, Registered::Done);
    let entry = town.daraja.pay_by_hand(NJERI, 50, "my wi-fi for the week").await.unwrap();
    let posted = town.posted().await;
    assert_eq!(posted["BillRefNumber"], "my wi-fi for the wee", "20 characters");
    assert_eq!(posted["TransAmount"], "50.00");
    assert_eq!(posted["OrgAccountBalance"], "50.00");
    assert_eq!(posted["MSISDN"], "2547 ***** 001");
    let read = read(&town, &posted);
    assert_eq!((read.receipt, read.amount), (entry.receipt, Cents::from_kes(50)));
    assert_eq!(read.paid_at, Some(town.clock.now()));
    assert_eq!(town.daraja.books().len(), 1);
    town.nothing_posted().await;
}

#[tokio::test]
async fn every_shape_of_a_confirmation_is_read() {
    let mut town = Town::open().await;
    town.calls("/mpesa/c2b/v1/registerurl", &town.registration(|_| ())).await;
    let hash = callback::hashed(NJERI);
    let shapes: [(Shape, &str); 7] = [
        (|_| (), &hash),
        (|c2b| c2b.phone = Some(C2bPhone::Spaced), "2547 ***** 001"),
        (|c2b| c2b.phone = Some(C2bPhone::Masked), "2547*****001"),
        (|c2b| c2b.phone = Some(C2bPhone::Short), "25470****001"),
        (|c2b| c2b.phone = Some(C2bPhone::Plain), NJERI),
        (|c2b| c2b.phone = Some(C2bPhone::Hashed), &hash),
        (|c2b| c2b.whole_amount = true, &hash),
    ];
    for (shape, number) in shapes {
        town.c2b(shape);
        town.daraja.pay_by_hand(NJERI, 50, "LG01").await.unwrap();
        let posted = town.posted().await;
        assert_eq!(posted["MSISDN"], number);
        let read = read(&town, &posted);
        assert_eq!(read.amount, Cents::from_kes(50));
        assert_eq!(read.reference.as_deref(), Some("LG01"));
    }
    town.c2b(|c2b| c2b.without_reference = true);
    town.daraja.pay_by_hand(NJERI, 50, "LG01").await.unwrap();
    assert_eq!(town.posted().await["BillRefNumber"], "");
    town.c2b(|c2b| c2b.wrong_amount = Some(7));
    town.daraja.pay_till(NJERI, 50).await.unwrap();
    let posted = town.posted().await;
    assert_eq!(posted["TransactionType"], "Buy Goods");
    assert_eq!(read(&town, &posted).reference, None);
    assert_eq!(read(&town, &posted).amount, Cents::from_kes(7));
}

#[tokio::test]
async fn a_prompts_payment_is_told_twice() {
    let mut town = Town::open().await;
    assert_eq!(town.register().await, Registered::Done);
    town.c2b(|c2b| c2b.delay_seconds = 30);
    let (_, _, callback) = town.sold().await;
    town.nothing_posted().await;
    town.clock.advance(30);
    town.daraja.tick();
    let told = town.posted().await;
    let told = read(&town, &told);
    assert_eq!(told.reference.as_deref(), Some("LNG7K2Q9X4"));
    match callback.news {
        PaymentNews::Paid { receipt, .. } => assert_eq!(receipt, Some(told.receipt)),
        other => panic!("not paid: {other:?}"),
    }
    town.clock.advance(121);
    town.c2b(|c2b| c2b.duplicate = 1);
    town.faults(|faults| faults.callback_never = true);
    let (_, prompt) = town.prompted(OTIENO, 20).await;
    town.daraja.enter_pin(prompt.id).unwrap();
    assert_eq!(town.posted().await, town.posted().await);
    town.c2b(|c2b| c2b.never = true);
    town.daraja.pay_by_hand(NJERI, 20, "x").await.unwrap();
    town.nothing_posted().await;
}

#[tokio::test]
async fn a_validation_may_reject_or_come_too_late() {
    let mut town = Town::open().await;
    let answers =
        Arc::new(Mutex::new(r#"{"ResultCode":"C2B00012","ResultDesc":"Rejected"}"#.to_owned()));
    let told = answers.clone();
    let shop = Router::new().route("/v", post(async move || told.lock().unwrap().clone()));
    let validation = format!("{}/v", serve(shop).await);
    let registration = town.registration(|body| body["ValidationURL"] = json!(validation));
    town.c2b(|c2b| (c2b.validation, c2b.sandbox) = (true, true));
    town.calls(REGISTER, &registration).await;
    let rejected = town.daraja.pay_by_hand(NJERI, 50, "LG01").await.unwrap_err();
    assert_eq!(rejected.code, "C2B00012");
    assert!(town.daraja.books().is_empty());

    *answers.lock().unwrap() =
        r#"{"ResultCode":0,"ResultDesc":"Accepted","ThirdPartyTransID":"T-1"}"#.to_owned();
    town.daraja.pay_by_hand(NJERI, 50, "LG01").await.unwrap();
    assert_eq!(town.posted().await["ThirdPartyTransID"], "T-1");

    let late = |town: &Town| town.daraja.set_faults(|f| f.c2b.validation_times_out = true);
    late(&town);
    town.daraja.pay_by_hand(NJERI, 60, "LG01").await.unwrap();
    town.posted().await;
    let mut cancels = registration.clone();
    cancels["ResponseType"] = json!("Cancelled");
    town.calls(REGISTER, &cancels).await;
    let rejected = town.daraja.pay_by_hand(NJERI, 70, "LG01").await.unwrap_err();
    assert_eq!(rejected.code, "timeout");
    assert_eq!(town.daraja.books().len(), 2);
    town.nothing_posted().await;
}

#[tokio::test]
async fn the_sandbox_and_people_pay_by_hand() {
    let mut town = Town::open().await;
    assert_eq!(town.register().await, Registered::Done);
    let good = json!({
        "ShortCode": 600_100, "CommandID": "CustomerPayBillOnline", "Amount": 50,
        "Msisdn": 254_700_000_001_u64, "BillRefNumber": "LG01",
    });
    let (status, answer) = town.calls("/mpesa/c2b/v2/simulate", &good).await;
    assert_eq!(status, 200);
    assert_eq!(answer["ResponseDescription"], "Accept the service request successfully.");
    assert!(answer["OriginatorCoversationID"].is_string(), "the real one misspells it");
    assert_eq!(town.posted().await["BillRefNumber"], "LG01");
    for (field, bad) in [
        ("ShortCode", json!("1")),
        ("CommandID", json!("CustomerBuyGoodsOnline")),
        ("Amount", json!(0)),
        ("Msisdn", json!("0700000001")),
    ] {
        let mut body = good.clone();
        body[field] = bad;
        assert_eq!(town.calls("/mpesa/c2b/v2/simulate", &body).await.0, 400, "{field}");
    }
    let by_hand = json!({ "msisdn": NJERI, "amount_kes": 20 });
    town.calls("/_sim/payments", &by_hand).await;
    assert_eq!(town.posted().await["BusinessShortCode"], TILL);
    assert_eq!(town.daraja.books().len(), 2);
}

#[tokio::test]
async fn each_family_has_its_own_word_for_a_bad_token() {
    let town = Town::open().await;
    for (path, status, code) in [
        (REGISTER, 400, "400.003.01"),
        ("/mpesa/transactionstatus/v1/query", 400, "400.003.01"),
        ("/mpesa/reversal/v1/request", 404, "404.001.03"),
        ("/mpesa/b2c/v3/paymentrequest", 401, "401.002.01"),
        ("/mpesa/accountbalance/v1/query", 401, "401.002.01"),
        ("/pulltransactions/v1/query", 401, "401.001"),
    ] {
        town.faults(|faults| faults.invalid_token_next = 1);
        let (said, answer) = town.calls(path, &json!({})).await;
        assert_eq!((said, answer["errorCode"].as_str()), (status, Some(code)), "{path}");
    }
    // The adapter fetches another token and goes on.
    town.faults(|faults| faults.invalid_token_next = 1);
    assert_eq!(town.register().await, Registered::Done);
}
