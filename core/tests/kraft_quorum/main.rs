//! One replica of the metadata log against Kafka's own tests, and whole quorums under faults.
#![allow(unreachable_pub, reason = "one binary of several files")]

mod boot;
mod cluster;
mod driver;
mod fetch;
mod follow;
mod leader;
mod partitions;
mod reconfig;
mod reconfig_join;
mod reconfig_leader;
mod resign;
mod sim;
mod snapshot;
mod snapshot_fetch;
mod vote;
