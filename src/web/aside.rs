//! Work that asks the database long questions, or judges long lists, leaves the threads on which
//! buyers and callbacks are answered. Only those come here who have shown who they are, and with
//! the whole of their request: whoever sends slowly keeps no thread.

use super::{
    page::Sorry,
    state::{Shop, TheShop},
};
use crate::store::on_another_thread;
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest as _, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// Stands behind the door of the desk.
pub async fn step_aside(State(shop): TheShop, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &shop).await;
    let Ok(bytes) = whole else { return Sorry::BadRequest.into_response() };
    let request = Request::from_parts(parts, Body::from(bytes));
    aside(&shop, next.run(request)).await
}

/// Has work done aside, when there is room.
pub async fn aside<T: Send + 'static>(
    shop: &Shop,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let _room = shop.asides.acquire().await.expect("there is room for as long as there is a shop");
    on_another_thread(work).await
}
