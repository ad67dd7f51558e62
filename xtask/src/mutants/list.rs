//! The mutants: each takes one rule out of the core.
//!
//! First the guards that the TLA+ models of Kafka's replication mark with CHECK (their removal must lose data), then
//! the rules of the quorum, of the ISR and of the log.

/// One change of the source.
#[derive(Debug)]
pub(super) struct Mutant {
    /// What it takes away.
    pub(super) name: &'static str,
    /// The file, below the top folder.
    pub(super) file: &'static str,
    /// The text as it stands, exactly once.
    pub(super) from: &'static str,
    /// What stands there instead.
    pub(super) to: &'static str,
    /// Why nothing notices, when that is right.
    pub(super) survives: Option<&'static str>,
}

const fn mutant(name: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Mutant {
    Mutant { name, file, from, to, survives: None }
}

impl Mutant {
    /// The same, with the reason why nothing can notice it.
    const fn survives(mut self, reason: &'static str) -> Self {
        self.survives = Some(reason);
        self
    }
}

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "check 2: a fetcher keeps its old leader epoch",
        "core/src/replication/follower.rs",
        "let same_epoch = asked.0 == epoch ||",
        "let same_epoch = asked.0 <= epoch ||",
    ),
    mutant(
        "check 3: a new leader keeps what it knew of followers",
        "core/src/replication/leader.rs",
        "            if new_leader {\n",
        "            if new_leader && follower.leo.is_none() {\n",
    ),
    mutant(
        "check 4: an unknown log end may join the ISR",
        "core/src/replication/isr.rs",
        "follower.leo.is_some_and(|leo| leo >= from) && standing",
        "follower.leo.is_none_or(|leo| leo >= from) && standing",
    )
    .survives("the question is only asked after a fetch of that follower, which has just said its log end"),
    mutant(
        "check 5: expansion does not wait for the high watermark",
        "core/src/replication/isr.rs",
        "self.epoch_start.max(hw) } else { hw };",
        "self.epoch_start } else { Offset(0) };",
    ),
    mutant(
        "check 6: expansion does not wait for the epoch start",
        "core/src/replication/isr.rs",
        "{ self.epoch_start.max(hw) } else",
        "{ hw } else",
    ),
    mutant(
        "check 7: an answer for another fetch offset is applied",
        "core/src/replication/follower.rs",
        "let unchanged = same_epoch && asked.1 == replica.leo() &&",
        "let unchanged = same_epoch &&",
    )
    .survives("only the one answer that is waited for moves a follower's log end; whatever else does begins a new fetch state"),
    mutant(
        "check 8: an answer of another leader epoch is applied",
        "core/src/replication/follower.rs",
        "let unchanged = same_epoch && asked.1",
        "let unchanged = asked.1",
    ),
    mutant(
        "check 9: AlterPartition ignores broker epochs",
        "core/src/metadata/alter_partition.rs",
        "epoch.is_none_or(|epoch| epoch == broker.broker_epoch)",
        "epoch.is_none_or(|_| broker.broker_epoch.0 > 0)",
    ),
    mutant(
        "check 10: AlterPartition ignores an old partition epoch",
        "core/src/metadata/alter_partition.rs",
        "if proposal.partition_epoch != registration.partition_epoch {",
        "if proposal.partition_epoch.0 + 9 < registration.partition_epoch.0 {",
    ),
    mutant(
        "quorum: a majority is half of the voters",
        "core/src/quorum.rs",
        "    voters / 2 + 1",
        "    voters.div_ceil(2)",
    ),
    mutant(
        "quorum: the high watermark takes the best voter",
        "core/src/quorum.rs",
        "ends.get(voters as usize / 2).copied().flatten()",
        "ends.first().copied().flatten()",
    ),
    mutant(
        "quorum: a leader commits records of earlier epochs",
        "core/src/kraft/leader.rs",
        "candidate > self.epoch_start && hw.is_none_or",
        "hw.is_none_or",
    ),
    mutant(
        "quorum: a voter votes twice in an epoch",
        "core/src/kraft/vote.rs",
        "                (Some(_), _) => Err(VoteRefusal::VotedForOther),",
        "                (Some(_), _) => up_to_date,",
    ),
    mutant(
        "quorum: a vote is granted to a shorter log",
        "core/src/kraft/vote.rs",
        "let up_to_date = if theirs >= mine { Ok(()) }",
        "let up_to_date = if theirs >= mine || theirs < mine { Ok(()) }",
    ),
    mutant(
        "quorum: a vote of an old epoch is granted",
        "core/src/kraft/vote.rs",
        "if request.replica_epoch < self.epoch() {",
        "if request.replica_epoch.0 + 1 < self.epoch().0 {",
    ),
    mutant(
        "quorum: a follower grants votes although it knows a leader",
        "core/src/kraft/vote.rs",
        "            Role::Follower { .. } => Err(VoteRefusal::LeaderKnown),",
        "            Role::Follower { .. } => up_to_date,",
    ),
    mutant(
        "quorum: a pre-vote is recorded as a vote",
        "core/src/kraft/vote.rs",
        "if !request.pre_vote && self.voted().is_none()",
        "if self.voted().is_none()",
    ),
    mutant(
        "quorum: a fetch of an old epoch is served",
        "core/src/kraft/fetch.rs",
        "        if epoch < self.epoch() {\n            ErrorCode::FencedLeaderEpoch",
        "        if epoch.0 + 99 < self.epoch().0 {\n            ErrorCode::FencedLeaderEpoch",
    ),
    mutant(
        "quorum: a diverging log is fed from its end",
        "core/src/kraft/fetch.rs",
        "            _ => self.disk.validate(request.fetch_offset, request.last_fetched_epoch.unwrap_or_default()),",
        "            _ => self.disk.validate(request.fetch_offset, self.disk.last_epoch().unwrap_or_default()),",
    ),
    mutant(
        "quorum: check quorum counts one voter many times",
        "core/src/kraft/leader.rs",
        "        self.fetched |= bit(position);\n        if self.fetched.count_ones() < others {",
        "        self.fetched |= bit(position);\n        if others > 1 && self.fetched == 0 {",
    ),
    mutant(
        "quorum: a follower's high watermark goes beyond its log",
        "core/src/kraft/follow.rs",
        "hw.map(|hw| hw.min(self.disk.log.end()))",
        "hw",
    ),
    mutant(
        "quorum: the metadata log is cut below its high watermark",
        "core/src/kraft/follow.rs",
        "if to < self.log_hw || self.hw.is_some_and(|hw| at.end < hw) {",
        "if false && to < self.log_hw {",
    ),
    mutant(
        "quorum: truncation ignores the follower's own end of the epoch",
        "core/src/kraft/follow.rs",
        "if mine.epoch == at.epoch { mine.end.min(at.end) } else { mine.end }",
        "if mine.epoch == at.epoch { at.end.min(end) } else { mine.end }",
    ),
    mutant(
        "quorum: fetched records are not flushed",
        "core/src/kraft/follow.rs",
        "            if self.flushes() {\n                self.disk.log.flush();",
        "            if !self.flushes() {\n                self.disk.log.flush();",
    ),
    mutant(
        "quorum: an answer of an old epoch is applied",
        "core/src/kraft/vote.rs",
        "if epoch < self.epoch() || error == ErrorCode::UnknownLeaderEpoch {",
        "if error == ErrorCode::UnknownLeaderEpoch {",
    ),
    mutant(
        "controller: a fenced broker may be in an ISR",
        "core/src/metadata/alter_partition.rs",
        "registered.is_some_and(|broker| broker.is_active())",
        "registered.is_some()",
    ),
    mutant(
        "controller: anybody may change an ISR",
        "core/src/metadata/alter_partition.rs",
        "if registration.leader != Some(sender) {",
        "if registration.leader.is_none() {",
    ),
    mutant(
        "controller: an ISR change of an old leader epoch is taken",
        "core/src/metadata/alter_partition.rs",
        "if proposal.leader_epoch != registration.leader_epoch {",
        "if proposal.leader_epoch.0 + 9 < registration.leader_epoch.0 {",
    ),
    mutant(
        "controller: a broker is unfenced before it has caught up",
        "core/src/metadata/heartbeat.rs",
        "Fenced if !request.want_fence && self.is_caught_up(request) => Unfenced,",
        "Fenced if !request.want_fence => Unfenced,",
    ),
    mutant(
        "controller: a shutdown does not wait for the others",
        "core/src/metadata/heartbeat.rs",
        "ControlledShutdown if !self.leads && self.others_caught_up => ShutdownNow,",
        "ControlledShutdown if !self.leads => ShutdownNow,",
    ),
    mutant(
        "controller: a broker leaves while it leads",
        "core/src/metadata/heartbeat.rs",
        "Unfenced if request.want_shut_down && self.leads => ControlledShutdown,",
        "Unfenced if request.want_shut_down && !self.leads => ControlledShutdown,",
    ),
    mutant(
        "controller: a second life registers while the first one's session lives",
        "core/src/metadata/registration.rs",
        "        return Err(ErrorCode::DuplicateBrokerRegistration);",
        "        heartbeats.remove(broker);",
    ),
    mutant(
        "controller: every restart counts as a clean one",
        "core/src/metadata/registration.rs",
        "existing.is_some_and(|old| request.previous_broker_epoch == Some(old.broker_epoch))",
        "existing.is_some()",
    ),
    mutant(
        "controller: a restart leaves the old life in the ISR",
        "core/src/metadata/registration.rs",
        "    clean_up(image, settings, broker, clean, decision);\n",
        "    let _ = clean;\n",
    ),
    mutant(
        "partition: the high watermark ignores the ISR",
        "core/src/replication/watermark.rs",
        "let waits_for_it = leader.isr.holds_hw(follower.id, features)\n            ||",
        "let waits_for_it = false\n            ||",
    ),
    mutant(
        "partition: the high watermark ignores unknown log ends",
        "core/src/replication/watermark.rs",
        "            lowest = known?;",
        "            lowest = known.unwrap_or(lowest);",
    ),
    mutant(
        "partition: the high watermark goes back",
        "core/src/replication/watermark.rs",
        "        if hw <= self.hw {\n            return false;\n        }",
        "        if hw == self.hw {\n            return false;\n        }",
    ),
    mutant(
        "partition: the high watermark moves below min ISR",
        "core/src/replication/watermark.rs",
        "if settings.features.strict_min_isr && isr.len() < min_isr {",
        "if settings.features.strict_min_isr && isr.len() + 1 < min_isr {",
    ),
    mutant(
        "partition: acks=all is taken below min ISR",
        "core/src/replication/produce.rs",
        "if acks == Acks::All && !raft && leader.isr.committed().len() < min_isr {",
        "if acks == Acks::All && !raft && leader.isr.committed().len() + 1 < min_isr {",
    ),
    mutant(
        "partition: acks=all is answered before the high watermark",
        "core/src/replication/produce.rs",
        "        if partition.hw < required {\n            return None;",
        "        if partition.hw.next() < required {\n            return None;",
    ),
    mutant(
        "partition: a consumer reads above the high watermark",
        "core/src/replication/read.rs",
        "return Ok(Readable::Until(partition.hw)) };",
        "return Ok(Readable::Until(log.leo())) };",
    ),
    mutant(
        "partition: a fetch of an old leader epoch is served",
        "core/src/replication/read.rs",
        "Some(epoch) if epoch < partition.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),",
        "Some(epoch) if epoch.0 + 9 < partition.leader_epoch.0 => Err(ErrorCode::FencedLeaderEpoch),",
    ),
    mutant(
        "partition: a fetch of a future leader epoch is served",
        "core/src/replication/read.rs",
        "Some(epoch) if epoch > partition.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),",
        "Some(epoch) if epoch.0 > partition.leader_epoch.0 + 9 => Err(ErrorCode::UnknownLeaderEpoch),",
    ),
    mutant(
        "partition: a diverging follower is fed from its end",
        "core/src/replication/read.rs",
        "if end.epoch < last_epoch || end.end < asked.fetch_offset {",
        "if end.epoch < last_epoch && end.end < asked.fetch_offset {",
    ),
    mutant(
        "partition: a fetch of an earlier life counts",
        "core/src/replication/isr.rs",
        "fetch_epoch.is_some_and(|epoch| self.alive_epoch.is_some_and(|alive| alive > epoch))",
        "fetch_epoch.is_some_and(|epoch| self.alive_epoch.is_some_and(|alive| alive.0 > epoch.0 + 100_000))",
    ),
    mutant(
        "partition: a broker that shuts down may join the ISR",
        "core/src/replication/isr.rs",
        "self.alive_epoch.is_some() && !self.shutting_down",
        "self.alive_epoch.is_some()",
    ),
    mutant(
        "partition: a member that shrinks out is forgotten at once",
        "core/src/replication/isr.rs",
        "isr.contains(id) && (features.shrink_waits_for_answer || !out.contains(id))",
        "isr.contains(id) && !out.contains(id)",
    ),
    mutant(
        "partition: a joining replica is not waited for",
        "core/src/replication/isr.rs",
        "isr.contains(id) || (joining == id && features.maximal_isr)",
        "isr.contains(id)",
    ),
    mutant(
        "partition: truncation ignores the follower's own end of the epoch",
        "core/src/replication/truncation.rs",
        "Some(mine) if mine.epoch == diverging.epoch => mine.end.min(diverging.end).min(leo),",
        "Some(mine) if mine.epoch == diverging.epoch => diverging.end.min(leo),",
    ),
    mutant(
        "partition: truncation ignores the leader's end of the epoch",
        "core/src/replication/truncation.rs",
        "Some(mine) if mine.epoch == diverging.epoch => mine.end.min(diverging.end).min(leo),",
        "Some(mine) if mine.epoch == diverging.epoch => mine.end.min(leo),",
    ),
    mutant(
        "partition: a follower takes batches of later epochs",
        "core/src/replication/follower.rs",
        "takes_all || entry.epoch <= epoch",
        "takes_all || entry.epoch >= epoch || entry.epoch <= epoch",
    ),
    mutant(
        "partition: a follower's high watermark exceeds its log",
        "core/src/replication/follower.rs",
        "                partition.append_as_follower(now, id, replica, (leader, &records), features, out);\n                partition.hw = answer.high_watermark.clamp(replica.log.start(), replica.leo());",
        "                partition.append_as_follower(now, id, replica, (leader, &records), features, out);\n                partition.hw = answer.high_watermark;",
    ),
    mutant(
        "partition: a lagging member is never removed",
        "core/src/replication/isr.rs",
        "if follower.is_none_or(|f| !f.is_caught_up(leo, now, max_lag)) {",
        "if follower.is_none_or(|f| f.leo.is_none() && !f.is_caught_up(leo, now, max_lag)) {",
    ),
    mutant(
        "partition: a second ISR change starts before the first is answered",
        "core/src/replication/isr.rs",
        "if self.isr.is_in_flight() || self.isr.committed().contains(id) {",
        "if self.isr.committed().contains(id) {",
    ),
    mutant(
        "epoch cache: an epoch above the latest is answered",
        "core/src/epochs.rs",
        "        if epoch > latest.epoch {\n            return None;",
        "        if epoch > latest.epoch {\n            return Some(EpochEnd { epoch, end: leo });",
    ),
    mutant(
        "epoch cache: truncation leaves the entry at the end",
        "core/src/epochs.rs",
        "while self.latest().is_some_and(|last| last.start >= end)",
        "while self.latest().is_some_and(|last| last.start > end)",
    ),
    mutant(
        "epoch cache: an assignment keeps later entries",
        "core/src/epochs.rs",
        "last.epoch >= epoch || last.start >= start",
        "last.epoch >= epoch",
    ),
];
