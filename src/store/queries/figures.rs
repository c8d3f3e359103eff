//! Figures by day, for people: what was earned, and what was on the shelf.

use crate::{
    ledger::kernel::{
        id::{PackageKey, Slug},
        money::Cents,
    },
    store::{
        Reader, StoreError,
        database::sql::Param,
        projections::{self, folder::find},
    },
};
use serde_json::{Map, Value};

/// What a package earned on a business day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned {
    /// The day, as `2026-11-22`.
    pub day: String,
    /// What.
    pub package: PackageKey,
    /// Purchases paid for.
    pub sales: i64,
    /// Their money.
    pub sold: Cents,
    /// Money that was no sale.
    pub set_aside: Cents,
    /// Money that went back, or is promised to.
    pub refunded: Cents,
}

/// How many codes of a package there were, or by how much that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnShelf {
    /// The day; empty for what was there before.
    pub day: String,
    /// Of what.
    pub package: PackageKey,
    /// How many.
    pub codes: i64,
}

fn text<'a>(row: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    row.get(key)?.as_str()
}

fn key(row: &Map<String, Value>) -> Option<PackageKey> {
    let slug = |key| Slug::parse(text(row, key)?).ok();
    Some(PackageKey { site: slug("site")?, package: slug("package")? })
}

fn earned(row: &Map<String, Value>) -> Option<Earned> {
    let number = |key| row.get(key)?.as_i64();
    Some(Earned {
        day: text(row, "business_day")?.to_owned(),
        package: key(row)?,
        sales: number("sales")?,
        sold: Cents(number("sold_cents")?),
        set_aside: Cents(number("set_aside_cents")?),
        refunded: Cents(number("refunded_cents")?),
    })
}

fn on_shelf(row: &Map<String, Value>, count: &str) -> Option<OnShelf> {
    let day = text(row, "business_day").unwrap_or_default().to_owned();
    Some(OnShelf { day, package: key(row)?, codes: row.get(count)?.as_i64()? })
}

impl Reader {
    async fn figures<T>(
        &self,
        (projection, name): (&str, &str),
        params: Vec<Param>,
        of: impl Fn(&Map<String, Value>) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let projection = find(projection).expect("it is built in");
        let rows = projections::ask(&self.pool, projection, name, params).await?;
        let unreadable = || StoreError::BadRow { table: "shown", column: "package" };
        rows.iter().map(|row| of(row).ok_or_else(unreadable)).collect()
    }

    /// What each package earned on each business day from one to another, both included.
    pub async fn earned_between(&self, days: (&str, &str)) -> Result<Vec<Earned>, StoreError> {
        let params = vec![days.0.into(), days.1.into()];
        self.figures(("revenue", "days"), params, earned).await
    }

    /// How many codes of each package were for sale when a business day began.
    pub async fn on_shelf_before(&self, day: &str) -> Result<Vec<OnShelf>, StoreError> {
        let of = |row: &Map<String, Value>| on_shelf(row, "free");
        self.figures(("shelf", "before"), vec![day.into()], of).await
    }

    /// By how much that changed on each business day from one to another, both included.
    pub async fn shelf_between(&self, days: (&str, &str)) -> Result<Vec<OnShelf>, StoreError> {
        let of = |row: &Map<String, Value>| on_shelf(row, "change");
        self.figures(("shelf", "days"), vec![days.0.into(), days.1.into()], of).await
    }
}
