//! The stories: the real server, the real store, and simulators that misbehave as the real world
//! does.

mod browser_login;
mod browser_sale;
mod buyer;
mod c2b;
mod chromium;
mod cli;
mod cluster;
mod crash;
mod crowd;
mod declines;
mod doubt;
mod evening;
mod forged;
mod golden;
mod import;
mod messages;
mod outside;
mod power;
mod sale;
mod serve;
mod table;
mod tamper;
mod town;
mod trouble;
mod unlock;
