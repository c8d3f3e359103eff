//! What an initiator asks for, against the simulator's own books: status, reversal, payout, balance
//! and pulled statements.

use super::*;

const STATUS: &str = "/mpesa/transactionstatus/v1/query";
const REVERSAL: &str = "/mpesa/reversal/v1/request";
const PAYOUT: &str = "/mpesa/b2c/v3/paymentrequest";
const BALANCE: &str = "/mpesa/accountbalance/v1/query";
const PULL: &str = "/pulltransactions/v1/query";

impl Town {
    /// A request with what all of them need.
    fn asks(&self, own: Value) -> Value {
        let mut body = json!({
            "Initiator": INITIATOR, "SecurityCredential": "c2VjcmV0", "Remarks": "a test",
            "ResultURL": self.hook, "QueueTimeOutURL": self.hook,
        });
        let (Value::Object(body_fields), Value::Object(own)) = (&mut body, own) else { panic!() };
        body_fields.extend(own);
        body
    }

    fn status_of(&self, receipt: &str) -> Value {
        self.asks(json!({
            "CommandID": "TransactionStatusQuery", "TransactionID": receipt,
            "PartyA": SHORT_CODE, "IdentifierType": "4", "Occasion": "",
        }))
    }

    fn reversal_of(&self, receipt: &str, kes: i64) -> Value {
        self.asks(json!({
            "CommandID": "TransactionReversal", "TransactionID": receipt, "Amount": kes,
            "ReceiverParty": SHORT_CODE, "RecieverIdentifierType": "11",
        }))
    }

    fn payout_of(&self, name: &str, kes: i64) -> Value {
        self.asks(json!({
            "OriginatorConversationID": name, "InitiatorName": INITIATOR, "Amount": kes,
            "CommandID": "BusinessPayment", "PartyA": SHORT_CODE, "PartyB": OTIENO,
            "Occassion": "",
        }))
    }

    fn balance(&self) -> Value {
        self.asks(json!({
            "CommandID": "AccountBalance", "PartyA": SHORT_CODE, "IdentifierType": "4",
        }))
    }

    /// Asks, is taken at its word, and gets the result.
    async fn result_of(&mut self, path: &str, body: &Value) -> Value {
        let (status, taken) = self.calls(path, body).await;
        assert_eq!((status, taken["ResponseCode"].as_str()), (200, Some("0")), "{taken}");
        let result = self.posted().await["Result"].clone();
        assert_eq!(result["ConversationID"], taken["ConversationID"]);
        assert_eq!(result["OriginatorConversationID"], taken["OriginatorConversationID"]);
        result
    }

    async fn paid(&mut self, kes: i64) -> BookEntry {
        self.daraja.pay_by_hand(NJERI, kes, "LG01").await.unwrap()
    }
}

fn values(result: &Value, key: &str) -> Vec<Value> {
    let list = result["ResultParameters"]["ResultParameter"].as_array().unwrap();
    list.iter().filter(|item| item["Key"] == key).map(|item| item["Value"].clone()).collect()
}

#[tokio::test]
async fn a_transaction_is_found_by_receipt_and_by_the_prompts_second_id() {
    let mut town = Town::open().await;
    let (prompt, _, _) = town.sold().await;
    let receipt = town.daraja.books()[0].receipt.clone();
    let result = town.result_of(STATUS, &town.status_of(&receipt)).await;
    assert_eq!(result["ResultCode"], 0);
    assert_eq!(values(&result, "TransactionStatus"), ["Completed"]);
    assert_eq!(values(&result, "Amount"), ["50"]);
    assert_eq!(values(&result, "DebitPartyName").len(), 2, "the real one repeats it");
    assert_eq!(values(&result, "DebitPartyCharges"), [Value::Null], "without a value");
    let mut by_conversation = town.status_of("");
    by_conversation["OriginalConversationID"] = json!(prompt.merchant_request_id);
    let result = town.result_of(STATUS, &by_conversation).await;
    assert_eq!(values(&result, "ReceiptNo"), [receipt.as_str()]);
    let result = town.result_of(STATUS, &town.status_of("UKM0UNKNWN")).await;
    assert_eq!(result["ResultCode"], 2033);
    assert_eq!(result["ResultParameters"], Value::Null);
    assert_eq!(town.calls(STATUS, &town.status_of("")).await.0, 400);
}

#[tokio::test]
async fn a_payment_is_reversed_once_and_only_whole() {
    let mut town = Town::open().await;
    let entry = town.paid(50).await;
    let too_little = town.reversal_of(&entry.receipt, 40);
    assert_eq!(town.result_of(REVERSAL, &too_little).await["ResultCode"], "R000002");
    let reversal = town.reversal_of(&entry.receipt, 50);
    let result = town.result_of(REVERSAL, &reversal).await;
    assert_eq!(result["ResultCode"], 0);
    assert_eq!(values(&result, "OriginalTransactionID"), [entry.receipt.as_str()]);
    assert!(values(&result, "TransCompletedTime")[0].is_u64());
    let reversed_by = town.daraja.books()[0].reversed_by.clone();
    assert_eq!(result["TransactionID"].as_str(), reversed_by.as_deref());
    let again = town.result_of(REVERSAL, &reversal).await;
    assert_eq!(again["ResultCode"], "R000001");
    assert_eq!(again["TransactionID"], "SKE0000000");
    let unknown = town.reversal_of("UKM0UNKNWN", 50);
    assert_eq!(town.result_of(REVERSAL, &unknown).await["ResultCode"], "R000002");
}

#[tokio::test]
async fn what_was_paid_out_cannot_be_paid_back_and_no_payout_happens_twice() {
    let mut town = Town::open().await;
    let entry = town.paid(50).await;
    let result = town.result_of(PAYOUT, &town.payout_of("out-1", 30)).await;
    assert_eq!(values(&result, "TransactionAmount"), [json!(30)]);
    assert_eq!(values(&result, "B2CUtilityAccountAvailableFunds"), [json!(20)]);
    assert_eq!(values(&result, "TransactionCompletedDateTime"), ["22.11.2026 18:00:00"]);
    let (status, again) = town.calls(PAYOUT, &town.payout_of("out-1", 30)).await;
    assert_eq!((status, again["errorCode"].as_str()), (500, Some("500.002.1001")));
    assert_eq!(again["errorMessage"], "Duplicate OriginatorConversationID.");
    let more = town.result_of(PAYOUT, &town.payout_of("out-2", 21)).await;
    assert_eq!(more["ResultCode"], 1, "the account is too low");
    let back = town.result_of(REVERSAL, &town.reversal_of(&entry.receipt, 50)).await;
    assert_eq!(back["ResultCode"], 1);
    assert_eq!(town.daraja.payouts().len(), 1);
    assert_eq!(town.calls(PAYOUT, &town.payout_of("out-3", 9)).await.0, 400, "10 is the least");
    let mut elsewhere = town.payout_of("out-4", 10);
    elsewhere["PartyB"] = json!("0700");
    assert_eq!(town.result_of(PAYOUT, &elsewhere).await["ResultCode"], "SFC_IC0003");
}

#[tokio::test]
async fn the_balance_is_what_the_books_say() {
    let mut town = Town::open().await;
    town.paid(50).await;
    town.result_of(PAYOUT, &town.payout_of("out-1", 20)).await;
    let result = town.result_of(BALANCE, &town.balance()).await;
    let all = values(&result, "AccountBalance");
    let all = all[0].as_str().unwrap();
    assert_eq!(all.split('&').count(), 5);
    assert!(all.contains("&Utility Account|KES|30.00|30.00|0.00|0.00&"), "{all}");
}

#[tokio::test]
async fn an_unknown_initiator_is_told_only_in_the_result() {
    let mut town = Town::open().await;
    for (field, bad) in [("Initiator", "somebody"), ("SecurityCredential", "not base64!")] {
        let mut body = town.balance();
        body[field] = json!(bad);
        assert_eq!(town.result_of(BALANCE, &body).await["ResultCode"], 2001, "{field}");
    }
    for (field, bad) in [
        ("CommandID", "Balance"),
        ("PartyA", "600999"),
        ("IdentifierType", "1"),
        ("ResultURL", "nowhere"),
        ("QueueTimeOutURL", ""),
        ("Remarks", "x"),
    ] {
        let mut body = town.balance();
        body[field] = json!(bad);
        let (status, answer) = town.calls(BALANCE, &body).await;
        assert_eq!(status, 400);
        assert_eq!(answer["errorMessage"], format!("Bad Request - Invalid {field}"));
    }
}

#[tokio::test]
async fn results_come_in_all_their_shapes_or_never() {
    let mut town = Town::open().await;
    let item = |result: &Value| result["ReferenceData"]["ReferenceItem"].clone();
    let result = town.result_of(BALANCE, &town.balance()).await;
    assert!(item(&result)["Value"].as_str().unwrap().contains("internalsandbox"));
    town.faults(|faults| faults.results.reference_as_list = true);
    let result = town.result_of(BALANCE, &town.balance()).await;
    assert_eq!(item(&result).as_array().unwrap().len(), 1);
    town.faults(|faults| {
        faults.results = ResultFaults {
            reference_without_value: true,
            codes_as_text: true,
            ..ResultFaults::default()
        };
    });
    let result = town.result_of(BALANCE, &town.balance()).await;
    assert_eq!(item(&result), json!({ "Key": "QueueTimeoutURL" }));
    assert_eq!((&result["ResultType"], &result["ResultCode"]), (&json!("0"), &json!("0")));
    town.faults(|faults| {
        faults.results = ResultFaults { queue_timeout: true, ..ResultFaults::default() };
    });
    let mut elsewhere = town.balance();
    elsewhere["ResultURL"] = json!("https://example.invalid/result");
    assert_eq!(town.result_of(BALANCE, &elsewhere).await["ResultCode"], 26);
    town.faults(|faults| faults.results.never = true);
    assert_eq!(town.calls(BALANCE, &town.balance()).await.0, 200);
    town.nothing_posted().await;
}

#[tokio::test]
async fn a_statement_reaches_back_two_days_once_it_is_registered() {
    let mut town = Town::open().await;
    let asked = |offset: u32| {
        json!({
            "ShortCode": SHORT_CODE, "StartDate": "2026-11-20 8:00:00",
            "EndDate": "2026-11-30 08:00:00", "OffSetValue": offset.to_string(),
        })
    };
    let (status, answer) = town.calls(PULL, &asked(0)).await;
    assert_eq!((status, answer["errorCode"].as_str()), (400, Some("400.001")));
    let register = json!({
        "ShortCode": SHORT_CODE, "RequestType": "Pull", "NominatedNumber": "0722000000",
        "CallBackURL": town.hook,
    });
    for code in ["1000", "1001"] {
        let (_, answer) = town.calls("/pulltransactions/v1/register", &register).await;
        assert_eq!(answer["ResponseStatus"], code);
    }
    let (_, none) = town.calls(PULL, &asked(0)).await;
    assert_eq!((&none["ResponseCode"], &none["Response"]), (&json!("1001"), &json!("[[]]")));
    let first = town.paid(50).await;
    town.clock.advance(3600);
    town.daraja.pay_till(OTIENO, 20).await.unwrap();
    let (_, both) = town.calls(PULL, &asked(0)).await;
    let rows = both["Response"][0].as_array().unwrap().clone();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["transactionId"], first.receipt.as_str());
    assert_eq!(rows[0]["trxDate"], "2026-11-22T15:00:00Z");
    assert_eq!(rows[0]["msisdn"], 700_000_001);
    assert_eq!((&rows[0]["amount"], &rows[1]["billreference"]), (&json!("50.00"), &json!("")));
    let (_, second) = town.calls(PULL, &asked(1)).await;
    assert_eq!(second["Response"][0].as_array().unwrap(), &rows[1..]);
    town.clock.advance(48 * 3600 - 1800);
    let (_, late) = town.calls(PULL, &asked(0)).await;
    assert_eq!(late["Response"][0].as_array().unwrap().len(), 1, "the first is too old");
}
