//! Reads C2B messages, which Daraja posts about money on the shop's number, paid by hand or by
//! prompt (`docs/reference/m-pesa.md`). All values are texts, some typed by people. The payer's
//! number is left out: it comes plain, masked in three ways, or hashed.

use super::{
    callback::nairobi_time,
    wire::{object, text},
};
use crate::{ledger::kernel::money::Cents, ports::ReadC2b};
use serde::Deserialize;

/// The longest proof number taken; 10 characters is what there is today.
const RECEIPT_CHARS_MAX: usize = 32;
/// The longest account taken; the manual says 20.
const REFERENCE_CHARS_MAX: usize = 64;

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "TransID", default, deserialize_with = "text")]
    id: Option<String>,
    #[serde(rename = "TransTime", default, deserialize_with = "text")]
    time: Option<String>,
    #[serde(rename = "TransAmount", default, deserialize_with = "text")]
    amount: Option<String>,
    #[serde(rename = "BillRefNumber", default, deserialize_with = "text")]
    reference: Option<String>,
}

/// Reads a message's bytes; `None` when they are none of Daraja's.
pub fn read(body: &[u8]) -> Option<ReadC2b> {
    let body: Body = object(body)?;
    let reference = body.reference.map(|typed| typed.trim().to_owned());
    Some(ReadC2b {
        receipt: body.id.filter(|id| is_receipt(id))?,
        amount: Cents::parse(&body.amount?).filter(|amount| amount.0 > 0)?,
        reference: reference.filter(|r| (1..=REFERENCE_CHARS_MAX).contains(&r.len())),
        paid_at: body.time.as_deref().and_then(nairobi_time),
    })
}

/// Wider than the callback's: here the money would go unseen if its proof looked new to us.
fn is_receipt(text: &str) -> bool {
    (1..=RECEIPT_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(msisdn: &str, change: &str) -> String {
        format!(
            r#"{{"TransactionType":"Pay Bill","TransID":"RKL51ZDR4F","TransTime":"20231121121325",
            "TransAmount":"5.00","BusinessShortCode":"600966","BillRefNumber":"LG0123456789",
            "InvoiceNumber":"","OrgAccountBalance":"25.00","ThirdPartyTransID":"",
            "MSISDN":"{msisdn}","FirstName":"NICHOLAS","MiddleName":null,"LastName":""{change}}}"#
        )
    }

    #[test]
    fn the_manuals_sample_is_read_whatever_it_makes_of_the_number() {
        let hash = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5";
        let at: jiff::Timestamp = "2023-11-21T09:13:25Z".parse().unwrap();
        let masked = ["2547 ***** 126", "25470****149", "2547*****126", hash, "254700000126", ""];
        for msisdn in masked {
            let expected = ReadC2b {
                receipt: "RKL51ZDR4F".into(),
                amount: Cents::from_kes(5),
                reference: Some("LG0123456789".into()),
                paid_at: Some(crate::ledger::kernel::time::Micros(at.as_microsecond())),
            };
            assert_eq!(read(message(msisdn, "").as_bytes()), Some(expected), "{msisdn}");
        }
    }

    #[test]
    fn what_people_type_and_what_tills_leave_out_is_survived() {
        for (written, reference) in [
            (r#""  lg 01 ""#, Some("lg 01")),
            (r#""""#, None),
            ("null", None),
            ("12", Some("12")),
            (r#""🙂""#, Some("🙂")),
        ] {
            let body =
                format!(r#"{{"TransID":"RKL51ZDR4F","TransAmount":10,"BillRefNumber":{written}}}"#);
            let read = read(body.as_bytes()).expect(&body);
            assert_eq!(read.reference.as_deref(), reference, "{written}");
            assert_eq!((read.amount, read.paid_at), (Cents::from_kes(10), None));
        }
    }

    #[test]
    fn a_list_is_no_message() {
        assert_eq!(read(br#"["RKL51ZDR4F","20231121121325","5.00","LG01"]"#), None);
    }

    #[test]
    fn what_proves_no_money_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"TransID":"RKL51ZDR4F"}"#,
            r#"{"TransID":"","TransAmount":"5.00"}"#,
            r#"{"TransID":"rkl 51","TransAmount":"5.00"}"#,
            r#"{"TransID":"RKL51ZDR4F","TransAmount":"0.00"}"#,
            r#"{"TransID":"RKL51ZDR4F","TransAmount":"-5"}"#,
            r#"{"TransID":"RKL51ZDR4F","TransAmount":"five"}"#,
        ] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&body);
        }
    }
}
