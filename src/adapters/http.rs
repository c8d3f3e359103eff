//! The one way out to other people's HTTP servers: TLS by rustls with ring, no redirects, no proxy
//! from the environment, a time limit, an ordinary `User-Agent` (some Kenyan gateways answer 404 to
//! odd ones, `docs/reference/sms-gateways.md`) and a cap on what is read.
//!
//! Never retries and never logs: what a failed call means is for the caller to decide.

use reqwest::{Client, Response, redirect, retry};
use std::time::Duration;
use url::{Host, Url};

const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; Lango/", env!("CARGO_PKG_VERSION"), ")");
/// A connection that is not there by then is given up; nothing was sent, so little is lost.
const CONNECT_SECONDS_MAX: u64 = 5;
/// Idle connections are dropped before a server drops them under a request, which would leave us
/// not knowing whether it was read.
const IDLE_SECONDS_MAX: u64 = 15;

/// Why calls to an address cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    #[error("{host} must be called by https (plain http needs allow_http = true)")]
    PlainHttp { host: String },
    #[error("an address must begin with https:// and name a host")]
    NotHttp,
    /// Addresses are shown in logs and pages, secrets are not.
    #[error("an address must not hold a user name or password")]
    SecretInAddress,
    /// TLS could not be set up, mostly for want of root certificates.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}

/// A client whose calls end after `timeout`, connecting and reading included.
pub fn client(timeout: Duration) -> Result<Client, HttpClientError> {
    let connecting = Duration::from_secs(CONNECT_SECONDS_MAX);
    client_with(timeout, connecting).map_err(HttpClientError::Tls)
}

pub fn client_with(timeout: Duration, connecting: Duration) -> reqwest::Result<Client> {
    // The first one wins; it is the same one whoever comes first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(timeout)
        .connect_timeout(connecting)
        .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .user_agent(USER_AGENT)
        .build()
}

/// Whether an address may be called: https, or plain http to this machine or where the owner
/// allowed it.
pub fn check_address(address: &Url, allow_http: bool) -> Result<(), HttpClientError> {
    let Some(host) = address.host() else { return Err(HttpClientError::NotHttp) };
    if !address.username().is_empty() || address.password().is_some() {
        return Err(HttpClientError::SecretInAddress);
    }
    let this_machine = match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    match address.scheme() {
        "https" => Ok(()),
        "http" if this_machine || allow_http => Ok(()),
        "http" => Err(HttpClientError::PlainHttp { host: host.to_string() }),
        _ => Err(HttpClientError::NotHttp),
    }
}

/// The body, or `None` when it broke off, took too long or is longer than `bytes_max`.
pub async fn read_capped(mut response: Response, bytes_max: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > bytes_max {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// Whether the call failed before any of it left: then nothing happened there. Every other failure
/// leaves us not knowing.
pub fn never_left(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_built() {
        client(Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for fine in
            ["https://sms.example/x", "http://127.0.0.1:9/", "http://[::1]:9", "http://localhost/"]
        {
            check_address(&fine.parse().unwrap(), false).expect(fine);
        }
        let lan: Url = "http://192.168.88.5/send".parse().unwrap();
        assert!(matches!(check_address(&lan, false), Err(HttpClientError::PlainHttp { .. })));
        check_address(&lan, true).unwrap();
    }

    #[test]
    fn an_address_holds_no_secret_and_is_http() {
        let secret = "https://user:pass@sms.example/".parse().unwrap();
        assert!(matches!(check_address(&secret, true), Err(HttpClientError::SecretInAddress)));
        let ftp = "ftp://sms.example/".parse().unwrap();
        assert!(matches!(check_address(&ftp, true), Err(HttpClientError::NotHttp)));
    }
}
