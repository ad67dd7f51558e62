//! Conformance cases of data-partition replication, on hand-driven replicas: no controller, no network.
//! One binary for all of them; each module is one concept.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod replication {
    mod chaos;
    mod control;
    mod follower;
    mod isr;
    mod lab;
    mod leader;
    mod log_dir;
    mod log_start;
    mod metadata;
    mod old_truncation;
    mod produce;
    mod purgatory;
    mod rafts;
    mod truncation;
    mod watermark;
}
