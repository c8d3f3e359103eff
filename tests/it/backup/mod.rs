//! Copies of the whole ledger.

pub mod between_databases;
pub mod nightly;
pub mod proved;
pub mod restore;
