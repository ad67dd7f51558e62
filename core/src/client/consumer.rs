//! A consumer that reads every partition of its topics, from the beginning on: its application seeks there at start.
//!
//! With a group it reads what the group gives it ([`super::membership`]). How positions are found and validated stands
//! in [`super::offsets`]. Invariants: one fetch in flight per broker; a position moves only over records that the application has got, or by a reset that is told;
//! an answer that does not continue the position is dropped.
//! Sources: `AbstractFetch`, `FetchCollector`, KIP-320 (epochs), KIP-392 (read replicas), KIP-951 (hints).
//!
//! Left out: fetch sessions, transactions, an application that takes its time.

use super::membership::Membership;
use super::metadata::LeaderAndEpoch;
use super::network::{Answer, NetworkClient};
use super::offsets::{LookupInFlight, ValidationInFlight};
use super::retriable::is_invalid_metadata;
use super::subscription::{Consumed, Position};
use crate::config::Settings;
use crate::id::{Correlation, NodeId, NodeList, Offset, Text, TopicPartition};
use crate::node::{Command, Input, Out, Outcome, Timer};
use crate::note::Note;
use crate::record::{Entry, Record};
use crate::time::Time;
use crate::wire::{
    Envelope, ErrorCode, FetchPartition, FetchRequest, FetchResponse, Fetched, FetchedPartition, Fetcher,
    Message,
};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How many records a consumer remembers.
const LAST_RECORDS: usize = 16;

/// A consumer's own limit of requests in flight per connection, which nobody can set
/// (`ConsumerUtils.CONSUMER_MAX_INFLIGHT_REQUESTS_PER_CONNECTION`): metadata may be asked for while a fetch waits.
const MAX_IN_FLIGHT: u32 = 100;

/// What a consumer reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsumerSpec {
    /// Names of its topics.
    pub topics: Vec<Text>,
    /// `group.id`: with one it reads what the group gives it, else everything.
    pub group: Option<Text>,
}

/// A fetch that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchInFlight {
    /// Its number.
    pub correlation: Correlation,
    /// Where it went.
    pub node: NodeId,
    /// Partitions and the offsets asked for.
    pub partitions: Vec<(TopicPartition, Offset)>,
}

/// A consuming client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Consumer {
    /// Who it is.
    pub id: NodeId,
    /// What it reads.
    pub spec: ConsumerSpec,
    /// Connections and metadata.
    pub network: NetworkClient,
    /// Where it stands.
    pub positions: BTreeMap<TopicPartition, Position>,
    /// Fetches that wait for an answer.
    pub fetches: Vec<FetchInFlight>,
    /// Look-ups that wait for an answer.
    pub lookups: Vec<LookupInFlight>,
    /// Validations that wait for an answer.
    pub validations: Vec<ValidationInFlight>,
    /// Records that the last input brought, for the checker.
    pub last_step: Vec<Consumed>,
    /// The last records of all, newest last.
    pub last_records: Vec<Consumed>,
    /// Records read.
    pub consumed: u64,
    /// The error of the last answer; `None` when it was a success.
    pub last_error: ErrorCode,
    /// Its place in its group.
    pub membership: Option<Membership>,
    /// The version of the metadata that positions were compared with.
    pub(super) metadata_seen: u32,
    pub(super) settings: Arc<Settings>,
    bootstrap: NodeList,
}

impl Consumer {
    /// A consumer that knows these bootstrap servers.
    pub fn new(id: NodeId, settings: Arc<Settings>, spec: ConsumerSpec, bootstrap: NodeList) -> Consumer {
        let max_in_flight_requests_per_connection = MAX_IN_FLIGHT;
        let settings = Arc::new(Settings { max_in_flight_requests_per_connection, ..*settings });
        Consumer {
            id,
            network: NetworkClient::new(bootstrap, spec.topics.clone()),
            membership: spec.group.map(Membership::new),
            spec,
            positions: BTreeMap::new(),
            fetches: Vec::new(),
            lookups: Vec::new(),
            validations: Vec::new(),
            last_step: Vec::new(),
            last_records: Vec::new(),
            consumed: 0,
            last_error: ErrorCode::None,
            metadata_seen: 0,
            settings,
            bootstrap,
        }
    }

    /// The same consumer after a crash: it starts from the earliest offset again.
    #[must_use]
    pub fn restarted(&self) -> Consumer {
        Consumer::new(self.id, Arc::clone(&self.settings), self.spec.clone(), self.bootstrap)
    }

    /// Takes one input.
    pub fn on(&mut self, now: Time, input: Input, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        self.last_step.clear();
        match input {
            Input::Boot => self.network.open(now),
            Input::Deliver(envelope) => match self.network.on_response(&envelope, &settings, now, out) {
                Answer::Data => self.on_answer(envelope, now, out),
                Answer::Metadata => self.positions.values_mut().for_each(|p| p.awaits_update = false),
                Answer::Connected | Answer::Unexpected => {}
            },
            Input::Disconnected(node) => {
                let failed = self.network.disconnect(node, &settings, now, out);
                self.fail_requests(&failed, ErrorCode::NetworkException, now, out);
                self.fail_group_questions(&failed, now, out);
            }
            Input::Fire(Timer::ClientRequest(node)) => {
                let failed = self.network.on_request_timeout(node, &settings, now, out);
                self.fail_requests(&failed, ErrorCode::RequestTimedOut, now, out);
                self.fail_group_questions(&failed, now, out);
            }
            Input::Fire(timer) => self.network.alarms.fired(timer),
            Input::Call(call, Command::ShutDown) => self.begin_leaving(call, out),
            Input::Call(call, _) => out.reply(call, Outcome::Refused(ErrorCode::InvalidRequest)),
        }
        self.poll(now, out);
    }

    /// One turn of the application's poll loop.
    fn poll(&mut self, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        let failed = self.network.maybe_begin_anew(now, out);
        self.fail_requests(&failed, ErrorCode::NetworkException, now, out);
        self.fail_group_questions(&failed, now, out);
        self.assign();
        self.poll_group(now, out);
        self.follow_leaders();
        self.validate(now, out);
        self.look_up(now, out);
        self.fetch(now, out);
        self.network.maybe_update(&settings, now, out);
        self.network.arm(&settings, now, out);
        let next = self.next_question(now).into_iter().chain(self.next_group_turn(now)).min();
        self.network.alarms.set(Timer::ConsumerPoll, next, now, out);
    }

    /// It reads every partition of its topics that it knows of, unless a group says what it reads.
    fn assign(&mut self) {
        if self.membership.is_some() {
            return;
        }
        let metadata = &self.network.metadata;
        for topic in self.spec.topics.iter().filter_map(|&name| metadata.topic_named(name)) {
            for (partition, _) in metadata.partitions_of(topic) {
                self.positions.entry(partition).or_default();
            }
        }
    }

    /// Sends a fetch to every broker that is read from and has none in flight (`prepareFetchRequests`).
    fn fetch(&mut self, now: Time, out: &mut Out) {
        let settings = Arc::clone(&self.settings);
        let mut by_node: BTreeMap<NodeId, Vec<FetchPartition>> = BTreeMap::new();
        let metadata = &mut self.network.metadata;
        for (&partition, position) in &mut self.positions {
            let Some(fetch_offset) = position.fetchable() else { continue };
            let Some(LeaderAndEpoch { leader: Some(leader), epoch }) = position.current_leader else {
                metadata.request_update();
                continue;
            };
            let preferred = position.read_replica(now).unwrap_or(leader);
            let is_known = preferred == leader || metadata.brokers.contains(preferred);
            if !is_known {
                position.drop_preferred(partition, ErrorCode::BrokerNotAvailable, out);
                metadata.request_update();
            }
            let node = if is_known { preferred } else { leader };
            by_node.entry(node).or_default().push(FetchPartition {
                partition,
                current_leader_epoch: epoch,
                fetch_offset,
                last_fetched_epoch: None,
                log_start_offset: Offset(0),
                max_records: settings.max_partition_fetch_records,
            });
        }
        for (node, partitions) in by_node {
            let pending = self.fetches.iter().any(|fetch| fetch.node == node);
            if pending || !self.network.ready(node, &settings, now, out) {
                continue;
            }
            let asked = partitions.iter().map(|asked| (asked.partition, asked.fetch_offset)).collect();
            let request = Message::FetchRequest(FetchRequest {
                fetcher: Fetcher::Consumer,
                max_wait: settings.fetch_max_wait,
                min_records: settings.fetch_min_bytes,
                rack: settings.client_rack.get(self.id.number()),
                partitions,
            });
            let correlation = self.network.send(node, request, &settings, now, out);
            self.fetches.push(FetchInFlight { correlation, node, partitions: asked });
        }
    }

    fn on_answer(&mut self, envelope: Envelope, now: Time, out: &mut Out) {
        if let Message::FetchResponse(response) = envelope.message {
            self.on_fetched(envelope.correlation, response, now, out);
        } else if let Message::ListOffsetsResponse(response) = envelope.message {
            self.on_looked_up(envelope.correlation, response, now, out);
        } else if let Message::OffsetForLeaderEpochResponse(response) = envelope.message {
            self.on_epoch_ends(envelope.correlation, &response, now, out);
        } else if let Message::Group(message) = envelope.message {
            self.on_group_answer(envelope.correlation, *message, now, out);
        }
    }

    fn on_fetched(&mut self, correlation: Correlation, response: FetchResponse, now: Time, out: &mut Out) {
        let Some(index) = self.fetches.iter().position(|fetch| fetch.correlation == correlation) else {
            return;
        };
        let fetch = self.fetches.remove(index);
        for fetched in response.partitions {
            let asked = fetch.partitions.iter().find(|(partition, _)| *partition == fetched.partition);
            let Some(&(partition, offset)) = asked else { continue };
            let still_there = self
                .positions
                .get(&partition)
                .is_some_and(|p| p.offset == Some(offset) && !p.awaits_validation);
            if still_there {
                self.on_fetched_partition(offset, fetched, now, out);
            }
        }
    }

    fn on_fetched_partition(&mut self, offset: Offset, fetched: FetchedPartition, now: Time, out: &mut Out) {
        let partition = fetched.partition;
        self.last_error = fetched.error;
        if fetched.error.is_none() {
            if let Some(position) = self.positions.get_mut(&partition) {
                position.high_watermark = Some(fetched.high_watermark);
                if let Some(replica) = fetched.preferred_read_replica {
                    position.prefer(partition, replica, now + self.settings.metadata_max_age, out);
                }
            }
            if let Fetched::Records(entries) = fetched.data {
                self.consume(partition, offset, &entries, out);
            }
            return;
        }
        let hinted = match fetched.current_leader {
            Some(hint) => {
                self.network.metadata.maybe_use_hint(partition, hint, out);
                true
            }
            None => false,
        };
        self.on_fetch_error(partition, fetched.error, hinted, out);
    }

    /// What an error means for a position (`FetchCollector.handleInitializeErrors`).
    fn on_fetch_error(&mut self, partition: TopicPartition, error: ErrorCode, hinted: bool, out: &mut Out) {
        let Some(position) = self.positions.get_mut(&partition) else { return };
        if error == ErrorCode::OffsetOutOfRange {
            // A follower may not be there yet: the leader knows.
            if !position.drop_preferred(partition, error, out) {
                self.on_out_of_range(partition, out);
            }
        } else if is_invalid_metadata(error) || error == ErrorCode::OffsetNotAvailable {
            position.awaits_update |= !hinted;
            position.drop_preferred(partition, error, out);
            self.network.metadata.request_update();
        }
        // Anything else: the broker is behind (UNKNOWN_LEADER_EPOCH) or in trouble; the next poll fetches again.
    }

    /// Hands records to the application, `max.poll.records` at a time.
    fn consume(
        &mut self,
        partition: TopicPartition,
        offset: Offset,
        entries: &[Entry<Record>],
        out: &mut Out,
    ) {
        let Some(position) = self.positions.get_mut(&partition) else { return };
        let (mut from, mut count) = (offset, 0);
        for poll in entries.chunks(self.settings.max_poll_records.max(1) as usize) {
            let records = poll.iter().zip(from.0..).map(|(entry, offset)| Consumed {
                partition,
                offset: Offset(offset),
                epoch: entry.epoch,
                record: entry.body,
            });
            let before = self.last_step.len();
            // The first entry of a Raft leader is for nobody (kafkaraft): the position passes it.
            self.last_step.extend(records.filter(|consumed| !consumed.record.is_no_op()));
            let to = from.plus(poll.len() as u64);
            if self.last_step.len() > before {
                out.note(Note::RecordsConsumed { partition, from, to });
            }
            count += self.last_step.len() - before;
            from = to;
        }
        position.offset = Some(from);
        position.offset_epoch = entries.last().map(|entry| entry.epoch).or(position.offset_epoch);
        position.consumed += count as u64;
        self.consumed += count as u64;
        self.last_records.extend(self.last_step.iter().rev().take(count.min(LAST_RECORDS)).rev());
        let surplus = self.last_records.len().saturating_sub(LAST_RECORDS);
        self.last_records.drain(..surplus);
    }

    /// The connection broke, or the request timed out: fetches and look-ups are made anew.
    fn fail_requests(&mut self, failed: &[Correlation], error: ErrorCode, now: Time, out: &mut Out) {
        if !failed.is_empty() {
            self.last_error = error;
        }
        for fetch in self.fetches.extract_if(.., |fetch| failed.contains(&fetch.correlation)) {
            for (partition, _) in fetch.partitions {
                if let Some(position) = self.positions.get_mut(&partition) {
                    position.drop_preferred(partition, error, out);
                }
            }
        }
        self.fail_questions(failed, now);
    }
}
