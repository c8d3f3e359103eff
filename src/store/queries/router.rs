//! Reports of routers, and the orders that wait for them.

use crate::{
    commands::router::hear_list::Standing,
    ledger::{
        command::{RouterWrite, VaultWrite},
        kernel::{
            fingerprint::Fingerprint,
            id::{Slug, VoucherId},
            stream::Stream,
            time::Micros,
        },
    },
    store::{
        Reader, StoreError,
        database::sql::{Param, Row, Transaction, query, set_row},
        error::Attempt,
    },
};
use serde::Deserialize;
use std::collections::HashMap;

/// What a router last told of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RouterNews {
    pub site: Slug,
    pub heard_at: Micros,
    /// When it last told of all its codes.
    pub shown_at: Option<Micros>,
    pub routeros: String,
    /// The version of the pages that it serves.
    pub pages: String,
    /// Its clock at the last report, as it writes it.
    pub clock: String,
    /// How many devices were online when it last told of them.
    pub online: Option<i64>,
    /// How many users it has.
    pub users: Option<i64>,
    /// How many it had when it last told of all its codes.
    pub users_shown: Option<i64>,
    /// How many codes in stock it did not show then.
    pub away_shown: Option<i64>,
}

/// A code that a site's router should know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AtRouter {
    pub voucher: VoucherId,
    pub package: Slug,
    pub status: Standing,
    pub allocated_at: Option<Micros>,
}

/// What a router told of a code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct ToldOfCode {
    /// When it first told of a login.
    pub activated_at: Option<Micros>,
    /// Since when it does not show the code, though it should.
    pub lost_since: Option<Micros>,
    pub voided_at: Option<Micros>,
    /// When the router let nobody in with it any more.
    pub off_at: Option<Micros>,
}

/// What was told of a site's codes, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct UsageCounts {
    /// With so many somebody has logged in.
    pub activated: i64,
    /// So many are sold or printed, and the router does not show them.
    pub lost: i64,
    /// So many are void, and may still work.
    pub to_switch_off: i64,
}

#[derive(Deserialize)]
struct Told {
    voucher: VoucherId,
    #[serde(flatten)]
    told: ToldOfCode,
}

#[derive(Deserialize)]
struct OfSite {
    site: Slug,
    #[serde(flatten)]
    counts: UsageCounts,
}

/// A code that its router is told to switch off.
#[derive(Deserialize)]
struct Order {
    voucher: VoucherId,
}

/// What stands behind a voucher that the router has switched off.
const OFF: char = 'x';

const NEWS: &str = "insert into router_news (site, heard_at, routeros, pages, clock, online, users)
     select site, heard_at, routeros, pages, clock, online, users
     from {given: site text, heard_at bigint, routeros text, pages text, clock text, online bigint,
       users bigint}
     where true
     on conflict (site) do update
     set heard_at = excluded.heard_at, routeros = excluded.routeros, pages = excluded.pages,
       clock = excluded.clock, online = coalesce(excluded.online, router_news.online),
       users = coalesce(excluded.users, router_news.users)";

const SHOWN: &str = "update router_news
     set shown_at = given.shown_at, away_shown = given.away, users_shown = users
     from {given: told text, shown_at bigint, away bigint}
     where router_news.site = given.told";

const PIECES: &str = "insert into router_pieces (site, run, piece, pieces, vouchers, received_at)
     select site, run, piece, pieces, vouchers, received_at
     from {given: site text, run text, piece bigint, pieces bigint, vouchers text,
       received_at bigint}
     where true
     on conflict (site, run, piece) do update
     set pieces = excluded.pieces, vouchers = excluded.vouchers";

const OTHER_RUNS: &str = "delete from router_pieces
     where (site, run) in (
       select router_pieces.site, router_pieces.run
       from {given: told text, kept text}
       join router_pieces on router_pieces.site = given.told and router_pieces.run <> given.kept
     )";

impl Transaction {
    /// Writes what routers told of themselves.
    pub(in crate::store) async fn keep_routers(
        &mut self,
        writes: &[VaultWrite],
        now: Micros,
    ) -> Result<(), StoreError> {
        let (mut news, mut shown, mut pieces, mut others) = (vec![], vec![], vec![], vec![]);
        for write in writes {
            let VaultWrite::Router(write) = write else { continue };
            match write {
                RouterWrite::News { site, routeros, pages, clock, online, users } => {
                    news.push(set_row![site, now, routeros, pages, clock, online, users]);
                }
                RouterWrite::Shown { site, away } => {
                    shown.push(set_row![site, now, away]);
                    others.push(set_row![site, ""]);
                }
                RouterWrite::Piece { site, run, piece, pieces: of, vouchers } => {
                    let id = |(id, off): &(VoucherId, bool)| {
                        if *off { format!("{id}{OFF}") } else { id.to_string() }
                    };
                    let ids: Vec<String> = vouchers.iter().map(id).collect();
                    pieces.push(set_row![site, run, piece, of, ids.join(" "), now]);
                    others.push(set_row![site, run]);
                }
            }
        }
        self.run(NEWS, news, "note what a router told").await?;
        self.run(PIECES, pieces, "keep a piece of a router's list").await?;
        self.run(OTHER_RUNS, others, "let go of a router's earlier lists").await?;
        self.run(SHOWN, shown, "note that a router told of all its codes").await
    }
}

impl Reader {
    /// What each router last told of itself.
    pub async fn router_news(&self) -> Result<Vec<RouterNews>, StoreError> {
        let rows = query(
            "select site, heard_at, shown_at, routeros, pages, clock, online, users, users_shown,
               away_shown
             from router_news
             order by site",
        )
        .all(&self.pool)
        .await
        .attempt("read what routers told")?;
        rows.iter().map(|row| row.read("router_news")).collect()
    }

    /// The vouchers of a list's pieces, once all have come, each with whether it is switched off.
    pub async fn whole_list(
        &self,
        site: &Slug,
        run: &str,
    ) -> Result<Option<Vec<(VoucherId, bool)>>, StoreError> {
        let rows = query(
            "select pieces, vouchers from router_pieces
             where site = $1 and run = $2
             order by piece",
        )
        .bind(site.as_str())
        .bind(run)
        .all(&self.pool)
        .await
        .attempt("read the pieces of a router's list")?;
        let wanted = rows.first().map_or(1, |row| row.get::<i64>(0));
        if i64::try_from(rows.len()).unwrap_or(0) < wanted {
            return Ok(None);
        }
        let unreadable = |_| StoreError::BadRow { table: "router_pieces", column: "vouchers" };
        let mut vouchers = vec![];
        for row in &rows {
            for id in row.get::<&str>(1).split_whitespace() {
                let (id, off) = id.strip_suffix(OFF).map_or((id, false), |id| (id, true));
                vouchers.push((id.parse().map_err(unreadable)?, off));
            }
        }
        Ok(Some(vouchers))
    }

    /// The vouchers of codes, by fingerprint; those that nobody knows are left out.
    pub async fn vouchers_of_codes(
        &self,
        codes: &[Fingerprint],
    ) -> Result<HashMap<Fingerprint, VoucherId>, StoreError> {
        let asked = codes.iter().map(|code| set_row![code]).collect();
        let rows = query(
            "select fingerprint, voucher from voucher_codes
             where fingerprint in (select given.fingerprint from {given: fingerprint bytes})",
        )
        .given(asked)
        .all(&self.pool)
        .await
        .attempt("find codes that a router tells of")?;
        let unreadable = |_| StoreError::BadRow { table: "voucher_codes", column: "fingerprint" };
        let pair = |row: &Row| {
            let fingerprint = row.get::<Vec<u8>>(0).try_into().map_err(unreadable)?;
            Ok((fingerprint, row.parse(1, "voucher_codes", "voucher")?))
        };
        rows.iter().map(pair).collect()
    }

    /// How many codes of a site are in stock, and not for sale since its router does not show them.
    pub async fn away(&self, site: &Slug) -> Result<i64, StoreError> {
        let row = query("select count(*) from stock where site = $1 and away = 1")
            .bind(site.as_str())
            .one(&self.pool)
            .await
            .attempt("count codes that a router does not show")?;
        Ok(row.get(0))
    }

    /// Since when a site's router reports; `None` where it does not.
    pub async fn reports_since(&self, site: &Slug) -> Result<Option<Micros>, StoreError> {
        let events = self.stream_events(&Stream::Site(site.clone())).await?;
        let told = |kind: &str| matches!(kind, "site_router_reported" | "site_router_left");
        let last = events.iter().rev().find(|event| told(&event.kind));
        let last = last.filter(|event| event.kind == "site_router_reported");
        Ok(last.map(|event| event.recorded_at))
    }

    /// The codes of a site that its router should know, and those that are void.
    pub async fn at_router(&self, site: &Slug) -> Result<Vec<AtRouter>, StoreError> {
        self.ask("vouchers", "at_router", vec![site.as_str().into()]).await
    }

    /// What was told of each code of a site; of those that are not here, nothing.
    pub async fn told_of_codes(
        &self,
        site: &Slug,
    ) -> Result<HashMap<VoucherId, ToldOfCode>, StoreError> {
        let rows: Vec<Told> = self.ask("usage", "told", vec![site.as_str().into()]).await?;
        Ok(rows.into_iter().map(|row| (row.voucher, row.told)).collect())
    }

    /// The void codes of a site that its router may still let in, the oldest first.
    pub async fn to_switch_off(
        &self,
        site: &Slug,
        limit: i64,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let asked = vec![site.as_str().into(), Param::Number(limit)];
        let rows: Vec<Order> = self.ask("usage", "orders", asked).await?;
        Ok(rows.into_iter().map(|row| row.voucher).collect())
    }

    /// What was told of each site's codes, counted.
    pub async fn usage_counts(&self) -> Result<HashMap<Slug, UsageCounts>, StoreError> {
        let rows: Vec<OfSite> = self.ask("usage", "of_site", vec![]).await?;
        Ok(rows.into_iter().map(|row| (row.site, row.counts)).collect())
    }

    /// When its router first told of a login with a voucher.
    pub async fn activated_at(&self, voucher: VoucherId) -> Result<Option<Micros>, StoreError> {
        let events = self.stream_events(&Stream::Usage(voucher)).await?;
        let first = events.iter().find(|event| event.kind == "voucher_activated");
        Ok(first.map(|event| event.recorded_at))
    }
}
