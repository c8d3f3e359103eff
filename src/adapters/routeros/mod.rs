//! What MikroTik's RouterOS writes and reads: the lists of hotspot users that owners upload, the
//! pages that the hotspot serves, the scripts that it runs, and the link by which a code goes back
//! to its login page. Pure: bytes in, values out.

pub mod export;
pub mod login_link;
pub mod pages;
pub mod report;
pub mod scripts;
pub mod units;
pub mod users;
