//! How one group of a broker gets its inputs, and what its broker does with what comes of them.

use super::super::leader::LeaderState;
use super::super::manager::ReplicaManager;
use super::super::partition::{FetchState, Following, Partition, Role};
use super::Due;
use super::storage::ReplicaStorage;
use crate::id::{Correlation, LeaderEpoch, NodeId, NodeList, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::raft::{RaftEvent, RaftGroup, RaftOut};
use crate::record::Record;
use crate::time::Time;
use crate::wire::{Message, PartitionMetadata, PartitionRaftBody, PartitionRaftMessage};
use alloc::boxed::Box;
use alloc::vec::Vec;

impl ReplicaManager {
    /// Committed metadata was replayed: an assignment to this broker makes a group, one that is gone ends it.
    pub(in super::super) fn apply_groups(
        &mut self,
        now: Time,
        image: &Image,
        changed: &[TopicPartition],
        out: &mut Out,
    ) {
        for &id in changed {
            match image.partitions.get(&id).filter(|p| p.replicas.contains(self.me)) {
                Some(registration) => self.begin_group(now, image, id, registration.replicas, out),
                None => self.end_group(image, id, out),
            }
        }
        self.arm_rafts(now, out);
    }

    fn begin_group(
        &mut self,
        now: Time,
        image: &Image,
        id: TopicPartition,
        members: NodeList,
        out: &mut Out,
    ) {
        let Some(rafts) = self.rafts.as_mut().filter(|rafts| !rafts.groups.contains_key(&id)) else { return };
        let group = RaftGroup::new(self.me, members, rafts.options);
        rafts.groups.insert(id, group);
        let replica = self.disk.replicas.entry(id).or_default();
        let role = Role::Follower(Following { leader: None, fetch: FetchState::Idle, asked: None });
        let partition = Partition {
            leader_epoch: replica.vote.epoch,
            partition_epoch: Default::default(),
            controller_epoch: 0,
            hw: replica.log.start(),
            role,
        };
        self.partitions.insert(id, partition);
        self.with_group(now, image, id, None, out, |group, disk, out| group.boot(disk, disk.now, out));
    }

    fn end_group(&mut self, image: &Image, id: TopicPartition, out: &mut Out) {
        if let Some(rafts) = &mut self.rafts
            && let Some(group) = rafts.groups.remove(&id)
        {
            rafts.due.remove(&(group.deadline(), Due::Group(id)));
        }
        self.partitions.remove(&id);
        if self.disk.replicas.remove(&id).is_some() {
            self.complete_delayed_requests(image, id, out);
        }
    }

    /// Hands an input to a group and does what it asks. `echo` is the correlation of the message that is answered.
    /// A replica whose disk has failed says nothing any more, until its broker is started anew: what it says must be on
    /// the disk before (the paper, figure 2). That may be found out by the first entry of a new leader.
    pub(super) fn with_group<T: Default>(
        &mut self,
        now: Time,
        image: &Image,
        id: TopicPartition,
        echo: Option<Correlation>,
        out: &mut Out,
        input: impl FnOnce(&mut RaftGroup, &mut ReplicaStorage<'_>, &mut RaftOut<Record>) -> T,
    ) -> T {
        let Some(rafts) = &mut self.rafts else { return T::default() };
        let (Some(group), Some(replica)) = (rafts.groups.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return T::default();
        };
        let fences = self.settings.features.io_error_fences_log;
        if replica.is_closed(fences) {
            return T::default();
        }
        let as_it_was = replica.is_about_to_fail().then(|| group.clone());
        let before = group.deadline();
        let mut raft = RaftOut::new(out.dice);
        let given = input(group, &mut ReplicaStorage { replica, now, fences }, &mut raft);
        out.dice = raft.dice;
        if let Some(as_it_was) = as_it_was.filter(|_| !replica.is_about_to_fail()) {
            *group = as_it_was;
            rafts.due.remove(&(before, Due::Group(id)));
            self.tell_failure(id, out);
            return T::default();
        }
        let after = group.deadline();
        rafts.moved(Due::Group(id), before, after);
        for (to, message) in raft.send {
            let correlation = match echo {
                Some(correlation) if !message.is_request() => correlation,
                _ => self.take_correlation(),
            };
            let body = PartitionRaftBody::Raft(message);
            let message = Message::PartitionRaft(Box::new(PartitionRaftMessage { partition: id, body }));
            out.send(to, correlation, message);
        }
        let changes = raft.happened.iter().filter(|event| self.on_raft_event(now, id, event, out)).count();
        if changes > 0 {
            self.complete_delayed_requests(image, id, out);
        }
        given
    }

    /// Says what happened in a group, and keeps the partition beside it in step. Returns whether requests that wait
    /// may be answered now.
    fn on_raft_event(&mut self, now: Time, id: TopicPartition, event: &RaftEvent, out: &mut Out) -> bool {
        match *event {
            RaftEvent::ElectionStarted { epoch, pre_vote } => {
                self.follow(id, if pre_vote { None } else { Some(epoch) }, None);
                out.note(Note::RaftElectionStarted { partition: id, epoch, pre_vote });
                false
            }
            RaftEvent::Voted { epoch, candidate } => {
                out.note(Note::RaftVoteGranted { partition: id, epoch, candidate });
                false
            }
            RaftEvent::VoteRefused { epoch, candidate, why } => {
                out.note(Note::RaftVoteRefused { partition: id, epoch, candidate, reason: why });
                false
            }
            RaftEvent::BecameLeader { epoch, votes, epoch_start } => {
                out.note(Note::RaftLeaderElected { partition: id, epoch, votes });
                self.lead(now, id, epoch, epoch_start, out);
                true
            }
            RaftEvent::BecameFollower { epoch, leader } => {
                let led = self.follow(id, Some(epoch), leader);
                if led || leader.is_some() {
                    let leo = self.disk.replicas.get(&id).map_or(Offset(0), |replica| replica.leo());
                    out.note(Note::BecameFollower { partition: id, epoch, leader, leo });
                }
                led
            }
            RaftEvent::Resigned { epoch } => {
                out.note(Note::RaftLeaderResigned { partition: id, epoch });
                false
            }
            RaftEvent::Replicated { from, to, leader } => {
                let count = to.saturating_sub(from) as u32;
                out.note(Note::RecordsReplicated { partition: id, base: from, count, leader });
                false
            }
            RaftEvent::Truncated { from, to, .. } => {
                let Some(partition) = self.partitions.get_mut(&id) else { return false };
                let (leader_epoch, hw) = (partition.leader_epoch, partition.hw);
                partition.hw = hw.min(to);
                out.note(Note::LogTruncated { partition: id, from, to, leader_epoch, hw });
                false
            }
            RaftEvent::Committed { from, to } => self.commit(id, from, to, out),
        }
    }

    fn lead(
        &mut self,
        now: Time,
        id: TopicPartition,
        epoch: LeaderEpoch,
        epoch_start: Offset,
        out: &mut Out,
    ) {
        let members = self.rafts.as_ref().and_then(|rafts| rafts.groups.get(&id)).map(RaftGroup::members);
        let Some(partition) = self.partitions.get_mut(&id) else { return };
        let mut leader = LeaderState::new(epoch_start);
        leader.assign(&members.unwrap_or_default(), self.me);
        leader.begin_epoch(epoch, epoch_start, true, now);
        partition.role = Role::Leader(leader);
        partition.leader_epoch = epoch;
        out.note(Note::BecameLeader { partition: id, epoch, epoch_start, hw: partition.hw });
    }

    /// Follows `leader`, or nobody. Returns whether it led.
    fn follow(&mut self, id: TopicPartition, epoch: Option<LeaderEpoch>, leader: Option<NodeId>) -> bool {
        let Some(partition) = self.partitions.get_mut(&id) else { return false };
        let led = partition.is_leader();
        partition.leader_epoch = epoch.unwrap_or(partition.leader_epoch);
        partition.role = Role::Follower(Following { leader, fetch: FetchState::Idle, asked: None });
        led
    }

    fn commit(&mut self, id: TopicPartition, from: Offset, to: Offset, out: &mut Out) -> bool {
        let Some(partition) = self.partitions.get_mut(&id) else { return false };
        partition.hw = to;
        let group = self.rafts.as_ref().and_then(|rafts| rafts.groups.get(&id));
        if let Some(leader) = group.and_then(RaftGroup::as_leader) {
            let have = leader.progress.iter().filter(|follower| follower.matched >= to);
            let holders = have.map(|follower| follower.id).collect::<NodeList>().with(self.me).sorted();
            out.note(Note::RaftCommitted { partition: id, from, to, holders });
        }
        true
    }

    /// Appends produced records as the leader of a group. Returns the first offset and the log end after it.
    pub(in super::super) fn append_to_group(
        &mut self,
        now: Time,
        image: &Image,
        id: TopicPartition,
        records: Vec<Record>,
        out: &mut Out,
    ) -> Option<(Offset, Offset)> {
        let end = |base: Offset, count: usize| base.plus(count as u64);
        let count = records.len();
        let replica = self.disk.replicas.get(&id)?;
        let (base, epoch) = (replica.leo(), replica.vote.epoch);
        out.note(Note::RecordsAppended { partition: id, base, count: count as u32, epoch });
        let base = self.with_group(now, image, id, None, out, |group, disk, out| {
            group.append(disk, now, records, out)
        })?;
        self.arm_rafts(now, out);
        Some((base, end(base, count)))
    }

    /// A message of another replica.
    pub(in super::super) fn on_raft_message(
        &mut self,
        now: Time,
        image: &Image,
        (from, correlation): (NodeId, Correlation),
        message: PartitionRaftMessage,
        out: &mut Out,
    ) {
        let id = message.partition;
        match message.body {
            PartitionRaftBody::Raft(message) => {
                let appends = matches!(&message, crate::wire::RaftMessage::Append(request) if !request.entries.is_empty());
                if appends && self.append_fails(id, out) {
                    return;
                }
                self.with_group(now, image, id, Some(correlation), out, |group, disk, out| {
                    group.on_message(disk, now, from, message, out);
                });
                self.settle_reads(now, image, id, out);
            }
            PartitionRaftBody::AskRecord(offset) => {
                let entry = self.disk.replicas.get(&id).and_then(|replica| replica.log.get(offset).copied());
                let body = PartitionRaftBody::RecordAnswer(offset, entry);
                let answer = PartitionRaftMessage { partition: id, body };
                out.respond(from, correlation, Message::PartitionRaft(Box::new(answer)));
            }
            PartitionRaftBody::RecordAnswer(offset, entry) => {
                self.on_record_answer(now, image, (from, correlation), (id, offset), entry, out);
            }
        }
        self.arm_rafts(now, out);
    }

    /// The earliest deadline is reached: everything that is due now has its turn. A timer that runs out early, on a
    /// clock that is fast, is taken at its word.
    pub(in super::super) fn on_rafts_due(&mut self, now: Time, image: &Image, out: &mut Out) {
        let Some(rafts) = &mut self.rafts else { return };
        for (time, due) in rafts.take_due(now) {
            match due {
                Due::Group(id) => {
                    self.with_group(now, image, id, None, out, |group, disk, out| {
                        group.on_deadline(disk, now, out);
                    });
                    self.keep_deadline(id, time);
                    self.settle_reads(now, image, id, out);
                }
                Due::Read(key) => self.expire_read(now, image, key, out),
            }
        }
        self.arm_rafts(now, out);
    }

    /// A group whose deadline is what it was is still in the index, unless its disk has failed.
    fn keep_deadline(&mut self, id: TopicPartition, time: Time) {
        let fences = self.settings.features.io_error_fences_log;
        let closed = self.disk.replicas.get(&id).is_none_or(|replica| replica.is_closed(fences));
        if let Some(rafts) = &mut self.rafts
            && !closed
            && rafts.groups.get(&id).is_some_and(|group| group.deadline() == time)
        {
            rafts.due.insert((time, Due::Group(id)));
        }
    }

    pub(super) fn arm_rafts(&mut self, now: Time, out: &mut Out) {
        if let Some(rafts) = &mut self.rafts {
            rafts.arm(now, out);
        }
    }

    /// What clients are told of a partition. A replica names the leader of its epoch; one that knows none names the epoch
    /// of its last record, in which somebody led: those in which it stands for election in vain are nobody's. A broker
    /// without a replica names any replica that lives, another one each time: that one knows better, or the next one
    /// does.
    pub(in super::super) fn describe_group(
        &self,
        image: &Image,
        id: TopicPartition,
        out: &mut Out,
    ) -> PartitionMetadata {
        let group = self.rafts.as_ref().and_then(|rafts| rafts.groups.get(&id));
        match (group, self.disk.replicas.get(&id)) {
            (Some(group), Some(replica)) => {
                let leader = group.leader();
                let led = || replica.latest_epoch().unwrap_or_default();
                let leader_epoch = Some(leader.map_or_else(led, |_| replica.vote.epoch));
                PartitionMetadata { partition: id, leader, leader_epoch }
            }
            _ => {
                let replicas = image.partitions.get(&id).map(|registration| registration.replicas);
                let replicas = replicas.unwrap_or_default();
                let alive: NodeList = replicas.iter().filter(|&replica| image.is_active(replica)).collect();
                let guess = (!alive.is_empty()).then(|| alive.as_slice()[out.pick(alive.len()) as usize]);
                PartitionMetadata { partition: id, leader: guess, leader_epoch: None }
            }
        }
    }
}
