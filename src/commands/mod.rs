//! What can be wished for, one file a verb. Each command decides purely from a
//! [`World`](crate::ledger::world::World); the store carries it out. Nothing here reads a clock or
//! a database, or calls anyone.

pub mod books;
pub mod by;
pub mod catalogue;
pub mod keep_beside;
pub mod message;
pub mod money;
pub mod person;
pub mod router;
pub mod sale;
pub mod staff;
pub mod stock;
#[cfg(test)]
mod testing;
