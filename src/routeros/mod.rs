//! MikroTik's RouterOS: the pages its hotspot serves and the way back to its login page.
//!
//! RouterOS words stay in this folder.

pub mod login_link;
pub mod pages;
