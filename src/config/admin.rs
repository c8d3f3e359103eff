//! Section `[admin]`: the staff's listener, which the hotspot side never reaches.

use super::{
    key::{Key, Kind},
    reader::{Reader, Reported},
};
use std::net::SocketAddr;

pub(super) const KEYS: &[Key] = &[Key {
    name: "admin.listen",
    default: Some("127.0.0.1:8081"),
    kind: Kind::Plain,
    write: "an IP address and a port that only staff can reach, such as 127.0.0.1:8081",
}];

/// The staff's listener.
#[derive(Debug)]
pub struct Admin {
    /// Where `/admin`, metrics and router bundles are served.
    pub listen: SocketAddr,
}

impl Admin {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        Ok(Self { listen: reader.required("admin.listen", |text| text.parse().ok())? })
    }
}
