//! Section `[shop]`: the name of the shop, its place, and the number to call.

use super::reader::{Reader, Reported};
use jiff::{civil::Time, tz::TimeZone};

/// The longest name; more does not fit a phone's first line.
const NAME_LETTERS_MAX: usize = 40;
/// The longest telephone number that is taken, spaces included.
const PHONE_LETTERS_MAX: usize = 20;

/// The shop.
#[derive(Debug)]
pub struct Shop {
    /// What buyers read on top of the page.
    pub name: String,
    /// Decides which *business day* a sale belongs to; a ledger keeps the one it began with.
    pub timezone: TimeZone,
    /// Whom a buyer calls when nothing else helps; it stands on public pages.
    pub support_phone: Option<String>,
    /// The colour of the buyers' pages, as `#0b6e4f`.
    pub accent: String,
    /// Who gets the evening digest; nobody where it is not set.
    pub owner_phone: Option<String>,
    /// In which language: `en` or `sw`.
    pub owner_language: String,
    /// Not before this local time.
    pub digest_at: Time,
}

impl Shop {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let name = reader.required("shop.name", name);
        let timezone = reader.required("shop.timezone", |text| TimeZone::get(text).ok());
        let support_phone = reader.optional("shop.support_phone", phone);
        let accent = reader.required("shop.accent", colour);
        let owner_phone = reader.optional("shop.owner_phone", phone);
        let owner_language = reader.required("shop.owner_language", |text| {
            matches!(text, "en" | "sw").then(|| text.to_owned())
        });
        let digest_at = reader.required("shop.digest_at", |text| text.parse::<Time>().ok());
        Ok(Self {
            name: name?,
            timezone: timezone?,
            support_phone: support_phone?,
            accent: accent?,
            owner_phone: owner_phone?,
            owner_language: owner_language?,
            digest_at: digest_at?,
        })
    }
}

fn name(text: &str) -> Option<String> {
    let letters = text.trim().chars().count();
    let fits = (1..=NAME_LETTERS_MAX).contains(&letters) && !text.contains(char::is_control);
    fits.then(|| text.trim().to_owned())
}

fn colour(text: &str) -> Option<String> {
    let digits = text.trim().strip_prefix('#')?;
    let fits = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    fits.then(|| text.trim().to_ascii_lowercase())
}

/// Any telephone, a landline too: only the shape is checked.
fn phone(text: &str) -> Option<String> {
    let shape = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let fits = text.len() <= PHONE_LETTERS_MAX && digits >= 3 && text.chars().all(shape);
    fits.then(|| text.trim().to_owned())
}
