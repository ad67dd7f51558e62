//! The arithmetic of a reassignment: what is added, what is removed, when it is complete, what undoing it leaves.
//!
//! Source: KIP-455, `PartitionReassignmentReplicas`, `PartitionReassignmentRevert`. It knows lists of replicas and
//! nothing else. Keeps: a reassignment that completes never leaves a smaller ISR than it found, by the rule of its
//! release.
//!
//! Left out: throttles, log directories.

use crate::id::NodeList;
use crate::record::PartitionRegistration;
use crate::switches::Features;

/// A reassignment under way, or about to begin (`PartitionReassignmentReplicas`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// Replicas that leave, in ascending order.
    pub removing: NodeList,
    /// Replicas that come, in ascending order.
    pub adding: NodeList,
    /// The replica list meanwhile: the target, then those that leave.
    pub replicas: NodeList,
}

/// What is left when a reassignment completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The target.
    pub replicas: NodeList,
    /// The ISR without those that left.
    pub isr: NodeList,
}

/// What undoing a reassignment leaves (`PartitionReassignmentRevert`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revert {
    /// The replicas from before.
    pub replicas: NodeList,
    /// The ISR without those that were being added; the first replica when nobody else is left.
    pub isr: NodeList,
    /// Nobody was left: the first replica may lack committed records.
    pub unclean: bool,
}

impl Reassignment {
    /// From `current` replicas to `target`.
    pub fn between(current: &NodeList, target: &NodeList) -> Reassignment {
        let removing = minus(current, target).sorted();
        let adding = minus(target, current).sorted();
        let replicas = target.iter().chain(removing.iter()).collect();
        Reassignment { removing, adding, replicas }
    }

    /// The one that this registration is in; both lists are empty when there is none.
    pub const fn of(registration: &PartitionRegistration) -> Reassignment {
        let PartitionRegistration { removing, adding, replicas, .. } = *registration;
        Reassignment { removing, adding, replicas }
    }

    /// Whether somebody comes or leaves.
    pub const fn is_in_progress(&self) -> bool {
        !self.removing.is_empty() || !self.adding.is_empty()
    }

    /// What is left if it completes with this ISR; `None` when it may not complete yet.
    pub fn maybe_complete(&self, isr: &NodeList, features: &Features) -> Option<Completed> {
        if !self.is_in_progress() {
            return None;
        }
        let isr = minus(isr, &self.removing);
        let replicas = minus(&self.replicas, &self.removing);
        if !self.removing.is_empty() && (isr.is_empty() || replicas.is_empty()) {
            return None;
        }
        let shrinks = self.adding.len() < self.removing.len();
        let awaited = if features.reassignment_waits_for_all || (features.reassignment_keeps_isr && shrinks) {
            &replicas
        } else {
            &self.adding
        };
        awaited.is_subset_of(&isr).then_some(Completed { replicas, isr })
    }

    /// The replicas from before it began.
    pub fn original_replicas(&self) -> NodeList {
        minus(&self.replicas, &self.adding)
    }
}

impl Revert {
    /// Of the reassignment that this registration is in; `None` when all its replicas are being added.
    pub fn of(registration: &PartitionRegistration) -> Option<Revert> {
        let replicas = Reassignment::of(registration).original_replicas();
        let isr = minus(&registration.isr, &registration.adding);
        let unclean = isr.is_empty();
        let isr = if unclean { NodeList::of(&[replicas.first()?]) } else { isr };
        Some(Revert { replicas, isr, unclean })
    }
}

/// `list` without the members of `other`, in its order.
fn minus(list: &NodeList, other: &NodeList) -> NodeList {
    list.iter().filter(|&id| !other.contains(id)).collect()
}
