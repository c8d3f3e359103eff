//! What owner, staff and routers have done, over the store: one folder or file a noun. A service
//! may need several commands; it never decides about money by itself.

pub mod acting;
pub mod backup;
pub mod catalogue;
pub mod mark;
pub mod money;
pub mod person;
pub mod router;
pub mod staff;
pub mod stock;
