//! How fast codes sell, and whether the stock will last.

use crate::{
    ledger::kernel::{id::PackageKey, time::DAY},
    store::StoreError,
    web::state::Shop,
};
use std::collections::HashMap;

/// Sales of this many days say how long the stock lasts.
const DAYS_LOOKED_AT: i64 = 7;

/// The codes that were sold in the last days, by package.
pub struct SoldLately(HashMap<PackageKey, i64>);

impl SoldLately {
    /// How many days the free codes last; `None` if none was sold lately.
    pub fn days(&self, key: &PackageKey, free: i64) -> Option<i64> {
        let sold = self.0.get(key).copied().filter(|sold| *sold > 0)?;
        Some(free * DAYS_LOOKED_AT / sold)
    }
}

pub async fn sold_lately(shop: &Shop) -> Result<SoldLately, StoreError> {
    let now = shop.context.store.now();
    let day = |ago: i64| now.plus(-ago * DAY).business_day(&shop.settings.zone).to_string();
    let (first, last) = (day(DAYS_LOOKED_AT - 1), day(0));
    let mut lately = HashMap::new();
    for earned in shop.context.store.read().earned_between((&first, &last)).await? {
        *lately.entry(earned.package).or_default() += earned.sales;
    }
    Ok(SoldLately(lately))
}

/// Whether the free codes will soon run out.
pub fn is_low(free: i64, days: Option<i64>) -> bool {
    free == 0 || days.is_some_and(|days| days < 3)
}
