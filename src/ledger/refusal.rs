//! Refusals: the business says no. Nothing was recorded; the person is told why and what to do.

use crate::ledger::kernel::id::PurchaseId;

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The ledger already says what it is.
    #[error("this ledger is already open")]
    ShopOpened,
    /// There is a site of that name.
    #[error("a site with this name already exists")]
    SiteExists,
    /// There is no site of that name.
    #[error("there is no such site")]
    NoSuchSite,
    /// A site's router was to be told apart from itself.
    #[error("this is the same site; name another site")]
    SameSite,
    /// There is no package of that name, or it is sold no longer.
    #[error("there is no such package")]
    NoSuchPackage,
    /// Validity and limits are fixed; another promise is another package.
    #[error("a package's validity, limits and profile cannot change; add another package")]
    PackageFixed,
    /// The definition is the one in force.
    #[error("nothing to change: already set")]
    NothingNew,
    /// The package was changed while the buyer looked at it.
    #[error("the price has changed; look again")]
    PackageChanged,
    #[error("sold out")]
    SoldOut,
    /// Every free code that may be held is held for a buyer who is paying.
    #[error("all codes are held by buyers who are paying; try again in a few minutes")]
    AllHeld,
    /// The phone or the device has a purchase that waits for money.
    #[error("this phone already has a purchase under way")]
    PurchaseOpen(PurchaseId),
    /// M-PESA wants a pause between two prompts of one phone.
    #[error("wait {seconds} seconds before the next prompt")]
    TooSoon { seconds: i64 },
    /// Too many prompts to one phone.
    #[error("too many payment requests for this number; try again in an hour")]
    TooManyPrompts,
    /// The last four digits were guessed at too often.
    #[error("too many tries; the code is in the SMS, or call the owner")]
    TooManyTries,
    /// The receipt is another payment's, or its money was settled.
    #[error("this receipt already belongs to another sale, or its money is settled")]
    ReceiptTaken,
    /// Nobody told how much a receipt is for.
    #[error("M-PESA did not report this receipt; give its amount with --amount")]
    AmountUnknown,
    /// The amount is not the one that is known.
    #[error("Lango knows another amount for this money; compare it with the M-PESA statement")]
    AmountDiffers,
    /// Another receipt has paid for it.
    #[error("another receipt has already paid this sale; settle this one instead")]
    PaidAlready,
    /// No phone of that number is in the vault.
    #[error("no buyer has this phone number")]
    ContactUnknown,
    /// Money, a code or a message may still come.
    #[error("this number has a sale under way; try again when it has ended")]
    ContactOpen,
    /// Somebody of the staff has the name, or had it.
    #[error("a member of staff has this name, or had it; choose another")]
    StaffExists,
    /// Nobody of the staff has the name.
    #[error("no member of staff has this name")]
    NoSuchStaff,
    /// What they may do does not reach so far.
    #[error("your role does not allow this")]
    NotAllowed,
    /// The history is not the remembered one; the owner must decide before anything is sold.
    #[error("sales are stopped while the shop's history is in doubt; run `lango audit verify`")]
    HistoryDoubted,
    /// Somebody else has done it, or it must not be done any more.
    #[error("there is nothing to do")]
    NotDue,
}

impl Refusal {
    /// A stable word for logs, pages and `docs/reference`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ShopOpened => "shop_opened",
            Self::SiteExists => "site_exists",
            Self::NoSuchSite => "no_such_site",
            Self::SameSite => "same_site",
            Self::NoSuchPackage => "no_such_package",
            Self::PackageFixed => "package_fixed",
            Self::NothingNew => "nothing_new",
            Self::PackageChanged => "package_changed",
            Self::SoldOut => "sold_out",
            Self::AllHeld => "all_held",
            Self::PurchaseOpen(_) => "purchase_open",
            Self::TooSoon { .. } => "too_soon",
            Self::TooManyPrompts => "too_many_prompts",
            Self::TooManyTries => "too_many_tries",
            Self::ReceiptTaken => "receipt_taken",
            Self::AmountUnknown => "amount_unknown",
            Self::AmountDiffers => "amount_differs",
            Self::PaidAlready => "paid_already",
            Self::ContactUnknown => "contact_unknown",
            Self::ContactOpen => "contact_open",
            Self::StaffExists => "staff_exists",
            Self::NoSuchStaff => "no_such_staff",
            Self::NotAllowed => "not_allowed",
            Self::HistoryDoubted => "history_doubted",
            Self::NotDue => "not_due",
        }
    }
}
