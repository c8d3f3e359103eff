//! What people see over HTTP. Handlers read a request, call one command or one query and render;
//! rules live in the ledger, wording in [`crate::phrases`], looks in `templates/` and `assets/`. Nothing
//! here decides about money or stock.

pub mod pages;
pub mod render;
