//! Commands: wishes of buyers, staff, providers, routers and processes, by noun and one file a
//! verb. Each command decides purely from a [`World`](crate::ledger::world::World), and the store
//! carries it out. A command reads no clock and no database, and calls nobody.

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
pub mod take_in;
#[cfg(test)]
mod testing;
