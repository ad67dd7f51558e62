//! Conformance cases of data-partition replication, on hand-driven replicas: no controller, no network.
//! One binary for all of them; each module is one concept.

mod replication {
    mod follower;
    mod isr;
    mod lab;
    mod leader;
    mod metadata;
    mod produce;
    mod purgatory;
    mod truncation;
    mod watermark;
}
