//! What each page for buyers is given: plain values, already decided, with samples for tests.
//!
//! A handler fills one of these and a [`Frame`], and
//! [`crate::web::page::render`] makes the HTML. No page
//! decides anything: whether a code may be seen is settled before a [`purchase::Paid`] is made.

mod frame;
mod other;
mod purchase;
mod shop;

pub use frame::{Frame, Links};
pub use other::{
    CodePage, CodeProblem, ErrorMessage, ErrorPage, FoundPurchase, FoundState, PaidPage,
    PaidProblem, Recovery, RecoveryLabel, SoldOutPage,
};
pub use purchase::{
    Again, Declined, Locked, Owed, Paid, PhoneWords, PurchasePage, PurchaseView, SetAside, Settled,
    Slow, Unanswered, Waiting,
};
pub use shop::{
    OpenPurchase, OpenState, PackageCard, PackageFacts, PhoneField, PhoneProblem, ShopPage,
    ShopProblem,
};

use serde::Serialize;

/// Any page of the shop.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Page {
    /// Packages, phone number, pay.
    Shop(ShopPage),
    /// Nothing to sell.
    SoldOut(SoldOutPage),
    /// One purchase, whatever became of it.
    Purchase(Box<PurchasePage>),
    /// "Already paid?"
    Paid(PaidPage),
    /// "I have a code".
    Code(CodePage),
    /// Something did not work.
    Error(ErrorPage),
}

impl Page {
    /// The template that draws it.
    pub const fn template(&self) -> &'static str {
        match self {
            Self::Shop(_) => "shop",
            Self::SoldOut(_) => "sold_out",
            Self::Purchase(page) => page.view.template(),
            Self::Paid(_) => "paid",
            Self::Code(_) => "code",
            Self::Error(_) => "error",
        }
    }

    /// The phrase that names it in the browser's title.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Shop(_) => "shop.title",
            Self::SoldOut(_) => "sold_out.title",
            Self::Purchase(page) => page.view.title(),
            Self::Paid(_) => "find.title",
            Self::Code(_) => "code.title",
            Self::Error(_) => "error.title",
        }
    }

    /// After how many seconds a browser without script asks again; none where nothing will change.
    pub fn refresh_seconds(&self) -> Option<u32> {
        match self {
            Self::Purchase(page) => page.view.refresh_seconds(),
            Self::Shop(_) | Self::SoldOut(_) | Self::Paid(_) | Self::Code(_) | Self::Error(_) => {
                None
            }
        }
    }

    /// Every sample of every page, each with a name for its snapshot.
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
