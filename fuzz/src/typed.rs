//! What people type: numbers, amounts, times, names. What is read is written and read the same.

use jiff::tz::TimeZone;
use lango::{
    adapters::routeros::{export::comment, units},
    ledger::{
        accent::Accent,
        kernel::{
            gsm,
            id::{PurchaseId, Slug},
            money::Cents,
            phone::Phone,
            stream::Stream,
            time::{DAY, Month, PointInTime},
        },
        purchase::Language,
    },
    services::catalogue,
};

/// Reads a text as everything that a person may be asked for.
pub fn typed(bytes: &[u8]) {
    let text = super::text(bytes);
    numbers(&text);
    times(&text);
    names(&text);
    let _ = (comment::holds_expiry(&text), Language::parse(&text), Accent::parse(&text));
    if let Some(group) = comment::group(&text) {
        assert!(text.contains(group) && group.trim() == group, "a group is a piece of a comment");
    }
    if !text.trim().is_empty() {
        assert!(comment::belongs_to(&text, &text), "a comment belongs to itself");
    }
    assert_eq!(gsm::plain(&gsm::plain(&text)), gsm::plain(&text), "plain is plain");
    let size = gsm::size(&text);
    assert!(size.parts >= 1 && size.parts <= size.units.max(1), "{size:?}");
}

fn numbers(text: &str) {
    if let Some(phone) = Phone::parse(text) {
        let number = phone.msisdn().to_owned();
        assert!(number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(Phone::parse(&number).as_ref(), Some(&phone));
        assert_eq!(Phone::parse(&phone.local()).as_ref(), Some(&phone));
        assert!(!phone.masked().contains(&number[6..9]) || phone.masked().len() == 12);
    }
    if let Some(cents) = Cents::parse(text) {
        assert!(cents.0 >= 0);
        let written = cents.to_string();
        assert_eq!(Cents::parse(written.trim_start_matches("KSh ")), Some(cents));
    }
    if let Ok(price) = catalogue::price(text) {
        assert!((Cents(100)..=Cents(25_000_000)).contains(&price) && price.whole_kes().is_some());
    }
    let _ =
        (catalogue::number::<u32>(text), catalogue::number::<u64>(text), catalogue::phone(text));
    if let Some(bytes) = units::bytes(text) {
        assert_eq!(units::bytes(&bytes.to_string()), Some(bytes));
    }
}

fn times(text: &str) {
    let zone = TimeZone::get("Africa/Nairobi").expect("the zones are in the program");
    if let Ok(point) = text.parse::<PointInTime>() {
        let at = point.at(&zone);
        let _ = (at.rfc3339(), at.local(&zone), at.business_day(&zone), at.east_africa_compact());
        let _ = (at.plus(1).plus(-DAY), at.plus(DAY));
    }
    if let Ok(month) = text.parse::<Month>() {
        assert_eq!(month.to_string().parse(), Ok(month));
        let (from, before) = month.period(&zone);
        assert!(from < before, "a month has days");
    }
    if let Some(micros) = units::duration(text) {
        assert!(micros > 0);
        assert_eq!(units::duration(&units::write_duration(micros)), Some(micros));
    }
    if let Ok(seconds) = catalogue::seconds(text) {
        assert!((1..=100 * 365 * 86_400).contains(&seconds), "the clock has room for it");
    }
}

fn names(text: &str) {
    if let Ok(slug) = Slug::parse(text) {
        assert_eq!(slug.to_string(), text);
    }
    if let Ok(id) = text.parse::<PurchaseId>() {
        assert_eq!(id.to_string().parse::<PurchaseId>().ok(), Some(id));
    }
    if let Ok(stream) = text.parse::<Stream>() {
        assert_eq!(stream.to_string().parse::<Stream>().ok(), Some(stream));
    }
    if let Ok(name) = catalogue::name(text) {
        assert!(!name.chars().any(char::is_control) && name.chars().count() <= 40);
        assert_eq!(catalogue::name(&name).as_ref(), Ok(&name));
    }
    if let Ok(address) = catalogue::router_login(text) {
        assert!(matches!(address.scheme(), "http" | "https"));
    }
    let _ = (catalogue::receiver(text), catalogue::language(text));
}
