//! The generic Raft group: the paper's figure 2 and what follows from it, one rule a test.

mod commit;
mod election;
mod lab;
mod reads;
mod replication;
