//! The page of one purchase, from "look at your phone" to the code.
//!
//! It never says *failed* while M-PESA may still say yes, and a [`Paid`] exists only for someone
//! who may see the code. A page found by MAC alone shows no part of a phone number: the digits
//! that a mask leaves are most of the four that open the code.

use crate::{
    ledger::{kernel::money::Cents, settlement::Settlement},
    ports::Decline,
};
use serde::Serialize;

/// What the phone will show, word for word, so that the buyer recognises it.
#[derive(Debug, Clone, Serialize)]
pub struct PhoneWords {
    pub shop: String,
    pub account: String,
}

/// The prompt is on its way or on the phone.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// The paying phone, masked; `None` when the purchase was found by MAC alone.
    pub phone: Option<String>,
    pub words: PhoneWords,
    /// Until the page turns to "still checking", in seconds.
    pub seconds_left: u32,
}

/// M-PESA itself is slow.
#[derive(Debug, Clone, Serialize)]
pub struct Slow {
    pub words: PhoneWords,
    /// Until when we keep checking: `18:05`, local.
    pub checking_until: String,
}

/// M-PESA was asked to the end, or could not be, and has not said whether the money moved.
#[derive(Debug, Clone, Serialize)]
pub struct Unanswered {
    /// The account reference, by which the shop finds it in M-PESA's statement.
    pub account: String,
}

/// M-PESA said no, for certain.
#[derive(Debug, Clone, Serialize)]
pub struct Declined {
    pub reason: Decline,
    /// Sending again; `None` where it would not help.
    pub again: Option<Again>,
}

/// The button that sends the prompt again.
#[derive(Debug, Clone, Serialize)]
pub struct Again {
    /// Makes the button pressed twice one attempt.
    pub nonce: String,
    /// Seconds until it may be pressed; 0 is now.
    pub in_seconds: u32,
}

/// Paid, and this person may see the code.
#[derive(Debug, Clone, Serialize)]
pub struct Paid {
    pub code: String,
    /// The password, where it differs from the code.
    pub password: Option<String>,
    /// The site's registered login address with `?var=…`; `None` where the router is not known to
    /// be near.
    pub connect: Option<String>,
    /// Seconds until a script follows `connect` by itself; `None` never, as when the page is opened
    /// again later.
    pub connect_in_seconds: Option<u32>,
    /// Where the SMS went, masked; `None` when none was sent.
    pub sms_to: Option<String>,
    /// Until when the time runs: `22 Nov 2026 18:05`, local; `None` while it has not started, which
    /// is at the first connection.
    pub runs_until: Option<String>,
    pub receipt: Option<String>,
    /// The ledger's last checkpoint in short form, for whoever must prove later what was sold;
    /// `None` before the first.
    pub checkpoint: Option<String>,
    /// The full address of this page, to be kept.
    pub keep: String,
}

/// Paid, but the viewer must prove the phone first.
#[derive(Debug, Clone, Serialize)]
pub struct Locked {
    pub wrong: bool,
    /// How often they may still be typed; 0 shows no form.
    pub tries_left: u32,
}

/// Paid, and no code was left.
#[derive(Debug, Clone, Serialize)]
pub struct Owed {
    pub receipt: Option<String>,
}

/// Money that a person must look at.
#[derive(Debug, Clone, Serialize)]
pub struct SetAside {
    pub received: Cents,
    pub receipt: Option<String>,
}

/// Money that a person has settled.
#[derive(Debug, Clone, Serialize)]
pub struct Settled {
    pub how: Settlement,
    pub amount: Cents,
    pub receipt: Option<String>,
}

/// How far a purchase is.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PurchaseView {
    Waiting(Waiting),
    Slow(Slow),
    /// The countdown is over, and M-PESA has not said.
    StillChecking,
    /// M-PESA has not said, and is not asked any more.
    Unanswered(Unanswered),
    Declined(Declined),
    Paid(Paid),
    PaidLocked(Locked),
    Owed(Owed),
    Expired,
    SetAside(SetAside),
    Settled(Settled),
}

impl PurchaseView {
    pub const fn template(&self) -> &'static str {
        match self {
            Self::Waiting(_) => "purchase_waiting",
            Self::Slow(_) => "purchase_slow",
            Self::StillChecking => "purchase_checking",
            Self::Unanswered(_) => "purchase_unanswered",
            Self::Declined(_) => "purchase_declined",
            Self::Paid(_) => "purchase_paid",
            Self::PaidLocked(_) => "purchase_locked",
            Self::Owed(_) => "purchase_owed",
            Self::Expired => "purchase_expired",
            Self::SetAside(_) => "purchase_set_aside",
            Self::Settled(_) => "purchase_settled",
        }
    }

    pub const fn refresh_seconds(&self) -> Option<u32> {
        match self {
            Self::Waiting(_) => Some(5),
            Self::Slow(_) | Self::StillChecking => Some(10),
            Self::Owed(_) | Self::Unanswered(_) => Some(60),
            Self::Declined(declined) => match &declined.again {
                Some(again) if again.in_seconds > 0 => Some(again.in_seconds + 1),
                _ => None,
            },
            Self::Paid(_)
            | Self::PaidLocked(_)
            | Self::Expired
            | Self::SetAside(_)
            | Self::Settled(_) => None,
        }
    }
}

/// The page of one purchase. Its forms post to `<path>/again` (`nonce`, `lang`) and
/// `<path>/unlock` (`digits`, `lang`); its script asks `<path>/wait?seen=<version>`, which answers
/// with the newest version as plain text once it differs, or after some 25 s.
#[derive(Debug, Clone, Serialize)]
pub struct PurchasePage {
    /// Where it stands: `/p/<token>`. Found by MAC alone, another path that does not hold the
    /// token.
    pub path: String,
    /// The version of what is shown; grows with every change the buyer would see.
    pub version: u64,
    pub reference: String,
    pub package: String,
    pub validity_seconds: u64,
    pub price: Cents,
    pub view: PurchaseView,
}

impl PurchasePage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let words = PhoneWords { shop: "MTAA NETWORKS".into(), account: "LG7K2QX".into() };
        let waiting = |phone: Option<&str>| {
            PurchaseView::Waiting(Waiting {
                phone: phone.map(str::to_owned),
                words: words.clone(),
                seconds_left: 54,
            })
        };
        let slow = Slow { words: words.clone(), checking_until: "18:05".into() };
        let receipt = Some("TJK4ABC9XY".to_owned());
        let mut samples = vec![
            ("purchase_waiting", waiting(Some("0712\u{a0}***\u{a0}678"))),
            ("purchase_waiting_by_mac", waiting(None)),
            ("purchase_slow", PurchaseView::Slow(slow)),
            ("purchase_checking", PurchaseView::StillChecking),
            ("purchase_unanswered", unanswered()),
            ("purchase_locked", locked(false, 5)),
            ("purchase_locked_wrong", locked(true, 1)),
            ("purchase_locked_out", locked(true, 0)),
            ("purchase_owed", PurchaseView::Owed(Owed { receipt: receipt.clone() })),
            ("purchase_expired", PurchaseView::Expired),
            (
                "purchase_set_aside",
                PurchaseView::SetAside(SetAside {
                    received: Cents::from_kes(40),
                    receipt: receipt.clone(),
                }),
            ),
            ("purchase_settled", settled(Settlement::RefundedMpesa, receipt)),
            ("purchase_settled_promise", settled(Settlement::RefundPromised, None)),
            ("purchase_settled_cash", settled(Settlement::RefundedCash, None)),
            ("purchase_settled_by_hand", settled(Settlement::ServedByHand, None)),
        ];
        samples.extend(sample_declines());
        samples.extend(sample_paid());
        samples.into_iter().map(|(name, view)| (name, sample(view))).collect()
    }
}

fn sample(view: PurchaseView) -> PurchasePage {
    PurchasePage {
        path: "/p/c2FtcGxlLXRva2Vu".into(),
        version: 7,
        reference: "LG7K2QX".into(),
        package: "Daily".into(),
        validity_seconds: 86_400,
        price: Cents::from_kes(50),
        view,
    }
}

fn settled(how: Settlement, receipt: Option<String>) -> PurchaseView {
    PurchaseView::Settled(Settled { how, amount: Cents::from_kes(50), receipt })
}

fn unanswered() -> PurchaseView {
    PurchaseView::Unanswered(Unanswered { account: "LG7K2QX".into() })
}

fn locked(wrong: bool, tries_left: u32) -> PurchaseView {
    PurchaseView::PaidLocked(Locked { wrong, tries_left })
}

fn sample_declines() -> Vec<(&'static str, PurchaseView)> {
    use Decline as D;
    let all = [
        ("purchase_declined_funds", D::InsufficientFunds, Some(0)),
        ("purchase_declined_cancelled", D::Cancelled, Some(0)),
        ("purchase_declined_no_answer", D::NoAnswer, Some(12)),
        ("purchase_declined_pin", D::WrongPin, Some(0)),
        ("purchase_declined_limit", D::PayerLimit, Some(0)),
        ("purchase_declined_too_soon", D::TooSoon, Some(95)),
        ("purchase_declined_busy", D::Busy, Some(20)),
        ("purchase_declined_prompt", D::PromptFailed, Some(0)),
        ("purchase_declined_account", D::PayerAccount, None),
        ("purchase_declined_configuration", D::Configuration, None),
    ];
    let view = |reason, in_seconds: Option<u32>| {
        let again = in_seconds.map(|in_seconds| Again { nonce: "n0nce".into(), in_seconds });
        PurchaseView::Declined(Declined { reason, again })
    };
    all.into_iter().map(|(name, reason, again)| (name, view(reason, again))).collect()
}

fn sample_paid() -> Vec<(&'static str, PurchaseView)> {
    let first = Paid {
        code: "k7qf2mxd".into(),
        password: None,
        connect: Some("http://10.5.50.1/login?var=azdxZjJteGQ".into()),
        connect_in_seconds: Some(3),
        sms_to: Some("0712\u{a0}***\u{a0}678".into()),
        runs_until: None,
        receipt: None,
        checkpoint: None,
        keep: "http://10.5.50.2/p/c2FtcGxlLXRva2Vu".into(),
    };
    let later = Paid {
        code: "wifi-<07>&X".into(),
        password: Some("4821".into()),
        connect_in_seconds: None,
        runs_until: Some("23 Nov 2026 18:05".into()),
        receipt: Some("TJK4ABC9XY".into()),
        checkpoint: Some("1234-9f3a-6b2c-41d0-7e58".into()),
        ..first.clone()
    };
    let elsewhere = Paid { connect: None, sms_to: None, ..first.clone() };
    vec![
        ("purchase_paid", PurchaseView::Paid(first)),
        ("purchase_paid_later", PurchaseView::Paid(later)),
        ("purchase_paid_elsewhere", PurchaseView::Paid(elsewhere)),
    ]
}
