//! Addresses for listeners of the tests.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU16, Ordering},
};

/// An address for one listener alone, of the machine's own 127.0.0.0/8. A port of 127.0.0.1 that
/// was free a moment ago may be another story's by now, and that of a shop that was killed may be
/// taken before it is back.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // Other runs of the tests may go on beside this one.
    let run = u8::try_from(std::process::id() % 200).unwrap() + 20;
    SocketAddr::from((Ipv4Addr::new(127, run, high, low), 8080))
}
