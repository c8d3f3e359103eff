//! Findings about rows beside the ledger.

/// What does not hold beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Astray {
    pub table: &'static str,
    /// Of what: the ids that name the row.
    pub id: String,
    pub wrong: Wrong,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The ledger calls for it, and it is not there.
    Missing,
    /// It is there, and the ledger knows nothing of it.
    Surplus,
    /// It says something else than the ledger.
    Differs { column: &'static str, table: String, ledger: String },
    /// It does not open: altered, or moved here from another place.
    DoesNotOpen,
    /// It opens, and something beside it by which it is found or proven is not its own.
    NotItsOwn,
    /// A purchase says that it got a code which was not sold to it.
    CodeNotSold { code: String },
    /// A code says that it was sold to a purchase, which does not say so.
    SaleUnsaid { to: String },
    /// An event cannot follow: what it would lead to is not known, and nothing else was looked at.
    CannotFollow,
}
