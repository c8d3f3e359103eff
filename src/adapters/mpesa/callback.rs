//! Reads Daraja's callbacks, which come once, unsigned, in shapes that differ from year to year
//! (`docs/reference/m-pesa.md`). They are read here and not believed: the command that knows the
//! attempt decides whether one counts.

use super::{
    result_codes::{Meaning, meaning},
    wire::{object, text},
};
use crate::{
    ledger::kernel::{money::Cents, time::Micros},
    ports::{PaymentNews, ProviderRefs, ReadCallback},
};
use jiff::{civil::DateTime, tz::Offset};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The longest request id taken; 32 characters is the longest seen.
const ID_CHARS_MAX: usize = 64;

/// Reads a callback's bytes; `None` when they are none of Daraja's.
pub fn read(body: &[u8]) -> Option<ReadCallback> {
    let envelope: Envelope = object(body)?;
    let callback = envelope.body.callback;
    let refs = ProviderRefs {
        request: callback.checkout_request_id.filter(|id| is_id(id))?,
        merchant: callback.merchant_request_id.filter(|id| is_id(id))?,
    };
    let news = match meaning(callback.result_code.as_deref().unwrap_or_default()) {
        Meaning::Paid => paid(callback.metadata.as_deref()),
        Meaning::Declined(decline) => PaymentNews::Declined(decline),
        Meaning::Pending => PaymentNews::Pending,
        Meaning::Unknown => PaymentNews::Unknown,
    };
    Some(ReadCallback { refs, news })
}

fn is_id(id: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Body")]
    body: Body,
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "stkCallback")]
    callback: Callback,
}

#[derive(Deserialize)]
struct Callback {
    #[serde(rename = "MerchantRequestID", default, deserialize_with = "text")]
    merchant_request_id: Option<String>,
    #[serde(rename = "CheckoutRequestID", default, deserialize_with = "text")]
    checkout_request_id: Option<String>,
    #[serde(rename = "ResultCode", default, deserialize_with = "text")]
    result_code: Option<String>,
    /// Absent on failure. Kept raw, so that an odd item cannot hide a payment.
    #[serde(rename = "CallbackMetadata", default)]
    metadata: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(rename = "Item")]
    items: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Value", default, deserialize_with = "text")]
    value: Option<String>,
}

/// Success is success even when its details are missing or unreadable: the money moved.
fn paid(metadata: Option<&RawValue>) -> PaymentNews {
    let items = items(metadata);
    PaymentNews::Paid {
        amount: value(&items, "Amount").and_then(Cents::parse),
        receipt: value(&items, "MpesaReceiptNumber").filter(|r| is_receipt(r)).map(str::to_owned),
        paid_at: value(&items, "TransactionDate").and_then(nairobi_time),
    }
}

fn items(metadata: Option<&RawValue>) -> Vec<Item> {
    let metadata: Metadata =
        metadata.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    metadata.items.iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
}

/// By name, never by place: `Balance` comes and goes, with and without a value.
fn value<'a>(items: &'a [Item], name: &str) -> Option<&'a str> {
    items.iter().find(|item| item.name == name && item.value.is_some())?.value.as_deref()
}

fn is_receipt(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Reads `20260504210428` as the time in Nairobi that it is.
pub(super) fn nairobi_time(compact: &str) -> Option<Micros> {
    if compact.len() != 14 || !compact.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let local = DateTime::strptime("%Y%m%d%H%M%S", compact).ok()?;
    let at = Offset::constant(3).to_timestamp(local).ok()?;
    Some(Micros(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Decline;
    use proptest::prelude::*;

    fn callback(rest: &str) -> String {
        format!(
            r#"{{"Body":{{"stkCallback":{{"MerchantRequestID":"4ddd-4866-824e-1",
            "CheckoutRequestID":"ws_CO_04052026210410237700000001",{rest}}}}}}}"#
        )
    }

    fn success(items: &str) -> String {
        callback(&format!(
            r#""ResultCode":0,"ResultDesc":"Done.","CallbackMetadata":{{"Item":[{items}]}}"#
        ))
    }

    fn news(body: &str) -> PaymentNews {
        read(body.as_bytes()).expect(body).news
    }

    fn amount(items: &str) -> Option<Cents> {
        match news(&success(items)) {
            PaymentNews::Paid { amount, .. } => amount,
            other => panic!("not paid: {other:?}"),
        }
    }

    #[test]
    fn the_shape_seen_in_production_is_read() {
        let read = read(
            success(
                r#"{"Name":"Amount","Value":50},
                {"Name":"MpesaReceiptNumber","Value":"UE4JS31RBV"},
                {"Name":"TransactionDate","Value":20260504210428},
                {"Name":"PhoneNumber","Value":254700000001}"#,
            )
            .as_bytes(),
        )
        .unwrap();
        assert_eq!(read.refs.request, "ws_CO_04052026210410237700000001");
        assert_eq!(read.refs.merchant, "4ddd-4866-824e-1");
        let at: jiff::Timestamp = "2026-05-04T18:04:28Z".parse().unwrap();
        assert_eq!(
            read.news,
            PaymentNews::Paid {
                amount: Some(Cents::from_kes(50)),
                receipt: Some("UE4JS31RBV".to_owned()),
                paid_at: Some(Micros(at.as_microsecond())),
            }
        );
    }

    #[test]
    fn amounts_are_exact_in_every_way_of_writing() {
        for (value, cents) in [
            ("1", Some(100)),
            ("1.0", Some(100)),
            ("1.00", Some(100)),
            (r#""1.00""#, Some(100)),
            (r#""10500.00""#, Some(1_050_000)),
            ("0.29", Some(29)),
            ("90071992547409.93", Some(9_007_199_254_740_993)),
            ("-1", None),
            ("1e2", None),
            ("null", None),
            ("[1]", None),
        ] {
            let item = format!(r#"{{"Name":"Amount","Value":{value}}}"#);
            assert_eq!(amount(&item), cents.map(Cents), "{value}");
        }
    }

    #[test]
    fn items_are_found_by_name_wherever_they_stand() {
        let items = r#"{"Name":"Balance"},7,{"Value":3},{"Name":"Amount"},
            {"Name":"Amount","Value":"20"}"#;
        assert_eq!(amount(items), Some(Cents::from_kes(20)));
    }

    #[test]
    fn success_without_details_is_still_success() {
        let bare = PaymentNews::Paid { amount: None, receipt: None, paid_at: None };
        for rest in [
            r#""ResultCode":0"#,
            r#""ResultCode":"0","CallbackMetadata":null"#,
            r#""ResultCode":0,"CallbackMetadata":{}"#,
            r#""ResultCode":0,"CallbackMetadata":{"Item":"none"}"#,
            r#""ResultCode":0,"CallbackMetadata":[]"#,
        ] {
            assert_eq!(news(&callback(rest)), bare, "{rest}");
        }
    }

    #[test]
    fn what_is_no_receipt_and_no_time_is_left_out() {
        for (receipt, time) in [
            (r#""nlj7rt61sv""#, "20261301000000"),
            (r#""NLJ7RT61S""#, "2026050421042"),
            (r#""NLJ7RT61SVX""#, r#""yesterday""#),
            (r#""NLJ7 T61SV""#, "-1"),
            ("null", "1.5"),
        ] {
            let items = format!(
                r#"{{"Name":"MpesaReceiptNumber","Value":{receipt}}},
                {{"Name":"TransactionDate","Value":{time}}}"#
            );
            let bare = PaymentNews::Paid { amount: None, receipt: None, paid_at: None };
            assert_eq!(news(&success(&items)), bare, "{receipt} {time}");
        }
    }

    #[test]
    fn failures_carry_no_details() {
        for (code, expected) in [
            ("1032", PaymentNews::Declined(Decline::Cancelled)),
            (r#""1037""#, PaymentNews::Declined(Decline::NoAnswer)),
            (r#""SFC_IC0003""#, PaymentNews::Declined(Decline::Configuration)),
            ("4999", PaymentNews::Pending),
            (r#""X-NEVER-SEEN""#, PaymentNews::Unknown),
            ("null", PaymentNews::Unknown),
        ] {
            let rest = format!(r#""ResultCode":{code},"ResultDesc":"Some prose""#);
            assert_eq!(news(&callback(&rest)), expected, "{code}");
        }
        assert_eq!(news(&callback(r#""ResultDesc":"no code at all""#)), PaymentNews::Unknown);
    }

    #[test]
    fn what_is_no_callback_is_refused() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"Body":{}}"#,
            r#"{"Body":{"stkCallback":{"ResultCode":0}}}"#,
            r#"{"Body":{"stkCallback":{"MerchantRequestID":"","CheckoutRequestID":"x"}}}"#,
            r#"{"Body":{"stkCallback":{"MerchantRequestID":"a b","CheckoutRequestID":"x"}}}"#,
        ] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(read(callback(r#""ResultCode":1032,"ResultCode":0"#).as_bytes()), None);
        assert_eq!(read(&[0xff, 0xfe]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&body);
        }

        #[test]
        fn no_items_make_it_panic(items in "\\PC{0,80}") {
            let _ = read(success(&items).as_bytes());
        }

        #[test]
        fn success_means_zero_and_nothing_else(code in "[0-9A-Za-z_. +-]{0,6}", quoted: bool) {
            let raw = if quoted { format!("\"{code}\"") } else { code.clone() };
            let body = callback(&format!("\"ResultCode\":{raw}"));
            let paid = read(body.as_bytes())
                .is_some_and(|read| matches!(read.news, PaymentNews::Paid { .. }));
            let zero = if quoted { code == "0" } else { code.trim() == "0" };
            prop_assert_eq!(paid, zero);
        }
    }
}
