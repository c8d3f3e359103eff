//! Sends a backup to an address with one PUT, as nginx, `WebDAV` and pre-signed addresses of S3
//! take it. It counts as sent when the server said so and, where it lets us look, has all of it.
//!
//! An address may be a secret itself: nothing here prints more of it than its host, and no cause
//! that is told holds any of it.

use crate::adapters::http::{self, HttpClientError};
use reqwest::{RequestBuilder, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use std::{error::Error, fmt, io, path::Path, time::Duration};
use url::Url;

/// Where backups are sent, and what opens it.
#[derive(Clone)]
pub struct Address {
    url: Url,
    authorization: Option<SecretString>,
    patience: Duration,
}

/// Shows the host alone.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.host())
    }
}

/// How sure it is that the server has all of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It was asked, and has as many bytes as were sent.
    Looked,
    /// It said so, and does not let us look.
    Said,
}

/// Why a backup was not sent, or not whole. Sending it again is harmless.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error(transparent)]
    Address(#[from] HttpClientError),
    #[error("the backup cannot be read")]
    File(#[source] io::Error),
    /// 401 or 403.
    #[error("the server refused us ({0}); is backup.authorization right, or the address too old?")]
    NotAllowed(u16),
    /// 413 or 507.
    #[error("the server has no room for it ({0}); delete old copies there, or raise its limit")]
    NoRoom(u16),
    /// 404 or 409.
    #[error("the server has no such folder ({0}); make it there, or correct backup.address")]
    NoFolder(u16),
    /// Any other answer than "taken".
    #[error("the server did not accept the backup; it answered {0}")]
    Refused(u16),
    #[error(
        "the server's certificate is not valid; backups go only to a server that proves its name"
    )]
    Certificate,
    #[error("the server cannot be reached")]
    NotReached,
    #[error("the server was too slow: it had not taken it after {0} s (backup.timeout_ms)")]
    TooSlow(u64),
    #[error("the connection broke before the server confirmed the backup")]
    BrokeOff,
    #[error("the server confirmed the backup, but has {has} of {bytes} bytes")]
    Short { has: u64, bytes: u64 },
}

impl Address {
    /// An address that may be called: https, or plain http on this machine.
    pub fn new(
        url: Url,
        authorization: Option<SecretString>,
        patience: Duration,
    ) -> Result<Self, HttpClientError> {
        http::check_address(&url, false)?;
        Ok(Self { url, authorization, patience })
    }

    /// The host, the only part that may be shown.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// What names the place: all but the query, where a new signature may stand every time.
    pub(super) fn without_query(&self) -> Url {
        let mut url = self.url.clone();
        url.set_query(None);
        url
    }

    /// Sends a file under a name of its own where the address is a folder's (it ends in `/`), and
    /// to the very address otherwise.
    pub async fn send(&self, file: &Path, name: &str) -> Result<Sent, SendError> {
        let client = http::client(self.patience)?;
        let url = self.of(name);
        let file = tokio::fs::File::open(file).await.map_err(SendError::File)?;
        let bytes = file.metadata().await.map_err(SendError::File)?.len();
        let put = client
            .put(url.clone())
            .header(header::CONTENT_LENGTH, bytes)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(reqwest::Body::from(file));
        let answer = self.authorized(put).send().await;
        judge(answer.map_err(|failure| self.failed(&failure))?.status())?;
        let Ok(seen) = self.authorized(client.head(url)).send().await else {
            return Ok(Sent::Said);
        };
        let length = seen.headers().get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
        match length.and_then(|text| text.parse::<u64>().ok()) {
            Some(has) if seen.status().is_success() && has != bytes => {
                Err(SendError::Short { has, bytes })
            }
            Some(_) if seen.status().is_success() => Ok(Sent::Looked),
            _ => Ok(Sent::Said),
        }
    }

    /// Whether the server answers at all; tells its status. Changes nothing there.
    pub async fn knock(&self) -> Result<u16, SendError> {
        let client = http::client(self.patience)?;
        let answer = self.authorized(client.head(self.url.clone())).send().await;
        Ok(answer.map_err(|failure| self.failed(&failure))?.status().as_u16())
    }

    fn of(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        if url.path().ends_with('/') && url.query().is_none() {
            url.set_path(&format!("{}{name}", self.url.path()));
        }
        url
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.authorization {
            Some(secret) => request.header(header::AUTHORIZATION, secret.expose_secret()),
            None => request,
        }
    }

    fn failed(&self, failure: &reqwest::Error) -> SendError {
        if is_certificate(failure) {
            SendError::Certificate
        } else if failure.is_connect() {
            SendError::NotReached
        } else if failure.is_timeout() {
            SendError::TooSlow(self.patience.as_secs())
        } else {
            SendError::BrokeOff
        }
    }
}

fn judge(status: StatusCode) -> Result<(), SendError> {
    let code = status.as_u16();
    match code {
        200..300 => Ok(()),
        401 | 403 => Err(SendError::NotAllowed(code)),
        413 | 507 => Err(SendError::NoRoom(code)),
        404 | 409 => Err(SendError::NoFolder(code)),
        _ => Err(SendError::Refused(code)),
    }
}

/// Whether TLS failed over the server's certificate: somewhere among the causes.
fn is_certificate(failure: &reqwest::Error) -> bool {
    let is = |cause: &(dyn Error + 'static)| {
        matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
    };
    let mut cause: Option<&(dyn Error + 'static)> = Some(failure);
    while let Some(now) = cause {
        let inside = now.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if is(now) || inside.is_some_and(|inside| is(inside)) {
            return true;
        }
        cause = now.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address::new(url.parse().unwrap(), None, Duration::from_secs(1)).unwrap()
    }

    #[test]
    fn a_folder_gets_a_name_and_a_signed_address_is_left_alone() {
        for (given, put) in [
            ("https://dav.example/lango/", "https://dav.example/lango/a.backup"),
            ("https://dav.example/lango", "https://dav.example/lango"),
            ("https://s3.example/b/k?X-Sig=sesame", "https://s3.example/b/k?X-Sig=sesame"),
            ("https://s3.example/b/?X-Sig=sesame", "https://s3.example/b/?X-Sig=sesame"),
        ] {
            assert_eq!(address(given).of("a.backup").as_str(), put);
        }
    }

    #[test]
    fn no_more_than_the_host_is_shown() {
        let shown = format!("{:?}", address("https://s3.example/secret/k?X-Sig=sesame"));
        assert_eq!(shown, "Address(s3.example)");
    }

    #[test]
    fn backups_leave_the_machine_by_https_alone() {
        let lan = "http://192.168.88.5/".parse().unwrap();
        assert!(Address::new(lan, None, Duration::from_secs(1)).is_err());
    }
}
