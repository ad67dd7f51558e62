//! The metadata quorum as the checker sees it: what each replica last was, who ever led, what is committed.
//!
//! Ghosts: the committed log (an offset is committed when any leader's high watermark passes it), the leader that
//! was named for each epoch and the life in which it led. The rules themselves stand in [`super::k_election`],
//! [`super::k_roles`] and [`super::k_commit`].

use super::batches::Batches;
use super::findings::{Findings, Subject};
use super::k_election::Elections;
use super::k_snapshot::Images;
use super::k_voters::VotersSeen;
use super::logs::{LogSeen, check_append_only, check_order, check_same};
use super::table::Rule;
use super::{k_commit, k_roles, k_snapshot};
use crate::id::{DirectoryId, Incarnation, LeaderEpoch, NodeKind, Offset, ReplicaKey, SnapshotId};
use crate::kraft::{Quorum, QuorumDisk, Role};
use crate::log::Log;
use crate::node::ElectionState;
use crate::note::Note;
use crate::record::MetadataRecord;
use crate::sim::world::{Slot, World};
use crate::voters::VoterSet;
use alloc::vec::Vec;

/// A role without what it remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RoleSeen {
    /// The process is down, or has not started.
    #[default]
    Down,
    Unattached,
    Prospective,
    Candidate,
    Leader,
    Follower,
    Resigned,
}

impl RoleSeen {
    const fn of(role: &Role) -> RoleSeen {
        match role {
            Role::Unattached {} => RoleSeen::Unattached,
            Role::Prospective { .. } => RoleSeen::Prospective,
            Role::Candidate { .. } => RoleSeen::Candidate,
            Role::Leader(_) => RoleSeen::Leader,
            Role::Follower { .. } => RoleSeen::Follower,
            Role::Resigned { .. } => RoleSeen::Resigned,
        }
    }
}

/// What changes often and is compared after every step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) incarnation: Incarnation,
    pub(super) role: RoleSeen,
    pub(super) election: ElectionState,
    pub(super) hw: Option<Offset>,
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) flushed: Offset,
    pub(super) truncations: u32,
    pub(super) snapshot: Option<SnapshotId>,
}

impl Glance {
    fn of(slot: &Slot, disk: &QuorumDisk, quorum: Option<&Quorum>) -> Glance {
        Glance {
            incarnation: slot.incarnation,
            role: quorum.map_or(RoleSeen::Down, |quorum| RoleSeen::of(quorum.role())),
            election: disk.election,
            hw: quorum.and_then(Quorum::high_watermark),
            start: disk.log.start(),
            end: disk.log.end(),
            flushed: disk.log.flushed(),
            truncations: disk.log.truncations(),
            snapshot: disk.snapshots.latest_id(),
        }
    }

    pub(super) const fn epoch(&self) -> LeaderEpoch {
        self.election.leader_epoch
    }

    /// Both belong to one life of the process.
    pub(super) fn same_life(&self, other: &Glance) -> bool {
        self.incarnation == other.incarnation && self.role != RoleSeen::Down && other.role != RoleSeen::Down
    }
}

/// One replica of the metadata log as last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaSeen {
    /// On which disk.
    directory: DirectoryId,
    pub(super) glance: Glance,
    pub(super) log: LogSeen,
    voters: VotersSeen,
    /// The highest high watermark of this life.
    pub(super) highest_hw: Offset,
}

/// A step as the rules of the quorum need it.
pub(super) struct Look<'a> {
    pub(super) key: ReplicaKey,
    /// It may become a voter: it flushes before it answers.
    pub(super) flushes: bool,
    /// It is a voter, in its own eyes.
    pub(super) votes: bool,
    /// It is the only voter.
    pub(super) alone: bool,
    pub(super) pre_vote: bool,
    pub(super) before: Glance,
    pub(super) now: Glance,
    pub(super) disk: &'a QuorumDisk,
    pub(super) quorum: Option<&'a Quorum>,
    pub(super) notes: &'a [Note],
}

impl Look<'_> {
    pub(super) const fn subject(&self) -> Subject {
        Subject::node(self.key.id)
    }

    /// What it committed in the very step in which it stepped down: the voters without itself.
    fn committed_and_resigned(&self) -> Option<Offset> {
        if self.now.role != RoleSeen::Resigned || self.before.role != RoleSeen::Leader {
            return None;
        }
        self.notes.iter().find_map(|note| match *note {
            Note::MetadataCommitted { to, .. } => Some(to),
            _ => None,
        })
    }

    /// It leads now and did not lead this epoch when last seen.
    pub(super) fn begins_to_lead(&self) -> bool {
        self.now.role == RoleSeen::Leader
            && (self.before.role != RoleSeen::Leader || self.before.epoch() != self.now.epoch())
    }
}

/// The checker's knowledge of the quorum.
#[derive(Clone, Debug, Default)]
pub(super) struct QuorumGhost {
    /// What is committed.
    pub(super) committed: Log<MetadataRecord>,
    pub(super) batches: Batches,
    pub(super) elections: Elections,
    images: Images,
    replicas: Vec<ReplicaSeen>,
    /// Disks that were replaced, and how far each had flushed: a leader may still count what they have confirmed.
    lost: Vec<(ReplicaKey, Offset)>,
    /// The voters that the cluster began with.
    first_voters: VoterSet,
}

/// The metadata log of a node, alive or not.
pub(super) fn metadata_disk(slot: &Slot) -> &QuorumDisk {
    slot.process
        .as_ref()
        .and_then(|process| process.quorum())
        .map_or(&slot.disk.quorum, |quorum| &quorum.disk)
}

impl QuorumGhost {
    /// Of a cluster that begins with these voters.
    pub(super) fn new(first_voters: VoterSet) -> QuorumGhost {
        QuorumGhost { first_voters, ..QuorumGhost::default() }
    }

    /// What is committed was replayed.
    pub(super) fn forget_batches(&mut self) {
        self.batches.forget(self.committed.end(), self.committed.last_epoch().unwrap_or_default());
    }

    /// Looks at the replica in `slot`. Returns whether more is committed than before.
    pub(super) fn observe(
        &mut self,
        world: &World,
        slot: &Slot,
        notes: &[Note],
        findings: &mut Findings,
    ) -> bool {
        let place = world.place(slot.id);
        if self.replicas.len() <= place {
            self.replicas.resize_with(place + 1, ReplicaSeen::default);
        }
        let quorum = slot.process.as_ref().and_then(|process| process.quorum());
        let disk = quorum.map_or(&slot.disk.quorum, |quorum| &quorum.disk);
        quorum.into_iter().for_each(|quorum| self.batches.follow(quorum));
        let now = Glance::of(slot, disk, quorum);
        let seen = &mut self.replicas[place];
        if seen.directory != slot.directory {
            // A replica of its own: what the disk before this one held binds it in nothing.
            let gone = ReplicaKey { id: slot.id, directory: seen.directory };
            self.lost.push((gone, seen.glance.flushed));
            *seen = ReplicaSeen { directory: slot.directory, ..ReplicaSeen::default() };
        } else if slot.process.is_none() && notes.iter().any(|n| matches!(n, Note::DiskReplaced { .. })) {
            // Under its old name: its log is another one, but what it promised it has promised. A broker never votes.
            let voted = slot.id.kind() == NodeKind::Controller;
            let glance = if voted { seen.glance } else { Glance::default() };
            *seen = ReplicaSeen { directory: slot.directory, glance, ..ReplicaSeen::default() };
        }
        let before = core::mem::replace(&mut seen.glance, now);
        if before == now && !notes.iter().any(k_roles::concerns) && !notes.iter().any(k_snapshot::concerns) {
            return false;
        }
        let key = ReplicaKey { id: slot.id, directory: slot.directory };
        let flushes = slot.id.kind() == NodeKind::Controller;
        let votes = quorum.is_some_and(|quorum| !quorum.is_observer());
        let pre_vote = world.genesis.settings.features.pre_vote;
        let alone = quorum.is_some_and(|quorum| quorum.voters().is_only(key));
        let look = Look { key, flushes, votes, alone, pre_vote, before, now, disk, quorum, notes };
        self.elections.check(&look, findings);
        k_roles::check(&look, findings);
        self.follow_log(world, place, &look, findings);
        self.replicas[place].voters.check(&look, &self.first_voters, findings);
        let grown = self.follow_high_watermark(world, place, &look, findings);
        k_snapshot::check(world, &look, &mut self.images, &mut self.committed, findings);
        grown
    }

    fn follow_log(&mut self, world: &World, place: usize, look: &Look<'_>, findings: &mut Findings) {
        let Look { before, now, disk, .. } = *look;
        let seen = &mut self.replicas[place];
        if !before.same_life(&now) {
            seen.highest_hw = Offset(0);
        }
        k_commit::check_flushed(look, findings);
        if seen.log.is(&disk.log) {
            return;
        }
        let subject = look.subject();
        let leads_on = before.role == RoleSeen::Leader && !look.begins_to_lead() && before.same_life(&now);
        if leads_on && now.role == RoleSeen::Leader {
            check_append_only(&seen.log, (disk.log.end(), disk.log.truncations()), subject, findings);
        }
        let end_before = seen.log.end;
        let growth = seen.log.follow(&disk.log, subject, findings);
        if growth.cut && before.same_life(&now) {
            // What was cut may have been written again by now; the end is where the cut was at the most.
            let kept = disk.log.end().min(end_before) >= seen.highest_hw;
            findings.check(Rule::K9, kept, subject.at(disk.log.end()));
        }
        seen.log.check_cache(&disk.epochs, subject, findings);
        seen.voters.follow(look, growth, &self.first_voters, findings);
        self.elections.check_owners(look, growth, findings);
        for other in world.slots.iter().filter(|other| other.id != look.key.id) {
            if matches!(other.id.kind(), NodeKind::Broker | NodeKind::Controller) {
                check_same(&disk.log, &metadata_disk(other).log, growth, Some(Rule::K4), subject, findings);
            }
        }
    }

    fn follow_high_watermark(
        &mut self,
        world: &World,
        place: usize,
        look: &Look<'_>,
        findings: &mut Findings,
    ) -> bool {
        let Look { before, now, disk, quorum, .. } = *look;
        let subject = look.subject();
        check_order(&disk.log, now.hw, subject, findings);
        if look.begins_to_lead() && self.elections.is_newest(now.epoch()) {
            k_commit::check_new_leader(&disk.log, &self.committed, subject, findings);
        }
        let last = look.committed_and_resigned();
        let Some(hw) = now.hw.or(last) else { return false };
        let seen = &mut self.replicas[place];
        findings.check(Rule::K9, hw >= seen.highest_hw, subject.at(hw));
        seen.highest_hw = seen.highest_hw.max(hw);
        let leader = quorum.and_then(|quorum| quorum.role().as_leader());
        if (leader.is_some() || last.is_some()) && before.hw != Some(hw) {
            let began = disk.epochs.entries().iter().rfind(|line| line.epoch == now.epoch());
            let epoch_start = began.map_or(Offset(0), |line| line.start);
            let epoch_start = leader.map_or(epoch_start, |leader| leader.epoch_start);
            k_commit::check_leaders_hw(world, look, &self.lost, epoch_start, hw, findings);
        }
        let from = self.committed.end();
        if leader.is_some() || last.is_some() {
            for (_, entry) in disk.log.iter(from, hw) {
                self.committed.append(*entry);
            }
        }
        if seen.log.agrees < hw.min(disk.log.end()) || hw > self.committed.end() {
            k_commit::check_committed(&disk.log, &self.committed, seen.log.agrees, hw, subject, findings);
            seen.log.agrees = hw;
        }
        self.committed.end() > from
    }
}
