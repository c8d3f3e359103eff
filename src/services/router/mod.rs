//! Takes in what the sites' routers tell, and says what they are to do. A router calls us, never
//! the other way round; it may tell everything twice, and a list that was cut off is told again.

mod codes;
pub mod kit;

pub use codes::make_codes;

use crate::{
    adapters::routeros::report::{End, Orders, Piece, Report},
    commands::{
        keep_beside::KeepBeside,
        router::{
            hear_list::{
                HearList, KnownCode, List, Listed, ListedCode, Meaning, Standing, is_list_due,
            },
            hear_router::{HearLogins, HearSwitchedOff, RouterLeaves, SellUnshown},
            replace_missed::{MissedCode, ReplaceMissed},
        },
        stock::leave_stock::CODES_PER_COMMIT,
    },
    ledger::{
        catalogue::Package,
        command::{RouterWrite, VaultWrite},
        kernel::{
            fingerprint::Fingerprint,
            id::{MessageId, Slug, VoucherId},
            time::{MINUTE, SECOND},
        },
        refusal::Refusal,
        usage::Usage,
        voucher::VoucherStatus,
    },
    services::acting::Acting,
    store::{CommandError, Lookup, Store, StoreError},
};
use std::collections::HashMap;

/// A router that was not heard of for so long is silent, in µs; it reports every minute.
pub const SILENT_AFTER: i64 = 5 * MINUTE;

/// A router is told of so many codes at a time; the others follow a minute later.
const ORDERS_AT_ONCE: i64 = 100;

impl Acting<'_> {
    /// Takes in a report of a site's router; tells what the router is to do.
    pub async fn hear(&self, site: &Slug, report: &Report) -> Result<Orders, CommandError> {
        let store = self.store;
        let known = known(store, site, report).await?;
        self.wish(KeepBeside::vault(writes(site, report, &known))).await?;
        self.in_pieces(&known.used, |vouchers| HearLogins { vouchers }).await?;
        self.in_pieces(&known.off, |vouchers| HearSwitchedOff { vouchers }).await?;
        if let Some(Piece { run, .. }) = &report.piece
            && let Some(shown) = store.read().whole_list(site, run).await?
        {
            self.compare(site, shown).await?;
        }
        store.project().await?;
        let mut orders = orders(store, site).await?;
        if report.online().is_some() {
            orders.ends = ends(store, site, &known.endless).await?;
        }
        Ok(orders)
    }

    /// Compares a whole list with what the router should know: a read model says what may be news,
    /// and each command decides about it.
    async fn compare(
        &self,
        site: &Slug,
        shown: Vec<(VoucherId, bool)>,
    ) -> Result<(), CommandError> {
        let store = self.store;
        store.project().await?;
        let listed = |(id, off)| (id, if off { Listed::Off } else { Listed::On });
        let shown: HashMap<VoucherId, Listed> = shown.into_iter().map(listed).collect();
        let at = store.now();
        let list = List { at, reports_since: store.read().reports_since(site).await? };
        let (mut news, mut missed) = (vec![], vec![]);
        for SiteCode { voucher, known, .. } in
            codes_of(store, site, &store.read().packages(site).await?).await?
        {
            let listed = shown.get(&voucher).copied().unwrap_or(Listed::No);
            match list.means(listed, &known) {
                Some(Meaning::Shown | Meaning::Gone) => news.push(ListedCode { voucher, listed }),
                Some(Meaning::Missed) => missed.push(voucher),
                None => {}
            }
        }
        let mut pieces: Vec<_> = news.chunks(CODES_PER_COMMIT).collect();
        if pieces.is_empty() && list.reports_since.is_none() {
            pieces.push(&[]);
        }
        for codes in pieces {
            self.wish(HearList { site: site.clone(), at, codes: codes.to_vec() }).await?;
        }
        self.replace_missed(site, &missed).await?;
        let away = store.read().away(site).await?;
        let whole = RouterWrite::Shown { site: site.clone(), away };
        self.wish(KeepBeside::vault([VaultWrite::Router(whole)])).await.map(drop)
    }

    async fn replace_missed(&self, site: &Slug, missed: &[VoucherId]) -> Result<(), CommandError> {
        if missed.is_empty() {
            return Ok(());
        }
        // More of them change nothing: nobody gets another code if it were so many.
        let codes = missed.iter().take(CODES_PER_COMMIT);
        let code =
            |voucher: &VoucherId| MissedCode { voucher: *voucher, message: MessageId(self.id()) };
        match self.wish(ReplaceMissed { codes: codes.map(code).collect() }).await {
            Err(CommandError::Refused(Refusal::NotDue)) => {
                let count = missed.len();
                tracing::warn!(%site, count, "{site}: {count} sold codes are gone; none replaced");
                Ok(())
            }
            done => done.map(drop),
        }
    }

    /// The site's router reports no longer: every code in stock is for sale again.
    pub async fn forget_router(&self, site: &Slug) -> Result<(), CommandError> {
        self.wish(RouterLeaves { site: site.clone() }).await?;
        self.store.project().await?;
        let codes = codes_of(self.store, site, &[]).await?.into_iter();
        let missing = codes.filter(|code| code.known.standing == Standing::Missing);
        let missing: Vec<VoucherId> = missing.map(|code| code.voucher).collect();
        self.in_pieces(&missing, |vouchers| SellUnshown { vouchers }).await.map(drop)
    }
}

/// What is kept of a report beside the ledger.
fn writes(site: &Slug, report: &Report, known: &KnownVouchers) -> impl Iterator<Item = VaultWrite> {
    let news = RouterWrite::News {
        site: site.clone(),
        routeros: report.routeros.clone(),
        pages: report.pages.clone(),
        clock: report.clock.clone(),
        online: report.online(),
        users: report.users,
    };
    let piece = report.piece.clone().map(|Piece { run, piece, pieces }| RouterWrite::Piece {
        site: site.clone(),
        run,
        piece,
        pieces,
        vouchers: known.all.clone(),
    });
    [news].into_iter().chain(piece).map(VaultWrite::Router)
}

/// When codes end of which the router has no note yet. Time runs from the first login that was
/// told.
async fn ends(store: &Store, site: &Slug, vouchers: &[VoucherId]) -> Result<Vec<End>, StoreError> {
    let mut ends = vec![];
    if vouchers.is_empty() {
        return Ok(ends);
    }
    let packages = store.read().packages(site).await?;
    for id in vouchers {
        let Some(voucher) = store.read().voucher(*id).await? else { continue };
        let package = packages.iter().find(|package| package.package == voucher.package.package);
        let (Some(package), Some(code)) = (package, store.voucher_code(*id).await?) else {
            continue;
        };
        let activated_at = store.read().activated_at(*id).await?;
        let usage = Usage { activated_at, ..Usage::default() };
        let seconds = package.validity_seconds;
        if let Some(at) = usage.ends_at(seconds)
            && voucher.status != VoucherStatus::Voided
        {
            let bytes = package.data_bytes_max;
            ends.push(End { code: code.code, at: at.0 / SECOND, seconds, bytes });
        }
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
    let fingerprint = |code: &str| vault.fingerprint(Lookup::Code(site.as_str(), code));
    let told = report.known.iter().map(|known| (fingerprint(&known.code), known));
    let told: Vec<_> = told.collect();
    let done: Vec<Fingerprint> = report.off.iter().map(|code| fingerprint(code)).collect();
    let asked: Vec<Fingerprint> = told.iter().map(|(it, _)| *it).chain(done.clone()).collect();
    let found = store.read().vouchers_of_codes(&asked).await?;
    // A whole list tells of many codes that the router told of before.
    let before = match report.piece {
        Some(_) => store.read().told_of_codes(site).await?,
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

/// A code of a site that its router should know, or should switch off.
struct SiteCode {
    voucher: VoucherId,
    package: Slug,
    known: KnownCode,
}

async fn codes_of(
    store: &Store,
    site: &Slug,
    packages: &[Package],
) -> Result<Vec<SiteCode>, StoreError> {
    let lasts: HashMap<&Slug, u64> =
        packages.iter().map(|package| (&package.package, package.validity_seconds)).collect();
    let told = store.read().told_of_codes(site).await?;
    let mut codes = vec![];
    for code in store.read().at_router(site).await? {
        let told = told.get(&code.voucher).copied().unwrap_or_default();
        let known = KnownCode {
            standing: code.status,
            sold_at: code.allocated_at,
            usage: Usage {
                activated_at: told.activated_at,
                lost_since: told.lost_since,
                off: told.off_at.is_some(),
            },
            lasts_seconds: lasts.get(&code.package).copied(),
        };
        codes.push(SiteCode { voucher: code.voucher, package: code.package, known });
    }
    Ok(codes)
}

/// What a site's router is to do.
async fn orders(store: &Store, site: &Slug) -> Result<Orders, CommandError> {
    let news = store.read().router_news().await?.into_iter().find(|news| news.site == *site);
    // Of what was away then already, and still is, the next list in turn will tell.
    let away = store.read().away(site).await?;
    let came = news
        .as_ref()
        .is_some_and(|news| away > news.away_shown.unwrap_or(0) || news.users != news.users_shown);
    let (now, last) = (store.now(), news.and_then(|news| news.shown_at));
    let list = is_list_due(last, came, now);
    let mut orders = Orders { time: now.0 / SECOND, list, off: vec![], ends: vec![] };
    for voucher in store.read().to_switch_off(site, ORDERS_AT_ONCE).await? {
        // A router could not be told of a code with a line's end in it.
        let code = store.voucher_code(voucher).await?.map(|code| code.code);
        orders.off.extend(code.filter(|code| !code.contains(['\n', '\r'])));
    }
    Ok(orders)
}
