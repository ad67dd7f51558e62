//! The serving side of `Fetch`: answer at once, or park until there is something to say.
//!
//! Keeps: the answer carries the high watermark from before the read, so a follower learns the effect of its
//! own fetch with the next one; a moved high watermark alone wakes no parked follower (2.4 and 2.5 answered a follower
//! at once for it, KAFKA-9952 took that back; no release here is one of them).
//! Source: `ReplicaManager.fetchMessages`, `readFromLog`, `Partition.updateFollowerFetchState`,
//! `DelayedFetch`, `KafkaApis.handleFetchRequest`.

use super::isr::Standing;
use super::manager::{Ctx, ReplicaManager};
use super::partition::Role;
use super::purgatory::DelayedFetch;
use super::rafts::Question;
use super::read::{FetchingReplica, Readable, check_fetch, check_leader};
use super::read_replica::preferred;
use crate::id::{Correlation, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::time::{Span, Time};
use crate::wire::{
    ErrorCode, FetchPartition, FetchRequest, FetchResponse, Fetched, FetchedPartition, Fetcher, LeaderHint,
    Message,
};
use alloc::vec::Vec;

impl ReplicaManager {
    pub(super) fn on_fetch(
        &mut self,
        now: Time,
        image: &Image,
        ctx: Ctx,
        (from, correlation): (NodeId, Correlation),
        request: FetchRequest,
        out: &mut Out,
    ) {
        let request = match request.fetcher {
            Fetcher::Consumer => {
                let question = Question::Fetch(request);
                match self.hold_read(now, image, (from, correlation), question, out) {
                    Some(Question::Fetch(request)) => request,
                    _ => return,
                }
            }
            Fetcher::Replica(..) => request,
        };
        let replica = fetching_replica(&request, Some(image));
        let at_once = request.max_wait == Span::ZERO || self.is_satisfied(image, &request, replica.as_ref());
        // The answers are read before the follower's progress is noted: they carry the older high watermark.
        let answers = at_once.then(|| self.read(image, &request, replica.as_ref(), from, out));
        if let Some(replica) = replica {
            self.note_progress(now, image, ctx, &request, &replica, out);
        }
        self.respond_or_park(answers, (from, correlation), now, request, out);
    }

    /// Answers a consumer now, or when there is something to say.
    pub(super) fn answer_or_park(
        &mut self,
        image: &Image,
        asker: (NodeId, Correlation),
        asked: Time,
        request: FetchRequest,
        out: &mut Out,
    ) {
        let at_once = request.max_wait == Span::ZERO || self.is_satisfied(image, &request, None);
        let answers = at_once.then(|| self.read(image, &request, None, asker.0, out));
        self.respond_or_park(answers, asker, asked, request, out);
    }

    fn respond_or_park(
        &mut self,
        answers: Option<Vec<FetchedPartition>>,
        (from, correlation): (NodeId, Correlation),
        asked: Time,
        request: FetchRequest,
        out: &mut Out,
    ) {
        match answers {
            Some(partitions) => {
                self.note_answers(asked, from, &partitions);
                out.respond(from, correlation, Message::FetchResponse(FetchResponse { partitions }));
            }
            None => {
                let max_wait = request.max_wait;
                let key = self.fetches.park(DelayedFetch { from, correlation, request, asked });
                out.arm(Timer::DelayedFetch(key), max_wait);
            }
        }
    }

    /// Whether a fetch is to be answered now: enough records, an error, logs that part, or a better replica to read.
    fn is_satisfied(&self, image: &Image, request: &FetchRequest, replica: Option<&FetchingReplica>) -> bool {
        let mut records = 0;
        let mut known = false;
        for asked in &request.partitions {
            match self.check(image, request, asked, replica) {
                Ok(Readable::Until(end)) => {
                    known = true;
                    records += end.saturating_sub(asked.fetch_offset).min(u64::from(asked.max_records));
                    if records >= u64::from(request.min_records) {
                        return true;
                    }
                }
                // A partition that the metadata does not know gets its error with whatever the others bring.
                Err(ErrorCode::UnknownTopicId | ErrorCode::UnknownTopicOrPartition) => {}
                Ok(Readable::Diverging(_) | Readable::Elsewhere(_)) | Err(_) => return true,
            }
        }
        !known
    }

    /// The checks of one partition, in Kafka's order.
    fn check(
        &self,
        image: &Image,
        request: &FetchRequest,
        asked: &FetchPartition,
        replica: Option<&FetchingReplica>,
    ) -> Result<Readable, ErrorCode> {
        let (Some(partition), Some(log)) =
            (self.partitions.get(&asked.partition), self.disk.replicas.get(&asked.partition))
        else {
            return Err(not_hosted(image, asked.partition));
        };
        if self.rafts.is_some() {
            check_leader(partition, asked.current_leader_epoch)?;
            self.check_confirmable(asked.partition)?;
            self.check_complete(asked.partition, asked.fetch_offset, None)?;
            return check_fetch(partition, log, asked, replica, &self.settings.features);
        }
        let checked = check_fetch(partition, log, asked, replica, &self.settings.features);
        // A consumer is sent elsewhere even if this very replica does not hold its offset, but not in another epoch.
        if replica.is_none()
            && matches!(checked, Ok(_) | Err(ErrorCode::OffsetOutOfRange))
            && let Some(leader) = partition.as_leader()
            && let (offset, rack) = (asked.fetch_offset, request.rack)
            && let Some(id) = preferred(self.me, leader, offset, rack, image, &self.settings)
        {
            return Ok(Readable::Elsewhere(id));
        }
        checked
    }

    /// Reads what every partition of the request has to offer.
    pub(super) fn read(
        &self,
        image: &Image,
        request: &FetchRequest,
        replica: Option<&FetchingReplica>,
        from: NodeId,
        out: &mut Out,
    ) -> Vec<FetchedPartition> {
        let mut answers = Vec::with_capacity(request.partitions.len());
        for asked in &request.partitions {
            let checked = self.check(image, request, asked, replica);
            if let Ok(Readable::Diverging(end)) = checked {
                let (partition, fetch_offset) = (asked.partition, asked.fetch_offset);
                let note = Note::LogDiverged {
                    partition,
                    follower: from,
                    fetch_offset,
                    epoch: end.epoch,
                    end: end.end,
                };
                out.note(note);
            }
            if let Err(error) = checked {
                out.note(Note::FetchRefused { partition: asked.partition, from, error });
            }
            answers.push(self.read_one(image, asked, checked));
        }
        answers
    }

    fn read_one(
        &self,
        image: &Image,
        asked: &FetchPartition,
        checked: Result<Readable, ErrorCode>,
    ) -> FetchedPartition {
        let partition = asked.partition;
        let mut answer = FetchedPartition {
            partition,
            error: ErrorCode::None,
            high_watermark: Offset(0),
            log_start_offset: Offset(0),
            current_leader: None,
            preferred_read_replica: None,
            data: Fetched::Records(Vec::new()),
        };
        let log = self.disk.replicas.get(&partition);
        match checked {
            Err(error) => {
                answer.error = error;
                if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
                    let refers =
                        |hint: &LeaderHint| hint.leader != self.me || error != ErrorCode::NotLeaderOrFollower;
                    answer.current_leader = self.leader_hint(image, partition).filter(refers);
                }
                return answer;
            }
            Ok(Readable::Diverging(end)) => answer.data = Fetched::Diverging(end),
            Ok(Readable::Elsewhere(id)) => answer.preferred_read_replica = Some(id),
            Ok(Readable::Until(end)) => {
                if let Some(log) = log
                    && asked.fetch_offset < end
                {
                    let most = u64::from(asked.max_records);
                    answer.data = Fetched::Records(log.read(asked.fetch_offset, end, most));
                }
            }
        }
        answer.high_watermark = self.partitions.get(&partition).map_or(Offset(0), |state| state.hw);
        answer.log_start_offset = log.map_or(Offset(0), |log| log.log.start());
        answer
    }

    /// Learns the follower's log ends from its fetch offsets; that may grow the ISR and move high watermarks.
    fn note_progress(
        &mut self,
        now: Time,
        image: &Image,
        ctx: Ctx,
        request: &FetchRequest,
        replica: &FetchingReplica,
        out: &mut Out,
    ) {
        let mut proposed = false;
        let mut advanced: Vec<TopicPartition> = Vec::new();
        for asked in &request.partitions {
            let id = asked.partition;
            let features = &self.settings.features;
            match self.check(image, request, asked, Some(replica)) {
                Ok(Readable::Until(_)) => {}
                // Before KAFKA-13141 a fetch that is told to truncate counted as well.
                Ok(Readable::Diverging(_)) if !features.diverging_fetch_is_no_progress => {}
                Ok(Readable::Diverging(_) | Readable::Elsewhere(_)) | Err(_) => continue,
            }
            let Some(leo) = self.disk.replicas.get(&id).map(|log| log.leo()) else { continue };
            let Some(partition) = self.partitions.get_mut(&id) else { continue };
            let (epoch, hw) = (partition.leader_epoch, partition.hw);
            let Role::Leader(leader) = &mut partition.role else { continue };
            let Some(follower) = leader.follower_mut(replica.id) else { continue };
            let epochs = (replica.broker_epoch, asked.current_leader_epoch.unwrap_or(epoch));
            let moved = follower.on_fetch(asked.fetch_offset, epochs, leo, now);
            follower.log_start = Some(asked.log_start_offset);
            if let Some(standing) = replica.standing
                && leader.should_expand(replica.id, (epoch, hw), standing, features)
            {
                proposed |= self.propose_expand(id, replica.id, ctx, out);
            }
            if moved
                && let Some(partition) = self.partitions.get_mut(&id)
                && partition.maybe_increment_hw(id, leo, now, image, &self.settings, out)
            {
                advanced.push(id);
            }
        }
        for id in advanced {
            self.complete_delayed_requests(image, id, out);
        }
        self.complete_deletes(image, out);
        if proposed {
            self.propagate_isr_changes(ctx, out);
        }
    }

    /// Something happened to `partition`: answers the parked requests that were waiting for it.
    pub(super) fn complete_delayed_requests(
        &mut self,
        image: &Image,
        partition: TopicPartition,
        out: &mut Out,
    ) {
        self.complete_fetches(image, partition, out);
        self.complete_produces(image, partition, out);
    }

    /// Answers the parked fetches of `partition` that are satisfied.
    pub(super) fn complete_fetches(&mut self, image: &Image, partition: TopicPartition, out: &mut Out) {
        for key in 0..self.fetches.keys_end() {
            let Some(fetch) = self.fetches.get(key) else { continue };
            if fetch.wants(partition)
                && self.is_satisfied(image, &fetch.request, fetching_replica(&fetch.request, None).as_ref())
            {
                out.disarm(Timer::DelayedFetch(key));
                self.expire_fetch(image, key, out);
            }
        }
    }

    /// Answers a parked fetch with what there is.
    pub(super) fn expire_fetch(&mut self, image: &Image, key: u32, out: &mut Out) {
        let Some(DelayedFetch { from, correlation, request, asked }) = self.fetches.take(key) else { return };
        let replica = fetching_replica(&request, None);
        let partitions = self.read(image, &request, replica.as_ref(), from, out);
        self.note_answers(asked, from, &partitions);
        out.respond(from, correlation, Message::FetchResponse(FetchResponse { partitions }));
    }

    /// Forgets what a disconnected node is waiting for.
    pub(super) fn drop_parked_requests_of(&mut self, node: NodeId, out: &mut Out) {
        for key in 0..self.fetches.keys_end() {
            if self.fetches.get(key).is_some_and(|fetch| fetch.from == node) {
                self.fetches.take(key);
                out.disarm(Timer::DelayedFetch(key));
            }
        }
        self.drop_reads_of(node);
        // What it has sent but nobody has read is gone with the connection.
        self.held_back.retain(|held| held.from != node);
        for key in 0..self.produces.keys_end() {
            if self.produces.get(key).is_some_and(|produce| produce.from == node) {
                self.produces.take(key);
                out.disarm(Timer::DelayedProduce(key));
            }
        }
    }

    /// Who leads `partition` as far as this broker knows (KIP-951).
    pub(super) fn leader_hint(&self, image: &Image, partition: TopicPartition) -> Option<LeaderHint> {
        let (leader, leader_epoch) = match self.partitions.get(&partition) {
            Some(state) => match &state.role {
                Role::Leader(_) => (Some(self.me), state.leader_epoch),
                Role::Follower(following) => (following.leader, state.leader_epoch),
            },
            // Only replicas know whom their group has elected.
            None if self.rafts.is_some() => return None,
            None => image.partitions.get(&partition).map(|p| (p.leader, p.leader_epoch))?,
        };
        Some(LeaderHint { leader: leader?, leader_epoch })
    }
}

/// The follower that fetches, if it is one. The image is left out when a parked request is read again: the
/// follower's state is not touched then, and its broker epoch does not matter.
fn fetching_replica(request: &FetchRequest, image: Option<&Image>) -> Option<FetchingReplica> {
    match request.fetcher {
        Fetcher::Consumer => None,
        Fetcher::Replica(id, broker_epoch) => {
            let standing = image.map(|image| Standing::of(image, id));
            Some(FetchingReplica { id, broker_epoch, standing })
        }
    }
}

/// The error for a partition that has no replica here.
pub(super) fn not_hosted(image: &Image, partition: TopicPartition) -> ErrorCode {
    if image.partitions.contains_key(&partition) {
        ErrorCode::NotLeaderOrFollower
    } else if image.topics.contains_key(&partition.topic) {
        ErrorCode::UnknownTopicOrPartition
    } else {
        ErrorCode::UnknownTopicId
    }
}
