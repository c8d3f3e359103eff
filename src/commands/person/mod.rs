//! Forgetting a person.

pub mod forget_contact;
