//! The MikroTik router: what it exports, what it reports, what it is told.

pub mod export;
