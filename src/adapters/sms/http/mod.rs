//! Any HTTP gateway, described in the configuration (`facts/sms.md` section 5): what to call, what
//! to put there, and how to read the answer, because most of them answer 200 whatever happened.
//!
//! Nothing is ever put into a request unescaped: every placeholder names its filter, and only the
//! filter that fits the place is taken.

mod client;
mod rules;
mod settings;
pub mod template;

pub use client::HttpGateway;
pub use rules::{JsonRule, Outcome, Reason, ReportMapping, Rule};
pub use settings::{ContentType, MessageId, Method, NumberFormat, Settings};
