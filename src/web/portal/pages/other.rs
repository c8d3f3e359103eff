//! The small pages: sold out, already paid, a code of one's own, something went wrong.

use super::shop::PhoneField;
use crate::ledger::kernel::money::Cents;
use serde::Serialize;

/// Every package of the site is sold out.
#[derive(Debug, Clone, Serialize)]
pub struct SoldOutPage {
    /// When the owner expects more: a local date or time, where the owner said so.
    pub back: Option<String>,
}

impl SoldOutPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("sold_out", Self { back: None }),
            ("sold_out_until", Self { back: Some("23 Nov 2026".into()) }),
        ]
    }
}

/// "Already paid?" Its form posts to `/s/<site>/paid`: `phone` or `receipt`, `mac`, `dst`, `lang`.
#[derive(Debug, Clone, Serialize)]
pub struct PaidPage {
    pub phone: PhoneField,
    pub receipt: String,
    pub found: Vec<FoundPurchase>,
    pub problem: Option<PaidProblem>,
}

/// Why nothing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidProblem {
    Unreadable,
    None,
    TooMany,
}

/// A purchase found again.
#[derive(Debug, Clone, Serialize)]
pub struct FoundPurchase {
    /// Its page; a locked one, unless the finder proved more than a MAC.
    pub path: String,
    pub package: String,
    pub price: Cents,
    pub when: String,
    pub state: FoundState,
}

/// How far a purchase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundState {
    Waiting,
    Paid,
    /// Paid; a code or a person is still to come.
    Owed,
    NotPaid,
    Settled,
}

impl PaidPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |found, problem| Self {
            phone: PhoneField::default(),
            receipt: String::new(),
            found,
            problem,
        };
        let found = |package: &str, state| FoundPurchase {
            path: "/p/c2FtcGxlLXRva2Vu".into(),
            package: package.into(),
            price: Cents::from_kes(50),
            when: "22 Nov 2026 18:05".into(),
            state,
        };
        let several = vec![
            found("Daily", FoundState::Paid),
            found("Daily", FoundState::NotPaid),
            found("Hour", FoundState::Owed),
            found("Hour", FoundState::Waiting),
            found("Hour", FoundState::Settled),
        ];
        let mut nothing = page(vec![], Some(PaidProblem::None));
        nothing.receipt = "TJK4\"<b>".into();
        nothing.phone.typed = "0712 345 678".into();
        vec![
            ("paid", page(vec![], None)),
            ("paid_unreadable", page(vec![], Some(PaidProblem::Unreadable))),
            ("paid_none", nothing),
            ("paid_too_many", page(vec![], Some(PaidProblem::TooMany))),
            ("paid_found", page(several, None)),
            ("paid_found_one", page(vec![found("Daily", FoundState::Paid)], None)),
        ]
    }
}

/// "I have a code". Its form posts to `/s/<site>/code`: `code`, `mac`, `dst`, `lang`; a good code
/// is answered by a redirect to the router.
#[derive(Debug, Clone, Serialize)]
pub struct CodePage {
    /// Exactly what was typed; never destroyed.
    pub typed: String,
    pub problem: Option<CodeProblem>,
}

/// Why a code does not lead to the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeProblem {
    Empty,
    Unknown,
    OtherSite,
    Ended,
    Voided,
    TooMany,
}

impl CodePage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |typed: &str, problem| Self { typed: typed.into(), problem };
        vec![
            ("code", page("", None)),
            ("code_empty", page("", Some(CodeProblem::Empty))),
            ("code_unknown", page("K7QF \"2MXO", Some(CodeProblem::Unknown))),
            ("code_other_site", page("k7qf2mxd", Some(CodeProblem::OtherSite))),
            ("code_ended", page("k7qf2mxd", Some(CodeProblem::Ended))),
            ("code_voided", page("k7qf2mxd", Some(CodeProblem::Voided))),
            ("code_too_many", page("k7qf2mxd", Some(CodeProblem::TooMany))),
        ]
    }
}

/// Something did not work. The frame's links to the packages and the owner stand below it.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorPage {
    /// A phrase `error.…`.
    pub message: &'static str,
    /// Joins this page with the line in the log.
    pub reference: Option<String>,
    /// What to do now; the first is the button. Without a site it must not be empty.
    pub recovery: Vec<Recovery>,
}

/// A way on.
#[derive(Debug, Clone, Serialize)]
pub struct Recovery {
    pub label: RecoveryLabel,
    pub path: String,
}

/// A phrase `error.…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryLabel {
    TryAgain,
    /// The purchase's page, or the search for it.
    CheckPayment,
}

impl ErrorPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |message, label, path: &str| Self {
            message,
            reference: Some("E-4F7K2".into()),
            recovery: vec![Recovery { label, path: path.into() }],
        };
        let again = |message| page(message, RecoveryLabel::TryAgain, "/s/mtaa");
        let check = |message| page(message, RecoveryLabel::CheckPayment, "/s/mtaa/paid");
        vec![
            ("error_not_found", Self { reference: None, ..again("not_found") }),
            ("error_purchase_not_found", check("purchase_not_found")),
            ("error_form_expired", again("form_expired")),
            ("error_bad_request", again("bad_request")),
            ("error_too_many", again("too_many")),
            ("error_busy", again("busy")),
            ("error_failed", check("failed")),
            ("error_closed", again("closed")),
        ]
    }
}
