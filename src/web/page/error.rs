//! The one place that makes an answer of what went wrong: a sentence and a way on for the person,
//! the cause for the log, and a short reference that joins the two.

use super::render::PageError;
use crate::{
    ledger::{accent::Accent, purchase::Language},
    phrases::PhraseError,
    processes::caught::{Panicked, caught},
    services::money::MoneyError,
    store::{CommandError, StoreError},
    web::{
        Shop,
        portal::pages::{ErrorMessage, ErrorPage, Frame, Page, Recovery, RecoveryLabel},
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use std::sync::Arc;

/// What went wrong while answering.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A page could not be drawn.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A phrase is missing.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// What a person did at the desk failed.
    #[error(transparent)]
    Desk(#[from] MoneyError),
    /// Whoever makes the page panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// Something in the ledger has no counterpart.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// Why a person does not get the page that was asked for.
#[derive(Debug)]
pub enum Problem {
    /// There is none, or not for them.
    Person(ErrorMessage),
    /// It could not be made.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Problem {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

impl Problem {
    /// A command's failure; its refusals are answered where they are understood.
    pub fn of(error: CommandError) -> Self {
        match error {
            CommandError::Failed(failure) => failure.into(),
            CommandError::Refused(_) => Self::Person(ErrorMessage::Busy),
        }
    }
}

/// The page for a problem.
#[expect(clippy::needless_pass_by_value, reason = "the frame ends with the answer")]
pub fn answer(shop: &Shop, frame: Frame, problem: Problem) -> Response {
    let (message, reference) = match problem {
        Problem::Person(message) => (message, None),
        Problem::Failed(failure) => {
            let reference = shop.nonce()[..8].to_owned();
            tracing::error!(reference, error = ?failure, "a page failed: {failure}");
            (ErrorMessage::Failed, Some(reference))
        }
    };
    let status = match message {
        ErrorMessage::NotFound | ErrorMessage::PurchaseNotFound => StatusCode::NOT_FOUND,
        ErrorMessage::FormExpired | ErrorMessage::BadRequest => StatusCode::BAD_REQUEST,
        ErrorMessage::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorMessage::Busy | ErrorMessage::Closed => StatusCode::SERVICE_UNAVAILABLE,
        ErrorMessage::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut recovery = vec![Recovery { label: RecoveryLabel::TryAgain, path: frame.here.clone() }];
    // Whoever has paid is not kept waiting by a shop that sells nothing.
    let paid = frame.links().filter(|_| message == ErrorMessage::Closed);
    let paid = paid.map(|links| Recovery { label: RecoveryLabel::CheckPayment, path: links.paid });
    recovery.extend(paid);
    let page = Page::Error(ErrorPage { message, reference, recovery });
    (status, draw(shop, &frame, &page, None)).into_response()
}

/// Draws a page, with the headers that every page has. `router` is where a form may lead besides
/// here.
pub fn draw(shop: &Shop, frame: &Frame, page: &Page, router: Option<&str>) -> Response {
    match shop.pages.draw(frame, page) {
        Ok(html) => (headers(shop, frame.accent, router), Html(html)).into_response(),
        Err(failure) => {
            tracing::error!(error = ?failure, "a page cannot be drawn: {failure}");
            (StatusCode::INTERNAL_SERVER_ERROR, "Please try again.\n").into_response()
        }
    }
}

fn headers(shop: &Shop, accent: Accent, router: Option<&str>) -> HeaderMap {
    let policy = shop.pages.content_security_policy(accent);
    // Browsers hold a form's redirects to `form-action` too.
    let policy = match router {
        Some(origin) => {
            policy.replace("form-action 'self'", &format!("form-action 'self' {origin}"))
        }
        None => policy,
    };
    let mut headers = HeaderMap::new();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        // A page of one buyer must never be shown to the next one from a cache.
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, value.parse().expect("policies are plain ASCII"));
    }
    headers
}

/// For an address that is none of ours.
pub async fn not_found(State(shop): State<Arc<Shop>>) -> Response {
    let frame = frame(&shop, "/".into());
    answer(&shop, frame, Problem::Person(ErrorMessage::NotFound))
}

/// Answers also when whoever should have answered panicked: a person gets the page for that and a
/// way on, a program the status.
pub async fn survive(State(shop): State<Arc<Shop>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match caught(next.run(request)).await {
        Ok(response) => response,
        Err(panicked) if is_for_people(&path) => {
            let frame = frame(&shop, way_on(&path));
            answer(&shop, frame, Problem::Failed(panicked.into()))
        }
        Err(panicked) => {
            tracing::error!("a request is not answered: {panicked}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn is_for_people(path: &str) -> bool {
    !["/hooks/", "/router/"].iter().any(|start| path.starts_with(start))
}

/// The page to which a form or a page belongs: a shop, a purchase, or the desk.
fn way_on(path: &str) -> String {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some(sort @ ("s" | "p")), Some(name)) => format!("/{sort}/{name}"),
        (Some("admin"), _) => "/admin".into(),
        _ => "/".into(),
    }
}

/// Around a page of which nothing is known but where it is.
fn frame(shop: &Shop, here: String) -> Frame {
    Frame {
        lang: Language::default(),
        site: None,
        site_name: shop.settings.shop_name.clone(),
        support_phone: shop.settings.support_phone.clone(),
        accent: shop.settings.accent,
        here,
        mac: String::new(),
        dst: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_panicked_leads_on() {
        assert_eq!(way_on("/s/mtaa/buy"), "/s/mtaa");
        assert_eq!(way_on("/p/abc/wait"), "/p/abc");
        assert_eq!(way_on("/admin/money/settle"), "/admin");
        assert_eq!(way_on("/"), "/");
        assert!(is_for_people("/s/mtaa") && !is_for_people("/hooks/p/1/2"));
    }
}
