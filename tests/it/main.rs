//! The stories: the real server, the real store, and simulators that misbehave as the real world
//! does.

mod address;
mod backup;
mod books;
mod both;
mod browser;
mod catalogue;
mod cli;
mod cluster;
mod days;
mod golden;
mod message;
mod misbehaviour;
mod money;
mod outside;
mod person;
mod router;
mod sale;
mod serving;
mod shop;
mod staff;
mod stock;
mod town;
