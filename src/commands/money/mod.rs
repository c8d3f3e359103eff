//! Payments: the shop asks for them, providers tell of them, and a person settles them where no
//! rule can.

#[cfg(test)]
pub(super) mod every_answer;
pub mod match_receipt;
pub mod settle;
pub mod submit_payment;
pub mod take_c2b;
pub mod take_news;
