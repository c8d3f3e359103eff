//! Keyed fingerprints: they look up a row of the vault without telling what it holds.

/// A keyed fingerprint (HMAC-SHA-256) of something in the vault.
pub type Fingerprint = [u8; 32];
