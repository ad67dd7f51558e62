//! The metadata side: the replayed image, the active controller that decides, and the broker's life that the
//! controller watches.
//!
//! Reading order: [`image`] (what the log says), [`change`] (one partition's next registration), [`fencing`]
//! (what a broker's standing does to partitions), [`heartbeat`] (who is alive), then the other decisions;
//! [`lifecycle`] is the same seen from the broker's side.

pub mod alter_partition;
pub mod change;
pub mod channel;
pub mod decision;
pub mod election;
pub mod fencing;
pub mod heartbeat;
pub mod image;
pub mod lifecycle;
pub mod placement;
pub mod registration;
pub mod topics;
