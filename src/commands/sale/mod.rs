//! A purchase from the first tap to the code: started, served, replaced, expired.

pub mod count_try;
pub mod expire_purchase;
pub mod replace_voucher;
pub mod serve_owed;
pub mod start_purchase;
