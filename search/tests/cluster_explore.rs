//! One partition on whole processes, all of it, within small bounds.
use kraftscope_core::config::Settings;
use kraftscope_models::explore::{Explorer, Limits};
use kraftscope_search::explore::cluster::{Bounds, ClusterWorld};
use kraftscope_search::explore::report::Report;
use kraftscope_search::explore::walk::Walk;

fn search(bounds: Bounds, settings: &Settings) -> Report {
    let walk = Walk::new(ClusterWorld::new(bounds, settings));
    Report::of(&Explorer::new(walk, Limits { stop_when_broken: true, ..Limits::default() }).run())
}

/// Source: the S group of the checker's table; a replica that lives is fenced, comes back, and may have led.
#[test]
fn no_order_of_messages_breaks_a_promise_of_a_partition() {
    let bounds = Bounds { records: 1, max_leader_epoch: 1, elections: 0, lags: 0, ..Bounds::PARTITION };
    let report = search(bounds, &Settings::default());
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
    assert_eq!(report.missed, Vec::<&str>::new());
}

/// Source: KIP-966; one replica loses its log.
#[test]
fn no_power_loss_of_one_broker_loses_what_two_had() {
    let report = search(Bounds { fences: 0, ..Bounds::CLUSTER }, &Settings::default());
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
    assert_eq!(report.missed, Vec::<&str>::new());
}
