//! The program as it runs: started, stopped, killed, doubled, cut off from its database.

pub mod crash;
pub mod database_outage;
pub mod doctor;
pub mod instances;
pub mod panics;
pub mod power_cut;
pub mod serve;
