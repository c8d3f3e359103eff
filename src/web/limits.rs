//! Limits on asking: prompts and look-ups by device and by site. By phone and by purchase the
//! ledger itself limits, so that a restart forgets nothing. Never by source address: a whole site
//! shares one.

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;

const fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// Purchases started by one device.
const DEVICE_PURCHASES_PER_HOUR: NonZeroU32 = count(20);
/// Purchases started at one site: more than a full hotspot buys, less than a flood.
const SITE_PURCHASES_PER_SECOND: NonZeroU32 = count(200);
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            device_purchases: RateLimiter::keyed(Quota::per_hour(DEVICE_PURCHASES_PER_HOUR)),
            site_purchases: RateLimiter::keyed(Quota::per_second(SITE_PURCHASES_PER_SECOND)),
            lookups: RateLimiter::keyed(Quota::per_minute(LOOKUPS_PER_MINUTE)),
            site_lookups: RateLimiter::keyed(Quota::per_minute(SITE_LOOKUPS_PER_MINUTE)),
        }
    }
}

impl Limits {
    /// Whether another purchase may be started.
    pub fn may_buy(&self, site: &str, mac: &str) -> bool {
        let device = mac.is_empty() || self.device_purchases.check_key(&mac.to_owned()).is_ok();
        device && self.site_purchases.check_key(&site.to_owned()).is_ok()
    }

    /// Whether another look-up may be made.
    pub fn may_look_up(&self, site: &str, mac: &str) -> bool {
        let who = format!("{site}:{mac}");
        self.lookups.check_key(&who).is_ok()
            && self.site_lookups.check_key(&site.to_owned()).is_ok()
    }
}
