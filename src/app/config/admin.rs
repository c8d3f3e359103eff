//! Section `[admin]`: the staff's listener, which the hotspot side never reaches.

use super::{
    http::bare_address,
    reader::{Reader, Reported},
};
use ipnet::IpNet;
use std::net::SocketAddr;
use url::Url;

/// The staff's listener.
#[derive(Debug)]
pub struct Admin {
    /// Where `/admin`, metrics and router bundles are served.
    pub listen: SocketAddr,
    /// Networks besides the machine itself from which staff may sign in over plain http.
    pub management_network: Vec<IpNet>,
    /// Where a proxy in front serves the desk over https.
    pub public_url: Option<Url>,
}

impl Admin {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let listen = reader.required("admin.listen", |text| text.parse().ok());
        let management_network = reader.optional("admin.management_network", networks);
        let https = |text: &str| bare_address(text).filter(|url| url.scheme() == "https");
        let public_url = reader.optional("admin.public_url", https);
        Ok(Self {
            listen: listen?,
            management_network: management_network?.unwrap_or_default(),
            public_url: public_url?,
        })
    }
}

/// Networks with commas between them.
fn networks(text: &str) -> Option<Vec<IpNet>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}
