//! `/admin/stock/batches/{batch}`: codes that came in one file, and how many of them are sold.

use super::{handout::void_all, names::Names};
use crate::{
    ledger::{
        catalogue::BatchEvent,
        command::Note,
        event::Event,
        kernel::{
            id::{BatchId, PackageKey},
            stream::Stream,
        },
        voucher::VoidReason,
    },
    services::{staff, stock::Doomed},
    store::{Sealed, Standing as Code, StoreError, StoredEvent},
    web::{
        desk::{
            notice::Notice,
            staff::visitor::{Posted, Visitor},
        },
        page::{Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::Redirect,
};
use serde::Serialize;

/// How often the page of a batch that is being taken in reloads, in seconds.
const REFRESH_SECONDS: u32 = 1;

/// A batch of a list.
#[derive(Serialize)]
pub struct Line {
    path: String,
    when: String,
    site: String,
    file: String,
    codes: u32,
}

#[derive(Default, Serialize)]
struct BatchPage {
    path: String,
    file: String,
    site: String,
    when: String,
    /// The person who brought it; `None` for the command line.
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
}

#[derive(Serialize)]
struct Standing {
    package: String,
    /// A phrase `stock.…`.
    status: String,
    codes: i64,
}

pub fn path(batch: BatchId) -> String {
    format!("/admin/stock/batches/{batch}")
}

/// The name of a batch's file; empty for a file of the command line.
pub async fn name(shop: &Shop, batch: BatchId) -> Result<String, StoreError> {
    let name = shop.context.store.open_sealed(Sealed::Note(Note::Batch(batch))).await?;
    Ok(name.unwrap_or_default())
}

pub async fn lines(shop: &Shop, names: &Names, limit: i64) -> Result<Vec<Line>> {
    let mut lines = vec![];
    for stored in shop.context.store.read().latest_batches(limit).await? {
        let (Stream::Batch(batch), Event::Batch(event)) = stored.decode()? else { continue };
        let BatchEvent::Imported { site, accepted, set_aside, .. } = event;
        lines.push(Line {
            path: path(batch),
            when: stored.recorded_at.local(&shop.settings.zone),
            site: names.site(site.as_str()),
            file: name(shop, batch).await?,
            codes: accepted + set_aside,
        });
    }
    Ok(lines)
}

/// `GET /admin/stock/batches/{batch}`
pub async fn show(
    State(shop): TheShop,
    visitor: Visitor,
    Path(batch): Path<String>,
    fields: Fields,
) -> Result<Page> {
    let batch: BatchId = batch.parse().map_err(|_| Sorry::NotFound)?;
    let coming = shop.context.store.read().upload(batch).await?;
    let names = Names::read(&shop).await?;
    let mut page = BatchPage {
        path: path(batch),
        file: name(&shop, batch).await?,
        reasons: VoidReason::ALL.map(VoidReason::word),
        notice: Notice::of(&shop, &fields),
        ..BatchPage::default()
    };
    let events = shop.context.store.read().stream_events(&Stream::Batch(batch)).await?;
    if let Some(stored) = events.first() {
        fill(&shop, &names, stored, &mut page).await?;
    } else {
        // It is about to be taken in.
        let coming = coming.as_ref().ok_or(Sorry::UploadGone)?;
        page.site = names.site(coming.site.as_str());
        page.when = coming.received_at.local(&shop.settings.zone);
    }
    let may_void = visitor.may_send("/admin/stock/batches/{batch}/void");
    page.may_void &= may_void && coming.is_none();
    let refresh_seconds = coming.map(|_| REFRESH_SECONDS);
    Ok(Page { refresh_seconds, ..Page::new("batch", page) })
}

/// Fills in the batch and its codes. Unsold codes may be voided.
async fn fill(
    shop: &Shop,
    names: &Names,
    stored: &StoredEvent,
    page: &mut BatchPage,
) -> Result<()> {
    let (Stream::Batch(batch), Event::Batch(event)) = stored.decode()? else {
        return Err(Sorry::NotFound);
    };
    let BatchEvent::Imported { site, format, file, accepted, set_aside, left_out } = event;
    page.site = names.site(site.as_str());
    page.when = stored.recorded_at.local(&shop.settings.zone);
    if let Some(staff) = stored.actor.strip_prefix("staff:").and_then(|id| id.parse().ok()) {
        page.who = staff::name(&shop.context.store, staff).await?;
    }
    page.fingerprint = file.chars().take(12).collect();
    (page.format, page.position) = (format, stored.position);
    (page.codes, page.left_out) = (accepted + set_aside, left_out);
    for standing in shop.context.store.read().batch_standing(batch).await? {
        let key = PackageKey { site: site.clone(), package: standing.package };
        page.taken += standing.codes;
        let unsold = matches!(standing.status, Code::Free | Code::Missing | Code::SetAside);
        page.may_void |= unsold && standing.codes > 0;
        // Codes that are set aside are listed by their reason.
        let set_aside = standing.reason.filter(|_| standing.status == Code::SetAside);
        let status = set_aside.unwrap_or_else(|| standing.status.word().to_owned());
        page.standing.push(Standing {
            package: names.package(&key),
            status,
            codes: standing.codes,
        });
    }
    Ok(())
}

/// `POST /admin/stock/batches/{batch}/void`
pub async fn void(
    State(shop): TheShop,
    Path(batch): Path<String>,
    Posted(visitor, fields): Posted,
) -> Result<Redirect> {
    let batch: BatchId = batch.parse().map_err(|_| Sorry::NotFound)?;
    void_all(&shop, &visitor, &fields, Doomed::Batch(batch), &path(batch)).await
}
