//! What a site's router tells, and what the shop does about it.

pub mod hear_list;
pub mod hear_router;
pub mod replace_missed;
