//! Forgetting a person.

pub mod forget;
