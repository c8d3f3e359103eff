//! Keyed fingerprints: they find again what the vault holds, and tell nothing of it.

/// A keyed fingerprint (HMAC-SHA-256) of something in the vault.
pub type Fingerprint = [u8; 32];
