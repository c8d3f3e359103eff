//! Staff at the door: who is signed in, what they may open, and whether a form is theirs.

pub mod door;
pub mod rights;
mod session;
pub mod sign_in;
pub mod visitor;
