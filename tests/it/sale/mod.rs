//! The sale, from the first tap to the code.

pub mod buying;
pub mod crowd;
pub mod declined;
pub mod unlock;
pub mod waiting;
