//! The small words of scenario text: spans, numbers, partitions, timers. Errors say what was expected.

use crate::id::{NodeId, PacketId, TEXT_CAPACITY, Text, TopicId, TopicPartition};
use crate::node::Timer;
use crate::time::{Span, Time};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Topic names by id: the first is topic 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<Text>);

impl Names {
    /// The id of this topic.
    pub fn topic(&self, name: &str) -> Result<TopicId, String> {
        let place = self.0.iter().position(|known| known.as_str() == name);
        place.map(|place| TopicId(place as u8)).ok_or_else(|| {
            let known: Vec<&str> = self.0.iter().map(Text::as_str).collect();
            format!("there is no topic '{name}'; topics are: {}", known.join(", "))
        })
    }

    /// Reads `orders-0`.
    pub fn partition(&self, text: &str) -> Result<TopicPartition, String> {
        let wrong = || format!("'{text}' is no partition: write one like orders-0");
        let (name, number) = text.rsplit_once('-').ok_or_else(wrong)?;
        let partition = number.parse().map_err(|_| wrong())?;
        Ok(TopicPartition { topic: self.topic(name)?, partition })
    }

    /// The name of a topic; its number when it is unknown.
    pub fn name(&self, topic: TopicId) -> String {
        self.0.get(usize::from(topic.0)).map_or_else(|| topic.0.to_string(), Text::to_string)
    }

    /// Prints `orders-0`.
    pub fn show(&self, partition: TopicPartition) -> String {
        format!("{}-{}", self.name(partition.topic), partition.partition)
    }
}

/// Reads `250us`, `1.5ms`, `9s`, `2m`.
pub fn span(text: &str) -> Result<Span, String> {
    let wrong = || format!("'{text}' is no length of time: write one like 250us, 20ms, 1.5s or 2m");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "us" => 1,
        "ms" => 1000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        _ => return Err(wrong()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let mut micros = whole.checked_mul(unit).ok_or_else(wrong)?;
    let mut value = unit;
    for digit in part.chars() {
        value /= 10;
        micros += u64::from(digit.to_digit(10).ok_or_else(wrong)?) * value;
    }
    Ok(Span(micros))
}

/// Prints a span so that [`span`] reads the same again.
pub fn show_span(span: Span) -> String {
    match span.0 {
        0 => String::from("0ms"),
        n if n % 1_000_000 == 0 => format!("{}s", n / 1_000_000),
        n if n % 1000 == 0 => format!("{}ms", n / 1000),
        n => format!("{n}us"),
    }
}

/// Reads a moment, written as the span since the start.
pub fn time(text: &str) -> Result<Time, String> {
    span(text).map(|span| Time(span.0))
}

/// Reads a whole number.
pub fn number<N: core::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("'{text}' is no number that fits here"))
}

/// Reads the number of a message in flight.
pub fn packet(text: &str) -> Result<PacketId, String> {
    number(text).map(PacketId)
}

/// Reads a short text.
pub fn short(text: &str) -> Result<Text, String> {
    Text::new(text).ok_or_else(|| format!("'{text}' is longer than {TEXT_CAPACITY} bytes"))
}

const PLAIN_TIMERS: [(&str, Timer); 39] = [
    ("Election", Timer::Election),
    ("QuorumFetch", Timer::QuorumFetch),
    ("CheckQuorum", Timer::CheckQuorum),
    ("BeginQuorumEpoch", Timer::BeginQuorumEpoch),
    ("AppendLinger", Timer::AppendLinger),
    ("CandidateBackoff", Timer::CandidateBackoff),
    ("VoterChange", Timer::VoterChange),
    ("UpdateVoterSet", Timer::UpdateVoterSet),
    ("FenceStaleBrokers", Timer::FenceStaleBrokers),
    ("LeaderBalance", Timer::LeaderBalance),
    ("UncleanElection", Timer::UncleanElection),
    ("ControllerThread", Timer::ControllerThread),
    ("MetadataWork", Timer::MetadataWork),
    ("NoOp", Timer::NoOp),
    ("Heartbeat", Timer::Heartbeat),
    ("HeartbeatRequest", Timer::HeartbeatRequest),
    ("RegistrationTimeout", Timer::RegistrationTimeout),
    ("ControlledShutdown", Timer::ControlledShutdown),
    ("IsrCheck", Timer::IsrCheck),
    ("HwCheckpoint", Timer::HwCheckpoint),
    ("AlterPartitionRetry", Timer::AlterPartitionRetry),
    ("AlterPartitionRequest", Timer::AlterPartitionRequest),
    ("ProducerIdsRequest", Timer::ProducerIdsRequest),
    ("IsrChangePropagation", Timer::IsrChangePropagation),
    ("ProducerIdExpiration", Timer::ProducerIdExpiration),
    ("Workload", Timer::Workload),
    ("ProducerSend", Timer::ProducerSend),
    ("ProducerDelivery", Timer::ProducerDelivery),
    ("MetadataRefresh", Timer::MetadataRefresh),
    ("ConsumerPoll", Timer::ConsumerPoll),
    ("Rafts", Timer::Rafts),
    ("GroupCoordinator", Timer::GroupCoordinator),
    ("ZooKeeperTimeout", Timer::ZooKeeperTimeout),
    ("ZooKeeperPing", Timer::ZooKeeperPing),
    ("ZooKeeperReconnect", Timer::ZooKeeperReconnect),
    ("ZooKeeperElection", Timer::ZooKeeperElection),
    ("ZooKeeperTick", Timer::ZooKeeperTick),
    ("ZooKeeperLearnerPing", Timer::ZooKeeperLearnerPing),
    ("ZooKeeperWork", Timer::ZooKeeperWork),
];

/// Prints a timer; with its node or number behind a colon: `QuorumRequest:controller-2`, `DelayedFetch:3`.
pub fn show_timer(timer: Timer) -> String {
    match timer {
        Timer::QuorumRequest(node) => format!("QuorumRequest:{node}"),
        Timer::QuorumBackoff(node) => format!("QuorumBackoff:{node}"),
        Timer::ParkedFetch(node) => format!("ParkedFetch:{node}"),
        Timer::ReplicaFetchRequest(node) => format!("ReplicaFetchRequest:{node}"),
        Timer::ReplicaFetchBackoff(node) => format!("ReplicaFetchBackoff:{node}"),
        Timer::ControlRequest(node) => format!("ControlRequest:{node}"),
        Timer::ControlBackoff(node) => format!("ControlBackoff:{node}"),
        Timer::ClientRequest(node) => format!("ClientRequest:{node}"),
        Timer::Reconnect(node) => format!("Reconnect:{node}"),
        Timer::DelayedFetch(n) => format!("DelayedFetch:{n}"),
        Timer::DelayedProduce(n) => format!("DelayedProduce:{n}"),
        Timer::LogDirFailure => String::from("LogDirFailure"),
        Timer::DelayedDelete(n) => format!("DelayedDelete:{n}"),
        plain @ (Timer::Election
        | Timer::QuorumFetch
        | Timer::CheckQuorum
        | Timer::BeginQuorumEpoch
        | Timer::AppendLinger
        | Timer::CandidateBackoff
        | Timer::VoterChange
        | Timer::UpdateVoterSet
        | Timer::FenceStaleBrokers
        | Timer::LeaderBalance
        | Timer::UncleanElection
        | Timer::ControllerThread
        | Timer::MetadataWork
        | Timer::NoOp
        | Timer::Heartbeat
        | Timer::HeartbeatRequest
        | Timer::RegistrationTimeout
        | Timer::ControlledShutdown
        | Timer::IsrCheck
        | Timer::HwCheckpoint
        | Timer::ProducerIdsRequest
        | Timer::IsrChangePropagation
        | Timer::ProducerIdExpiration
        | Timer::AlterPartitionRetry
        | Timer::AlterPartitionRequest
        | Timer::Workload
        | Timer::ProducerSend
        | Timer::ProducerDelivery
        | Timer::MetadataRefresh
        | Timer::ConsumerPoll
        | Timer::Rafts
        | Timer::GroupCoordinator
        | Timer::ZooKeeperTimeout
        | Timer::ZooKeeperPing
        | Timer::ZooKeeperReconnect
        | Timer::ZooKeeperElection
        | Timer::ZooKeeperTick
        | Timer::ZooKeeperLearnerPing
        | Timer::ZooKeeperWork) => {
            let known = PLAIN_TIMERS.iter().find(|(_, timer)| *timer == plain);
            known.map_or_else(String::new, |(name, _)| String::from(*name))
        }
    }
}

/// Reads what [`show_timer`] prints.
pub fn timer(text: &str) -> Result<Timer, String> {
    if let Some((_, timer)) = PLAIN_TIMERS.iter().find(|(name, _)| *name == text) {
        return Ok(*timer);
    }
    let (name, argument) = text.split_once(':').unwrap_or((text, ""));
    Ok(match name {
        "QuorumRequest" => Timer::QuorumRequest(NodeId::parse(argument)?),
        "QuorumBackoff" => Timer::QuorumBackoff(NodeId::parse(argument)?),
        "ParkedFetch" => Timer::ParkedFetch(NodeId::parse(argument)?),
        "ReplicaFetchRequest" => Timer::ReplicaFetchRequest(NodeId::parse(argument)?),
        "ReplicaFetchBackoff" => Timer::ReplicaFetchBackoff(NodeId::parse(argument)?),
        "ControlRequest" => Timer::ControlRequest(NodeId::parse(argument)?),
        "ControlBackoff" => Timer::ControlBackoff(NodeId::parse(argument)?),
        "ClientRequest" => Timer::ClientRequest(NodeId::parse(argument)?),
        "Reconnect" => Timer::Reconnect(NodeId::parse(argument)?),
        "DelayedFetch" => Timer::DelayedFetch(number(argument)?),
        "DelayedProduce" => Timer::DelayedProduce(number(argument)?),
        "LogDirFailure" => Timer::LogDirFailure,
        "DelayedDelete" => Timer::DelayedDelete(number(argument)?),
        _ => return Err(format!("'{text}' is no timer: write one like Election or QuorumFetch")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_back_as_it_was_printed() {
        for micros in [0, 1, 250, 1000, 1500, 20_000, 9_000_000, 31_234_567] {
            assert_eq!(span(&show_span(Span(micros))), Ok(Span(micros)));
        }
        assert_eq!(span("1.5s"), Ok(Span(1_500_000)));
        assert_eq!(span("2m"), Ok(Span(120_000_000)));
        assert!(span("5").is_err() && span("x").is_err() && span("999999999999999999s").is_err());
    }

    #[test]
    fn a_timer_reads_back_as_it_was_printed() {
        let with_argument = [Timer::QuorumRequest(NodeId::controller(2)), Timer::DelayedFetch(3)];
        for wanted in PLAIN_TIMERS.iter().map(|(_, timer)| *timer).chain(with_argument) {
            assert_eq!(timer(&show_timer(wanted)), Ok(wanted));
        }
        assert!(timer("Alarm").is_err());
    }
}
