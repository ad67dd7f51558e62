//! Messages in flight as pictures show them.

use super::{FlightView, mode_flights};
use crate::id::{NodeId, PacketId, TopicPartition};
use crate::net::Link;
use crate::scenario::words::Names;
use crate::sim::queue::{InFlight, Parcel};
use crate::sim::{Sim, family};
use crate::time::Time;
use crate::wire::{EpochEndAnswer, ErrorCode, Family, Fetched, FetchedPartition, Message};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How many partitions of a message are named.
const NAMED: usize = 4;

pub(super) fn all(sim: &Sim) -> Vec<FlightView> {
    let names = crate::history::names(sim);
    let standing = sim.held().iter().map(|held| one(sim, &names, held.due, held.id, &held.packet));
    standing.chain(sim.queue().packets().map(|(due, id, packet)| one(sim, &names, due, id, packet))).collect()
}

fn one(sim: &Sim, names: &Names, deliver_at: Time, id: PacketId, packet: &InFlight) -> FlightView {
    let (from, to) = (packet.from, packet.to);
    let mut view = FlightView {
        id,
        from,
        to,
        sent_at: packet.sent_at,
        deliver_at,
        family: Family::Heartbeat,
        api: "Disconnect",
        request: false,
        summary: String::new(),
        routine: false,
        error: ErrorCode::None,
        lost: packet.lost,
        blocked: sim.net().is_cut(Link { from, to }),
        partitions: Vec::new(),
        cause: packet.cause,
    };
    if let Parcel::Message(_, message) = &packet.parcel {
        view.family = family(from, to, message);
        view.api = message.api();
        view.request = message.is_request();
        describe(&mut view, message, names);
    }
    view
}

fn describe(view: &mut FlightView, message: &Message, names: &Names) {
    match message {
        Message::VoteRequest(vote) => {
            view.summary =
                format!("{}epoch {}", if vote.pre_vote { "pre-vote, " } else { "" }, vote.replica_epoch);
        }
        Message::VoteResponse(vote) => {
            view.error = vote.error;
            view.summary = format!("{} epoch {}", if vote.vote_granted { "+" } else { "-" }, vote.epoch);
        }
        Message::BeginQuorumEpochRequest(begin) => {
            view.summary = epoch_of(begin.leader, begin.leader_epoch.0)
        }
        Message::EndQuorumEpochRequest(end) => view.summary = epoch_of(end.leader, end.leader_epoch.0),
        Message::BeginQuorumEpochResponse(answer) | Message::EndQuorumEpochResponse(answer) => {
            view.error = answer.error;
        }
        Message::MetadataFetchRequest(fetch) => {
            view.routine = true;
            view.summary = format!("offset {}", fetch.fetch_offset);
        }
        Message::MetadataFetchResponse(fetch) => {
            view.error = fetch.error;
            (view.routine, view.summary) = fetched(&fetch.data);
            if let Some(snapshot) = fetch.snapshot {
                (view.routine, view.summary) = (false, format!("snapshot {}", snapshot.end));
            }
        }
        Message::FetchSnapshotRequest(fetch) => {
            view.summary = format!("snapshot {} @{}", fetch.snapshot.end, fetch.position);
        }
        Message::FetchSnapshotResponse(part) => {
            view.error = part.error;
            let till = part.position + part.records.len() as i64;
            view.summary = format!("snapshot {}: {till}/{}", part.snapshot.end, part.size);
        }
        Message::AddRaftVoterRequest(_)
        | Message::AddRaftVoterResponse(_)
        | Message::RemoveRaftVoterRequest(_)
        | Message::RemoveRaftVoterResponse(_)
        | Message::UpdateRaftVoterRequest(_)
        | Message::UpdateRaftVoterResponse(_)
        | Message::ApiVersionsRequest
        | Message::ApiVersionsResponse(_) => of_voters(view, message),
        Message::BrokerRegistrationRequest(_)
        | Message::MetadataRequest
        | Message::MetadataResponse(_)
        | Message::InitProducerIdRequest
        | Message::AllocateProducerIdsRequest(_) => {}
        Message::InitProducerIdResponse(_)
        | Message::AllocateProducerIdsResponse(_)
        | Message::BrokerRegistrationResponse(_)
        | Message::BrokerHeartbeatRequest(_)
        | Message::BrokerHeartbeatResponse(_) => of_brokers(view, message),
        Message::AlterPartitionRequest(_)
        | Message::AlterPartitionResponse(_)
        | Message::FetchRequest(_)
        | Message::FetchResponse(_)
        | Message::ProduceRequest(_)
        | Message::ProduceResponse(_)
        | Message::ListOffsetsRequest(_)
        | Message::ListOffsetsResponse(_)
        | Message::OffsetForLeaderEpochRequest(_)
        | Message::OffsetForLeaderEpochResponse(_) => of_partitions(view, message, names),
        Message::Group(message) => super::group_flights::of_group(view, message, names),
        _ => mode_flights::describe(view, message, names),
    }
    view.routine &= view.error.is_none();
}

/// What is said about who votes.
fn of_voters(view: &mut FlightView, message: &Message) {
    match message {
        Message::AddRaftVoterRequest(add) => view.summary = format!("+ {}", add.voter.key.id),
        Message::RemoveRaftVoterRequest(remove) => view.summary = format!("- {}", remove.voter.id),
        Message::UpdateRaftVoterRequest(update) => view.summary = format!("{}", update.voter.key.id),
        Message::AddRaftVoterResponse(answer) | Message::RemoveRaftVoterResponse(answer) => {
            view.error = answer.error;
        }
        Message::UpdateRaftVoterResponse(answer) => view.error = answer.error,
        Message::ApiVersionsResponse(answer) => view.error = answer.error,
        _ => {}
    }
}

/// What the controller and a broker say to each other about the broker itself, and about producer ids.
fn of_brokers(view: &mut FlightView, message: &Message) {
    match message {
        Message::InitProducerIdResponse(answer) => {
            view.error = answer.error;
            view.summary = format!("producer id {}", answer.producer.producer_id);
        }
        Message::AllocateProducerIdsResponse(answer) => {
            view.error = answer.error;
            view.summary = format!("{} ids from {}", answer.len, answer.start);
        }
        Message::BrokerRegistrationResponse(answer) => {
            view.error = answer.error;
            view.summary = format!("broker epoch {}", answer.broker_epoch);
        }
        Message::BrokerHeartbeatRequest(beat) => {
            view.routine = !beat.want_shut_down && !beat.want_fence;
            let wish = if beat.want_shut_down { "WantShutDown" } else { "WantFence" };
            view.summary = String::from(if view.routine { "" } else { wish });
        }
        Message::BrokerHeartbeatResponse(beat) => {
            view.error = beat.error;
            view.routine = !beat.should_shut_down && !beat.is_fenced;
        }
        _ => {}
    }
}

fn of_partitions(view: &mut FlightView, message: &Message, names: &Names) {
    match message {
        Message::AlterPartitionRequest(alter) => {
            name(view, alter.partitions.iter().map(|proposal| proposal.partition));
            if let Some(first) = alter.partitions.first() {
                let isr: Vec<String> =
                    first.new_isr.iter().map(|(id, _)| format!("{}", id.number())).collect();
                view.summary = format!("{} [{}]", names.show(first.partition), isr.join(", "));
            }
        }
        Message::AlterPartitionResponse(alter) => {
            name(view, alter.partitions.iter().map(|answer| answer.partition));
            let of_partition = alter.partitions.first().map(|answer| answer.error).unwrap_or_default();
            view.error = if alter.error.is_none() { of_partition } else { alter.error };
            if let Some(first) = alter.partitions.first() {
                view.summary = format!("{} {}", names.show(first.partition), first.isr);
            }
        }
        Message::FetchRequest(fetch) => {
            view.routine = true;
            name(view, fetch.partitions.iter().map(|asked| asked.partition));
            let asked: Vec<String> = fetch
                .partitions
                .iter()
                .take(NAMED)
                .map(|asked| format!("{} @{}", names.show(asked.partition), asked.fetch_offset))
                .collect();
            view.summary = asked.join(", ");
        }
        Message::FetchResponse(fetch) => {
            let tells = |answer: &&FetchedPartition| !answer.error.is_none() || !fetched(&answer.data).0;
            let telling = fetch.partitions.iter().filter(tells);
            view.routine = telling.clone().next().is_none();
            view.error =
                telling.clone().map(|answer| answer.error).find(|error| !error.is_none()).unwrap_or_default();
            name(view, telling.clone().map(|answer| answer.partition));
            let told = telling.take(NAMED);
            let told: Vec<String> = told
                .map(|answer| format!("{} {}", names.show(answer.partition), fetched(&answer.data).1))
                .collect();
            view.summary = told.join(", ");
        }
        Message::ProduceRequest(produce) => {
            name(view, produce.batches.iter().map(|batch| batch.partition));
            let batches = produce.batches.iter().take(NAMED);
            let batches: Vec<String> = batches
                .map(|batch| format!("{} +{}", names.show(batch.partition), batch.records.len()))
                .collect();
            view.summary = batches.join(", ");
        }
        Message::ProduceResponse(produce) => {
            name(view, produce.results.iter().map(|result| result.partition));
            let errors = produce.results.iter().map(|result| result.error);
            view.error = errors.into_iter().find(|error| !error.is_none()).unwrap_or_default();
            let first =
                produce.results.first().and_then(|result| Some((result.partition, result.base_offset?)));
            view.summary = first.map(|(id, base)| format!("{} @{base}", names.show(id))).unwrap_or_default();
        }
        _ => of_offsets(view, message, names),
    }
}

fn of_offsets(view: &mut FlightView, message: &Message, names: &Names) {
    match message {
        Message::ListOffsetsRequest(list) => name(view, [list.partition]),
        Message::ListOffsetsResponse(list) => {
            name(view, [list.partition]);
            view.error = list.error;
            view.summary = format!("{} @{}", names.show(list.partition), list.offset);
        }
        Message::OffsetForLeaderEpochRequest(asked) => {
            name(view, asked.partitions.iter().map(|asked| asked.partition));
            if let Some(first) = asked.partitions.first() {
                view.summary = format!("{} epoch {}?", names.show(first.partition), first.leader_epoch);
            }
        }
        Message::OffsetForLeaderEpochResponse(answer) => {
            name(view, answer.partitions.iter().map(|answer| answer.partition));
            let errors = answer.partitions.iter().map(|answer| answer.error);
            view.error = errors.into_iter().find(|error| !error.is_none()).unwrap_or_default();
            view.summary =
                answer.partitions.first().map(|answer| epoch_end(answer, names)).unwrap_or_default();
        }
        _ => {}
    }
}

fn name(view: &mut FlightView, partitions: impl IntoIterator<Item = TopicPartition>) {
    view.partitions = partitions.into_iter().take(NAMED).collect();
}

fn epoch_of(leader: NodeId, epoch: u32) -> String {
    format!("{leader}, epoch {epoch}")
}

/// Where an epoch ends in the leader's log.
fn epoch_end(answer: &EpochEndAnswer, names: &Names) -> String {
    let partition = names.show(answer.partition);
    match (answer.leader_epoch, answer.end_offset) {
        (Some(epoch), Some(end)) => format!("{partition} epoch {epoch} ends at {end}"),
        (None, Some(end)) => format!("{partition} ends at {end}"),
        (_, None) => format!("{partition} unknown"),
    }
}

/// Whether a fetch brings nothing, and what it brings.
fn fetched<R>(data: &Fetched<R>) -> (bool, String) {
    match data {
        Fetched::Records(records) if records.is_empty() => (true, String::new()),
        Fetched::Records(records) => (false, format!("+{}", records.len())),
        Fetched::Diverging(end) => (false, format!("diverging: epoch {} ends at {}", end.epoch, end.end)),
    }
}
