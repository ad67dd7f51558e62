//! The fetcher of one leader: all partitions that follow it share one request in flight.
//!
//! Keeps (P8): a following partition is in exactly one fetcher or in none, a leading one in none. The next
//! request goes out only after the answer to the last was handled; a partition that joins meanwhile waits for
//! it, up to `replica.fetch.wait.max.ms` on an idle leader.
//! Source: `AbstractFetcherThread` (`doWork`, `delayPartitions`), `AbstractFetcherManager`,
//! `ReplicaFetcherBlockingSend`.

use super::manager::{Ctx, ReplicaManager};
use super::partition::{FetchState, Partition, Role};
use crate::id::{BrokerEpoch, Correlation, NodeId, TopicPartition};
use crate::mode::MetadataPlane;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::switches::Truncation;
use crate::time::Time;
use crate::wire::{
    ErrorCode, FetchPartition, FetchRequest, Fetcher as FetcherKind, ListOffsetsRequest, Message, OffsetSpec,
};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One fetcher thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fetcher {
    /// The partitions that it fetches, delayed ones too, in order.
    partitions: Vec<TopicPartition>,
    /// The request in flight.
    pub(super) busy: Option<Busy>,
    /// Partitions whose fetch offset is out of the leader's range, to be asked about one by one.
    pub(super) out_of_range: Vec<TopicPartition>,
    /// When the first delayed partition may be fetched again.
    wakes_at: Option<Time>,
}

/// What a fetcher waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Busy {
    /// The answer to a Fetch.
    Fetch(Correlation),
    /// The answer to an OffsetForLeaderEpoch.
    EpochEnds(Correlation),
    /// The answer to a ListOffsets for a partition whose fetch offset is out of range.
    ListOffsets(Correlation, TopicPartition, OffsetSpec),
}

impl Fetcher {
    /// The partitions that it fetches.
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.partitions
    }

    /// The request in flight.
    pub const fn in_flight(&self) -> Option<Busy> {
        self.busy
    }

    fn add(&mut self, id: TopicPartition) {
        if let Err(place) = self.partitions.binary_search(&id) {
            self.partitions.insert(place, id);
        }
    }

    pub(super) fn remove(&mut self, id: TopicPartition) {
        if let Ok(place) = self.partitions.binary_search(&id) {
            self.partitions.remove(place);
            self.out_of_range.retain(|&other| other != id);
        }
    }
}

impl ReplicaManager {
    /// Begins to fetch `id` from `leader` at the own log end, which may have to be cut first.
    pub(super) fn join_fetcher(&mut self, id: TopicPartition, leader: NodeId, out: &mut Out) {
        let (Some(partition), Some(replica)) =
            (self.partitions.get_mut(&id), self.disk.replicas.get_mut(&id))
        else {
            return;
        };
        partition.prepare_to_fetch(id, replica, &self.settings.features, out);
        self.fetchers.entry(leader).or_default().add(id);
    }

    /// After partitions came and went: idle fetchers end, the others go on.
    pub(super) fn settle_fetchers(&mut self, now: Time, ctx: Ctx, out: &mut Out) {
        let leaders: Vec<NodeId> = self.fetchers.keys().copied().collect();
        for leader in leaders {
            self.advance_fetcher(now, leader, ctx, out);
        }
    }

    /// The broker epoch that its fetches name. On ZooKeeper nobody compares it: a leader has no broker epochs in its
    /// metadata cache (`Partition.isReplicaIsrEligible`).
    pub(super) fn epoch_in_fetches(&self, ctx: Ctx) -> Option<BrokerEpoch> {
        ctx.broker_epoch.filter(|_| self.plane == MetadataPlane::KRaft)
    }

    /// Sends the next request of a fetcher that waits for no answer.
    pub(super) fn advance_fetcher(&mut self, now: Time, leader: NodeId, ctx: Ctx, out: &mut Out) {
        let Some(fetcher) = self.fetchers.get(&leader) else { return };
        if fetcher.partitions.is_empty() {
            self.fetchers.remove(&leader);
            out.disarm(Timer::ReplicaFetchRequest(leader));
            out.disarm(Timer::ReplicaFetchBackoff(leader));
            return;
        }
        if fetcher.busy.is_some() {
            return;
        }
        if let Some(&id) = fetcher.out_of_range.first() {
            self.ask_offset(leader, id, OffsetSpec::Latest, ctx, out);
            return;
        }
        if !self.ask_epoch_ends(now, leader, ctx, out) {
            self.send_fetch(now, leader, ctx, out);
        }
    }

    fn send_fetch(&mut self, now: Time, leader: NodeId, ctx: Ctx, out: &mut Out) {
        let Some(fetcher) = self.fetchers.get(&leader) else { return };
        let names_epoch = self.settings.features.truncation == Truncation::OnFetch;
        let mut partitions = Vec::with_capacity(fetcher.partitions.len());
        for &id in &fetcher.partitions {
            let Some(partition) = self.partitions.get_mut(&id) else { continue };
            let Some(replica) = self.disk.replicas.get(&id) else { continue };
            let Role::Follower(following) = &mut partition.role else { continue };
            match following.fetch {
                FetchState::Delayed(until) if until <= now => following.fetch = FetchState::Fetching,
                FetchState::Fetching => {}
                _ => continue,
            }
            following.asked = Some((partition.leader_epoch, replica.leo()));
            partitions.push(FetchPartition {
                partition: id,
                current_leader_epoch: Some(partition.leader_epoch),
                fetch_offset: replica.leo(),
                last_fetched_epoch: replica.latest_epoch().filter(|_| names_epoch),
                log_start_offset: replica.log.start(),
                max_records: self.settings.replica_fetch_max_records,
            });
        }
        if partitions.is_empty() {
            out.disarm(Timer::ReplicaFetchRequest(leader));
            return;
        }
        let request = FetchRequest {
            fetcher: FetcherKind::Replica(self.me, self.epoch_in_fetches(ctx)),
            max_wait: self.settings.replica_fetch_wait_max,
            min_records: self.settings.replica_fetch_min_bytes,
            rack: None,
            partitions,
        };
        let correlation = self.take_correlation();
        self.wait_for(leader, Busy::Fetch(correlation), out);
        out.send(leader, correlation, Message::FetchRequest(request));
    }

    /// Asks the leader where its log begins or ends.
    pub(super) fn ask_offset(
        &mut self,
        leader: NodeId,
        id: TopicPartition,
        offset: OffsetSpec,
        ctx: Ctx,
        out: &mut Out,
    ) {
        let correlation = self.take_correlation();
        let request = ListOffsetsRequest {
            fetcher: FetcherKind::Replica(self.me, self.epoch_in_fetches(ctx)),
            partition: id,
            current_leader_epoch: self.partitions.get(&id).map(|partition| partition.leader_epoch),
            offset,
        };
        self.wait_for(leader, Busy::ListOffsets(correlation, id, offset), out);
        out.send(leader, correlation, Message::ListOffsetsRequest(request));
    }

    pub(super) fn wait_for(&mut self, leader: NodeId, busy: Busy, out: &mut Out) {
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.busy = Some(busy);
        }
        out.arm(Timer::ReplicaFetchRequest(leader), self.settings.replica_socket_timeout);
    }

    /// Leaves these partitions out of requests for `replica.fetch.backoff.ms`.
    pub(super) fn delay(
        &mut self,
        now: Time,
        leader: NodeId,
        ids: &[TopicPartition],
        error: ErrorCode,
        out: &mut Out,
    ) {
        let backoff = self.settings.replica_fetch_backoff;
        for id in ids {
            let role = self.partitions.get_mut(id).map(|partition| &mut partition.role);
            if let Some(Role::Follower(following)) = role
                && following.fetch.waits_until(now).is_none()
            {
                following.fetch = match following.fetch {
                    FetchState::Truncating(_) => FetchState::Truncating(now + backoff),
                    _ => FetchState::Delayed(now + backoff),
                };
            }
        }
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if fetcher.wakes_at.is_none() {
            fetcher.wakes_at = Some(now + backoff);
            out.arm(Timer::ReplicaFetchBackoff(leader), backoff);
        }
        out.note(Note::FetcherBackedOff { leader, error, backoff });
    }

    /// A delay is over: fetch again, and wake once more for those that are delayed for longer.
    pub(super) fn on_fetch_backoff_over(&mut self, now: Time, leader: NodeId, ctx: Ctx, out: &mut Out) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        fetcher.wakes_at = None;
        let delays = fetcher.partitions.iter().filter_map(|id| {
            let following = self.partitions.get(id).and_then(Partition::as_follower)?;
            following.fetch.waits_until(now)
        });
        if let Some(next) = delays.min() {
            fetcher.wakes_at = Some(next);
            out.arm(Timer::ReplicaFetchBackoff(leader), next.since(now));
        }
        self.advance_fetcher(now, leader, ctx, out);
    }

    /// No answer within `replica.socket.timeout.ms`: the connection is given up.
    pub(super) fn on_fetch_timed_out(&mut self, now: Time, leader: NodeId, ctx: Ctx, out: &mut Out) {
        self.fail_request(now, leader, ErrorCode::RequestTimedOut, ctx, out);
    }

    /// The connection to the leader broke.
    pub(super) fn on_fetch_disconnected(&mut self, now: Time, leader: NodeId, ctx: Ctx, out: &mut Out) {
        self.fail_request(now, leader, ErrorCode::NetworkException, ctx, out);
    }

    fn fail_request(&mut self, now: Time, leader: NodeId, error: ErrorCode, ctx: Ctx, out: &mut Out) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        let Some(busy) = fetcher.busy.take() else { return };
        out.disarm(Timer::ReplicaFetchRequest(leader));
        // A failed Fetch delays everything that the fetcher has; a failed ListOffsets only its own partition.
        let ids = match busy {
            Busy::Fetch(_) => fetcher.partitions.clone(),
            // Whoever waited for the end of an epoch.
            Busy::EpochEnds(_) => fetcher.partitions.clone(),
            Busy::ListOffsets(_, id, _) => {
                fetcher.out_of_range.retain(|&other| other != id);
                alloc::vec![id]
            }
        };
        self.delay(now, leader, &ids, error, out);
        self.advance_fetcher(now, leader, ctx, out);
    }
}
