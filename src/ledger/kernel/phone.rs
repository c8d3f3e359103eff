//! Kenyan mobile numbers, as people type them. Prefix lists go stale: M-PESA prompted a 0181 number
//! that libraries called impossible (`docs/reference/sms-gateways.md`). So only the shape is
//! checked, and M-PESA judges the rest.

use std::fmt;

/// A mobile number: `254`, then nine digits of which the first is 7 or 1. `Debug` hides it and
/// there is no `Display`; who needs the number asks for [`Phone::msisdn`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

impl Phone {
    /// Reads any usual way of writing a number; `None` when it is not a Kenyan mobile number.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let digits = digits
            .strip_prefix("000254")
            .or_else(|| digits.strip_prefix("00254"))
            .map_or_else(|| digits.clone(), |rest| format!("254{rest}"));
        let national = if let Some(rest) = digits.strip_prefix("2540") {
            rest
        } else if let Some(rest) = digits.strip_prefix("254") {
            rest
        } else {
            digits.strip_prefix('0').unwrap_or(&digits)
        };
        let mobile =
            national.len() == 9 && (national.starts_with('7') || national.starts_with('1'));
        mobile.then(|| Self(format!("254{national}")))
    }

    /// The full number, digits only, for gateways. Never for logs or pages.
    pub fn msisdn(&self) -> &str {
        &self.0
    }

    /// As a Kenyan writes it, `0712345678`, for a message to this very number.
    pub fn local(&self) -> String {
        format!("0{}", &self.0[3..])
    }

    /// `0712 *** 678`: enough to recognise one's own number, not enough to learn another's.
    pub fn masked(&self) -> String {
        format!("0{} *** {}", &self.0[3..6], &self.0[9..])
    }

    /// The last four digits, which a buyer types to see a code again.
    pub fn last_four(&self) -> &str {
        &self.0[8..]
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_of_writing_it_is_the_same_number() {
        let forms = [
            "0712345678",
            "712345678",
            "254712345678",
            "+254712345678",
            "+254 (0)712 345 678",
            "002540712345678",
            "00254712345678",
            "000254712345678",
            "0712-345-678",
            " 0712 345 678 ",
        ];
        for form in forms {
            assert_eq!(Phone::parse(form).expect(form).msisdn(), "254712345678", "{form}");
        }
    }

    #[test]
    fn new_blocks_are_taken() {
        for form in ["0110123456", "0181954437", "0146123456", "0100200300"] {
            assert!(Phone::parse(form).is_some(), "{form}");
        }
    }

    #[test]
    fn what_is_no_mobile_number_is_refused() {
        for bad in ["", "0", "07123", "071234567890", "0212345678", "hello", "+44 7700 900123"] {
            assert!(Phone::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_number_never_prints() {
        let phone = Phone::parse("0712345678").unwrap();
        assert_eq!(format!("{phone:?}"), "Phone(…)");
        assert_eq!(phone.masked(), "0712 *** 678");
    }

    proptest! {
        #[test]
        fn parsing_is_stable(typed in "\\PC{0,24}") {
            if let Some(phone) = Phone::parse(&typed) {
                prop_assert_eq!(Phone::parse(phone.msisdn()), Some(phone.clone()));
                prop_assert_eq!(Phone::parse(&phone.local()), Some(phone));
            }
        }
    }
}
