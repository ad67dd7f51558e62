//! Replication of data partitions: leader, followers, ISR, high watermark, truncation.
//!
//! Read in this order: `disk` (what survives), `partition` (what a broker knows of one partition), `leader` and
//! `isr` (what only a leader keeps), `watermark`, `read` and `fetch` (how a leader answers a fetch), `fetcher`,
//! `follower`, `truncation`, `offset_for_epoch` and `offsets` (the follower's loop), `produce` and `purgatory`
//! (requests that wait), `read_replica` (which replica a consumer is sent to, KIP-392), `producer_state` (what is known of idempotent producers), `alter` (ISR changes on their way
//! to the controller), `isr_write` (the same, into ZooKeeper), `metadata` (who leads and who follows), `control` (the same, told by a controller of the ZooKeeper era), `manager` (all
//! of it as one broker sees it).
//!
//! It deliberately does not know how metadata is agreed on: it is handed a replayed image and follows it.
//! Source: `Partition.scala`, `ReplicaManager.scala`, `AbstractFetcherThread.scala`, `Replica.java`,
//! `DefaultAlterPartitionManager.java`, `DelayedFetch.scala`, `DelayedProduce.java`.
//!
//! Left out: log directories, fetch sessions (KIP-227: every request and response is a full one), quotas,
//! transactions, tiered storage; a parked produce holds back the next of its producer, but no other request of that
//! connection.

pub mod alter;
mod control;
pub mod disk;
mod fetch;
pub mod fetcher;
mod follower;
pub mod isr;
mod isr_write;
pub mod leader;
mod log_dir;
pub mod log_start;
pub mod manager;
mod metadata;
mod offset_for_epoch;
mod offsets;
pub mod partition;
pub mod produce;
pub mod producer_state;
pub mod purgatory;
pub mod rafts;
mod read;
mod read_replica;
mod truncation;
mod watermark;

pub use disk::{DiskFault, ReplicaDisk, ReplicaLog};
pub use isr::IsrState;
pub use isr_write::IsrWrite;
pub use leader::{FollowerState, LeaderState};
pub use manager::{Ctx, ReplicaManager};
pub use partition::{FetchState, Following, Partition, Role};
pub use rafts::RaftReplicas;
