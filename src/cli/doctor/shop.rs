//! Whether the shop can sell and tell: configuration, gateways, stock, routers, work, disk.

use super::{
    finding::{Finding, fail, pass, warn},
    span,
};
use crate::{
    app::{
        self,
        config::{Config, OnOff},
    },
    ledger::kernel::{
        id::Slug,
        time::{MINUTE, Micros},
    },
    services::router::SILENT_AFTER,
    store::Store,
};
use std::path::Path;

/// Work that is due for longer waits for a `lango serve` that does not run.
const OVERDUE: i64 = 5 * MINUTE;

/// Free disk, in MiB: below the first a warning, below the second the next days are in danger.
const DISK_MIB_FEW: u64 = 1_024;
const DISK_MIB_MIN: u64 = 200;

pub(super) fn configuration(config: &Config) -> Finding {
    if let Err(failure) = app::check(config) {
        return fail(format!("{failure:#}"));
    }
    let callbacks = config.mpesa.as_ref().is_some_and(|mpesa| mpesa.callbacks == OnOff::On);
    let how = if callbacks { "M-PESA calls back" } else { "M-PESA is asked (callbacks are off)" };
    pass(format!("complete; {how}"))
}

pub(super) fn messages(config: &Config) -> Finding {
    match config.sms.gateways.len() {
        0 => warn("no gateway: buyers see the code on the page only; add [[sms.gateway]]"),
        1 => pass("one gateway; with a second one an SMS survives the failure of the first"),
        many => pass(format!("{many} gateways, tried in order")),
    }
}

pub(super) fn work(next: Option<Micros>, now: Micros) -> Finding {
    match next.map(|due| due.until(now)) {
        Some(late) if late > OVERDUE => {
            warn(format!("something was due {} ago; does `lango serve` run?", span(late)))
        }
        Some(_) | None => pass("nothing is overdue"),
    }
}

pub(super) fn desk(lines: usize) -> Finding {
    match lines {
        0 => pass("nothing needs you"),
        1 => warn("one thing needs you: `lango money list`"),
        many => warn(format!("{many} things need you: `lango money list`")),
    }
}

/// Money may wait behind a stuck task.
pub(super) fn stuck(tasks: usize) -> Finding {
    if tasks == 0 {
        return pass("nothing");
    }
    fail(format!(
        "{tasks} tasks wait for a person: Lango failed at them twice, or somebody changed a file \
         of codes; the log says which. After an update, press `Try again` at the desk"
    ))
}

pub(super) async fn stock(store: &Store) -> anyhow::Result<Finding> {
    let mut out = vec![];
    for site in store.read().sites().await? {
        let offers = store.read().offers(&site.site).await?;
        out.extend(offers.iter().filter(|offer| offer.free == 0).map(|it| it.key().to_string()));
    }
    if out.is_empty() {
        return Ok(pass("every package has free codes"));
    }
    Ok(warn(format!("no free code of {}: `lango vouchers import`", out.join(", "))))
}

pub(super) fn two_sites(twice: &[(Slug, Slug, i64)]) -> Finding {
    let named = |(site, other, codes): &(Slug, Slug, i64)| {
        format!("{codes} codes in stock at {site} are codes of {other} too")
    };
    let named: Vec<String> = twice.iter().map(named).collect();
    if named.is_empty() {
        return pass("no code is in stock that another site on its router has");
    }
    warn(format!(
        "{}; on one router they would be sold twice: void one of the two uploads at the desk, \
         or, if each site has its own router, import the file again with --other-router",
        named.join(", ")
    ))
}

pub(super) async fn routers(store: &Store, now: Micros) -> anyhow::Result<Finding> {
    let news = store.read().router_news().await?;
    let (mut heard, mut silent) = (0, vec![]);
    for site in store.read().sites().await?.into_iter().filter(|site| site.reports) {
        let told = news.iter().find(|news| news.site == site.site);
        match told.filter(|told| told.heard_at.until(now) <= SILENT_AFTER) {
            Some(_) => heard += 1,
            None => silent.push(site.site.to_string()),
        }
    }
    Ok(match (heard, silent.as_slice()) {
        (0, []) => pass("none reports; every code in stock is sold"),
        (many, []) => pass(format!("{many} report every minute")),
        (_, silent) => {
            warn(format!("silent: {}; the shop sells what they last showed", silent.join(", ")))
        }
    })
}

pub(super) async fn receivers(config: &Config, store: &Store) -> anyhow::Result<Finding> {
    let known = app::receivers(config);
    let (mut own, mut lost) = (0, vec![]);
    for site in store.read().sites().await? {
        let Some(number) = site.receiver else { continue };
        if known.know(&number) {
            own += 1;
        } else {
            lost.push(format!("{} at {number}", site.site));
        }
    }
    Ok(match (own, lost.as_slice()) {
        (0, []) => pass("every site is paid at the shop's number"),
        (many, []) => pass(format!("{many} sites have a number of their own")),
        (_, lost) => {
            fail(format!("no account for {}; write its [[mpesa.account]]", lost.join(", ")))
        }
    })
}

pub(super) async fn fenced_codes(store: &Store) -> anyhow::Result<usize> {
    let mut fenced = 0;
    for site in store.read().sites().await? {
        fenced += store.read().fenced(&site.site, None).await?.len();
    }
    Ok(fenced)
}

pub(super) fn fence(codes: usize) -> Finding {
    if codes == 0 {
        return pass("no code is kept out of sale after a restore");
    }
    warn(format!(
        "{codes} codes are kept out of sale: check the router, then `lango vouchers release`"
    ))
}

/// The disk of a ledger in a file.
pub(super) fn disk(config: &Config) -> Option<Finding> {
    let file = config.database.url.expose().strip_prefix("sqlite:")?;
    let file = Path::new(file.split('?').next().unwrap_or(file));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = rustix::fs::statvfs(folder.unwrap_or_else(|| Path::new(".")));
    Some(match found {
        Err(failure) => fail(format!("cannot be asked: {failure}")),
        Ok(disk) => space(disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024)),
    })
}

pub(super) fn space(mib: u64) -> Finding {
    let says = format!("{mib} MiB are free");
    match mib {
        ..DISK_MIB_MIN => fail(format!("{says}; make room, or sales will stop")),
        DISK_MIB_MIN..DISK_MIB_FEW => warn(format!("{says}; make room")),
        DISK_MIB_FEW.. => pass(says),
    }
}
