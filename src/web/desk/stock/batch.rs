//! `/admin/stock/batches/{batch}`: codes that came together: where from, and where they stand.

use super::{Names, go, handout::void_all, upload, who};
use crate::{
    ledger::{
        catalogue::BatchEvent,
        event::Event,
        kernel::{
            id::{BatchId, PackageKey, Slug},
            stream::Stream,
        },
        voucher::VoidReason,
    },
    services::stock::Doomed,
    store::{Standing as Code, StoredEvent},
    web::{
        Shop,
        desk::{
            frame::{self, Notice, Sorry},
            rights,
            visitor::{Fields, Posted, Visitor},
        },
    },
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;

/// How often the page of a batch that comes in is asked for, in seconds.
const REFRESH_SECONDS: u32 = 1;

/// A batch of a list.
#[derive(Serialize)]
pub struct Line {
    path: String,
    when: String,
    site: String,
    file: String,
    /// How many codes came in.
    codes: u32,
}

#[derive(Serialize)]
struct BatchPage {
    path: String,
    file: String,
    site: String,
    when: String,
    /// Who brought it; `None` for the command line.
    who: Option<String>,
    /// A phrase `format.…`.
    format: String,
    /// The beginning of the file's keyed fingerprint.
    fingerprint: String,
    position: i64,
    /// How many lines were taken in, and how many were left out.
    codes: u32,
    left_out: u32,
    /// How many are in stock so far.
    taken: i64,
    standing: Vec<Standing>,
    may_void: bool,
    reasons: [&'static str; 4],
    #[serde(flatten)]
    notice: Notice,
    refresh: Option<u32>,
}

#[derive(Serialize)]
struct Standing {
    package: String,
    /// A phrase `stock.…`.
    status: String,
    codes: i64,
}

/// Where it is.
pub fn path(batch: BatchId) -> String {
    format!("/admin/stock/batches/{batch}")
}

/// The latest of them.
pub async fn lines(shop: &Shop, names: &Names, limit: i64) -> Result<Vec<Line>, Sorry> {
    let mut lines = vec![];
    for stored in shop.context.store.latest_batches(limit).await? {
        let Some((batch, imported)) = imported(&stored)? else { continue };
        lines.push(Line {
            path: path(batch),
            when: stored.recorded_at.local(&shop.settings.zone),
            site: names.site(imported.site.as_str()),
            file: upload::name(shop, batch).await?,
            codes: imported.codes,
        });
    }
    Ok(lines)
}

/// What an event says that a file of codes came in.
struct Imported {
    site: Slug,
    format: String,
    file: String,
    codes: u32,
    left_out: u32,
}

fn imported(stored: &StoredEvent) -> Result<Option<(BatchId, Imported)>, Sorry> {
    let (Stream::Batch(batch), Event::Batch(event)) = stored.decode()? else { return Ok(None) };
    let BatchEvent::Imported { site, format, file, accepted, set_aside, left_out } = event;
    let codes = accepted + set_aside;
    Ok(Some((batch, Imported { site, format, file, codes, left_out })))
}

/// `GET /admin/stock/batches/{batch}`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(batch): Path<String>,
    Query(fields): Query<Fields>,
) -> Response {
    let made = async {
        let batch: BatchId = batch.parse().map_err(|_| Sorry::NotFound)?;
        fill(&shop, &visitor, batch, &fields).await
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "batch", made)
}

async fn fill(
    shop: &Shop,
    visitor: &Visitor,
    batch: BatchId,
    fields: &Fields,
) -> Result<BatchPage, Sorry> {
    let store = &shop.context.store;
    let names = Names::read(shop).await?;
    let coming = store.upload(batch).await?;
    let events = store.stream_events(&Stream::Batch(batch)).await?;
    let role = visitor.member.staff.role;
    let mut page = BatchPage {
        path: path(batch),
        file: upload::name(shop, batch).await?,
        site: String::new(),
        when: String::new(),
        who: None,
        format: String::new(),
        fingerprint: String::new(),
        position: 0,
        codes: 0,
        left_out: 0,
        taken: 0,
        standing: vec![],
        may_void: false,
        reasons: VoidReason::ALL.map(VoidReason::word),
        notice: Notice::of(shop, fields),
        refresh: coming.as_ref().map(|_| REFRESH_SECONDS),
    };
    let Some(stored) = events.first() else {
        // Somebody has just said how to take it in; or there is no such batch.
        let coming = coming.ok_or(Sorry::UploadGone)?;
        page.site = names.site(coming.site.as_str());
        page.when = coming.received_at.local(&shop.settings.zone);
        return Ok(page);
    };
    let (_, imported) = imported(stored)?.ok_or(Sorry::NotFound)?;
    page.site = names.site(imported.site.as_str());
    page.when = stored.recorded_at.local(&shop.settings.zone);
    page.who = who(shop, &stored.actor).await?;
    page.fingerprint = imported.file.chars().take(12).collect();
    (page.format, page.position) = (imported.format, stored.position);
    (page.codes, page.left_out) = (imported.codes, imported.left_out);
    let mut unsold = 0;
    for standing in store.batch_standing(batch).await? {
        let key = PackageKey { site: imported.site.clone(), package: standing.package };
        page.taken += standing.codes;
        if matches!(standing.status, Code::Free | Code::Missing | Code::SetAside) {
            unsold += standing.codes;
        }
        // Set aside codes are told by why they are.
        let set_aside = standing.reason.filter(|_| standing.status == Code::SetAside);
        let status = set_aside.unwrap_or_else(|| standing.status.word().to_owned());
        page.standing.push(Standing {
            package: names.package(&key),
            status,
            codes: standing.codes,
        });
    }
    let may = rights::may(role, "POST", "/admin/stock/batches/{batch}/void");
    page.may_void = may && unsold > 0 && page.refresh.is_none();
    Ok(page)
}

/// `POST /admin/stock/batches/{batch}/void`
pub async fn void(
    State(shop): State<Arc<Shop>>,
    Path(batch): Path<String>,
    Posted(visitor, fields): Posted,
) -> Response {
    let done = async {
        let batch: BatchId = batch.parse().map_err(|_| Sorry::NotFound)?;
        void_all(&shop, &visitor, &fields, Doomed::Batch(batch), &path(batch)).await
    };
    let done = done.await;
    go(&shop, &visitor, done)
}
