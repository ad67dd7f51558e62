//! For how long there was no active controller.
//!
//! The controller is lost when its process dies, stands still, gives up its office, or is cut off from everybody; the
//! next one holds office when it has read everything and acts. Counted from the first controller on.

use crate::id::NodeId;
use crate::time::{Span, Time};
use alloc::vec::Vec;

/// Who is the active controller.
#[derive(Clone, Debug, Default)]
pub struct Office {
    holder: Option<NodeId>,
    lost: Option<Time>,
    /// It has forgotten that it was: it is missing until somebody takes office.
    died: bool,
    failovers: Vec<Span>,
}

impl Office {
    /// This node acts as the controller from now on.
    pub(super) fn taken(&mut self, node: NodeId, now: Time) {
        if let Some(lost) = self.lost.take() {
            self.failovers.push(now.since(lost));
        }
        self.holder = Some(node);
        self.died = false;
    }

    /// This node is gone, or cut off, or gave up.
    pub(super) fn left(&mut self, node: NodeId, now: Time) {
        if self.holder == Some(node) && self.lost.is_none() {
            self.lost = Some(now);
        }
    }

    /// This node is dead.
    pub(super) fn died(&mut self, node: NodeId, now: Time) {
        self.left(node, now);
        self.died |= self.holder == Some(node);
    }

    /// This node can be heard again; if nobody took its place it is the controller as before, unless it died.
    pub(super) fn back(&mut self, node: NodeId) {
        if self.holder == Some(node) && !self.died {
            self.lost = None;
        }
    }

    /// The controller, or the last one.
    pub const fn holder(&self) -> Option<NodeId> {
        self.holder
    }

    /// From the loss of a controller to the next one, for each time that it happened.
    pub fn failovers(&self) -> &[Span] {
        &self.failovers
    }

    /// Since when there is none.
    pub const fn lost_since(&self) -> Option<Time> {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failover_lasts_from_the_loss_of_a_controller_to_the_next_one() {
        let (one, two) = (NodeId::controller(1), NodeId::controller(2));
        let mut office = Office::default();
        office.taken(one, Time(5));
        office.left(two, Time(6));
        assert_eq!(office.lost_since(), None, "another one died");
        office.left(one, Time(10));
        office.left(one, Time(11));
        office.taken(two, Time(30));
        assert_eq!((office.failovers(), office.holder()), (&[Span(20)][..], Some(two)));
    }

    #[test]
    fn a_controller_that_is_heard_again_in_time_was_never_replaced() {
        let mut office = Office::default();
        office.taken(NodeId::controller(1), Time(5));
        office.left(NodeId::controller(1), Time(10));
        office.back(NodeId::controller(1));
        assert_eq!((office.failovers().len(), office.lost_since()), (0, None));
    }

    #[test]
    fn a_controller_that_died_is_missing_until_it_takes_office_again() {
        let mut office = Office::default();
        office.taken(NodeId::controller(1), Time(5));
        office.died(NodeId::controller(1), Time(10));
        office.back(NodeId::controller(1));
        assert_eq!(office.lost_since(), Some(Time(10)));
        office.taken(NodeId::controller(1), Time(40));
        assert_eq!((office.failovers(), office.lost_since()), (&[Span(30)][..], None));
    }
}
