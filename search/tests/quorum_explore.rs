//! The metadata quorum, all of it, within small bounds.
use kraftscope_core::check::Rule;
use kraftscope_core::config::Settings;
use kraftscope_core::history::History;
use kraftscope_models::explore::{Explorer, Limits, Model};
use kraftscope_search::explore::board::Board;
use kraftscope_search::explore::quorum::{Bounds, QuorumWorld};
use kraftscope_search::explore::report::Report;
use kraftscope_search::explore::walk::{Move, Walk};
use std::cell::RefCell;
use std::collections::BTreeSet;

const QUIET: Bounds = Bounds {
    voters: 3,
    max_epoch: 1,
    losses: 0,
    haste: 0,
    crashes: 0,
    lossy_crashes: 0,
    disks: 0,
    records: 0,
    symmetry: true,
};

fn search(bounds: Bounds, settings: &Settings) -> Explorer<Walk<QuorumWorld>> {
    let walk = Walk::new(QuorumWorld::new(bounds, settings));
    Explorer::new(walk, Limits { stop_when_broken: true, ..Limits::default() }).run()
}

fn without(switch: &str) -> Settings {
    let mut settings = Settings::default();
    settings.features.set(switch, "off").expect("a switch");
    settings
}

/// Source: the K group of the checker's table; every order of messages, one of which is lost.
#[test]
fn no_order_of_messages_breaks_a_promise_of_the_quorum() {
    let report = Report::of(&search(Bounds { losses: 1, ..QUIET }, &Settings::default()));
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
    assert_eq!(report.missed, Vec::<&str>::new());
}

/// Source: the K group; a voter may die at any moment and comes back with its disk.
#[test]
fn no_crash_breaks_a_promise_of_the_quorum() {
    let report = Report::of(&search(Bounds { crashes: 1, max_epoch: 2, ..QUIET }, &Settings::default()));
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
    assert_eq!(report.missed, Vec::<&str>::new());
}

/// Source: KIP-853; a disk that is replaced is no voter any more.
#[test]
fn an_empty_disk_with_a_name_of_its_own_breaks_no_promise() {
    let bounds = Bounds { crashes: 1, disks: 1, ..QUIET };
    let report = Report::of(&search(bounds, &Settings::default()));
    assert!(report.is_complete() && report.breaches.is_empty(), "{report:?}");
}

/// Source: KIP-853, the switch `voter_directory_id`. The simulator's own checker agrees.
#[test]
fn an_empty_disk_under_the_old_name_is_found_and_replayed() {
    let bounds = Bounds { crashes: 1, disks: 1, ..QUIET };
    let report = Report::of(&search(bounds, &without("voter_directory_id")));
    assert_eq!(report.breaches.iter().map(|breach| breach.rule).collect::<Vec<_>>(), [Rule::L6]);
    let played = report.breaches[0].played.as_ref().expect("the simulator follows");
    assert_eq!(played.broken, [Rule::L6]);
    let history = History::from_text(&played.scenario).expect("the scenario plays");
    assert_eq!(history.sim().checker().map(|checker| checker.broken_count()), Some(1));
}

/// Every arrangement of the nodes is a state of its own here; what each would be merged into is kept.
struct Unmerged {
    walk: Walk<QuorumWorld>,
    merged: RefCell<BTreeSet<u64>>,
}

impl Model for Unmerged {
    type State = Board;
    type Action = Move;

    fn initial(&self) -> Board {
        self.walk.initial()
    }

    fn fingerprint(&self, board: &Board) -> u64 {
        self.walk.fingerprints(board)[0]
    }

    fn successors(&self, board: &Board, visit: impl FnMut(Move, Board)) {
        self.walk.successors(board, visit);
    }

    fn broken(&self, board: &Board) -> u64 {
        self.merged.borrow_mut().insert(self.walk.fingerprint(board));
        0
    }
}

/// Source: the definition of a symmetry: the search that merges states reaches exactly what the other would merge. A
/// rule of the essence that left out too much would make it miss some.
#[test]
fn symmetry_merges_states_and_loses_none() {
    let bounds = Bounds { losses: 1, ..QUIET };
    let walk = Walk::new(QuorumWorld::new(bounds, &Settings::default()));
    let unmerged = Unmerged { walk, merged: RefCell::default() };
    let unmerged = Explorer::new(unmerged, Limits::default()).run();
    let merged = search(bounds, &Settings::default());
    assert_eq!(unmerged.model().merged.borrow().len() as u64, merged.states());
    assert!(unmerged.states() > 3 * merged.states());
}
