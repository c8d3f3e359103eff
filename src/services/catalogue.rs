//! Reads the owner's input about sites and packages, in one way at the command line and at the
//! desk.

use crate::ledger::{
    kernel::{id::Slug, money::Cents},
    purchase::Language,
};
use url::{Host, Url};

/// The longest name, in letters; more does not fit a phone's first line.
pub const NAME_LETTERS_MAX: usize = 40;

/// The longest telephone number, spaces included.
const PHONE_LETTERS_MAX: usize = 20;

/// What is wrong with what was written, as an owner can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("write a name of 1 to 40 letters")]
    Name,
    /// M-PESA moves whole shillings, from 1 to 250,000 (`docs/reference/m-pesa.md`).
    #[error("write whole shillings from 1 to 250000, such as 50")]
    Price,
    #[error("write it like 30m, 1h, 1d, 1w or 4w2d")]
    Time,
    #[error("use 1 to 32 lower-case letters, digits and dashes, starting with a letter or digit")]
    Slug,
    #[error("write the address of the router's login page, such as http://10.5.50.1/login")]
    Address,
    #[error("write a whole number")]
    Number,
    #[error("write a colour as six hexadecimal digits, such as #0b6e4f")]
    Colour,
    #[error("write a phone number of digits and spaces, at most 20 of them")]
    Phone,
    #[error("write en or sw")]
    Language,
    #[error("write the till or paybill as 5 to 8 digits")]
    Receiver,
    #[error("the configuration has no account for that number; write a [[mpesa.account]] for it")]
    UnknownReceiver,
    #[error("write the name of the router's user profile exactly")]
    Profile,
}

impl Unreadable {
    /// The stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Price => "price",
            Self::Time => "time",
            Self::Slug => "slug",
            Self::Address => "address",
            Self::Number => "number",
            Self::Colour => "colour",
            Self::Language => "language",
            Self::Receiver => "receiver",
            Self::UnknownReceiver => "unknown_receiver",
            Self::Phone => "phone",
            Self::Profile => "profile",
        }
    }
}

/// A name that buyers can read: something, and short enough for a phone's page.
pub fn name(text: &str) -> Result<String, Unreadable> {
    let name = text.trim();
    let fits = (1..=NAME_LETTERS_MAX).contains(&name.chars().count());
    let plain = !name.chars().any(char::is_control);
    if fits && plain { Ok(name.to_owned()) } else { Err(Unreadable::Name) }
}

/// The user profile of a router, as it is called there. A control character is a slip, and a NUL no
/// database would take on its way from one to the other.
pub fn profile(text: &str) -> Result<String, Unreadable> {
    let profile = text.trim();
    let fits = !profile.is_empty() && !profile.chars().any(char::is_control);
    if fits { Ok(profile.to_owned()) } else { Err(Unreadable::Profile) }
}

/// A price in whole shillings.
pub fn price(text: &str) -> Result<Cents, Unreadable> {
    let whole = Cents::parse(text.trim()).filter(|price| price.whole_kes().is_some());
    whole
        .filter(|price| (Cents::from_kes(1)..=Cents::from_kes(250_000)).contains(price))
        .ok_or(Unreadable::Price)
}

/// The longest time that a code can last, in seconds: a hundred years. More would not fit the
/// clock.
const SECONDS_MAX: u64 = 100 * 365 * 86_400;

/// Reads `1h`, `1d`, `4w2d` into seconds.
pub fn seconds(text: &str) -> Result<u64, Unreadable> {
    let mut total: u64 = 0;
    let mut digits = String::new();
    for letter in text.trim().chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(Unreadable::Time),
        };
        let number: u64 = digits.parse().map_err(|_| Unreadable::Time)?;
        let more = number.checked_mul(unit).and_then(|seconds| total.checked_add(seconds));
        total = more.ok_or(Unreadable::Time)?;
        digits.clear();
    }
    let fits = (1..=SECONDS_MAX).contains(&total);
    if digits.is_empty() && fits { Ok(total) } else { Err(Unreadable::Time) }
}

/// A short name.
pub fn slug(text: &str) -> Result<Slug, Unreadable> {
    Slug::parse(text.trim()).map_err(|_| Unreadable::Slug)
}

/// The address of a router's login page.
pub fn router_login(text: &str) -> Result<Url, Unreadable> {
    let url = Url::parse(text.trim()).ok().filter(Url::has_host);
    // Hotspots know no IPv6.
    let is_v4 = |url: &Url| !matches!(url.host(), Some(Host::Ipv6(_)));
    url.filter(|url| matches!(url.scheme(), "http" | "https") && is_v4(url))
        .ok_or(Unreadable::Address)
}

/// The language of a site's pages.
pub fn language(text: &str) -> Result<Language, Unreadable> {
    let known = |language: &Language| language.code() == text.trim();
    Language::ALL.into_iter().find(known).ok_or(Unreadable::Language)
}

/// The number of a till or paybill, 5 to 8 digits; empty for the shop's.
pub fn receiver(text: &str) -> Result<String, Unreadable> {
    let number = text.trim();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let fits = number.is_empty() || (5..=8).contains(&number.len());
    if digits && fits { Ok(number.to_owned()) } else { Err(Unreadable::Receiver) }
}

/// The tills and paybills that money may be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receivers {
    pub configured: Vec<String>,
    /// Whether the shop is paid by a till: others may stand under the same store number, with the
    /// same account.
    pub tills: bool,
}

impl Receivers {
    /// Whether `number` is one of them; empty, it is the shop's.
    pub fn know(&self, number: &str) -> bool {
        number.is_empty() || self.tills || self.configured.iter().any(|known| known == number)
    }
}

/// A whole number of at least 1; nothing for an empty field.
pub fn number<T: std::str::FromStr + PartialOrd + From<u8>>(
    text: &str,
) -> Result<Option<T>, Unreadable> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.map(Some).ok_or(Unreadable::Number)
}

/// A telephone number that people may call, as they write it; empty for none.
pub fn phone(text: &str) -> Result<String, Unreadable> {
    let phone = text.trim();
    let written = |letter: char| letter.is_ascii_digit() || matches!(letter, ' ' | '+' | '-');
    let fits = phone.chars().count() <= PHONE_LETTERS_MAX && phone.chars().all(written);
    if fits { Ok(phone.to_owned()) } else { Err(Unreadable::Phone) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_router_writes_them() {
        assert_eq!(seconds("1d"), Ok(86_400));
        assert_eq!(seconds("4w2d"), Ok(30 * 86_400));
        assert_eq!(seconds("1h30m"), Ok(5_400));
        for bad in ["", "1", "d", "1x", "0d", "99999999999999999999d", "9000000000000w"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_can_be_read() {
        assert_eq!(name(" One day "), Ok("One day".into()));
        for bad in ["", "  ", "a\nb", &"x".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert_eq!(profile(" daily "), Ok("daily".into()));
        for bad in ["", "  ", "a\nb", "daily\0"] {
            assert_eq!(profile(bad), Err(Unreadable::Profile), "{bad:?}");
        }
    }

    #[test]
    fn only_numbers_that_somebody_signs_for_can_be_paid() {
        assert_eq!(receiver(" 700300 "), Ok("700300".into()));
        for bad in ["7003", "700300300", "paybill"] {
            assert_eq!(receiver(bad), Err(Unreadable::Receiver), "{bad}");
        }
        let paybill = Receivers { configured: vec!["600100".into()], tills: false };
        assert!(paybill.know("") && paybill.know("600100") && !paybill.know("500200"));
        let till = Receivers { configured: vec!["500200".into()], tills: true };
        assert!(till.know("500300"), "it stands under the same store number");
    }

    #[test]
    fn prices_are_whole_shillings() {
        assert_eq!(price("50"), Ok(Cents(5000)));
        for bad in ["0", "-5", "9.50", "250001", "free"] {
            assert!(price(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_numbers_and_phones_are_plain() {
        assert!(router_login("http://10.5.50.1/login").is_ok());
        for bad in ["", "10.5.50.1", "ftp://10.5.50.1/", "javascript:alert(1)", "http://"] {
            assert_eq!(router_login(bad), Err(Unreadable::Address), "{bad}");
        }
        assert_eq!(number::<u32>(" 3 "), Ok(Some(3)));
        assert_eq!(number::<u32>(""), Ok(None));
        for bad in ["0", "-1", "x", "99999999999"] {
            assert_eq!(number::<u32>(bad), Err(Unreadable::Number), "{bad}");
        }
        assert_eq!(phone(" 0700 000 111 "), Ok("0700 000 111".into()));
        assert_eq!(phone("<b>0700</b>"), Err(Unreadable::Phone));
    }
}
