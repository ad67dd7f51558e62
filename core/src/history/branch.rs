//! One course of events: what was done, what happened, and snapshots on the way.

use super::shared::Shared;
use crate::id::{NodeId, StepId};
use crate::note::Note;
use crate::sim::action::Action;
use crate::sim::{Delivered, Sim, Step};
use crate::time::Time;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::Serialize;

/// Somebody interfered: event `event` is `action`, at `time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Intervention {
    /// The event that it became.
    pub event: StepId,
    /// When.
    pub time: Time,
    /// What.
    pub action: Action,
}

/// What is remembered of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StepLog {
    /// When.
    pub time: Time,
    /// What happened.
    pub action: Action,
    /// To whom.
    pub node: Option<NodeId>,
    /// The event that sent the message or armed the timer.
    pub cause: Option<StepId>,
    /// The message that arrived.
    pub delivered: Option<Delivered>,
    /// Number of its first note among all notes of the branch.
    pub(super) first_note: u32,
}

/// A note and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoteLog {
    /// The event.
    pub event: StepId,
    /// When.
    pub time: Time,
    /// The node that the event concerned.
    pub node: Option<NodeId>,
    /// What happened.
    pub note: Note,
}

/// One course of events.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) script: Vec<Intervention>,
    pub(super) steps: Shared<StepLog>,
    pub(super) notes: Shared<NoteLog>,
    pub(super) snapshots: Vec<Arc<Sim>>,
    pub(super) forked_at: StepId,
}

/// What is told of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BranchInfo {
    /// The event after which it goes its own way; 0 for the first.
    pub forked_at: StepId,
    /// Its last event.
    pub end: StepId,
    /// When its last event happened.
    pub end_time: Time,
    /// How often somebody interfered.
    pub interventions: u32,
    /// It is the one that is shown.
    pub current: bool,
}

impl Branch {
    pub(super) const fn nothing() -> Branch {
        Branch {
            script: Vec::new(),
            steps: Shared::new(),
            notes: Shared::new(),
            snapshots: Vec::new(),
            forked_at: StepId(0),
        }
    }

    pub(super) fn record(&mut self, step: &Step) {
        let Some(action) = step.action else { return };
        self.steps.push(StepLog {
            time: step.time,
            action,
            node: step.node,
            cause: step.cause,
            delivered: step.delivered,
            first_note: self.notes.length as u32,
        });
        for &note in &step.notes {
            self.notes.push(NoteLog { event: step.event, time: step.time, node: step.node, note });
        }
    }

    pub(super) fn truncate(&mut self, event: StepId) {
        let notes = self.steps.get(event.0).map_or(self.notes.length, |next| u64::from(next.first_note));
        self.steps.truncate(event.0);
        self.notes.truncate(notes);
        self.script.retain(|intervention| intervention.event <= event);
        self.snapshots.retain(|snapshot| snapshot.event() <= event);
    }

    pub(super) fn info(&self, current: bool) -> BranchInfo {
        BranchInfo {
            forked_at: self.forked_at,
            end: StepId(self.steps.length),
            end_time: self
                .steps
                .get(self.steps.length.saturating_sub(1))
                .map_or(Time::ZERO, |step| step.time),
            interventions: self.script.len() as u32,
            current,
        }
    }
}
