//! `/router/{site}/…`: where a site's router fetches its scripts and pages, and tells of its codes.
//! Who has neither the site's key nor a pass for it finds nothing here.

use super::Shop;
use crate::{
    adapters::routeros::{report::Report, scripts::INSTALL},
    commands::by::By,
    ledger::{catalogue::Site, kernel::id::Slug},
    services::{
        router::kit,
        stock::import::{Import, ImportError},
    },
    store::{CommandError, StoreError, Vault},
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Why a router is not answered as it wished.
pub enum No {
    /// It has no key, or there is nothing of that name.
    NotFound,
    /// What it sent cannot be read; why, in a sentence for its log.
    Unreadable(String),
    /// We failed.
    Failed(CommandError),
}

impl From<StoreError> for No {
    fn from(failure: StoreError) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<CommandError> for No {
    fn from(error: CommandError) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not found\n").into_response(),
            Self::Unreadable(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
            Self::Failed(failure) => {
                tracing::error!(error = ?failure, "a router is not answered: {failure}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The site, where `is_right` says so with the keys at hand or, as another instance may have
/// changed one, with those in the database.
async fn admitted(
    shop: &Shop,
    site: &str,
    is_right: impl Fn(&Vault, &Slug) -> bool,
) -> Result<Site, No> {
    let store = &shop.context.store;
    let slug = Slug::parse(site).map_err(|_| No::NotFound)?;
    if !is_right(&store.vault(), &slug) && !is_right(&*store.vault_now().await?, &slug) {
        return Err(No::NotFound);
    }
    store.site(&slug).await?.ok_or(No::NotFound)
}

async fn by_key(shop: &Shop, site: &str, headers: &HeaderMap) -> Result<Site, No> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
    admitted(shop, site, |vault, site| vault.is_router_key(site, key)).await
}

/// What a line that is old or was cut sets up: nothing.
const NO_GOOD: &str = ":error \"FAIL line: it is older than it may be, or was cut. Take a new one \
                       from the desk's Routers, or run: lango router line\"\n";

/// `GET /router/{site}/{pass}/{file}`: a script or a page, as it is now.
pub async fn file(
    State(shop): State<Arc<Shop>>,
    Path((site, pass, file)): Path<(String, String, String)>,
) -> Result<Response, No> {
    let now = shop.context.store.now();
    let site = admitted(&shop, &site, |vault, site| {
        vault.is_router_key(site, &pass) || vault.is_router_pass(site, &pass, now)
    });
    // Never a browser's: whatever it is called, it is a file for a router.
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    let site = match site.await {
        // A technician reads what the router prints of a script, and of a refusal nothing.
        Err(No::NotFound) if file == INSTALL => return Ok((kind, NO_GOOD).into_response()),
        site => site?,
    };
    let kit = kit::make(&shop.context.store, &shop.kit_settings(), &site).await?;
    let found = kit.files().find(|made| made.name == file).ok_or(No::NotFound)?;
    Ok((kind, [(header::CACHE_CONTROL, "no-store")], found.bytes.clone()).into_response())
}

/// `POST /router/{site}/report`: what a router tells; the answer is what it is to do.
pub async fn report(
    State(shop): State<Arc<Shop>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let site = by_key(&shop, &site, &headers).await?;
    let unreadable = |why: String| No::Unreadable(why);
    // A user whose name is no UTF-8 is none of ours; the others are.
    let text = String::from_utf8_lossy(&body);
    let report = Report::read(&text).map_err(|why| unreadable(why.to_string()))?;
    let orders = shop.context.acting(By::Router).hear(&site.site, &report).await?;
    // What became free may be owed.
    shop.context.tell();
    Ok(orders.write().into_response())
}

/// `POST /router/{site}/codes`: codes that a router has made, as it would export them.
pub async fn codes(
    State(shop): State<Arc<Shop>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let site = by_key(&shop, &site, &headers).await?;
    match shop.context.acting(By::Router).import(&Import::to(site.site), &body).await {
        Ok(report) if report.counts.no_package > 0 => Err(No::Unreadable(
            "no package of this site, or several, have the profile of these codes".into(),
        )),
        Ok(report) => {
            shop.context.tell();
            Ok(format!("taken {}\n", report.taken).into_response())
        }
        Err(ImportError::Store(failure)) => Err(failure.into()),
        Err(ImportError::Command(failure)) => Err(failure.into()),
        Err(refused) => Err(No::Unreadable(refused.to_string())),
    }
}
