//! Limits on asking: prompts and look-ups by device and by site. By phone and by purchase the
//! ledger itself limits, so that a restart forgets nothing. Never by source address: a whole site
//! shares one.

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

const fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// Purchases started by one device.
const DEVICE_PURCHASES_PER_HOUR: NonZeroU32 = count(20);
/// Purchases started at one site, and how many may come at once after a quiet time: more than a
/// full hotspot buys, less than a flood of made-up numbers. Each asks a phone for money.
const SITE_PURCHASES_PER_SECOND: NonZeroU32 = count(10);
const SITE_PURCHASES_AT_ONCE: NonZeroU32 = count(100);
/// Look-ups ("Already paid?") by one device, or by all devices of a site that name none.
const LOOKUPS_PER_MINUTE: NonZeroU32 = count(10);
/// Look-ups at one site.
const SITE_LOOKUPS_PER_MINUTE: NonZeroU32 = count(120);

/// The limits of this instance.
pub struct Limits {
    device_purchases: DefaultKeyedRateLimiter<String>,
    site_purchases: DefaultKeyedRateLimiter<String>,
    lookups: DefaultKeyedRateLimiter<String>,
    site_lookups: DefaultKeyedRateLimiter<String>,
    asked: AtomicU32,
}

/// After so many questions, names that nobody has used lately are forgotten.
const FORGET_AFTER: u32 = 4096;

impl Default for Limits {
    fn default() -> Self {
        Self {
            device_purchases: RateLimiter::keyed(Quota::per_hour(DEVICE_PURCHASES_PER_HOUR)),
            site_purchases: RateLimiter::keyed(
                Quota::per_second(SITE_PURCHASES_PER_SECOND).allow_burst(SITE_PURCHASES_AT_ONCE),
            ),
            lookups: RateLimiter::keyed(Quota::per_minute(LOOKUPS_PER_MINUTE)),
            site_lookups: RateLimiter::keyed(Quota::per_minute(SITE_LOOKUPS_PER_MINUTE)),
            asked: AtomicU32::new(0),
        }
    }
}

impl Limits {
    /// Whether another purchase may be started.
    pub fn may_buy(&self, site: &str, mac: &str) -> bool {
        self.forget_now_and_then();
        self.site_purchases.check_key(&site.to_owned()).is_ok()
            && (mac.is_empty() || self.device_purchases.check_key(&mac.to_owned()).is_ok())
    }

    /// Whether another look-up may be made.
    pub fn may_look_up(&self, site: &str, mac: &str) -> bool {
        self.forget_now_and_then();
        let who = format!("{site}:{mac}");
        self.site_lookups.check_key(&site.to_owned()).is_ok()
            && self.lookups.check_key(&who).is_ok()
    }

    fn forget_now_and_then(&self) {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_AFTER) {
            for limiter in
                [&self.device_purchases, &self.site_purchases, &self.lookups, &self.site_lookups]
            {
                limiter.retain_recent();
            }
        }
    }
}
