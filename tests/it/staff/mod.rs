//! The staff and their desk: who signs in, and what a slow or hostile hand may do.

pub mod sign_in;
mod slow_hands;
