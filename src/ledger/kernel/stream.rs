//! Streams: all events of one thing. `voucher-0193…`: the word before the first dash is the
//! category.

use super::id::{
    BatchId, ContactId, MessageId, PackageKey, PaymentId, PurchaseId, ReceiptId, Slug, StaffId,
    VoucherId,
};
use std::fmt;

/// The name of a stream, told apart by what it is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// The shop itself; there is one.
    Shop,
    /// One hotspot with its router.
    Site(Slug),
    /// What is sold at a site.
    Package(PackageKey),
    Batch(BatchId),
    /// The right to a package.
    Voucher(VoucherId),
    /// What the router tells of a voucher's code.
    Usage(VoucherId),
    Purchase(PurchaseId),
    /// One attempt to move money.
    Payment(PaymentId),
    Receipt(ReceiptId),
    Message(MessageId),
    Contact(ContactId),
    /// A member of the staff.
    Staff(StaffId),
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shop => f.write_str("shop-main"),
            Self::Site(id) => write!(f, "site-{id}"),
            Self::Package(id) => write!(f, "package-{id}"),
            Self::Batch(id) => write!(f, "batch-{id}"),
            Self::Voucher(id) => write!(f, "voucher-{id}"),
            Self::Usage(id) => write!(f, "usage-{id}"),
            Self::Purchase(id) => write!(f, "purchase-{id}"),
            Self::Payment(id) => write!(f, "payment-{id}"),
            Self::Receipt(id) => write!(f, "receipt-{id}"),
            Self::Message(id) => write!(f, "message-{id}"),
            Self::Contact(id) => write!(f, "contact-{id}"),
            Self::Staff(id) => write!(f, "staff-{id}"),
        }
    }
}

/// A text that names no stream of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a stream name")]
pub struct BadStream(String);

impl std::str::FromStr for Stream {
    type Err = BadStream;

    fn from_str(text: &str) -> Result<Self, BadStream> {
        let bad = || BadStream(text.to_owned());
        let (category, id) = text.split_once('-').ok_or_else(bad)?;
        let uuid = || uuid::Uuid::try_parse(id).map_err(|_| bad());
        Ok(match category {
            "shop" if id == "main" => Self::Shop,
            "site" => Self::Site(Slug::parse(id).map_err(|_| bad())?),
            "package" => {
                let (site, package) = id.split_once('.').ok_or_else(bad)?;
                Self::Package(PackageKey {
                    site: Slug::parse(site).map_err(|_| bad())?,
                    package: Slug::parse(package).map_err(|_| bad())?,
                })
            }
            "batch" => Self::Batch(BatchId(uuid()?)),
            "voucher" => Self::Voucher(VoucherId(uuid()?)),
            "usage" => Self::Usage(VoucherId(uuid()?)),
            "purchase" => Self::Purchase(PurchaseId(uuid()?)),
            "payment" => Self::Payment(PaymentId(uuid()?)),
            "receipt" => Self::Receipt(ReceiptId(uuid()?)),
            "message" => Self::Message(MessageId(uuid()?)),
            "contact" => Self::Contact(ContactId(uuid()?)),
            "staff" => Self::Staff(StaffId(uuid()?)),
            _ => return Err(bad()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let id = uuid::Uuid::from_u128(7);
        let key = PackageKey {
            site: Slug::parse("mtaa").unwrap(),
            package: Slug::parse("day-1").unwrap(),
        };
        for stream in [
            Stream::Shop,
            Stream::Site(key.site.clone()),
            Stream::Package(key),
            Stream::Voucher(VoucherId(id)),
            Stream::Usage(VoucherId(id)),
            Stream::Contact(ContactId(id)),
            Stream::Staff(StaffId(id)),
        ] {
            assert_eq!(stream.to_string().parse(), Ok(stream));
        }
        assert!("voucher-x".parse::<Stream>().is_err());
        assert!("shop-other".parse::<Stream>().is_err());
    }
}
