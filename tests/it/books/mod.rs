//! The ledger and what stands beside it, as an auditor reads it and a thief alters it.

pub mod altered_history;
pub mod altered_schema;
pub mod altered_tables;
pub mod bound;
pub mod journal;
pub mod keys;
pub mod older_copy;
pub mod rebuild;
pub mod revenue;
pub mod rewritten_history;
