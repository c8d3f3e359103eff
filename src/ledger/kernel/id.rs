//! Names of things. Each kind of id is its own type, so that a purchase is never taken for a
//! payment.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "uuid::serde::simple")] pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

id!(/** Codes uploaded together. */ BatchId);
id!(/** The right to a package, proved by one code. */ VoucherId);
id!(/** A buyer's wish to buy one package. */ PurchaseId);
id!(/** One attempt to move money for a purchase. */ PaymentId);
id!(/** One proof of money from the provider. */ ReceiptId);
id!(/** One SMS to a buyer. */ MessageId);
id!(/** A phone number or a device; the number itself is in the vault. */ ContactId);
id!(/** A member of the staff; the name is in the vault. */ StaffId);
id!(/** Printed codes that somebody took with them to sell by hand. */ HandoutId);

/// A short name chosen by the owner: lower-case letters, digits and dashes, at most 32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Why a short name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use 1 to 32 lower-case letters, digits and dashes, starting with a letter or digit")]
pub struct BadSlug;

impl Slug {
    /// Checks and takes a short name.
    pub fn parse(text: &str) -> Result<Self, BadSlug> {
        let shape = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits =
            (1..=32).contains(&text.len()) && text.bytes().all(shape) && !text.starts_with('-');
        if fits { Ok(Self(text.to_owned())) } else { Err(BadSlug) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = BadSlug;
    fn try_from(text: String) -> Result<Self, BadSlug> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for Slug {
    type Err = BadSlug;
    fn from_str(text: &str) -> Result<Self, BadSlug> {
        Self::parse(text)
    }
}

/// A package of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageKey {
    /// The site that sells it.
    pub site: Slug,
    /// Its own short name, unique within the site.
    pub package: Slug,
}

impl fmt::Display for PackageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.site, self.package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_plain() {
        for good in ["mtaa", "1h", "day-pass", "a"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "Mtaa", "a b", "a.b", "a/b", "ü", &"x".repeat(33)] {
            assert_eq!(Slug::parse(bad), Err(BadSlug), "{bad}");
        }
    }
}
