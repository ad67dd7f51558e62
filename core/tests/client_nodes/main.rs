//! Producers and consumers, one at a time, against a cluster that exists in the test's hand only.

mod consumer;
mod desk;
mod faults;
mod idempotence;
mod metadata;
mod positions;
mod producer;
mod read_replicas;
mod storm;
