//! Lists for people: the read models as the desk shows them.

use crate::{
    ledger::kernel::{
        id::{BatchId, ContactId, HandoutId, PackageKey, PaymentId, PurchaseId, Slug, VoucherId},
        money::Cents,
        time::Micros,
    },
    store::{
        Reader, Store, StoreError,
        database::sql::{Param, query},
        error::Attempt,
        projections::{self, folder::find},
        work::{
            Inbox,
            inbox::{RawMessage, SOURCE_PAYMENT},
        },
    },
};
use serde_json::{Map, Value, json};

/// Which sales are listed.
#[derive(Debug, Clone)]
pub struct SalesWanted {
    /// Those that began before this position.
    pub before: i64,
    /// Only of this status, as `shown_purchases` has it.
    pub status: Option<String>,
    /// Begun or finished from then until then, the end not included.
    pub between: (Micros, Micros),
    /// Only at this price.
    pub price: Option<Cents>,
    /// How many at most.
    pub limit: i64,
}

/// A sale of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSale {
    /// Which.
    pub id: PurchaseId,
    /// What.
    pub package: PackageKey,
    /// `open`, `fulfilled`, `owed`, `expired` or `settled`.
    pub status: String,
    /// Why it expired, or how it was settled.
    pub reason: Option<String>,
    /// Its price.
    pub price: Cents,
    /// Whose phone pays.
    pub contact: ContactId,
    /// When it began.
    pub started_at: Micros,
    /// Its first event.
    pub position: i64,
}

/// The stock of a package, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockLine {
    /// Of what.
    pub package: PackageKey,
    /// For sale.
    pub free: i64,
    /// Not for sale, because the router does not show them.
    pub missing: i64,
    /// Held for buyers who are paying.
    pub held: i64,
    /// Sold ever.
    pub sold: i64,
    /// Paid, and waiting for a code.
    pub owed: i64,
    /// Voided.
    pub voided: i64,
    /// Printed on cards.
    pub printed: i64,
    /// Used before they came.
    pub used: i64,
    /// Perhaps sold in a time that a restored ledger lost.
    pub fenced: i64,
}

fn text(row: &Map<String, Value>, key: &str) -> Option<String> {
    row.get(key)?.as_str().map(str::to_owned)
}

fn number(row: &Map<String, Value>, key: &str) -> Option<i64> {
    row.get(key)?.as_i64()
}

fn key(row: &Map<String, Value>) -> Option<PackageKey> {
    let slug = |key| Slug::parse(&text(row, key)?).ok();
    Some(PackageKey { site: slug("site")?, package: slug("package")? })
}

fn sale(row: &Map<String, Value>) -> Option<ListedSale> {
    Some(ListedSale {
        id: text(row, "purchase")?.parse().ok()?,
        package: key(row)?,
        status: text(row, "status")?,
        reason: text(row, "reason"),
        price: Cents(number(row, "amount_cents")?),
        contact: text(row, "contact")?.parse().ok()?,
        started_at: Micros(number(row, "started_at")?),
        position: number(row, "first_position")?,
    })
}

fn stock(row: &Map<String, Value>) -> Option<StockLine> {
    Some(StockLine {
        package: key(row)?,
        free: number(row, "free")?,
        missing: number(row, "missing")?,
        held: number(row, "held")?,
        sold: number(row, "sold")?,
        owed: number(row, "owed")?,
        voided: number(row, "voided")?,
        printed: number(row, "printed")?,
        used: number(row, "used")?,
        fenced: number(row, "fenced")?,
    })
}

impl Reader {
    /// Sales, newest first.
    pub async fn listed_sales(&self, wanted: SalesWanted) -> Result<Vec<ListedSale>, StoreError> {
        let params = vec![
            Param::Number(wanted.before),
            Param::Text(wanted.status.unwrap_or_default()),
            Param::Number(wanted.between.0.0),
            Param::Number(wanted.between.1.0),
            Param::Number(wanted.price.map_or(0, |price| price.0)),
            Param::Number(wanted.limit),
        ];
        let purchases = find("purchases").expect("it is built in");
        let rows = projections::ask(&self.pool, purchases, "listed", params).await?;
        let unreadable = || StoreError::BadRow { table: "shown_purchases", column: "purchase" };
        rows.iter().map(|row| sale(row).ok_or_else(unreadable)).collect()
    }

    /// The stock of every package.
    pub async fn stock_lines(&self) -> Result<Vec<StockLine>, StoreError> {
        let projection = find("stock").expect("it is built in");
        let rows = projections::ask(&self.pool, projection, "all", vec![]).await?;
        let unreadable = || StoreError::BadRow { table: "shown_stock", column: "package" };
        rows.iter().map(|row| stock(row).ok_or_else(unreadable)).collect()
    }

    /// How many purchases wait for money.
    pub async fn waiting_count(&self) -> Result<i64, StoreError> {
        let row = query("select count(distinct purchase) from open_purchases")
            .one(&self.pool)
            .await
            .attempt("count purchases that wait")?;
        Ok(row.get(0))
    }
}

/// Where some codes of an upload stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStanding {
    /// What they give.
    pub package: Slug,
    /// `free`, `held`, `sold`, `set_aside` or `voided`.
    pub status: String,
    /// Why they were set aside or voided.
    pub reason: Option<String>,
    /// How many.
    pub codes: i64,
}

/// Printed cards that somebody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    /// Which.
    pub id: HandoutId,
    /// What they give, and where.
    pub package: PackageKey,
    /// How many.
    pub codes: i64,
    /// How many of them were voided since.
    pub voided: i64,
}

fn standing(row: &Map<String, Value>) -> Option<BatchStanding> {
    Some(BatchStanding {
        package: Slug::parse(&text(row, "package")?).ok()?,
        status: text(row, "status")?,
        reason: text(row, "reason"),
        codes: number(row, "codes")?,
    })
}

fn handout(row: &Map<String, Value>) -> Option<Handout> {
    Some(Handout {
        id: text(row, "handout")?.parse().ok()?,
        package: key(row)?,
        codes: number(row, "codes")?,
        voided: number(row, "voided")?,
    })
}

fn voucher(row: &Map<String, Value>) -> Option<VoucherId> {
    text(row, "voucher")?.parse().ok()
}

impl Reader {
    async fn vouchers<T>(
        &self,
        name: &str,
        params: Vec<Param>,
        of: impl Fn(&Map<String, Value>) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let projection = find("vouchers").expect("it is built in");
        let rows = projections::ask(&self.pool, projection, name, params).await?;
        let unreadable = || StoreError::BadRow { table: "shown_vouchers", column: "voucher" };
        rows.iter().map(|row| of(row).ok_or_else(unreadable)).collect()
    }

    /// Where the codes of an upload stand.
    pub async fn batch_standing(&self, batch: BatchId) -> Result<Vec<BatchStanding>, StoreError> {
        self.vouchers("batch_standing", vec![batch.to_string().into()], standing).await
    }

    /// The codes of an upload that nobody bought and that are not void.
    pub async fn unsold_of_batch(&self, batch: BatchId) -> Result<Vec<VoucherId>, StoreError> {
        self.vouchers("unsold_of_batch", vec![batch.to_string().into()], voucher).await
    }

    /// The codes of printed cards that are not void.
    pub async fn vouchers_of_handout(
        &self,
        handout: HandoutId,
    ) -> Result<Vec<VoucherId>, StoreError> {
        self.vouchers("of_handout", vec![handout.to_string().into()], voucher).await
    }

    /// Printed cards, the latest first.
    pub async fn handouts(&self, limit: i64) -> Result<Vec<Handout>, StoreError> {
        self.vouchers("handouts", vec![Param::Number(limit)], handout).await
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
}

impl Store {
    /// What the provider told of payments, as it came, oldest first; of a forgotten person nothing.
    pub async fn told_of(
        &self,
        payments: &[PaymentId],
    ) -> Result<Vec<(Micros, RawMessage)>, StoreError> {
        let rows = query(
            "select row, source, subject, sealed, received_at from inbox
             where (source, subject) in (
               select source, subject from {given: source text, subject text}
             )
             order by row",
        )
        .given(payments.iter().map(|payment| json!([SOURCE_PAYMENT, payment])).collect())
        .all(&self.pool)
        .await
        .attempt("read what was told of payments")?;
        let mut told = vec![];
        for Inbox { source, subject, sealed, received_at, .. } in rows.iter().map(Inbox::of) {
            if !sealed.is_empty() {
                let context = RawMessage::context(&source, &subject);
                let plain = self.unseal(&context, &sealed).await?;
                let unreadable = |_| StoreError::BadRow { table: "inbox", column: "sealed" };
                told.push((received_at, serde_json::from_slice(&plain).map_err(unreadable)?));
            }
        }
        Ok(told)
    }
}
