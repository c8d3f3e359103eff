//! Where providers call. The bytes are committed before the answer leaves, with what they lead to
//! where that is clear at once; a callback waits for nobody outside. A wrong secret is refused
//! before the message is looked at, and every wrong secret takes equally long.

use super::state::{Shop, TheShop};
use crate::{
    ledger::kernel::id::PaymentId,
    processes::take_in,
    store::{C2B_VALIDATION, RawMessage, SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT, Vault},
};
use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, Path, Request, State, rejection::BytesRejection},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::net::SocketAddr;

/// Why a message is not kept.
type Refused = (StatusCode, &'static str);

/// A message as it came: the body, or the query, as some SMS gateways send their reports.
pub struct Came(RawMessage);

impl<S: Send + Sync> FromRequest<S> for Came {
    type Rejection = BytesRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, BytesRejection> {
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let from = from.map(|ConnectInfo(from)| from.ip().to_string()).unwrap_or_default();
        if request.method() != Method::POST {
            let body = request.uri().query().unwrap_or_default().as_bytes().to_vec();
            let content_type = "application/x-www-form-urlencoded".into();
            return Ok(Self(RawMessage { content_type, from, body }));
        }
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let body = Bytes::from_request(request, state).await?.to_vec();
        Ok(Self(RawMessage { content_type, from, body }))
    }
}

/// A payment provider's callback.
pub async fn payment(
    State(shop): TheShop,
    Path((payment, secret)): Path<(String, String)>,
    Came(message): Came,
) -> Result<Response, Refused> {
    let named = payment.parse::<PaymentId>().unwrap_or(PaymentId(uuid::Uuid::nil()));
    admit(&shop, |vault| vault.is_hook_secret(named, &secret)).await?;
    keep(&shop, SOURCE_PAYMENT, &named.to_string(), &message).await?;
    Ok(json(shop.context.payments.callback_answer()))
}

/// A payment provider's message about money on the shop's number: it came, or it asks to come.
pub async fn c2b(
    State(shop): TheShop,
    Path((sort, secret)): Path<(String, String)>,
    Came(message): Came,
) -> Result<Response, Refused> {
    admit(&shop, |vault| vault.is_c2b_secret(&sort, &secret)).await?;
    if sort != C2B_VALIDATION {
        keep(&shop, SOURCE_C2B, &sort, &message).await?;
        return Ok(json(shop.context.payments.callback_answer()));
    }
    // The payer waits, and the answer is yes whether or not the message is kept.
    let answer = json(shop.context.payments.validation_answer());
    tokio::spawn(async move { keep(&shop, SOURCE_C2B, &sort, &message).await });
    Ok(answer)
}

/// An SMS gateway's delivery report.
pub async fn report(
    State(shop): TheShop,
    Path((gateway, secret)): Path<(String, String)>,
    Came(message): Came,
) -> Result<&'static str, Refused> {
    admit(&shop, |vault| vault.is_report_secret(&gateway, &secret)).await?;
    keep(&shop, SOURCE_REPORT, &gateway, &message).await?;
    Ok("ok\n")
}

fn json(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Tries the keys at hand, then those in the database: another instance may have made the address
/// with a key that this one has not seen.
async fn admit(shop: &Shop, is_right: impl Fn(&Vault) -> bool) -> Result<(), Refused> {
    if is_right(&shop.context.store.vault()) {
        return Ok(());
    }
    match shop.context.store.vault_now().await {
        Ok(vault) if is_right(&vault) => return Ok(()),
        Ok(_) => {}
        Err(failure) => {
            tracing::error!(error = ?failure, "the vault's keys cannot be read: {failure}");
        }
    }
    Err((StatusCode::NOT_FOUND, "not found\n"))
}

/// Commits a message.
async fn keep(
    shop: &Shop,
    source: &'static str,
    subject: &str,
    message: &RawMessage,
) -> Result<(), Refused> {
    take_in(&shop.context, source, subject, message).await.map_err(|failure| {
        tracing::error!(error = ?failure, "a message from outside is lost: {failure}");
        (StatusCode::INTERNAL_SERVER_ERROR, "")
    })
}
