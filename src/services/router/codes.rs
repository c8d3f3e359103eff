//! Writes a site's codes as users of its router: new ones for a router that cannot draw lots, or
//! all good ones for a router that was replaced.

use super::codes_of;
use crate::{
    adapters::routeros::{units::duration, users::RouterUser},
    commands::router::hear_router::WriteCodes,
    ledger::{
        catalogue::Package,
        kernel::{
            id::Slug,
            time::{Micros, SECOND},
        },
    },
    ports::Random,
    services::acting::Acting,
    store::{CommandError, VoucherCode},
};
use std::collections::HashSet;

impl Acting<'_> {
    /// Every code of a site that is still good, as users of its router, with when each ends. That
    /// somebody had them in clear is recorded first.
    pub async fn restore_codes(&self, site: &Slug) -> Result<Vec<RouterUser>, CommandError> {
        let store = self.store;
        store.project().await?;
        let (packages, now) = (store.read().packages(site).await?, store.now());
        let mut good = codes_of(store, site, &packages).await?;
        good.retain(|code| code.known.is_good(now));
        let codes = u32::try_from(good.len()).unwrap_or(u32::MAX);
        self.wish(WriteCodes { site: site.clone(), codes }).await?;
        let mut users = vec![];
        for code in good {
            let package = packages.iter().find(|package| package.package == code.package);
            let ends = code.known.ends_at();
            if let Some(code) = store.voucher_code(code.voucher).await? {
                users.push(user(code, package, ends.map(|ends| (ends, ends.0 - now.0))));
            }
        }
        Ok(users)
    }
}

/// A code as a user that ends at a time, so many µs from now. One that came without a profile gets
/// its package's.
fn user(code: VoucherCode, package: Option<&Package>, ends: Option<(Micros, i64)>) -> RouterUser {
    let note = code.comment.unwrap_or_default();
    let profile = code.profile.or_else(|| package.map(|package| package.profile.clone()));
    // What it used on the former router is not known: the smaller limit is the safer one.
    let own = code.limit_uptime.as_deref().and_then(duration);
    let left = ends.map(|(_, left)| own.map_or(left, |own| own.min(left)));
    RouterUser {
        password: code.password.unwrap_or_else(|| code.code.clone()),
        name: code.code,
        profile,
        // The former router's server may be called otherwise on the new one.
        server: None,
        limit_uptime: match left {
            Some(left) => Some(format!("{}s", left / SECOND)),
            None => code.limit_uptime,
        },
        limit_bytes_total: code.limit_bytes_total,
        comment: match ends {
            Some((at, _)) => {
                format!("{note} lango: until={}", at.0 / SECOND).trim_start().to_owned()
            }
            None => note,
        },
    }
}

/// The signs of codes that are made here: none looks like another.
const SIGNS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// How many signs a code has: with 31 of each, 852,891,037,441 codes.
const CODE_SIGNS: usize = 8;

/// Makes codes of a package, as users for a router that cannot draw lots itself.
pub fn make_codes(random: &dyn Random, package: &Package, count: usize) -> Vec<RouterUser> {
    let mut names = HashSet::new();
    while names.len() < count {
        names.insert(code(random));
    }
    let user = |name: String| RouterUser {
        password: name.clone(),
        name,
        profile: Some(package.profile.clone()),
        server: None,
        limit_uptime: Some(format!("{}s", package.validity_seconds)),
        limit_bytes_total: package.data_bytes_max.map(|bytes| bytes.to_string()),
        comment: "lango: made by the shop".into(),
    };
    names.into_iter().map(user).collect()
}

fn code(random: &dyn Random) -> String {
    let mut code = String::new();
    while code.len() < CODE_SIGNS {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        // What is left over beyond a multiple of 31 would make some signs likelier.
        let even = bytes.iter().filter(|byte| **byte < 248);
        code.extend(even.map(|byte| char::from(SIGNS[usize::from(*byte) % SIGNS.len()])));
    }
    code.truncate(CODE_SIGNS);
    code
}
