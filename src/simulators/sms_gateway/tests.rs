//! The real adapters against the simulator, over real sockets, fault by fault.

use super::{Answer, Family, Faults, Reports, Silence, SmsCenter};
use crate::{
    adapters::sms,
    ledger::kernel::phone::Phone,
    ports::{Delivery, ReadReport, SmsGateway, SmsRetry, SmsSubmitted, SystemClock, SystemRandom},
};
use axum::{Router, body::Bytes, http::HeaderMap, http::header::CONTENT_TYPE, routing::post};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;
use url::Url;

const WANJIKU: &str = "254712000001";
const TEXT: &str = "Your code: \"AB-12\" & 50% off {{now}}";

/// The simulator on a port of its own, with one adapter of each kind.
struct Town {
    center: SmsCenter,
    address: Url,
    africas_talking: Box<dyn SmsGateway>,
    celcom: Box<dyn SmsGateway>,
}

impl Town {
    async fn open() -> Self {
        let center = SmsCenter::new(Arc::new(SystemClock), Arc::new(SystemRandom));
        let address = serve(center.router()).await;
        Self {
            africas_talking: africas_talking(&address, &json!({})),
            celcom: celcom(&address, &json!({})),
            center,
            address,
        }
    }

    async fn with(faults: Faults) -> Self {
        let town = Self::open().await;
        town.center.set_faults(faults);
        town
    }

    async fn with_answer(answer: Answer) -> Self {
        Self::with(Faults { answer: Some(answer), ..Faults::default() }).await
    }

    async fn send(&self) -> SmsSubmitted {
        self.africas_talking.send(&wanjiku(), TEXT).await
    }

    async fn send_by_celcom(&self) -> SmsSubmitted {
        self.celcom.send(&wanjiku(), TEXT).await
    }

    /// Takes delivery reports of both families and passes on what arrived.
    async fn hook(&self) -> mpsc::UnboundedReceiver<(String, Bytes)> {
        let (arrived, reports) = mpsc::unbounded_channel();
        let hook = post(move |headers: HeaderMap, body: Bytes| {
            let kind = headers[CONTENT_TYPE].to_str().unwrap().to_owned();
            arrived.send((kind, body)).unwrap();
            async {}
        });
        let address = serve(Router::new().route("/hook", hook)).await.join("/hook").unwrap();
        self.center.report_to(Family::AfricasTalking, address.clone());
        self.center.report_to(Family::Celcom, address);
        reports
    }
}

async fn serve(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/").parse().unwrap()
}

fn gateway(mut entry: Value, changes: &Value) -> Box<dyn SmsGateway> {
    for (name, value) in changes.as_object().unwrap() {
        entry[name] = value.clone();
    }
    sms::gateway(serde_json::from_value(entry).unwrap()).unwrap()
}

fn africas_talking(address: &Url, changes: &Value) -> Box<dyn SmsGateway> {
    let entry = json!({
        "kind": "africas_talking", "id": "at", "username": "shop", "api_key": "k",
        "base_url": address, "timeout_ms": 10_000
    });
    gateway(entry, changes)
}

fn celcom(address: &Url, changes: &Value) -> Box<dyn SmsGateway> {
    let either = |code: Value, reason: Value| -> Vec<Value> {
        ["/response-code", "/responses/0/response-code", "/responses/0/respose-code"]
            .iter()
            .map(|path| json!({"path": path, "in": code, "reason": reason}))
            .collect()
    };
    let refusals = [
        either(json!([1003]), json!("bad_number")),
        either(json!([1004]), json!("no_credit")),
        either(json!([1001, 1006, 4091, 4092]), json!("configuration")),
    ];
    let entry = json!({
        "kind": "http", "id": "celcom", "url": address.join("/api/services/sendsms/").unwrap(),
        "secrets": {"apikey": "k"},
        "body": "{\"apikey\":{{secret.apikey|json}},\"partnerID\":\"1\",\"shortcode\":\"SHOP\",\
                 \"message\":{{text|json}},\"mobile\":{{to|json}}}",
        "tempfail": {"http": [429, 503], "json": either(json!([1005, 1007, 4090]), Value::Null)},
        "permfail": {"json": refusals.concat()},
        "ok": {"http": [200], "json": either(json!([200]), Value::Null)},
        "message_id": {"json": "/responses/0/messageid"},
        "dlr": {
            "match": "/messageid", "status": "/description",
            "delivered": ["DeliveredToTerminal"], "failed": ["AbsentSubscriber"]
        }
    });
    gateway(entry, changes)
}

fn silent(silence: Silence) -> Faults {
    Faults { silence: Some(silence), ..Faults::default() }
}

fn wanjiku() -> Phone {
    Phone::parse(WANJIKU).unwrap()
}

fn refused(reason: &'static str, retry: SmsRetry) -> SmsSubmitted {
    SmsSubmitted::Refused { reason, retry }
}

fn reference(answer: SmsSubmitted) -> String {
    match answer {
        SmsSubmitted::Accepted { reference: Some(reference) } => reference,
        other => panic!("not accepted: {other:?}"),
    }
}

const UNREADABLE: SmsSubmitted = SmsSubmitted::Unknown { reason: "unreadable" };
const NO_ANSWER: SmsSubmitted = SmsSubmitted::Unknown { reason: "no_answer" };

#[tokio::test]
async fn a_text_arrives_as_it_was_written() {
    let town = Town::open().await;
    assert!(reference(town.send().await).starts_with("ATPid_"));
    let text = town.center.wait_for_text(WANJIKU).await;
    assert_eq!((text.text.as_str(), text.from.as_str()), (TEXT, "AFRICASTKNG"));
    reference(town.send_by_celcom().await);
    let text = town.center.wait_for_text(WANJIKU).await;
    assert_eq!((text.text.as_str(), text.from.as_str()), (TEXT, "SHOP"));
    assert_eq!(town.center.inbox(WANJIKU).len(), 2);
    assert_eq!(town.center.all_texts().len(), 2);
}

#[tokio::test]
async fn the_bulk_way_and_a_sender_id_work_too() {
    let town = Town::open().await;
    for api in ["classic", "bulk"] {
        let gateway = africas_talking(&town.address, &json!({"api": api, "sender": "MTAA"}));
        reference(gateway.send(&wanjiku(), TEXT).await);
        assert_eq!(town.center.wait_for_text(WANJIKU).await.from, "MTAA", "{api}");
    }
}

#[tokio::test]
async fn a_gateway_may_be_called_by_query() {
    let town = Town::open().await;
    let changes = json!({
        "method": "GET", "content_type": "query", "number_format": "07",
        "body": "apikey={{secret.apikey|url}}&partnerID=1&shortcode=SHOP\
                 &message={{text|url}}&mobile={{to|url}}"
    });
    reference(celcom(&town.address, &changes).send(&wanjiku(), TEXT).await);
    assert_eq!(town.center.wait_for_text(WANJIKU).await.text, TEXT);
}

#[tokio::test]
async fn whoever_waits_is_woken_by_the_text() {
    let town = Town::open().await;
    let center = town.center.clone();
    let waiting = tokio::spawn(async move { center.wait_for_text(WANJIKU).await });
    tokio::task::yield_now().await;
    reference(town.send().await);
    assert_eq!(waiting.await.unwrap().text, TEXT);
}

#[tokio::test]
async fn a_slow_gateway_is_waited_for() {
    let town = Town::with(Faults { slow_ms: 30, ..Faults::default() }).await;
    reference(town.send().await);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let town = Town::with(silent(Silence::Hang)).await;
    let gateway = africas_talking(&town.address, &json!({"timeout_ms": 150}));
    assert_eq!(gateway.send(&wanjiku(), TEXT).await, NO_ANSWER);
    let gateway = celcom(&town.address, &json!({"timeout_ms": 150}));
    assert_eq!(gateway.send(&wanjiku(), TEXT).await, NO_ANSWER);
    assert!(town.center.inbox(WANJIKU).is_empty());
}

#[tokio::test]
async fn a_text_taken_without_an_answer_is_unknown_and_arrives() {
    let town = Town::with(silent(Silence::HangAfterAccept)).await;
    let gateway = africas_talking(&town.address, &json!({"timeout_ms": 500}));
    let phone = wanjiku();
    let (answer, text) =
        tokio::join!(gateway.send(&phone, TEXT), town.center.wait_for_text(WANJIKU));
    assert_eq!((answer, text.text.as_str()), (NO_ANSWER, TEXT));
}

#[tokio::test]
async fn a_dropped_connection_is_unknown_and_not_sent_again() {
    let town = Town::with(silent(Silence::DropAfterAccept)).await;
    assert_eq!(town.send().await, NO_ANSWER);
    assert_eq!(town.send_by_celcom().await, NO_ANSWER);
    assert_eq!(town.center.inbox(WANJIKU).len(), 2);
    assert_eq!(town.center.requests(), 2);
    town.center.set_faults(Faults::default());
    reference(town.send().await);
}

#[tokio::test]
async fn nobody_listening_means_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    for gateway in [africas_talking(&address, &json!({})), celcom(&address, &json!({}))] {
        let answer = gateway.send(&wanjiku(), TEXT).await;
        assert_eq!(answer, refused("unreachable", SmsRetry::OtherGateway));
    }
}

#[tokio::test]
async fn every_status_code_is_understood() {
    use SmsRetry::{Never, OtherGateway};
    let town = Town::open().await;
    let table = [
        (401, "blocked", OtherGateway),
        (402, "configuration", OtherGateway),
        (403, "bad_number", Never),
        (404, "bad_number", Never),
        (405, "no_credit", OtherGateway),
        (406, "blocked", OtherGateway),
        (407, "gateway_error", OtherGateway),
        (409, "blocked", OtherGateway),
        (500, "gateway_error", OtherGateway),
        (501, "gateway_error", OtherGateway),
        (502, "gateway_error", OtherGateway),
    ];
    for (code, reason, retry) in table {
        let answer = Some(Answer::Code(code));
        town.center.set_faults(Faults { answer, ..Faults::default() });
        assert_eq!(town.send().await, refused(reason, retry), "{code}");
    }
    assert!(town.center.inbox(WANJIKU).is_empty());
    for code in [100, 101, 102] {
        let answer = Some(Answer::Code(code));
        town.center.set_faults(Faults { answer, ..Faults::default() });
        reference(town.send().await);
    }
    assert_eq!(town.center.inbox(WANJIKU).len(), 3);
}

#[tokio::test]
async fn answers_that_are_none_are_judged_with_care() {
    let other = SmsRetry::OtherGateway;
    let table = [
        (Answer::NoRecipients("InvalidSenderId".into()), refused("configuration", other)),
        (Answer::NoRecipients("Insufficient balance".into()), refused("no_credit", other)),
        (Answer::NoRecipients(String::new()), UNREADABLE),
        (Answer::WrongKey, refused("configuration", other)),
        (Answer::Html(200), UNREADABLE),
        (Answer::Html(403), refused("configuration", other)),
        (Answer::Html(502), UNREADABLE),
        (Answer::Html(302), UNREADABLE),
        (Answer::Xml, UNREADABLE),
        (Answer::EmptyObject, UNREADABLE),
    ];
    for (answer, expected) in table {
        let town = Town::with_answer(answer.clone()).await;
        assert_eq!(town.send().await, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn credit_runs_out() {
    let town = Town::with(Faults { credit: Some(2), ..Faults::default() }).await;
    reference(town.send().await);
    reference(town.send_by_celcom().await);
    let gone = refused("no_credit", SmsRetry::OtherGateway);
    assert_eq!(town.send().await, gone);
    assert_eq!(town.send_by_celcom().await, gone);
    assert_eq!(town.center.inbox(WANJIKU).len(), 2);
}

#[tokio::test]
async fn a_fault_may_pass() {
    let faults = Faults { answer: Some(Answer::Code(500)), times: Some(1), ..Faults::default() };
    let town = Town::with(faults).await;
    assert_eq!(town.send().await, refused("gateway_error", SmsRetry::OtherGateway));
    reference(town.send().await);
}

#[tokio::test]
async fn the_celcom_family_is_understood_in_every_spelling() {
    for shape in 0..8 {
        let faults = Faults {
            celcom_spelt_well: shape & 1 != 0,
            celcom_bare_errors: shape & 2 != 0,
            celcom_402: shape & 4 != 0,
            ..Faults::default()
        };
        let town = Town::with(faults.clone()).await;
        reference(town.send_by_celcom().await);
        let table = [
            (1001, refused("configuration", SmsRetry::OtherGateway)),
            (1003, refused("bad_number", SmsRetry::Never)),
            (1004, refused("no_credit", SmsRetry::OtherGateway)),
            (1006, refused("configuration", SmsRetry::OtherGateway)),
            (4090, refused("gateway_error", SmsRetry::Later)),
            (7777, UNREADABLE),
        ];
        for (code, expected) in table {
            let answer = Some(Answer::Code(code));
            town.center.set_faults(Faults { answer, ..faults.clone() });
            assert_eq!(town.send_by_celcom().await, expected, "{code} in shape {shape}");
        }
    }
}

#[tokio::test]
async fn a_200_with_somebody_elses_page_is_unknown() {
    for answer in [Answer::Html(200), Answer::EmptyObject] {
        assert_eq!(Town::with_answer(answer).await.send_by_celcom().await, UNREADABLE);
    }
    let town = Town::with_answer(Answer::Html(503)).await;
    assert_eq!(town.send_by_celcom().await, refused("gateway_error", SmsRetry::Later));
}

/// Sends one text each way and reads the reports that come of it.
async fn reports_of(mode: Reports) -> Vec<Vec<Delivery>> {
    let town = Town::with(Faults { reports: mode, ..Faults::default() }).await;
    let mut hook = town.hook().await;
    let mut all = Vec::new();
    for gateway in [&town.africas_talking, &town.celcom] {
        let sent = reference(gateway.send(&wanjiku(), TEXT).await);
        town.center.deliver_reports().await;
        let mut outcomes = Vec::new();
        while let Ok((kind, body)) = hook.try_recv() {
            let ReadReport { reference, outcome } = gateway.read_report(&kind, &body).unwrap();
            assert_eq!(reference, sent);
            outcomes.push(outcome);
        }
        all.push(outcomes);
    }
    all
}

#[tokio::test]
async fn reports_come_once_twice_never_unknown_and_out_of_order() {
    use Delivery::{Delivered, Failed, Underway};
    let table = [
        (Reports::Delivered, vec![Delivered]),
        (Reports::BeforeAnswer, vec![Delivered]),
        (Reports::Twice, vec![Delivered, Delivered]),
        (Reports::Never, vec![]),
        (Reports::UnknownWord, vec![Underway]),
        (Reports::OutOfOrder, vec![Delivered, Underway]),
        (Reports::Failed("AbsentSubscriber".into()), vec![Failed("phone_absent")]),
    ];
    for (mode, expected) in table {
        let both = vec![expected.clone(), expected];
        assert_eq!(reports_of(mode.clone()).await, both, "{mode:?}");
    }
}

#[tokio::test]
async fn a_report_may_overtake_the_answer() {
    let faults = Faults { reports: Reports::BeforeAnswer, ..silent(Silence::HangAfterAccept) };
    let town = Town::with(faults).await;
    let mut hook = town.hook().await;
    let gateway = africas_talking(&town.address, &json!({}));
    let phone = wanjiku();
    tokio::select! {
        answer = gateway.send(&phone, TEXT) => panic!("answered: {answer:?}"),
        report = hook.recv() => assert!(report.is_some()),
    }
}

#[tokio::test]
async fn reports_may_come_by_themselves() {
    let town = Town::open().await;
    let mut hook = town.hook().await;
    town.center.report_automatically(true);
    let sent = reference(town.send().await);
    let (kind, body) = hook.recv().await.unwrap();
    let report = town.africas_talking.read_report(&kind, &body).unwrap();
    assert_eq!(report, ReadReport { reference: sent, outcome: Delivery::Delivered });
}

#[tokio::test]
async fn faults_and_inbox_are_reached_over_http() {
    let town = Town::open().await;
    let http = crate::adapters::http::client(std::time::Duration::from_secs(10)).unwrap();
    let faults = town.address.join("/_sim/faults").unwrap();
    let body = json!({"answer": {"code": 405}, "times": 1, "reports": {"failed": "Expired"}});
    let set = http.post(faults.clone()).json(&body).send().await.unwrap();
    assert_eq!(set.status(), 204);
    assert_eq!(town.send().await, refused("no_credit", SmsRetry::OtherGateway));
    let unknown = http.post(faults).json(&json!({"explode": true})).send().await.unwrap();
    assert_eq!(unknown.status(), 422);
    reference(town.send().await);
    let inbox = town.address.join("/_sim/inbox?phone=0712000001").unwrap();
    let texts: Vec<Value> = http.get(inbox).send().await.unwrap().json().await.unwrap();
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0]["text"], TEXT);
}
