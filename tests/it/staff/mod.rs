//! Who works at the desk.

pub mod sign_in;
