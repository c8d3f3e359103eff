//! Statements with their values, as they are: text and bytes are borrowed where they can be, and
//! nothing is turned into JSON or digits on the way.

use super::words::{Column, Kind};
use crate::ledger::kernel::{
    id::{
        BatchId, ContactId, MessageId, PaymentId, PurchaseId, ReceiptId, Slug, StaffId, VoucherId,
    },
    money::Cents,
    time::Micros,
};
use std::borrow::Cow;

/// A statement with its values.
pub struct Query<'a> {
    pub(super) text: Cow<'static, str>,
    pub(super) given: Option<Vec<SetRow<'a>>>,
    pub(super) params: Vec<Param<'a>>,
}

/// A statement, from a text of ours.
pub fn query<'a>(text: impl Into<Cow<'static, str>>) -> Query<'a> {
    Query { text: text.into(), given: None, params: vec![] }
}

impl<'a> Query<'a> {
    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, param: impl Into<Param<'a>>) -> Self {
        self.params.push(param.into());
        self
    }

    /// Gives the set: rows with a value for each of its columns.
    #[must_use]
    pub fn given(mut self, rows: Vec<SetRow<'a>>) -> Self {
        self.given = Some(rows);
        self
    }
}

/// Puts a set in the place of `{given: name kind, …}`, and tells the kinds of its columns.
pub(super) fn expand(text: &str, set: fn(&[Column<'_>]) -> String) -> Option<(String, Vec<Kind>)> {
    let (before, rest) = text.split_once("{given:")?;
    let (inside, after) = rest.split_once('}').expect("a set ends with a brace");
    let column = |word: &'_ str| {
        let (name, kind) = word.trim().split_once(' ').expect("a column has a name and a kind");
        let kind = match kind {
            "text" => Kind::Text,
            "bigint" => Kind::Number,
            "bytes" => Kind::Bytes,
            other => panic!("a set has no columns of {other}"),
        };
        (name.to_owned(), kind)
    };
    let named: Vec<_> = inside.split(',').map(column).collect();
    let columns: Vec<Column<'_>> = named.iter().map(|(name, kind)| (&**name, *kind)).collect();
    let kinds = columns.iter().map(|(_, kind)| *kind).collect();
    Some((format!("{before}{}{after}", set(&columns)), kinds))
}

/// A value for a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Param<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(i64),
    Bytes(Cow<'a, [u8]>),
}

/// The values of one row of a set.
pub type SetRow<'a> = Vec<Param<'a>>;

/// A row of a set, from its values.
macro_rules! set_row {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::store::database::statement::Param::from($value)),*]
    };
}
pub(in crate::store) use set_row;

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&&'a str> for Param<'a> {
    fn from(text: &&'a str) -> Self {
        (*text).into()
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Param<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Param<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Param<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&i64> for Param<'_> {
    fn from(number: &i64) -> Self {
        Self::Number(*number)
    }
}

impl From<&u32> for Param<'_> {
    fn from(number: &u32) -> Self {
        Self::Number((*number).into())
    }
}

impl From<bool> for Param<'_> {
    fn from(is: bool) -> Self {
        Self::Number(is.into())
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Param<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(bytes))
    }
}

impl<const N: usize> From<[u8; N]> for Param<'_> {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(Cow::Owned(bytes.into()))
    }
}

impl<'a> From<&'a Slug> for Param<'a> {
    fn from(slug: &'a Slug) -> Self {
        slug.as_str().into()
    }
}

impl From<Micros> for Param<'_> {
    fn from(at: Micros) -> Self {
        Self::Number(at.0)
    }
}

impl From<&Micros> for Param<'_> {
    fn from(at: &Micros) -> Self {
        Self::Number(at.0)
    }
}

impl From<Cents> for Param<'_> {
    fn from(amount: Cents) -> Self {
        Self::Number(amount.0)
    }
}

macro_rules! from_ids {
    ($($id:ty),*) => {
        $(impl From<$id> for Param<'_> {
            fn from(id: $id) -> Self {
                id.to_string().into()
            }
        }

        impl From<&$id> for Param<'_> {
            fn from(id: &$id) -> Self {
                id.to_string().into()
            }
        })*
    };
}

from_ids!(BatchId, ContactId, MessageId, PaymentId, PurchaseId, ReceiptId, StaffId, VoucherId);

impl<'a> From<&'a Option<String>> for Param<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl From<&Option<i64>> for Param<'_> {
    fn from(number: &Option<i64>) -> Self {
        (*number).into()
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
