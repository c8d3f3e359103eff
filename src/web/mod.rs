//! What people see over HTTP. Handlers read a request, call one command or one query and return a
//! page; rules live in the ledger, wording in [`crate::phrases`], looks in `templates/` and
//! `assets/`. Nothing here decides about money or stock.
//!
//! Two listeners: buyers, providers and routers reach [`public`]; [`staff`] is never served to the
//! hotspot. `page` is the stack that draws, `portal` the buyers' pages, `desk` the staff's.

mod aside;
mod desk;
mod health;
mod hooks;
mod limits;
pub mod page;
pub mod portal;
mod preview;
mod pulse;
mod router;
mod state;

pub use state::{DeskSettings, Shop, WebSettings};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use desk::{
    catalogue::{self, package, site},
    revenue,
    staff::{door, sign_in},
    stock::{batch, handout, upload},
};
use std::sync::Arc;

/// No form or callback is longer; a longer one is refused before it is read.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Everything on the public listener.
pub fn public(shop: Arc<Shop>) -> Router {
    let portal = Router::new()
        .route("/", get(portal::shop::start))
        .route("/s/{site}", get(portal::shop::show))
        .route("/s/{site}/buy", post(portal::buy::buy))
        .route("/s/{site}/paid", get(portal::paid::show).post(portal::paid::search))
        .route("/s/{site}/code", get(portal::code::show).post(portal::code::send))
        .route("/p/{key}", get(portal::purchase::show))
        .route("/p/{key}/wait", get(portal::wait::wait))
        .route("/p/{key}/again", post(portal::buy::again))
        .route("/p/{key}/unlock", post(portal::unlock::unlock));
    let machines = Router::new()
        .route("/hooks/p/{payment}/{secret}", post(hooks::payment))
        .route("/hooks/c/{sort}/{secret}", post(hooks::c2b))
        .route("/hooks/m/{gateway}/{secret}", post(hooks::report).get(hooks::report))
        .route("/router/{site}/report", post(router::report))
        .route("/router/{site}/codes", post(router::codes))
        .route("/router/{site}/{pass}/{file}", get(router::file))
        .route("/pixel.gif", get(portal::pixel));
    listener(shop, portal, machines)
}

/// The buyers' pages or none, and the routes that draw for themselves. An address that is in
/// neither is answered with a page.
fn listener(shop: Arc<Shop>, portal: Router<Arc<Shop>>, others: Router<Arc<Shop>>) -> Router {
    portal
        .fallback(portal::visit::not_found)
        .layer(from_fn_with_state(Arc::clone(&shop), portal::visit::door))
        .merge(others)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(page::door::survive))
        .with_state(shop)
}

/// Everything on the staff's listener.
pub fn staff(shop: Arc<Shop>) -> Router {
    let porch = Router::new()
        .route("/admin/sign-in", get(sign_in::show).post(sign_in::send))
        .route_layer(from_fn_with_state(Arc::clone(&shop), door::porch));
    let desk = Router::new()
        .route("/admin", get(desk::home::show))
        .route("/admin/sign-out", post(sign_in::out))
        .route("/admin/sales", get(desk::sale::list::show))
        .route("/admin/sales/{sale}", get(desk::sale::show))
        .route("/admin/sales/{sale}/look", post(desk::sale::look))
        .route("/admin/sales/{sale}/resend", post(desk::sale::resend))
        .route("/admin/money", get(desk::money::show))
        .route("/admin/money/match", post(desk::money::match_receipt))
        .route("/admin/money/refund", post(desk::money::refund))
        .route("/admin/money/replace", post(desk::money::replace))
        .route("/admin/money/settle", post(desk::money::settle))
        .route("/admin/money/unpaid", post(desk::money::unpaid))
        .route("/admin/money/checked", post(desk::money::checked))
        .route("/admin/money/void", post(desk::money::void))
        .route("/admin/money/again", post(desk::money::again))
        .route("/admin/stock", get(desk::stock::show))
        .route("/admin/stock/hand-out", post(desk::stock::hand_out))
        .route("/admin/stock/void", post(desk::stock::void))
        .route("/admin/stock/upload/{batch}", get(upload::preview).post(upload::take))
        .route("/admin/stock/batches/{batch}", get(batch::show))
        .route("/admin/stock/batches/{batch}/void", post(batch::void))
        .route("/admin/stock/handouts/{handout}", get(handout::show))
        .route("/admin/stock/handouts/{handout}/print", post(handout::print))
        .route("/admin/stock/handouts/{handout}/void", post(handout::void))
        .route("/admin/packages", get(catalogue::show))
        .route("/admin/packages/{site}", get(package::new).post(package::add))
        .route("/admin/packages/{site}/{package}", get(package::show).post(package::change))
        .route("/admin/packages/{site}/{package}/retire", post(package::retire))
        .route("/admin/add-site", get(site::new).post(site::add))
        .route("/admin/sites/{site}", get(site::show).post(site::change))
        .route("/admin/sites/{site}/preview", get(preview::show).post(preview::try_out))
        .route("/admin/routers", get(desk::router::show))
        .route("/admin/revenue", get(revenue::show))
        .route("/admin/revenue.csv", get(revenue::file::revenue))
        .route("/admin/stock.csv", get(revenue::file::stock))
        .route_layer(from_fn_with_state(Arc::clone(&shop), aside::step_aside))
        // Its reader keeps to a limit of its own.
        .route(
            "/admin/stock/upload",
            get(upload::show).post(upload::send).layer(DefaultBodyLimit::disable()),
        )
        .route_layer(from_fn_with_state(Arc::clone(&shop), door::door));
    listener(shop, Router::new(), porch.merge(desk))
}
