//! What people see over HTTP. Handlers read a request, call one command or one query and render;
//! rules live in the ledger, wording in [`crate::phrases`], looks in `templates/` and `assets/`.
//! Nothing here decides about money or stock.
//!
//! Two listeners: buyers, providers and routers reach [`public`]; [`staff`] is never served to the
//! hotspot.

pub mod accent;
mod callbacks;
mod error;
mod health;
mod limits;
pub mod pages;
mod portal;
pub mod render;
mod state;

pub use state::{Shop, WebSettings};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use std::sync::Arc;

/// No form or callback is longer; a longer one is refused before it is read.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Everything on the public listener.
pub fn public(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/s/{site}", get(portal::shop::show))
        .route("/s/{site}/buy", post(portal::buy::buy))
        .route("/s/{site}/paid", get(portal::paid::show).post(portal::paid::search))
        .route("/s/{site}/code", get(portal::code::show).post(portal::code::send))
        .route("/p/{key}", get(portal::purchase::show))
        .route("/p/{key}/wait", get(portal::wait::wait))
        .route("/p/{key}/again", post(portal::buy::again))
        .route("/p/{key}/unlock", post(portal::unlock::unlock))
        .route("/hooks/p/{payment}/{secret}", post(callbacks::payment))
        .route("/hooks/c/{sort}/{secret}", post(callbacks::c2b))
        .route(
            "/hooks/m/{gateway}/{secret}",
            post(callbacks::report).get(callbacks::report_by_query),
        )
        .route("/pixel.gif", get(portal::pixel))
        .route("/", get(portal::shop::start))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shop)
}

/// Everything on the staff's listener.
pub fn staff(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .with_state(shop)
}
