//! The stories: the real server, the real store, and simulators that misbehave as the real world does.

mod browser_login;
mod cli;
mod golden;
mod import;
mod serve;
mod tamper;
