//! The buyers' pages, one file a page. [`visit`] stands at the door; [`pages`] are the contexts
//! that [`templates`] draw.

pub mod buy;
pub mod code;
pub mod pages;
pub mod paid;
pub mod purchase;
pub mod shop;
pub mod templates;
pub mod unlock;
pub mod visit;
pub mod wait;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// One transparent dot. The router's login page loads it to learn whether the shop is there.
const PIXEL: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x21\xf9\x04\x01\x00\
\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

pub async fn pixel() -> Response {
    ([(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store")], PIXEL)
        .into_response()
}
