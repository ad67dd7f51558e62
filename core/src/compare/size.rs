//! How many bytes a message would have, as Kafka's and ZooKeeper's schemas lay it out: header plus what it lists.
//!
//! A stated model, so that runs can be compared: a client id of ten letters, names of topics of ten letters, records
//! with [`VALUE`] bytes of value, no compression, one batch header for what one message carries of a partition. Fetches
//! are incremental (KIP-227): a partition stands in a request when its position has changed since the one before, and in
//! an answer when there is something to say about it. TCP, IP and TLS are not counted.
//!
//! Sources: `RequestHeader.json`, `ResponseHeader.json`, the `*.json` of each API, `DefaultRecordBatch` and
//! `DefaultRecord`, `zookeeper.jute`.

use crate::id::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::record::{MetadataRecord, Record};
use crate::wire::{
    AppendOutcome, ControlMessage, FetchRequest, FetchResponse, Fetched, Fetcher, GroupMessage, Message,
    PartitionRaftBody, PartitionRaftMessage, Proposal, RaftMessage, Txn, ZkReply, ZkRequest,
    ZooKeeperMessage,
};
use crate::znode::{Data, Op};
use alloc::collections::BTreeMap;

/// Bytes of a record's value; its key has as many as it has letters.
pub const VALUE: u64 = 100;

/// Length, API key and version, correlation id, client id, tagged fields.
const REQUEST: u64 = 4 + 2 + 2 + 4 + 12 + 1;
/// Length, correlation id, tagged fields.
const RESPONSE: u64 = 4 + 4 + 1;
/// Topic id, length of the list of partitions, tagged fields.
const TOPIC: u64 = 16 + 1 + 1;
/// `DefaultRecordBatch.RECORD_BATCH_OVERHEAD`.
const BATCH: u64 = 61;
/// Length, attributes, deltas of time and offset, lengths of key and value, number of headers.
const RECORD: u64 = 7;
/// A record of the metadata log: frame, and a body of about this size.
const METADATA: u64 = RECORD + 3 + 30;
/// A partition's registration in the metadata log: topic id, numbers, and four short lists of brokers.
const METADATA_PARTITION: u64 = RECORD + 3 + 90;
/// A path in ZooKeeper, with its length.
const PATH: u64 = 4 + 45;
/// `Stat` of ZooKeeper: three zxids and a czxid's time, versions, owner, lengths.
const STAT: u64 = 68;
/// Length, and xid and type of a request.
const ZK_REQUEST: u64 = 4 + 8;
/// Length, and `ReplyHeader`: xid, zxid, error.
const ZK_REPLY: u64 = 4 + 16;

/// Where a fetcher stood when it last said so, and what it was told last.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    asked: BTreeMap<(NodeId, NodeId, TopicPartition), (Offset, Option<LeaderEpoch>)>,
    told: BTreeMap<(NodeId, NodeId, TopicPartition), (Offset, Offset)>,
}

/// Bytes of this message from one node to another.
pub fn bytes(from: NodeId, to: NodeId, message: &Message, sessions: &mut Sessions) -> u64 {
    let frame = if message.is_request() { REQUEST } else { RESPONSE };
    match message {
        Message::FetchRequest(request) => frame + fetch(from, to, request, sessions),
        Message::FetchResponse(response) => frame + fetched(from, to, response, sessions),
        Message::Group(message) => frame + group(message),
        Message::Control(message) => frame + control(message),
        Message::ZooKeeper(message) => zookeeper(message),
        Message::PartitionRaft(message) => frame + partition_raft(message),
        other => frame + plain(other),
    }
}

fn len<T>(list: &[T]) -> u64 {
    list.len() as u64
}

/// Bodies that list nothing, or one kind of thing.
fn plain(message: &Message) -> u64 {
    match message {
        Message::VoteRequest(_) => 100,
        Message::VoteResponse(_) => 45,
        Message::BeginQuorumEpochRequest(_) | Message::EndQuorumEpochRequest(_) => 70,
        Message::BeginQuorumEpochResponse(_) | Message::EndQuorumEpochResponse(_) => 40,
        Message::MetadataFetchRequest(_) => 100,
        Message::MetadataFetchResponse(response) => {
            let records = match &response.data {
                Fetched::Records(records) => records.iter().map(|entry| metadata(&entry.body)).sum(),
                Fetched::Diverging(_) => 13,
            };
            80 + if records == 0 { 0 } else { BATCH + records }
        }
        Message::FetchSnapshotRequest(_) => 90,
        Message::FetchSnapshotResponse(response) => {
            80 + BATCH + response.records.iter().map(metadata).sum::<u64>()
        }
        Message::AddRaftVoterRequest(_) | Message::UpdateRaftVoterRequest(_) => 80,
        Message::RemoveRaftVoterRequest(_) => 45,
        Message::AddRaftVoterResponse(_)
        | Message::RemoveRaftVoterResponse(_)
        | Message::UpdateRaftVoterResponse(_) => 15,
        Message::ApiVersionsRequest => 12,
        Message::ApiVersionsResponse(_) => 400,
        Message::BrokerRegistrationRequest(_) => 150,
        Message::BrokerRegistrationResponse(_) => 15,
        Message::BrokerHeartbeatRequest(_) => 24,
        Message::BrokerHeartbeatResponse(_) => 10,
        Message::AlterPartitionRequest(request) => {
            let isr: u64 = request.partitions.iter().map(|proposal| 13 * len(&proposal.new_isr)).sum();
            14 + TOPIC + 15 * len(&request.partitions) + isr
        }
        Message::AlterPartitionResponse(response) => {
            let isr: u64 = response.partitions.iter().map(|answer| 4 * u64::from(answer.isr.len())).sum();
            8 + TOPIC + 21 * len(&response.partitions) + isr
        }
        Message::ProduceRequest(request) => {
            9 + request.batches.iter().map(|batch| TOPIC + 6 + records(&batch.records)).sum::<u64>()
        }
        Message::ProduceResponse(response) => 6 + (TOPIC + 36) * len(&response.results),
        Message::InitProducerIdRequest => 21,
        Message::InitProducerIdResponse(_) => 17,
        Message::AllocateProducerIdsRequest(_) => 13,
        Message::AllocateProducerIdsResponse(_) => 19,
        Message::MetadataRequest => 32,
        Message::MetadataResponse(response) => {
            let brokers = u64::from(response.brokers.len());
            let topics = len(&response.topics);
            40 + 25 * brokers + (TOPIC + 16) * topics + 38 * len(&response.partitions)
        }
        Message::ListOffsetsRequest(_) => 5 + 12 + 17,
        Message::ListOffsetsResponse(_) => 5 + 12 + 27,
        Message::OffsetForLeaderEpochRequest(request) => 6 + 12 + 13 * len(&request.partitions),
        Message::OffsetForLeaderEpochResponse(response) => 6 + 12 + 19 * len(&response.partitions),
        Message::FetchRequest(_)
        | Message::FetchResponse(_)
        | Message::Group(_)
        | Message::Control(_)
        | Message::ZooKeeper(_)
        | Message::PartitionRaft(_) => 0,
    }
}

fn metadata(record: &MetadataRecord) -> u64 {
    match record {
        MetadataRecord::Partition { .. } | MetadataRecord::PartitionChange { .. } => METADATA_PARTITION,
        _ => METADATA,
    }
}

fn record(record: &Record) -> u64 {
    RECORD + VALUE + record.key.as_bytes().len() as u64
}

fn records(all: &[Record]) -> u64 {
    if all.is_empty() { 0 } else { BATCH + all.iter().map(record).sum::<u64>() }
}

fn fetch(from: NodeId, to: NodeId, request: &FetchRequest, sessions: &mut Sessions) -> u64 {
    let mut changed = 0;
    for asked in &request.partitions {
        let now = (asked.fetch_offset, asked.current_leader_epoch);
        if sessions.asked.insert((from, to, asked.partition), now) != Some(now) {
            changed += 1;
        }
    }
    let replica = if matches!(request.fetcher, Fetcher::Replica(..)) { 15 } else { 0 };
    let topics = if changed > 0 { TOPIC } else { 0 };
    28 + replica + topics + 34 * changed
}

fn fetched(from: NodeId, to: NodeId, response: &FetchResponse, sessions: &mut Sessions) -> u64 {
    let (mut listed, mut carried) = (0, 0);
    for found in &response.partitions {
        let now = (found.high_watermark, found.log_start_offset);
        let news = sessions.told.insert((from, to, found.partition), now) != Some(now);
        let size = match &found.data {
            Fetched::Records(entries) if entries.is_empty() => 0,
            Fetched::Records(entries) => BATCH + entries.iter().map(|entry| record(&entry.body)).sum::<u64>(),
            Fetched::Diverging(_) => 13,
        };
        if news || size > 0 || !found.error.is_none() {
            listed += 1;
        }
        carried += size;
    }
    let topics = if listed > 0 { TOPIC } else { 0 };
    12 + topics + 37 * listed + carried
}

fn group(message: &GroupMessage) -> u64 {
    if message.is_request() { 60 } else { 40 }
}

fn control(message: &ControlMessage) -> u64 {
    const STAMP: u64 = 17;
    const PARTITION: u64 = 4 + 4 + 4 + 4 + 4 + 3 * 4 * 2 + 4;
    match message {
        ControlMessage::LeaderAndIsrRequest(request) => {
            STAMP + TOPIC + 40 + (PARTITION + 4) * len(&request.partitions)
        }
        ControlMessage::UpdateMetadataRequest(request) => {
            let topics = 28 * len(&request.topics);
            STAMP + topics + 45 * len(&request.live_brokers) + PARTITION * len(&request.partitions)
        }
        ControlMessage::StopReplicaRequest(request) => STAMP + TOPIC + 10 * len(&request.partitions),
        ControlMessage::LeaderAndIsrResponse(_, answers)
        | ControlMessage::StopReplicaResponse(_, answers) => 3 + TOPIC + 7 * len(answers),
        ControlMessage::UpdateMetadataResponse(_) => 3,
        ControlMessage::ControlledShutdownRequest(_) => 13,
        ControlMessage::ControlledShutdownResponse(_, left) => 4 + 17 * len(left),
    }
}

fn raft<R>(message: &RaftMessage<R>, entry: impl Fn(&R) -> u64) -> u64 {
    match message {
        RaftMessage::RequestVote { .. } => 29,
        RaftMessage::Vote { .. } => 6,
        RaftMessage::Append(append) => {
            let entries: u64 = append.entries.iter().map(|appended| entry(&appended.body)).sum();
            36 + if append.entries.is_empty() { 0 } else { BATCH + entries }
        }
        RaftMessage::Appended(answer) => match answer.outcome {
            AppendOutcome::Matched(_) => 21,
            AppendOutcome::Stale => 13,
            AppendOutcome::Conflict { .. } => 25,
        },
    }
}

fn partition_raft(message: &PartitionRaftMessage) -> u64 {
    TOPIC
        + 4
        + match &message.body {
            PartitionRaftBody::Raft(message) => raft(message, record),
            PartitionRaftBody::AskRecord(_) => 8,
            PartitionRaftBody::RecordAnswer(_, answer) => {
                8 + answer.as_ref().map_or(0, |entry| record(&entry.body))
            }
        }
}

fn zookeeper(message: &ZooKeeperMessage) -> u64 {
    match message {
        ZooKeeperMessage::ConnectRequest { .. } => 4 + 44,
        ZooKeeperMessage::ConnectResponse { .. } => 4 + 36,
        ZooKeeperMessage::Ping(_) | ZooKeeperMessage::CloseSession(_) => ZK_REQUEST,
        ZooKeeperMessage::Pong | ZooKeeperMessage::SessionClosed => ZK_REPLY,
        ZooKeeperMessage::Requests(_, requests) => {
            requests.iter().map(|request| ZK_REQUEST + zk_request(request)).sum()
        }
        ZooKeeperMessage::Responses(replies, _) => {
            replies.iter().map(|reply| ZK_REPLY + reply.as_ref().map_or(0, zk_reply)).sum()
        }
        ZooKeeperMessage::WatchEvent(..) => ZK_REPLY + 8 + PATH,
        ZooKeeperMessage::Peer(message) => 4 + 16 + raft(message, txn),
        ZooKeeperMessage::Forward(writes) => writes.iter().map(|(_, write)| 4 + 28 + proposal(write)).sum(),
        ZooKeeperMessage::SetWatches(watches, _) => ZK_REQUEST + 8 + 12 + PATH * len(watches),
        ZooKeeperMessage::Revalidate(_) | ZooKeeperMessage::Revalidated(..) => 4 + 16 + 13,
        ZooKeeperMessage::Closed => 0,
        ZooKeeperMessage::Touch(sessions) => 4 + 16 + 12 * len(sessions),
    }
}

fn zk_request(request: &ZkRequest) -> u64 {
    match request {
        ZkRequest::GetData(..) | ZkRequest::GetChildren(..) | ZkRequest::Exists(..) => PATH + 1,
        ZkRequest::Write(one) => op(one),
        ZkRequest::Multi(ops) => ops.iter().map(|one| 9 + op(one)).sum::<u64>() + 9,
    }
}

fn zk_reply(reply: &ZkReply) -> u64 {
    match reply {
        ZkReply::Data(held, _) => data(held) + STAT,
        ZkReply::Children(paths, _) => 4 + 8 * len(paths) + STAT,
        ZkReply::Done(..) => STAT,
        ZkReply::Multi(results) => (9 + STAT) * len(results) + 9,
        ZkReply::MultiRefused(..) => 2 * 13,
    }
}

fn op(op: &Op) -> u64 {
    match op {
        Op::Create(_, held, _) => PATH + data(held) + 31 + 4,
        Op::Delete(..) | Op::Check(..) => PATH + 4,
        Op::SetData(_, held, _) => PATH + data(held) + 4,
    }
}

/// Kafka writes JSON into ZooKeeper.
fn data(data: &Data) -> u64 {
    4 + match data {
        Data::Empty => 0,
        Data::Epoch(_) => 2,
        Data::Node(_) => 55,
        Data::Broker { .. } => 200,
        Data::Topic(topic) => 60 + 18 * len(&topic.partitions),
        Data::State(_) => 85,
        Data::Config(entries) => 30 + 40 * len(entries),
        Data::Partitions(partitions) => 30 + 32 * len(partitions),
        Data::Reassignment(moves) => 30 + 55 * len(moves),
        Data::ChangedTopic(_) => 45,
        Data::ProducerIds { .. } => 75,
    }
}

fn proposal(proposal: &Proposal) -> u64 {
    match proposal {
        Proposal::Write { ops, .. } => 24 + ops.iter().map(op).sum::<u64>(),
        Proposal::CreateSession { .. } => 28,
        Proposal::CloseSession { .. } | Proposal::SessionMoved(_) => 24,
    }
}

fn txn(txn: &Txn) -> u64 {
    24 + txn.proposal.as_ref().map_or(0, proposal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Text, TopicId};
    use crate::record::Entry;
    use crate::time::Span;
    use crate::wire::{ErrorCode, FetchPartition, FetchedPartition, ProduceBatch, ProduceRequest};
    use alloc::vec;

    const ONE: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

    fn asked(offset: u64) -> Message {
        Message::FetchRequest(FetchRequest {
            fetcher: Fetcher::Replica(NodeId::broker(2), None),
            max_wait: Span::millis(500),
            min_records: 1,
            rack: None,
            partitions: vec![FetchPartition {
                partition: ONE,
                current_leader_epoch: None,
                fetch_offset: Offset(offset),
                last_fetched_epoch: None,
                log_start_offset: Offset(0),
                max_records: 100,
            }],
        })
    }

    fn answered(records: usize) -> Message {
        let body = Record::new(Text::EMPTY, NodeId::producer(1), 0);
        let entry = Entry { epoch: LeaderEpoch(0), body };
        Message::FetchResponse(FetchResponse {
            partitions: vec![FetchedPartition {
                partition: ONE,
                error: ErrorCode::None,
                high_watermark: Offset(5),
                log_start_offset: Offset(0),
                current_leader: None,
                preferred_read_replica: None,
                data: Fetched::Records(vec![entry; records]),
            }],
        })
    }

    /// Source: KIP-227: a partition that has not changed stands in no request of a session, and in no answer.
    #[test]
    fn a_fetch_lists_a_partition_only_when_something_about_it_is_new() {
        let (follower, leader) = (NodeId::broker(2), NodeId::broker(1));
        let mut sessions = Sessions::default();
        let mut ask = |offset| bytes(follower, leader, &asked(offset), &mut sessions);
        let (first, again, moved) = (ask(3), ask(3), ask(4));
        assert_eq!((first - again, moved), (TOPIC + 34, first));
        let mut sessions = Sessions::default();
        let mut answer = |records| bytes(leader, follower, &answered(records), &mut sessions);
        let (first, empty, full) = (answer(0), answer(0), answer(2));
        assert_eq!((first - empty, full - first), (TOPIC + 37, BATCH + 2 * (RECORD + VALUE)));
    }

    /// Source: `DefaultRecordBatch.RECORD_BATCH_OVERHEAD`: what stands once in front of the records of a batch.
    #[test]
    fn records_of_one_batch_share_its_header() {
        let produce = |count| {
            let records = vec![Record::new(Text::EMPTY, NodeId::producer(1), 0); count];
            let batches = vec![ProduceBatch { partition: ONE, records }];
            let acks = crate::config::Acks::All;
            let message = Message::ProduceRequest(ProduceRequest { acks, timeout: Span::ZERO, batches });
            bytes(NodeId::producer(1), NodeId::broker(1), &message, &mut Sessions::default())
        };
        assert_eq!(produce(10) - produce(1), 9 * (RECORD + VALUE));
    }
}
