//! Codes in stock, on cards and of an upload, as people count them.

use crate::{
    ledger::kernel::{
        fingerprint::Fingerprint,
        id::{BatchId, HandoutId, PackageKey, Slug, VoucherId},
    },
    store::{
        Reader, StoreError,
        database::sql::{Param, Row, query},
        error::Attempt,
    },
};
use serde::Deserialize;

/// The stock of a package, for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StockLine {
    #[serde(flatten)]
    pub package: PackageKey,
    pub free: i64,
    /// Not for sale, because the router does not show them.
    pub missing: i64,
    /// Held for buyers who are paying.
    pub held: i64,
    pub sold: i64,
    /// Paid, and waiting for a code.
    pub owed: i64,
    pub voided: i64,
    pub printed: i64,
    pub used: i64,
    /// Perhaps sold in a time that a restored ledger lost.
    pub fenced: i64,
}

/// Where some codes of an upload stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BatchStanding {
    pub package: Slug,
    pub status: Standing,
    /// Why they were set aside or voided.
    pub reason: Option<String>,
    pub codes: i64,
}

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Free,
    /// Not for sale, because its router does not show it.
    Missing,
    /// Held for a buyer who is paying.
    Held,
    Sold,
    /// Printed on a card, used before it came, or fenced.
    SetAside,
    /// Never to be sold or used.
    Voided,
}

impl Standing {
    /// Its word in the projection and in phrases.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Missing => "missing",
            Self::Held => "held",
            Self::Sold => "sold",
            Self::SetAside => "set_aside",
            Self::Voided => "voided",
        }
    }
}

/// Printed cards that somebody took.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Handout {
    #[serde(rename = "handout")]
    pub id: HandoutId,
    #[serde(flatten)]
    pub package: PackageKey,
    pub codes: i64,
    /// How many of them were voided since.
    pub voided: i64,
}

/// How many codes of a package there were, or by how much that changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OnShelf {
    /// The day; empty for what was there before.
    #[serde(rename = "business_day", default)]
    pub day: String,
    #[serde(flatten)]
    pub package: PackageKey,
    #[serde(alias = "free", alias = "change")]
    pub codes: i64,
}

#[derive(Deserialize)]
struct Code {
    voucher: VoucherId,
}

impl Reader {
    async fn codes(
        &self,
        name: &str,
        params: Vec<Param<'_>>,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let codes: Vec<Code> = self.ask("vouchers", name, params).await?;
        Ok(codes.into_iter().map(|code| code.voucher).collect())
    }

    /// The stock of every package.
    pub async fn stock_lines(&self) -> Result<Vec<StockLine>, StoreError> {
        self.ask("stock", "all", vec![]).await
    }

    /// Where the codes of an upload stand.
    pub async fn batch_standing(&self, batch: BatchId) -> Result<Vec<BatchStanding>, StoreError> {
        self.ask("vouchers", "batch_standing", vec![batch.to_string().into()]).await
    }

    /// The codes of an upload that nobody bought and that are not void.
    pub async fn unsold_of_batch(&self, batch: BatchId) -> Result<Vec<VoucherId>, StoreError> {
        self.codes("unsold_of_batch", vec![batch.to_string().into()]).await
    }

    /// The codes of printed cards that are not void.
    pub async fn vouchers_of_handout(
        &self,
        handout: HandoutId,
    ) -> Result<Vec<VoucherId>, StoreError> {
        self.codes("of_handout", vec![handout.to_string().into()]).await
    }

    /// Printed cards, the latest first.
    pub async fn handouts(&self, limit: i64) -> Result<Vec<Handout>, StoreError> {
        self.ask("vouchers", "handouts", vec![Param::Number(limit)]).await
    }

    /// Free codes of a package, the oldest first.
    pub async fn free_of(
        &self,
        key: &PackageKey,
        limit: usize,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query(
            "select voucher from stock
             where site = $1 and package = $2 and holder is null and away = 0
             order by since
             limit $3",
        )
        .bind(key.site.as_str())
        .bind(key.package.as_str())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .all(&self.pool)
        .await
        .attempt("look for free codes")?;
        rows.iter().map(|row| row.parse(0, "stock", "voucher")).collect()
    }

    /// Every code that is in stock or held.
    pub async fn on_hand(&self) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query("select voucher from stock").all(&self.pool).await;
        let rows = rows.attempt("list the stock")?;
        rows.iter().map(|row| row.parse(0, "stock", "voucher")).collect()
    }

    /// The codes of a site that are fenced, oldest first.
    pub async fn fenced(
        &self,
        site: &Slug,
        package: Option<&Slug>,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query(
            "select id, package from facts as fence
             where kind = 'voucher_set_aside' and site = $1 and data ->> 'reason' = 'fenced'
               and not exists (
                 select 1 from events
                 where events.stream = fence.stream and events.version > fence.version
               )
             order by position",
        )
        .bind(site.as_str())
        .all(&self.pool)
        .await
        .attempt("list fenced codes")?;
        let wanted =
            |row: &&Row| package.is_none_or(|package| row.get::<&str>(1) == package.as_str());
        rows.iter().filter(wanted).map(|row| row.parse(0, "events", "stream")).collect()
    }

    /// The vouchers whose code reads the same to a person.
    pub async fn vouchers_of_folded(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query("select voucher from voucher_codes where folded = $1")
            .bind(fingerprint.as_slice())
            .all(&self.pool)
            .await
            .attempt("find a code")?;
        rows.iter().map(|row| row.parse(0, "voucher_codes", "voucher")).collect()
    }

    /// How many codes of each package were for sale when a business day began.
    pub async fn on_shelf_before(&self, day: &str) -> Result<Vec<OnShelf>, StoreError> {
        self.ask("shelf", "before", vec![day.into()]).await
    }

    /// By how much that changed on each business day from one to another, both included.
    pub async fn shelf_between(&self, days: (&str, &str)) -> Result<Vec<OnShelf>, StoreError> {
        self.ask("shelf", "days", vec![days.0.into(), days.1.into()]).await
    }
}
