//! Finding sales by what a person has in hand. Asked by people now and then: a look at every event
//! is good enough where no index helps.

use super::{
    super::error::{Attempt, StoreError},
    Reader,
    read::parse,
};
use crate::ledger::{
    decision::Fingerprint,
    id::{PurchaseId, VoucherId},
    time::Micros,
};

impl Reader {
    /// The purchases whose id ends like this.
    pub async fn purchases_ending(&self, digits: &str) -> Result<Vec<PurchaseId>, StoreError> {
        let rows = sqlx::query(
            "select correlation from events
             where kind = 'purchase_started' and correlation like '%' || $1
             order by position",
        )
        .bind(digits)
        .fetch_all(&self.pool)
        .await
        .attempt("find purchases by the end of their ids")?;
        rows.iter().map(|row| parse(row, 0, "events", "correlation")).collect()
    }

    /// The vouchers whose code has this fingerprint of its last four.
    pub async fn vouchers_of_last_four(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = sqlx::query("select voucher from voucher_codes where last_four = $1")
            .bind(fingerprint.as_slice())
            .fetch_all(&self.pool)
            .await
            .attempt("find codes")?;
        rows.iter().map(|row| parse(row, 0, "voucher_codes", "voucher")).collect()
    }

    /// The last position at a time.
    pub async fn position_at(&self, at: Micros) -> Result<i64, StoreError> {
        sqlx::query_scalar("select coalesce(max(position), 0) from events where recorded_at <= $1")
            .bind(at.0)
            .fetch_one(&self.pool)
            .await
            .attempt("find the end of the ledger at a time")
    }
}
