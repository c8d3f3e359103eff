//! The pages in a real Chromium.

pub mod buyer;
pub mod chromium;
pub mod desk;
pub mod login;
pub mod sale;
