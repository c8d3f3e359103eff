//! Money, however it comes: told of twice, late, by forgers, or never.

pub mod c2b;
pub mod disputes;
pub mod exceptions;
pub mod forged_callbacks;
pub mod lost_answers;
pub mod never_answered;
pub mod provider_trouble;
