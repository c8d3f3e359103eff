//! What the sites' routers tell, taken in, and what they are told to do. A router calls us, never
//! the other way round; it may tell everything twice, and a list that was cut off is told again.

pub mod kit;

use crate::{
    adapters::routeros::{
        report::{End, Orders, Piece, Report},
        units::duration,
        users::RouterUser,
    },
    commands::{
        by::By,
        router::hear_router::{
            HearInventory, HearLogins, HearSwitchedOff, NoteRouter, RouterLeaves, SellUnshown,
            WriteCodes,
        },
        sale::replace_voucher::ReplaceVoucher,
        stock::leave_stock::CODES_PER_COMMIT,
    },
    ledger::{
        catalogue::Package,
        command::{Fingerprint, RouterWrite},
        kernel::{
            id::{MessageId, Slug, VoucherId},
            time::{DAY, HOUR, MINUTE, Micros, SECOND},
        },
        voucher::VoucherStatus,
    },
    ports::Random,
    store::{AtRouter, CommandError, Standing, Store, StoreError, ToldOfCode, VoucherCode},
};
use std::collections::{HashMap, HashSet};

/// A router that was not heard of for so long is silent, in µs; it reports every minute.
pub const SILENT_AFTER: i64 = 5 * MINUTE;

/// A router tells of all its codes so often, in µs.
const LIST_EVERY: i64 = HOUR;

/// And so soon when codes came since, to the shop or to the router, in µs.
const LIST_SOON: i64 = 2 * MINUTE;

/// A code is missed so long before its buyer gets another, in µs: somebody may be at work there.
const MISSED_FOR: i64 = 10 * MINUTE;

/// So many buyers get other codes by themselves at most. If a list lacks more, the router has lost
/// its users, and putting them back serves everybody.
const REPLACED_AT_ONCE: usize = 5;

/// Who bought earlier and never logged in is not missed any more, in µs.
const MISSED_AFTER_SALE: i64 = 30 * DAY;

/// A router is told of so many codes at a time; the others follow a minute later.
const ORDERS_AT_ONCE: i64 = 100;

/// Takes in a report; tells what the router is to do.
pub async fn hear(
    store: &Store,
    random: &dyn Random,
    site: &Slug,
    report: &Report,
) -> Result<Orders, CommandError> {
    let known = known(store, site, report).await?;
    let mut writes = vec![RouterWrite::News {
        site: site.clone(),
        routeros: report.routeros.clone(),
        pages: report.pages.clone(),
        clock: report.clock.clone(),
        online: report.online(),
        users: report.users,
    }];
    if let Some(Piece { run, piece, pieces }) = &report.piece {
        writes.push(RouterWrite::Piece {
            site: site.clone(),
            run: run.clone(),
            piece: *piece,
            pieces: *pieces,
            vouchers: known.all.clone(),
        });
    }
    store.execute(NoteRouter { writes }).await?;
    for vouchers in known.used.chunks(CODES_PER_COMMIT) {
        store.execute(HearLogins { vouchers: vouchers.to_vec() }).await?;
    }
    for vouchers in known.off.chunks(CODES_PER_COMMIT) {
        store.execute(HearSwitchedOff { vouchers: vouchers.to_vec() }).await?;
    }
    if let Some(Piece { run, .. }) = &report.piece
        && let Some(shown) = store.whole_list(site, run).await?
    {
        compare(store, random, site, shown).await?;
    }
    store.project().await?;
    let mut orders = orders(store, site).await?;
    if report.online().is_some() {
        orders.ends = ends(store, site, &known.endless).await?;
    }
    Ok(orders)
}

/// When codes end of which the router has no note yet. Time runs from the first login that was
/// told.
async fn ends(store: &Store, site: &Slug, vouchers: &[VoucherId]) -> Result<Vec<End>, StoreError> {
    let mut ends = vec![];
    if vouchers.is_empty() {
        return Ok(ends);
    }
    let packages = store.packages(site).await?;
    for id in vouchers {
        let (Some(voucher), Some(at)) = (store.voucher(*id).await?, store.activated_at(*id).await?)
        else {
            continue;
        };
        let package = packages.iter().find(|package| package.package == voucher.package.package);
        let (Some(package), Some(code)) = (package, store.voucher_code(*id).await?) else {
            continue;
        };
        if voucher.status == VoucherStatus::Voided {
            continue;
        }
        let seconds = package.validity_seconds;
        ends.push(End {
            code: code.code,
            at: at.0 / SECOND + i64::try_from(seconds).unwrap_or(i64::MAX / 2),
            seconds,
            bytes: package.data_bytes_max,
        });
    }
    Ok(ends)
}

/// The vouchers that a report tells of.
struct KnownVouchers {
    /// All, each with whether it is switched off.
    all: Vec<(VoucherId, bool)>,
    /// Those of which a login would be news.
    used: Vec<VoucherId>,
    /// Those that are used, and whose end the router has no note of.
    endless: Vec<VoucherId>,
    /// Those that the router lets nobody in with.
    off: Vec<VoucherId>,
}

async fn known(store: &Store, site: &Slug, report: &Report) -> Result<KnownVouchers, StoreError> {
    let vault = store.vault();
    let fingerprint = |code: &str| vault.code_fingerprint(site, code);
    let told = report.known.iter().map(|known| (fingerprint(&known.code), known));
    let told: Vec<_> = told.collect();
    let done: Vec<Fingerprint> = report.off.iter().map(|code| fingerprint(code)).collect();
    let asked: Vec<Fingerprint> = told.iter().map(|(it, _)| *it).chain(done.clone()).collect();
    let found = store.vouchers_of_codes(&asked).await?;
    // A whole list tells of many that were told of before.
    let before = match report.piece {
        Some(_) => store.told_of_codes(site).await?,
        None => HashMap::new(),
    };
    let of = |id: &VoucherId| before.get(id).copied().unwrap_or_default();
    let mut known = KnownVouchers { all: vec![], used: vec![], endless: vec![], off: vec![] };
    for (fingerprint, code) in told {
        let Some(id) = found.get(&fingerprint) else { continue };
        known.all.push((*id, code.disabled));
        if code.used && of(id).activated_at.is_none() {
            known.used.push(*id);
        }
        // Several devices may share a code, and its end is noted once.
        if code.used && !code.ends && !known.endless.contains(id) {
            known.endless.push(*id);
        }
        let void = of(id).voided_at.is_some() && of(id).off_at.is_none();
        if code.disabled && void {
            known.off.push(*id);
        }
    }
    known.off.extend(done.iter().filter_map(|code| found.get(code)));
    Ok(known)
}

/// Compares a whole list with what the router should know.
async fn compare(
    store: &Store,
    random: &dyn Random,
    site: &Slug,
    shown: Vec<(VoucherId, bool)>,
) -> Result<(), CommandError> {
    store.project().await?;
    let shown: HashMap<VoucherId, bool> = shown.into_iter().collect();
    let told = store.told_of_codes(site).await?;
    let lasts = lasts(store, site).await?;
    let now = store.now();
    let since = store.reports_since(site).await?;
    let (mut there, mut gone, mut missed) = (vec![], vec![], vec![]);
    for code in store.at_router(site).await? {
        let told = told.get(&code.voucher).copied().unwrap_or_default();
        let lasts = lasts.get(&code.package).copied().unwrap_or(i64::MAX);
        let listed = shown.get(&code.voucher).copied();
        if code.status == Standing::Voided {
            match (listed, told.off_at) {
                (None, None) => gone.push(code.voucher),
                // Somebody has put it back.
                (Some(false), Some(_)) => there.push(code.voucher),
                _ => {}
            }
            continue;
        }
        let unsold = matches!(code.status, Standing::Free | Standing::Missing);
        // Nobody can log in with one that is switched off: it is as if it were not there, until it
        // is sold. Then whoever switched it off may have had a reason.
        let is_there = listed.is_some_and(|off| !(off && unsold));
        if is_there {
            if code.status == Standing::Missing || told.lost_since.is_some() {
                there.push(code.voucher);
            }
        } else if is_missed(&code, told, lasts, (since, now)) {
            gone.push(code.voucher);
        } else if code.status == Standing::Sold
            && told.activated_at.is_none()
            && told.lost_since.is_some_and(|lost| lost.plus(MISSED_FOR) <= now)
        {
            missed.push(code.voucher);
        }
    }
    let (mut there, mut gone) = (there.as_slice(), gone.as_slice());
    let reports = store.site(site).await?.is_some_and(|site| site.reports);
    let mut first = !reports;
    while first || !there.is_empty() || !gone.is_empty() {
        let (shown, missing);
        (shown, there) = there.split_at(there.len().min(CODES_PER_COMMIT));
        (missing, gone) = gone.split_at(gone.len().min(CODES_PER_COMMIT - shown.len()));
        let command =
            HearInventory { site: site.clone(), shown: shown.to_vec(), missing: missing.to_vec() };
        store.execute(command).await?;
        first = false;
    }
    if missed.len() > REPLACED_AT_ONCE {
        let count = missed.len();
        tracing::warn!(%site, count, "{site}: {count} sold codes are gone; none replaced");
    } else {
        replace(store, random, missed).await?;
    }
    let away = store.away(site).await?;
    let whole = vec![RouterWrite::Shown { site: site.clone(), away }];
    store.execute(NoteRouter { writes: whole }).await.map(drop)
}

/// How long the codes of each package last, in µs.
async fn lasts(store: &Store, site: &Slug) -> Result<HashMap<Slug, i64>, StoreError> {
    let last = |package: Package| {
        let seconds = i64::try_from(package.validity_seconds).unwrap_or(i64::MAX / SECOND);
        (package.package, seconds.saturating_mul(SECOND))
    };
    Ok(store.packages(site).await?.into_iter().map(last).collect())
}

/// Gives other codes to buyers whose code the router lacks for long enough. Who cannot be helped
/// stays on the list of what needs a person.
async fn replace(
    store: &Store,
    random: &dyn Random,
    lost: Vec<VoucherId>,
) -> Result<(), CommandError> {
    for former in lost {
        let message = MessageId(random.id(store.now()));
        match store.execute(ReplaceVoucher { former, message, by_person: false }).await {
            Ok(_) | Err(CommandError::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Whether it is news that the router does not show a code. One whose time is over may be gone, and
/// of one that was sold before the router told anything, nobody knows whether it is.
fn is_missed(
    code: &AtRouter,
    told: ToldOfCode,
    lasts: i64,
    (since, now): (Option<Micros>, Micros),
) -> bool {
    let over = told.activated_at.is_some_and(|at| at.0.saturating_add(lasts) <= now.0);
    let known = |sold: Micros| {
        since.is_some_and(|since| since <= sold) && sold.plus(MISSED_AFTER_SALE) > now
    };
    match code.status {
        Standing::Free => true,
        Standing::Sold => {
            told.lost_since.is_none() && !over && code.allocated_at.is_some_and(known)
        }
        Standing::SetAside => told.lost_since.is_none() && !over && since.is_some(),
        Standing::Missing | Standing::Held | Standing::Voided => false,
    }
}

/// What a site's router is to do.
async fn orders(store: &Store, site: &Slug) -> Result<Orders, CommandError> {
    let news = store.router_news().await?.into_iter().find(|news| news.site == *site);
    // Of what was away then already, and still is, the next list in turn will tell.
    let away = store.away(site).await?;
    let came = news
        .as_ref()
        .is_some_and(|news| away > news.away_shown.unwrap_or(0) || news.users != news.users_shown);
    let every = if came { LIST_SOON } else { LIST_EVERY };
    let told = news.and_then(|news| news.shown_at);
    let mut orders = Orders {
        time: store.now().0 / SECOND,
        list: told.is_none_or(|at| at.plus(every) <= store.now()),
        off: vec![],
        ends: vec![],
    };
    for voucher in store.to_switch_off(site, ORDERS_AT_ONCE).await? {
        // A code with a line's end in it is nothing that a router could be told.
        let code = store.voucher_code(voucher).await?.map(|code| code.code);
        orders.off.extend(code.filter(|code| !code.contains(['\n', '\r'])));
    }
    Ok(orders)
}

/// The site's router reports no longer: every code in stock is for sale again.
pub async fn forget(store: &Store, by: By, site: &Slug) -> Result<(), CommandError> {
    store.execute(by.wish(RouterLeaves { site: site.clone() })).await?;
    store.project().await?;
    let codes = store.at_router(site).await?.into_iter();
    let missing = codes.filter(|code| code.status == Standing::Missing).map(|code| code.voucher);
    let missing: Vec<VoucherId> = missing.collect();
    for piece in missing.chunks(CODES_PER_COMMIT) {
        store.execute(by.wish(SellUnshown { vouchers: piece.to_vec() })).await?;
    }
    Ok(())
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

/// Every code of a site that is not sold yet, or sold and not used up, as users of its router, with
/// when each ends. That somebody had them in clear is recorded first.
pub async fn restore(store: &Store, by: By, site: &Slug) -> Result<Vec<RouterUser>, CommandError> {
    store.project().await?;
    let told = store.told_of_codes(site).await?;
    let lasts = lasts(store, site).await?;
    let now = store.now();
    let mut live = vec![];
    for code in store.at_router(site).await? {
        let lasts = lasts.get(&code.package).copied().unwrap_or(i64::MAX);
        let told = told.get(&code.voucher).copied().unwrap_or_default();
        let ends = told.activated_at.map(|at| Micros(at.0.saturating_add(lasts)));
        if code.status != Standing::Voided && ends.is_none_or(|ends| ends > now) {
            live.push((code.voucher, code.package, ends));
        }
    }
    let codes = u32::try_from(live.len()).unwrap_or(u32::MAX);
    store.execute(by.wish(WriteCodes { site: site.clone(), codes })).await?;
    let mut users = vec![];
    let packages = store.packages(site).await?;
    for (voucher, package, ends) in live {
        let package = packages.iter().find(|it| it.package == package);
        if let Some(code) = store.voucher_code(voucher).await? {
            users.push(user(code, package, ends.map(|ends| (ends, ends.0 - now.0))));
        }
    }
    Ok(users)
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
