//! The contexts of the buyers' pages: plain values, already decided, with samples for tests.
//!
//! A handler fills one of these and a [`Frame`]; the door draws it with its template. No page
//! decides anything: whether a code may be seen is settled before a [`purchase::Paid`] is made.

mod frame;
mod other;
mod purchase;
mod shop;

pub use frame::{Frame, Links};
pub use other::{
    CodePage, CodeProblem, ErrorPage, FoundPurchase, FoundState, PaidPage, PaidProblem, Recovery,
    RecoveryLabel, SoldOutPage,
};
pub use purchase::{
    Again, Declined, Locked, Owed, Paid, PhoneWords, PurchasePage, PurchaseView, SetAside, Settled,
    Slow, Unanswered, Waiting,
};
pub use shop::{
    OpenPurchase, OpenState, PackageCard, PackageFacts, PhoneField, PhoneProblem, ShopPage,
    ShopProblem,
};

use crate::web::page;
use serde::Serialize;

/// Any page of the shop.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Page {
    Shop(ShopPage),
    SoldOut(SoldOutPage),
    Purchase(Box<PurchasePage>),
    Paid(PaidPage),
    Code(CodePage),
    Error(ErrorPage),
}

impl Page {
    const fn template(&self) -> &'static str {
        match self {
            Self::Shop(_) => "shop",
            Self::SoldOut(_) => "sold_out",
            Self::Purchase(page) => page.view.template(),
            Self::Paid(_) => "paid",
            Self::Code(_) => "code",
            Self::Error(_) => "error",
        }
    }

    const fn script(&self) -> Option<&'static str> {
        match self {
            Self::Shop(_) => Some("shop"),
            Self::Purchase(_) => Some("purchase"),
            Self::SoldOut(_) | Self::Paid(_) | Self::Code(_) | Self::Error(_) => None,
        }
    }

    pub fn samples() -> Vec<(&'static str, Self)> {
        let mut samples = Vec::new();
        samples.extend(ShopPage::samples().into_iter().map(|(n, p)| (n, Self::Shop(p))));
        samples.extend(SoldOutPage::samples().into_iter().map(|(n, p)| (n, Self::SoldOut(p))));
        samples.extend(
            PurchasePage::samples().into_iter().map(|(n, p)| (n, Self::Purchase(Box::new(p)))),
        );
        samples.extend(PaidPage::samples().into_iter().map(|(n, p)| (n, Self::Paid(p))));
        samples.extend(CodePage::samples().into_iter().map(|(n, p)| (n, Self::Code(p))));
        samples.extend(ErrorPage::samples().into_iter().map(|(n, p)| (n, Self::Error(p))));
        samples
    }
}

impl From<Page> for page::Page {
    fn from(page: Page) -> Self {
        let refresh_seconds = match &page {
            Page::Purchase(page) => page.view.refresh_seconds(),
            _ => None,
        };
        let script = page.script();
        Self { script, refresh_seconds, ..Self::new(page.template(), page) }
    }
}
