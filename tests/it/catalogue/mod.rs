//! Sites and packages.

pub mod packages;
pub mod sites;
