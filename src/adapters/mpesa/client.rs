//! Calls Daraja over HTTP, with limits. It knows tokens and not payments, repeats a call only where
//! the answer proves that nothing happened (a refused token), and puts no body, token or key into a
//! log line or an error.

use super::{
    classify::{Refusal, reason, token_not_given, token_refused},
    reading::Reading,
    settings::{Settings, SettingsError},
    token::{Fresh, Tokens},
    wire::TOKEN_PATH,
};
use crate::{
    adapters::http,
    ledger::kernel::chain::hex,
    ports::{Again, Clock, Shelf},
};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};

/// The longest answer read, in bytes. Real ones have a few hundred.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Why a call got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// It never left: there was no token, or no connection.
    NotSent(Refusal),
    NoAnswer,
    /// It arrived; the answer was too long to be one.
    TooLong,
}

/// The HTTP client with its token.
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: SecretString,
    secret: SecretString,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let limit = Duration::from_millis;
        let (timeout, connecting) =
            (limit(settings.timeout_ms), limit(settings.connect_timeout_ms));
        let http = http::client_with(timeout, connecting).map_err(SettingsError::Client)?;
        Ok(Self {
            http,
            base: settings.base_url.as_str().trim_end_matches('/').to_owned(),
            key: settings.consumer_key.clone(),
            secret: settings.consumer_secret.clone(),
            tokens: Tokens::new(),
            clock,
        })
    }

    pub fn is_of(&self, settings: &Settings) -> bool {
        self.key.expose_secret() == settings.consumer_key.expose_secret()
    }

    pub fn share_token(&mut self, shelf: Arc<dyn Shelf>) {
        let key = hex(&Sha256::digest(self.key.expose_secret()));
        self.tokens.share(shelf, format!("mpesa_token:{key}"));
    }

    /// Posts `body`. A refused token is replaced and the call repeated, once.
    pub async fn post(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<Reading, CallError> {
        let body = serde_json::to_vec(body).expect("a body of plain text is JSON");
        let token = self.token().await?;
        let first = self.post_with(&token, path, &body).await?;
        if !token_refused(&first) {
            return Ok(first);
        }
        tracing::info!("M-PESA refused the token; fetching another");
        self.tokens.drop_refused(&token).await;
        let token = self.token().await?;
        let second = self.post_with(&token, path, &body).await?;
        if token_refused(&second) {
            self.tokens.drop_refused(&token).await;
        }
        Ok(second)
    }

    async fn post_with(
        &self,
        token: &SecretString,
        path: &str,
        body: &[u8],
    ) -> Result<Reading, CallError> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(token.expose_secret())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.to_vec());
        call(request).await.map(|(_, reading)| reading)
    }

    async fn token(&self) -> Result<SecretString, CallError> {
        self.tokens.get(&*self.clock, self.fetch_token()).await.map_err(CallError::NotSent)
    }

    async fn fetch_token(&self) -> Result<Fresh, Refusal> {
        let request = self
            .http
            .get(format!("{}{TOKEN_PATH}", self.base))
            .basic_auth(self.key.expose_secret(), Some(self.secret.expose_secret()));
        let (status, reading) = call(request).await.map_err(|error| match error {
            CallError::NotSent(refusal) => refusal,
            // Only the token was asked for; no phone can have been prompted.
            CallError::NoAnswer | CallError::TooLong => {
                Refusal { reason: reason::UNREACHABLE, again: Again::WhenProviderRests }
            }
        })?;
        match reading {
            Reading::Json(mut reply) if is_token(reply.access_token.as_deref()) => {
                let secret = reply.access_token.take().unwrap_or_default().into();
                Ok(Fresh { secret, expires_in: reply.expires_in.take() })
            }
            other => {
                let refusal = token_not_given(status, &other);
                let reason = refusal.reason;
                tracing::warn!(status, reason, said = ?other, "M-PESA gave no token: {reason}");
                Err(refusal)
            }
        }
    }
}

/// A token goes into a header, so it must be plain.
fn is_token(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        (1..=4096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    })
}

async fn call(request: reqwest::RequestBuilder) -> Result<(u16, Reading), CallError> {
    let mut response = request.send().await.map_err(|error| {
        if http::never_left(&error) {
            CallError::NotSent(Refusal {
                reason: reason::UNREACHABLE,
                again: Again::WhenProviderRests,
            })
        } else {
            CallError::NoAnswer
        }
    })?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| CallError::NoAnswer)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status().as_u16(), Reading::of(&body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_token_is_a_token() {
        assert!(is_token(Some("c9SQxWWhmdVR")));
        for bad in [None, Some(""), Some("two words"), Some("line\nbreak"), Some("tökn")] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }
}
