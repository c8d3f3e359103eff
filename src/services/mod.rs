//! Actions of the owner, the staff and the routers, over the store: one folder or file a noun. A
//! service gathers, calls commands and answers; commands decide.

pub mod acting;
pub mod backup;
pub mod books;
pub mod catalogue;
pub mod money;
pub mod person;
pub mod router;
pub mod staff;
pub mod stock;
