//! Producers and consumers: real nodes on the simulated network, without transactions.
//!
//! Reading order: [`backoff`], [`metadata`], [`connection`], [`network`] are what both share;
//! [`murmur2`], [`partitioner`], [`batch`], [`accumulator`], [`producer`], [`sender`] make a producer, [`transaction`] and
//! [`idempotence`] an idempotent one;
//! [`subscription`], [`offsets`] and [`consumer`] a consumer. A client owns no disk: after a crash it starts anew.

pub mod accumulator;
pub mod alarms;
pub mod assignors;
pub mod backoff;
pub mod batch;
pub mod connection;
pub mod consumer;
pub mod idempotence;
pub mod membership;
pub mod metadata;
pub mod murmur2;
pub mod network;
pub mod offsets;
pub mod partitioner;
pub mod producer;
pub mod retriable;
pub mod sender;
pub mod subscription;
pub mod transaction;

pub use consumer::{Consumer, ConsumerSpec};
pub use producer::{Producer, ProducerSpec};
