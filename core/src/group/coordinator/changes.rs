//! What happened to a group, told by comparing it before and after.

use super::groups::{Group, Members};
use crate::group::classic::{ClassicGroup, State};
use crate::group::consumer::ConsumerGroup;
use crate::id::Text;
use crate::node::Out;
use crate::note::Note;
use alloc::vec::Vec;

/// Why a group was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A request.
    Request,
    /// Time passed.
    Time,
}

/// Tells who came and went, and how a rebalance went on.
pub(super) fn tell(group: Text, before: &Group, after: &Group, cause: Cause, out: &mut Out) {
    let (old, new) = (ids(&before.members), ids(&after.members));
    for &member in old.iter().filter(|id| !new.contains(id)) {
        out.note(match cause {
            Cause::Request => Note::GroupMemberLeft { group, member },
            Cause::Time => Note::GroupMemberExpired { group, member },
        });
    }
    for &member in new.iter().filter(|id| !old.contains(id)) {
        out.note(Note::GroupMemberJoined { group, member, members: new.len() as u32 });
    }
    match (&before.members, &after.members) {
        (Members::Classic(old), Members::Classic(new)) => tell_classic(group, old, new, out),
        (_, Members::Classic(new)) => tell_classic(group, &ClassicGroup::default(), new, out),
        (Members::Consumer(old), Members::Consumer(new)) => tell_consumer(group, old, new, out),
        (_, Members::Consumer(new)) => tell_consumer(group, &ConsumerGroup::default(), new, out),
        (_, Members::Nobody) => {}
    }
}

fn ids(members: &Members) -> Vec<Text> {
    match members {
        Members::Nobody => Vec::new(),
        Members::Classic(group) => group.members.keys().copied().collect(),
        Members::Consumer(group) => group.members.keys().copied().collect(),
    }
}

fn tell_classic(group: Text, old: &ClassicGroup, new: &ClassicGroup, out: &mut Out) {
    let prepares = |state: &State| matches!(state, State::PreparingRebalance(_));
    let rejoined = new.generation > old.generation;
    if prepares(&new.state) && !prepares(&old.state) || (rejoined && !prepares(&old.state)) {
        out.note(Note::RebalanceBegan { group, generation: old.generation });
    }
    if rejoined && let Some(leader) = new.leader {
        let members = new.members.len() as u32;
        out.note(Note::GenerationBegan { group, generation: new.generation, leader, members });
    }
    if rejoined && new.leader.is_none() {
        out.note(Note::GroupEmptied { group, generation: new.generation });
    }
    if new.state == State::Stable && old.state != State::Stable {
        let members = new.members.len() as u32;
        out.note(Note::RebalanceCompleted { group, generation: new.generation, members });
    }
}

fn tell_consumer(group: Text, old: &ConsumerGroup, new: &ConsumerGroup, out: &mut Out) {
    let members = new.members.len() as u32;
    if new.target_epoch > old.target_epoch {
        out.note(Note::TargetAssigned { group, epoch: new.target_epoch, members });
    }
    if new.members.is_empty() && !old.members.is_empty() {
        out.note(Note::GroupEmptied { group, generation: new.epoch });
    }
    let stable = |group: &ConsumerGroup| group.state() == crate::group::consumer::GroupState::Stable;
    if stable(new) && !stable(old) {
        out.note(Note::RebalanceCompleted { group, generation: new.epoch, members });
    }
}
