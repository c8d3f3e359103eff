//! What a site's router tells of its codes.

pub mod hear_router;
