//! Why a person does not get the page that was asked for.

use super::set::PageError;
use crate::{
    processes::caught::Panicked,
    services::money::MoneyError,
    store::{CommandError, StoreError},
};
use axum::{
    Extension,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// A failure on our side.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Desk(#[from] MoneyError),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// Why a person does not get the page that was asked for. Each set says it in its own words.
#[derive(Debug)]
pub enum Sorry {
    NotFound,
    PurchaseNotFound,
    /// The file was not taken in within its time, or is in stock already.
    UploadGone,
    NotAllowed,
    /// Plain http from outside the management networks.
    Insecure,
    FormExpired,
    /// The form is not ours, or from a session that is over.
    FormForeign,
    BadRequest,
    TooMany,
    Busy,
    /// The history is in doubt: nothing is sold until the owner has decided.
    Closed,
    Failed(Failure),
}

/// What a handler gives: a page or another answer, or the reason why not.
pub type Result<T, E = Sorry> = std::result::Result<T, E>;

impl Sorry {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::PurchaseNotFound | Self::UploadGone => StatusCode::NOT_FOUND,
            Self::NotAllowed | Self::Insecure | Self::FormForeign => StatusCode::FORBIDDEN,
            Self::FormExpired | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name of the phrase that tells it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::PurchaseNotFound => "purchase_not_found",
            Self::UploadGone => "upload_gone",
            Self::NotAllowed => "not_allowed",
            Self::Insecure => "insecure",
            Self::FormExpired | Self::FormForeign => "form_expired",
            Self::BadRequest => "bad_request",
            Self::TooMany => "too_many",
            Self::Busy => "busy",
            Self::Closed => "closed",
            Self::Failed(_) => "failed",
        }
    }

    /// The answer to a command that was not carried out, with one answer for every refusal.
    pub fn of(error: CommandError, refused: Self) -> Self {
        match error {
            CommandError::Failed(failure) => failure.into(),
            CommandError::Refused(_) => refused,
        }
    }
}

impl<E: Into<Failure>> From<E> for Sorry {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

impl IntoResponse for Sorry {
    fn into_response(self) -> Response {
        (self.status(), Extension(Arc::new(self))).into_response()
    }
}
