//! What M-PESA's result codes mean for a prompt on a phone.
//!
//! Safaricom never calls its list complete, and the texts beside the codes change from year to year
//! (`docs/reference/m-pesa.md`). So only the code counts, and a code that is not listed here is
//! *unknown*: it must never end a payment.

use crate::ports::{Decline, PaymentNews};

/// The only text that means success. Codes are compared as text, never parsed into a number: a
/// "parse or zero" fallback once turned `SFC_IC0003` into a sale elsewhere.
pub const SUCCESS: &str = "0";

/// What a result code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Paid,
    Declined(Decline),
    Pending,
    Unknown,
}

/// Reads a result code in its canonical text.
pub fn meaning(code: &str) -> Meaning {
    match code {
        SUCCESS => Meaning::Paid,
        // "Still under processing". Taking it for a failure has given money away elsewhere.
        "4999" => Meaning::Pending,
        _ => decline(code).map_or(Meaning::Unknown, Meaning::Declined),
    }
}

fn decline(code: &str) -> Option<Decline> {
    let decline = match code {
        "1" => Decline::InsufficientFunds,
        "1031" | "1032" => Decline::Cancelled,
        // 1036: the SIM did not take the push; the same advice helps (`*234#`).
        "1036" | "1037" => Decline::NoAnswer,
        "2001" => Decline::WrongPin,
        "3" | "4" => Decline::PayerLimit,
        "17" => Decline::TooSoon,
        "1001" => Decline::Busy,
        "26" | "1019" | "1025" | "2026" | "9999" => Decline::PromptFailed,
        "11" | "2006" | "2008" | "2029" | "8006" | "E3008" => Decline::PayerAccount,
        // The shop's price, short code, till, credentials or the room left in its own account.
        "2" | "8" | "18" | "19" | "20" | "21" | "22" | "24" | "25" | "29" | "1101" | "1102"
        | "2028" | "2040" | "SFC_IC0003" => Decline::Configuration,
        _ => return None,
    };
    Some(decline)
}

/// The news in a status query's result code; a query tells neither amount nor receipt.
pub fn news(code: &str) -> PaymentNews {
    match meaning(code) {
        Meaning::Paid => PaymentNews::Paid { amount: None, receipt: None, paid_at: None },
        Meaning::Declined(decline) => PaymentNews::Declined(decline),
        Meaning::Pending => PaymentNews::Pending,
        Meaning::Unknown => PaymentNews::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DECLINES: [(&str, Decline); 10] = [
        ("1", Decline::InsufficientFunds),
        ("2 8 18 19 20 21 22 24 25 29 1101 1102 2028 2040 SFC_IC0003", Decline::Configuration),
        ("3 4", Decline::PayerLimit),
        ("11 2006 2008 2029 8006 E3008", Decline::PayerAccount),
        ("17", Decline::TooSoon),
        ("26 1019 1025 2026 9999", Decline::PromptFailed),
        ("1001", Decline::Busy),
        ("1031 1032", Decline::Cancelled),
        ("1036 1037", Decline::NoAnswer),
        ("2001", Decline::WrongPin),
    ];

    #[test]
    fn every_code_of_the_facts_has_its_meaning() {
        assert_eq!(meaning("0"), Meaning::Paid);
        assert_eq!(meaning("4999"), Meaning::Pending);
        for (codes, decline) in DECLINES {
            for code in codes.split(' ') {
                assert_eq!(meaning(code), Meaning::Declined(decline), "{code}");
            }
        }
    }

    #[test]
    fn codes_of_other_services_say_nothing_of_a_prompt() {
        for code in ["15", "2033", "R000001", "R000002", "C2B00011", "C2B00016"] {
            assert_eq!(meaning(code), Meaning::Unknown, "{code}");
        }
    }

    #[test]
    fn almost_a_code_is_no_code() {
        for code in
            ["", "00", "0.0", "-0", "+0", " 0", "0 ", "0e0", "01032", "1032.0", "sfc_ic0003"]
        {
            assert_eq!(meaning(code), Meaning::Unknown, "{code:?}");
        }
    }

    #[test]
    fn a_query_tells_no_amount_and_no_receipt() {
        assert_eq!(news("0"), PaymentNews::Paid { amount: None, receipt: None, paid_at: None });
        assert_eq!(news("1032"), PaymentNews::Declined(Decline::Cancelled));
        assert_eq!(news("4999"), PaymentNews::Pending);
        assert_eq!(news("77777"), PaymentNews::Unknown);
    }

    proptest! {
        #[test]
        fn only_zero_is_success(code in "\\PC{0,8}") {
            prop_assert_eq!(meaning(&code) == Meaning::Paid, code == "0");
        }
    }
}
