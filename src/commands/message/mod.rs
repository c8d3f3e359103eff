//! SMS: queued, handed to a gateway, sent again.

pub mod queue_digest;
pub mod resend_message;
pub mod send_message;
