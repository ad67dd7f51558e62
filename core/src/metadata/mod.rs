//! The metadata side: the replayed image, the active controller that decides, and the broker's life that the
//! controller watches.
//!
//! Reading order: [`image`] (what the log says), [`change`] (one partition's next registration), [`fencing`]
//! (what a broker's standing does to partitions), [`heartbeat`] (who is alive), the other decisions, then
//! [`controller`] with `requests` and `tasks`, which run them; [`lifecycle`] is the same from the broker's side.
//! [`producer_ids`] and [`producer_id_manager`] are the two sides of giving out producer ids.

pub mod alter_partition;
pub mod change;
pub mod channel;
pub mod controller;
pub mod decision;
pub mod deferred;
pub mod election;
pub mod fencing;
pub mod heartbeat;
pub mod image;
mod image_writer;
pub mod lifecycle;
mod load;
pub mod placement;
pub mod producer_id_manager;
pub mod producer_ids;
pub mod reassign;
pub mod reassignment;
pub mod registration;
pub mod replayed;
mod requests;
pub mod snapshot_generator;
mod tasks;
pub mod topics;
