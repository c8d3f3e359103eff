//! Where providers call. The bytes are committed before the answer leaves; what they mean is
//! decided later, so a callback is quick whatever hangs elsewhere. A wrong secret is refused
//! without a look at what it speaks of, and takes no longer or shorter than any other wrong secret.

use super::Shop;
use crate::{
    commands::keep_beside::KeepBeside,
    ledger::{command::InboxRow, kernel::id::PaymentId},
    store::{
        C2B_VALIDATION, CommandError, RawMessage, SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT,
        StoreError, Vault,
    },
};
use axum::{
    body::Bytes,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{net::SocketAddr, sync::Arc};

/// A payment provider's callback.
pub async fn payment(
    State(shop): State<Arc<Shop>>,
    Path((payment, secret)): Path<(String, String)>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let named = payment.parse::<PaymentId>().unwrap_or(PaymentId(uuid::Uuid::nil()));
    if !is_right(&shop, |vault| vault.is_hook_secret(named, &secret)).await {
        return refused();
    }
    let message = raw(&headers, from, &body);
    if !keep(&shop, SOURCE_PAYMENT, named.to_string(), message).await {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, shop.context.payments.callback_answer()).into_response()
}

/// A payment provider's message about money on the shop's number: it came, or may it come.
pub async fn c2b(
    State(shop): State<Arc<Shop>>,
    Path((sort, secret)): Path<(String, String)>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_right(&shop, |vault| vault.is_c2b_secret(&sort, &secret)).await {
        return refused();
    }
    let payments = Arc::clone(&shop.context.payments);
    let is_question = sort == C2B_VALIDATION;
    let message = raw(&headers, from, &body);
    let keeping = async move { keep(&shop, SOURCE_C2B, sort, message).await };
    let answer = if is_question {
        // The payer stands waiting, and yes is the answer whether or not this is kept.
        tokio::spawn(keeping);
        payments.validation_answer()
    } else if keeping.await {
        payments.callback_answer()
    } else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

/// An SMS gateway's delivery report in the body.
pub async fn report(
    State(shop): State<Arc<Shop>>,
    Path((gateway, secret)): Path<(String, String)>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    take_report(&shop, gateway, &secret, raw(&headers, from, &body)).await
}

/// An SMS gateway's delivery report in the query, as some send it.
pub async fn report_by_query(
    State(shop): State<Arc<Shop>>,
    Path((gateway, secret)): Path<(String, String)>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
) -> Response {
    let message = RawMessage {
        content_type: "application/x-www-form-urlencoded".into(),
        from: from.ip().to_string(),
        body: query.unwrap_or_default().into_bytes(),
    };
    take_report(&shop, gateway, &secret, message).await
}

async fn take_report(shop: &Shop, gateway: String, secret: &str, message: RawMessage) -> Response {
    if !is_right(shop, |vault| vault.is_report_secret(&gateway, secret)).await {
        return refused();
    }
    if keep(shop, SOURCE_REPORT, gateway, message).await {
        "ok\n".into_response()
    } else {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// Asks the keys at hand, and when they say no those in the database: another instance may have
/// made the address with a key that was not seen here yet.
async fn is_right(shop: &Shop, asked: impl Fn(&Vault) -> bool) -> bool {
    if asked(&shop.context.store.vault()) {
        return true;
    }
    match shop.context.store.vault_now().await {
        Ok(vault) => asked(&vault),
        Err(failure) => {
            tracing::error!(error = ?failure, "the vault's keys cannot be read: {failure}");
            false
        }
    }
}

fn refused() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

fn raw(headers: &HeaderMap, from: SocketAddr, body: &Bytes) -> RawMessage {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    RawMessage {
        content_type: content_type.unwrap_or_default().to_owned(),
        from: from.ip().to_string(),
        body: body.to_vec(),
    }
}

/// Commits what came; tells whether that worked.
async fn keep(shop: &Shop, source: &'static str, subject: String, message: RawMessage) -> bool {
    let mut kept = try_keep(shop, source, &subject, &message).await;
    if matches!(kept, Err(CommandError::Failed(StoreError::KeysChanged))) {
        // Nobody tells it again: it is sealed anew with the key that came between.
        kept = try_keep(shop, source, &subject, &message).await;
    }
    match kept {
        Ok(()) => {
            shop.context.tell();
            true
        }
        Err(failure) => {
            tracing::error!(error = ?failure, "a message from outside is lost: {failure}");
            false
        }
    }
}

async fn try_keep(
    shop: &Shop,
    source: &'static str,
    subject: &str,
    message: &RawMessage,
) -> Result<(), CommandError> {
    let vault = shop.context.store.vault();
    let fingerprint = vault.fingerprint("inbox", &message.body);
    let plain = serde_json::to_vec(message).expect("texts and bytes are plain data");
    let sealed = vault.seal(&RawMessage::context(source, subject), &plain);
    let row = InboxRow { source, subject: subject.to_owned(), fingerprint, sealed };
    shop.context.store.execute(KeepBeside::inbox(row)).await.map(drop)
}
