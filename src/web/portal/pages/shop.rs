//! The shop page: packages, cheapest first, a phone number, one button.
//!
//! Nothing is chosen beforehand unless there is only one thing to choose: a package nobody chose
//! would be paid for by whoever types the number first and reads later.

use crate::ledger::kernel::money::Cents;
use serde::Serialize;

/// What a package gives. `None` is unlimited, and the page does not mention it.
#[derive(Debug, Clone, Serialize)]
pub struct PackageFacts {
    /// How long it lasts from the first connection, in seconds.
    pub validity_seconds: u64,
    /// How much of that may be spent online, in seconds.
    pub uptime_seconds: Option<u64>,
    pub devices: Option<u32>,
    /// Top speed down, in kbit/s.
    pub speed_kbps: Option<u32>,
    pub data_bytes: Option<u64>,
}

/// A package on offer.
#[derive(Debug, Clone, Serialize)]
pub struct PackageCard {
    /// Its short name, the value of the form's `package`.
    pub key: String,
    /// The version shown, sent back as `version.<key>`: the buyer pays the price that was seen.
    pub version: u32,
    pub name: String,
    #[serde(flatten)]
    pub facts: PackageFacts,
    pub price: Cents,
    #[serde(skip)]
    pub place: Option<u32>,
    /// Shown, but nobody can choose it.
    pub sold_out: bool,
    /// Ticked when the page opens; see [`ShopPage::arrange`].
    pub chosen: bool,
}

/// The phone number field, as it was filled in.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PhoneField {
    pub typed: String,
    pub problem: Option<PhoneProblem>,
    /// The prefix is unusual: the page says so, and accepts it.
    pub unusual: bool,
}

/// Why a phone number was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneProblem {
    Empty,
    TooShort,
    TooLong,
    NotANumber,
}

/// Why the form came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopProblem {
    NothingChosen,
    /// The package has another price or content than the page showed.
    PackageChanged,
    /// The last code went to someone else.
    JustSoldOut,
    TooMany,
    /// The number has a purchase under way that this phone may not see.
    PurchaseOpen,
}

/// A purchase of this phone, found by cookie or MAC.
#[derive(Debug, Clone, Serialize)]
pub struct OpenPurchase {
    /// Its page. Found by MAC alone, this must not be the link with the token: that opens the
    /// code (design, rule 10).
    pub path: String,
    pub package: String,
    pub state: OpenState,
    /// The only site where its code works, where that is not this one.
    pub elsewhere: Option<String>,
}

/// How far a purchase of this phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenState {
    Underway,
    /// Paid, and its time may still run.
    Bought,
}

/// The shop page.
///
/// Its form posts to `/s/<site>/buy`: `nonce`, `package`, `version.<key>` of every package,
/// `phone`, `mac`, `dst`, `lang`.
#[derive(Debug, Clone, Serialize)]
pub struct ShopPage {
    /// Makes a form posted twice one purchase.
    pub nonce: String,
    /// In the order shown; see [`ShopPage::arrange`].
    pub packages: Vec<PackageCard>,
    pub phone: PhoneField,
    pub problem: Option<ShopProblem>,
    /// M-PESA itself is failing: warn against paying twice.
    pub mpesa_slow: bool,
    /// What this phone bought or is buying; "buy another" is the rest of the page.
    pub open: Option<OpenPurchase>,
}

impl ShopPage {
    /// As the owner placed them, the others behind, cheapest first; ticks what was `chosen` before,
    /// or the only package that can be bought.
    pub fn arrange(mut packages: Vec<PackageCard>, chosen: Option<&str>) -> Vec<PackageCard> {
        packages.sort_by(|a, b| {
            let rank = |card: &PackageCard| {
                (card.place.unwrap_or(u32::MAX), card.price, card.facts.validity_seconds)
            };
            rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
        });
        let only = packages.iter().filter(|card| !card.sold_out).count() == 1;
        for card in &mut packages {
            card.chosen = !card.sold_out && (only || chosen == Some(card.key.as_str()));
        }
        packages
    }

    pub fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            nonce: "n0nce".into(),
            packages: Self::arrange(sample_packages(), None),
            phone: PhoneField::default(),
            problem: None,
            mpesa_slow: false,
            open: None,
        };
        let corrected = Self {
            packages: Self::arrange(sample_packages(), Some("daily")),
            phone: PhoneField {
                typed: "0712 34<5".into(),
                problem: Some(PhoneProblem::TooShort),
                unusual: false,
            },
            ..plain.clone()
        };
        let returning = Self {
            problem: Some(ShopProblem::JustSoldOut),
            phone: PhoneField { typed: "0181 000 222".into(), problem: None, unusual: true },
            mpesa_slow: true,
            open: Some(OpenPurchase {
                path: "/p/c2FtcGxlLXRva2Vu".into(),
                package: "Daily".into(),
                state: OpenState::Underway,
                elsewhere: None,
            }),
            ..plain.clone()
        };
        let single = Self {
            packages: Self::arrange(sample_packages().split_off(3), None),
            open: Some(OpenPurchase {
                path: "/p/c2FtcGxlLXRva2Vu".into(),
                package: "Hour & a half".into(),
                state: OpenState::Bought,
                elsewhere: None,
            }),
            ..plain.clone()
        };
        vec![
            ("shop", plain),
            ("shop_corrected", corrected),
            ("shop_returning", returning),
            ("shop_single", single),
        ]
    }
}

fn sample_packages() -> Vec<PackageCard> {
    let card = |key: &str, name: &str, hours: u64, kes: i64| PackageCard {
        place: None,
        key: key.into(),
        version: 2,
        name: name.into(),
        facts: PackageFacts {
            validity_seconds: hours * 3600,
            uptime_seconds: None,
            devices: Some(1),
            speed_kbps: Some(5000),
            data_bytes: None,
        },
        price: Cents::from_kes(kes),
        sold_out: false,
        chosen: false,
    };
    let mut monthly = card("monthly", "Monthly family & friends", 720, 1500);
    monthly.facts.devices = Some(3);
    monthly.facts.speed_kbps = Some(10_500);
    monthly.facts.data_bytes = Some(100_000_000_000);
    let mut weekly = card("weekly", "Weekly", 168, 250);
    weekly.sold_out = true;
    let mut daily = card("daily", "Daily", 24, 50);
    daily.facts.uptime_seconds = Some(6 * 3600);
    vec![monthly, weekly, daily, card("hour", "Hour", 1, 10)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticked(packages: &[PackageCard]) -> Vec<&str> {
        packages.iter().filter(|card| card.chosen).map(|card| card.key.as_str()).collect()
    }

    #[test]
    fn the_cheapest_stands_first() {
        let packages = ShopPage::arrange(sample_packages(), None);
        let keys: Vec<_> = packages.iter().map(|card| card.key.as_str()).collect();
        assert_eq!(keys, ["hour", "daily", "weekly", "monthly"]);
    }

    #[test]
    fn nobody_chooses_for_the_buyer_unless_there_is_no_choice() {
        assert!(ticked(&ShopPage::arrange(sample_packages(), None)).is_empty());
        assert_eq!(ticked(&ShopPage::arrange(sample_packages(), Some("daily"))), ["daily"]);
        let two = sample_packages().split_off(1).into_iter().take(2).collect();
        assert_eq!(ticked(&ShopPage::arrange(two, None)), ["daily"]);
    }

    #[test]
    fn what_is_sold_out_is_never_ticked() {
        assert!(ticked(&ShopPage::arrange(sample_packages(), Some("weekly"))).is_empty());
    }
}
