//! The ledger itself: its checkpoints, its keys, its tables, its remembered past.

pub mod accept_history;
pub mod change_key;
pub mod keep_checkpoint;
pub mod mend_tables;
