//! Voters of the metadata quorum that come and go, and their disks (F21, F7).
//!
//! A voter's disk is replaced, and a voter removed that may be the last that holds something, only while the voters
//! are settled, and every other voter has the disk that the set names and knows that it is in the set: a majority
//! stays alive. A new voter that has not heard of it yet refuses every pre-vote while it knows a leader from which it
//! fetched, and as an observer it never gives that leader up (`FollowerState.canGrantVote`). Of two voters none is
//! removed: a leader whose own removal is in no other log does not stand for election any more and denies its vote to
//! the other, whose log is shorter, for good (`KafkaRaftClient`, `QuorumState.isVoter`; the Raft thesis, 4.2.2, lets
//! it stand).

use super::Driver;
use crate::script::Act;
use kraftscope_core::id::{NodeId, NodeKind, ReplicaKey};
use kraftscope_core::node::Command;
use kraftscope_core::process::Process;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;

impl Driver {
    pub(super) fn voter_fault(&mut self, sim: &Sim, acts: &mut Vec<Act>) {
        // What was decided at this very moment has not happened yet, and the next decision would not see it.
        if !sim.world().genesis.settings.features.kraft_version_1 || acts.iter().any(changes_voters) {
            return;
        }
        let all: Vec<NodeId> = sim.world().of_kind(NodeKind::Controller).map(|slot| slot.id).collect();
        let Some(id) = self.luck.pick(&all) else { return };
        match self.luck.below(6) {
            // Directory 0: on the disk that it has at this moment.
            0..=2 => {
                acts.push(Act::Controller(Command::AddVoter(ReplicaKey { id, ..ReplicaKey::default() })))
            }
            3 | 4 if others_are_whole(sim, id) && sim.world().voters().len() > 2 => {
                acts.push(Act::Controller(Command::RemoveVoter(id)))
            }
            5 if others_are_whole(sim, id)
                && sim.world().voters().len() > 2
                && self.tolerance.allows_outage(sim) =>
            {
                acts.push(Act::Do(Action::ReplaceDisk(id)));
                self.recover(sim, Act::Do(Action::Start(id)));
            }
            _ => {}
        }
    }
}

/// Whether it touches the voters or the disk of one.
const fn changes_voters(act: &Act) -> bool {
    matches!(
        act,
        Act::Controller(Command::AddVoter(_) | Command::RemoveVoter(_)) | Act::Do(Action::ReplaceDisk(_))
    )
}

/// Whether the leader's voters are committed, and every voter but this one has the disk that the set names and is up
/// with that set.
fn others_are_whole(sim: &Sim, id: NodeId) -> bool {
    let world = sim.world();
    let leader = world.active_controller().and_then(|leader| world.process(leader)?.quorum());
    let is_settled = leader.is_some_and(|leader| {
        leader.voters_offset() < leader.high_watermark() && *leader.voters() == world.voters()
    });
    let has_its_disk =
        |key: ReplicaKey| world.slot(key.id).is_some_and(|slot| slot.directory == key.directory);
    let knows = |key: ReplicaKey| {
        world
            .process(key.id)
            .and_then(Process::quorum)
            .is_some_and(|quorum| *quorum.voters() == world.voters())
    };
    is_settled && world.voters().keys().all(|key| key.id == id || (has_its_disk(key) && knows(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FaultPlan;
    use crate::preset::Preset;
    use crate::swarm::draw;
    use kraftscope_core::sim::Step;
    use kraftscope_core::sim::genesis::Genesis;
    use kraftscope_core::time::Time;

    fn settled() -> (Sim, FaultPlan) {
        let mut sim =
            Sim::new(Genesis { spare_controllers: 1, ..Genesis::default() }).expect("a valid genesis");
        let mut step = Step::default();
        while sim.now() < Time(5_000_000) && sim.step_into(&mut step) {}
        let preset = Preset::find("quorum").expect("a preset");
        (sim, draw(1, preset).1)
    }

    /// A disk that is replaced while a removal has just been asked for may have been the majority that was needed.
    #[test]
    fn voters_are_changed_once_at_a_moment() {
        let (sim, plan) = settled();
        let mut driver = Driver::new(plan);
        let removal = Act::Controller(Command::RemoveVoter(NodeId::controller(1)));
        let mut acts = vec![removal];
        (0..200).for_each(|_| driver.voter_fault(&sim, &mut acts));
        assert_eq!(acts.len(), 1);
        acts.clear();
        (0..200).for_each(|_| driver.voter_fault(&sim, &mut acts));
        assert_eq!(acts.len(), 1, "and again at the next moment");
    }
}
