//! Any HTTP gateway, described in the configuration: the address, the body, and how to read the
//! answer, because most of them answer 200 whatever happened (`docs/reference/sms-gateways.md`).
//!
//! Every placeholder of a request names its filter, and only a filter that fits the place is taken.
//! So nothing goes out unescaped.

mod client;
mod rules;
mod settings;
pub mod template;

pub use client::HttpGateway;
pub use rules::{JsonRule, Outcome, Reason, ReportMapping, Rule};
pub use settings::{ContentType, MessageId, Method, NumberFormat, Settings};
