//! Section `[http]`: the buyers' listener.

use super::reader::{Reader, Reported};
use std::net::SocketAddr;
use url::Url;

/// The buyers' listener.
#[derive(Debug)]
pub struct Http {
    /// Where buyers' pages and callbacks are served.
    pub listen: SocketAddr,
    /// How phones and providers reach it from outside: scheme, host and port, no path.
    pub public_url: Option<Url>,
}

impl Http {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let listen = reader.required("http.listen", |text| text.parse().ok());
        let public_url = reader.optional("http.public_url", bare_address);
        Ok(Self { listen: listen?, public_url: public_url? })
    }
}

/// An http or https address with a host and nothing else.
pub(super) fn bare_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let nameless = url.username().is_empty() && url.password().is_none();
    (web && bare && nameless).then_some(url)
}
