//! `/router/{site}/…`: where a site's router fetches its scripts and pages, and tells of its codes.
//! Without the site's key or a pass for it, everything here is "not found".

use super::{
    aside::aside,
    state::{Shop, TheShop},
};
use crate::{
    adapters::routeros::{report::Report, scripts::INSTALL},
    commands::by::By,
    ledger::{catalogue::Site, kernel::id::Slug},
    services::{
        router::kit,
        stock::import::{Import, ImportError},
    },
    store::{CommandError, Vault},
};
use axum::{
    body::Bytes,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Why a router is not answered.
pub enum No {
    /// It shows no right key, or there is no such file.
    NotFound,
    /// Its message cannot be read; the reason is a sentence for its log.
    Unreadable(String),
    Failed(CommandError),
}

impl<E: Into<CommandError>> From<E> for No {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
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

/// The site, if `is_right` accepts the keys at hand or those in the database: another instance may
/// have changed one.
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
    store.read().site(&slug).await?.ok_or(No::NotFound)
}

/// The site of a router that shows its key.
pub struct FromRouter(Site);

impl FromRequestParts<Arc<Shop>> for FromRouter {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<Shop>) -> Result<Self, No> {
        let site = Path::<String>::from_request_parts(parts, shop).await;
        let Path(site) = site.map_err(|_| No::NotFound)?;
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
        admitted(shop, &site, |vault, site| vault.is_router_key(site, key)).await.map(Self)
    }
}

/// The answer to a line that is too old or was cut: it sets up nothing.
const NO_GOOD: &str = ":error \"FAIL line: it is older than it may be, or was cut. Take a new one \
                       from the desk's Routers, or run: lango router line\"\n";

/// `GET /router/{site}/{pass}/{file}`: a script or a page, as it is now.
pub async fn file(
    State(shop): TheShop,
    Path((site, pass, file)): Path<(String, String, String)>,
) -> Result<Response, No> {
    let now = shop.context.store.now();
    let site = admitted(&shop, &site, |vault, site| {
        vault.is_router_key(site, &pass) || vault.is_router_pass(site, &pass, now)
    });
    // Files for routers are never opened by a browser, whatever they are called.
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    let site = match site.await {
        // A router prints the output of a script, but nothing of an error status.
        Err(No::NotFound) if file == INSTALL => return Ok((kind, NO_GOOD).into_response()),
        site => site?,
    };
    let kit = kit::make(&shop.context.store, &shop.kit_settings(), &site).await?;
    let found = kit.files().find(|made| made.name == file).ok_or(No::NotFound)?;
    Ok((kind, [(header::CACHE_CONTROL, "no-store")], found.bytes.clone()).into_response())
}

/// `POST /router/{site}/report`: what a router tells; the answer is what it is to do.
pub async fn report(
    State(shop): TheShop,
    FromRouter(site): FromRouter,
    body: Bytes,
) -> Result<String, No> {
    // Lango makes only UTF-8 names, so a user with another is skipped later.
    let text = String::from_utf8_lossy(&body);
    let report = Report::read(&text).map_err(|why| No::Unreadable(why.to_string()))?;
    let context = Arc::clone(&shop.context);
    let hear = async move { context.acting(By::Router).hear(&site.site, &report).await };
    let orders = aside(&shop, hear).await?;
    // A code that became free may be owed to a buyer.
    shop.context.tell();
    Ok(orders.write())
}

/// `POST /router/{site}/codes`: codes that a router has made, as it would export them.
pub async fn codes(
    State(shop): TheShop,
    FromRouter(site): FromRouter,
    body: Bytes,
) -> Result<String, No> {
    let context = Arc::clone(&shop.context);
    let import =
        async move { context.acting(By::Router).import(&Import::to(site.site), &body).await };
    match aside(&shop, import).await {
        Ok(report) if report.counts.no_package > 0 => Err(No::Unreadable(
            "no package of this site, or several, have the profile of these codes".into(),
        )),
        Ok(report) => {
            shop.context.tell();
            Ok(format!("taken {}\n", report.taken))
        }
        Err(ImportError::Store(failure)) => Err(failure.into()),
        Err(ImportError::Command(failure)) => Err(failure.into()),
        Err(refused) => Err(No::Unreadable(refused.to_string())),
    }
}
