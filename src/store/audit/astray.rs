//! What may be wrong beside the ledger, row by row.

/// What does not hold beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Astray {
    /// In which table.
    pub table: &'static str,
    /// Of what: the ids that name the row.
    pub id: String,
    /// What is wrong there.
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
    Differs {
        /// In which column.
        column: &'static str,
        /// What the table says.
        table: String,
        /// What the ledger says.
        ledger: String,
    },
    /// It does not open: altered, or moved here from another place.
    DoesNotOpen,
    /// It opens, and something beside it by which it is found or proven is not its own.
    NotItsOwn,
    /// A purchase says that it got a code which was not sold to it.
    CodeNotSold {
        /// By its voucher.
        code: String,
    },
    /// A code says that it was sold to a purchase, which does not say so.
    SaleUnsaid {
        /// To which purchase.
        to: String,
    },
    /// An event cannot follow: what it would lead to is not known, and nothing else was looked at.
    CannotFollow,
}
