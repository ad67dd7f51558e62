//! What the dock shows of the model, as plain values: equal values draw nothing anew.
//!
//! What changes with every frame (caret, marks) is not here: it is drawn past the virtual DOM.

use super::axis;
use crate::model::filter::Row;
use crate::model::hunt::Hunt;
use crate::model::{Model, Tab};
use crate::view::props::Same;
use kraftscope_core::check::{INVARIANTS, State};
use kraftscope_core::history::{BranchInfo, Intervention};
use kraftscope_core::id::{NodeId, StepId, TopicPartition};
use kraftscope_core::mode::Mode;
use kraftscope_core::note::Lane;
use kraftscope_core::time::Time;
use std::rc::Rc;

/// What the dock shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The chosen tab.
    pub tab: Tab,
    /// The panel is shown.
    pub open: bool,
    /// The mode of the cluster.
    pub mode: Mode,
    /// Promises that were broken so far; `None` when nobody looks.
    pub broken: Option<u64>,
    /// The chosen tab's own.
    pub panel: Panel,
}

/// What one tab shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// Nothing: the panel is closed.
    Closed,
    /// The lanes.
    Timeline(TimelineLook),
    /// The list.
    Events(EventsLook),
    /// The promises, in the order of [`INVARIANTS`]; empty when nobody looks.
    Checks(Rc<Vec<State>>),
    /// The search.
    Hunt(Hunt),
}

/// What the timeline shows besides what moves.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineLook {
    /// The stretch that is shown.
    pub shown: (Time, Time),
    /// A part of the run was chosen.
    pub zoomed: bool,
    /// The stretch that is played again and again.
    pub circle: Option<(Time, Time)>,
    /// Where somebody interfered.
    pub done: Vec<Intervention>,
    /// The courses of events; one alone says nothing.
    pub branches: Vec<BranchInfo>,
    /// Nothing has happened yet.
    pub empty: bool,
}

/// What the list of events shows.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsLook {
    /// The event at the cursor.
    pub event: StepId,
    /// What passes the filter.
    pub rows: Same<Vec<Row>>,
    /// Lanes that are shown, `None` for notes of no lane.
    pub lanes: Vec<Option<Lane>>,
    /// The text that is searched.
    pub query: String,
    /// The only node that is shown.
    pub node: Option<NodeId>,
    /// The only partition that is shown.
    pub partition: Option<TopicPartition>,
    /// Events without a note are shown, too.
    pub every: bool,
    /// The whole run was searched.
    pub complete: bool,
    /// All nodes.
    pub nodes: Vec<NodeId>,
    /// All partitions, with their names.
    pub partitions: Vec<(TopicPartition, String)>,
}

/// What the dock shows of this model.
pub fn of(model: &Model) -> Look {
    let open = model.dock_open && !model.present;
    let panel = match model.tab {
        _ if !open => Panel::Closed,
        Tab::Timeline => Panel::Timeline(timeline(model)),
        Tab::Events => Panel::Events(events(model)),
        Tab::Checks => Panel::Checks(Rc::new(states(model))),
        Tab::Hunt => Panel::Hunt(model.hunt.clone()),
    };
    let checker = model.session.history().sim().checker();
    let mode = model.session.genesis().mode;
    Look { tab: model.tab, open, mode, broken: checker.map(|checker| checker.broken_count()), panel }
}

/// How far time has gone: the furthest event that was computed, or the clock on its way to the next.
pub(super) fn end_time(model: &Model) -> Time {
    model.session.end_time().max(model.player.time())
}

fn timeline(model: &Model) -> TimelineLook {
    let mut branches = model.session.branches();
    for branch in branches.iter_mut().filter(|branch| branch.current) {
        // The shown one grows with every frame, and what it shows is seen anyway.
        (branch.end, branch.end_time) = (StepId(0), Time::ZERO);
    }
    TimelineLook {
        shown: axis::stretch(model.zoom, end_time(model)),
        zoomed: model.zoom.is_some(),
        circle: model.player.circle,
        done: model.session.interventions().to_vec(),
        branches,
        empty: model.session.end() == StepId(0),
    }
}

fn events(model: &Model) -> EventsLook {
    let view = model.session.view();
    let filter = &model.filter;
    let named = |id: TopicPartition| (id, model.words(|words| words.partition(id)));
    let keepers = view.controllers.iter().map(|node| node.id);
    let keepers = keepers.chain(view.zookeepers.iter().map(|node| node.id));
    let nodes = keepers.chain(view.brokers.iter().map(|node| node.id));
    let clients = view.producers.iter().map(|node| node.id).chain(view.consumers.iter().map(|node| node.id));
    EventsLook {
        event: model.session.event(),
        rows: Same(filter.found()),
        lanes: super::events::LANES.into_iter().filter(|lane| filter.shows(*lane)).collect(),
        query: filter.query().to_owned(),
        node: filter.node(),
        partition: filter.partition(),
        every: filter.every(),
        complete: filter.is_complete(&model.session),
        nodes: nodes.chain(clients).collect(),
        partitions: view.partitions.iter().map(|partition| named(partition.partition)).collect(),
    }
}

fn states(model: &Model) -> Vec<State> {
    let Some(checker) = model.session.history().sim().checker() else { return Vec::new() };
    (0..INVARIANTS.len() as u32).filter_map(|row| checker.state(row)).collect()
}
