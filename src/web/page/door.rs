//! Where pages are drawn: behind every handler for people.

use super::{Frame, Page, Result, Sorry, policy::headers, set::Set};
use crate::processes::caught::caught;
use axum::{
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use std::{future::Future, sync::Arc};

/// Draws the page that a handler made, or the page that says sorry: also when the handler
/// panicked. Any other answer goes out as it is.
pub async fn answer(
    set: &Set,
    frame: &Frame,
    handler: impl Future<Output = Result<Response>>,
    sorry_page: impl FnOnce(&Sorry) -> Page,
) -> Response {
    let mut response = match caught(handler).await {
        Ok(answer) => answer.into_response(),
        Err(panicked) => Sorry::from(panicked).into_response(),
    };
    let sorry = response.extensions_mut().remove::<Arc<Sorry>>();
    let page = match sorry {
        Some(sorry) => Some(sorry_page(&sorry)),
        None => response.extensions_mut().remove::<Page>(),
    };
    let Some(page) = page else { return response };
    let frame = page.frame.as_ref().unwrap_or(frame);
    match set.draw(frame, &page) {
        Ok(html) => {
            let headers = headers(&set.policy(frame, &page));
            (response.into_parts().0, headers, Html(html)).into_response()
        }
        Err(failure) => {
            tracing::error!(error = ?failure, "a page cannot be drawn: {failure}");
            (StatusCode::INTERNAL_SERVER_ERROR, "Please try again.\n").into_response()
        }
    }
}

/// The outermost net: whatever panics, the caller hears at least the status.
pub async fn survive(request: Request, next: Next) -> Response {
    caught(next.run(request)).await.unwrap_or_else(|panicked| {
        tracing::error!("a request is not answered: {panicked}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}
