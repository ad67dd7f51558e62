//! `component: partition-leader` and `component: partition-follower`: one replica of one partition on one broker.
//!
//! After each command what the broker sends is printed, and what the partition has become when that changed.

use super::hosted::{CONSUMER, CONTROLLER, Hosted, PRODUCER, TP, epoch_of};
use super::partition_change::registration;
use super::quorum_node::error_code;
use super::raft::{MOST_RECORDS, runs};
use super::{Component, Part, data_messages, epoch_cache, setup};
use crate::config::{Acks, Settings};
use crate::epochs::EpochEnd;
use crate::id::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch};
use crate::node::Timer;
use crate::record::{LeaderRecoveryState, MetadataRecord, PartitionChange, TopicConfig};
use crate::scenario::actions::parse_acks;
use crate::scenario::command::{Command, Verb, at_most, broker, brokers, number, or_none, small, span};
use crate::scenario::words;
use crate::time::Span;
use crate::wire::{
    AlterPartitionResponse, EpochAsked, EpochEndAnswer, ErrorCode, FetchPartition, FetchRequest,
    FetchResponse, Fetched, FetchedPartition, Fetcher, IsrAnswer, ListOffsetsResponse, Message,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetSpec, ProduceBatch, ProduceRequest,
};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;

const METADATA: Verb = Verb {
    usage: "metadata [leader=ID|none] [isr=LIST] [replicas=LIST]",
    about: "The controller writes a PartitionChangeRecord, and the broker replays it; naming a leader, even the same, \
            begins a new leader epoch.",
};
const BROKER: Verb = Verb {
    usage: "broker ID fenced|unfenced|in-controlled-shutdown",
    about: "The broker learns that another one was fenced, unfenced, or shuts down.",
};
const MIN_ISR: Verb = Verb { usage: "min-isr N", about: "The topic's min.insync.replicas." };
const CONSUME: Verb = Verb {
    usage: "consume offset=N [epoch=N|none] [wait=SPAN]",
    about: "A consumer's Fetch request arrives; its rack is the first of `client.rack`.",
};
const DISCONNECT: Verb = Verb { usage: "disconnect NODE", about: "The connection to that broker breaks." };
const RESTART: Verb = Verb {
    usage: "restart [clean]",
    about: "The broker starts again from its disk, after a clean shutdown or a crash of the process.",
};
const ADVANCE: Verb = Verb { usage: "advance SPAN", about: "Lets time pass; timers run out in order." };
const FIRE: Verb = Verb { usage: "fire TIMER", about: "A timer runs out now, armed or not." };
const TIMERS: Verb = Verb { usage: "timers", about: "Prints each armed timer and what is left of it." };
const LOG: Verb = Verb {
    usage: "log",
    about: "Prints the log as runs `EPOCHxCOUNT`, its bounds, what is flushed, and the epoch cache.",
};
const SHOW: Verb = Verb { usage: "show", about: "Prints the partition as the broker has it." };

pub(super) const LEADER: Component = Component {
    name: "partition-leader",
    about: "a partition's leader: high watermark, ISR, produces, fetches (Partition, ReplicaManager)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "leader id=N replicas=LIST isr=LIST [leader-epoch=N] [partition-epoch=N] [log=RUNS] [hw=N]",
            about: "Broker `id` starts with this log and this checkpointed high watermark, and leads; the moment is 0.",
        },
        METADATA,
        BROKER,
        MIN_ISR,
        Verb {
            usage: "produce N [acks=0|1|all] [timeout=SPAN]",
            about: "A Produce request with that many records arrives.",
        },
        Verb {
            usage: "fetch FROM offset=N [last-epoch=N|none] [epoch=N|none] [broker-epoch=N|none] [wait=SPAN]",
            about: "A follower's Fetch request arrives; what is not said is as a follower would have it whose log agrees.",
        },
        CONSUME,
        Verb {
            usage: "offset-for-leader-epoch FROM epoch=N [current-epoch=N|none]",
            about: "An OffsetForLeaderEpoch request arrives.",
        },
        Verb { usage: "isr-check", about: "The leader looks for followers that lag." },
        Verb {
            usage: "answer-alter-partition ERROR [isr=LIST] [epoch=N] [partition-epoch=N] [leader=N] [request=NUMBER]",
            about: "The controller answers the AlterPartition request; with NONE, what is not said is as it was asked.",
        },
        Verb {
            usage: "fail-alter-partition ERROR [request=NUMBER]",
            about: "The controller refuses the whole AlterPartition request.",
        },
        Verb {
            usage: "end-offset-for epoch=N",
            about: "Prints `(epoch, end offset)` of the largest epoch not above it in this log; (-1, -1) is undefined.",
        },
        Verb {
            usage: "follower ID",
            about: "Prints what the leader knows of a follower: its log end, and when it was last caught up.",
        },
        DISCONNECT,
        RESTART,
        ADVANCE,
        FIRE,
        TIMERS,
        LOG,
        SHOW,
    ],
    new: || Box::new(PartitionPart { settings: Settings::default(), hosted: None }),
};

pub(super) const FOLLOWER: Component = Component {
    name: "partition-follower",
    about: "a partition's follower: fetching, truncation, high watermark (AbstractFetcherThread)",
    verbs: &[
        setup::RELEASE,
        setup::SET,
        setup::SWITCH,
        Verb {
            usage: "follower id=N leader=ID replicas=LIST isr=LIST [leader-epoch=N] [partition-epoch=N] [log=RUNS] \
                    [hw=N]",
            about: "Broker `id` starts with this log and this checkpointed high watermark, and follows; the moment is 0.",
        },
        METADATA,
        Verb {
            usage: "answer-fetch FROM [records=RUNS] [diverging=EPOCH@END] [hw=N] [log-start=N] [error=NAME] \
                    [request=NUMBER]",
            about: "The answer to a Fetch request.",
        },
        Verb {
            usage: "answer-list-offsets FROM offset=N [error=NAME] [which=earliest|latest] [request=NUMBER]",
            about: "The answer to a ListOffsets request.",
        },
        Verb {
            usage: "answer-offset-for-leader-epoch FROM [epoch=N|none] [end=N|none] [error=NAME] [request=NUMBER]",
            about: "The answer to an OffsetForLeaderEpoch request.",
        },
        CONSUME,
        DISCONNECT,
        RESTART,
        ADVANCE,
        FIRE,
        TIMERS,
        LOG,
        SHOW,
    ],
    new: || Box::new(PartitionPart { settings: Settings::default(), hosted: None }),
};

#[derive(Debug)]
struct PartitionPart {
    settings: Settings,
    hosted: Option<Hosted>,
}

impl Part for PartitionPart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        if setup::run(&mut self.settings, command)? {
            return Ok(String::new());
        }
        let is_start = command.value("id").is_some();
        if is_start {
            let hosted = self.hosted.insert(start(self.settings, command)?);
            return Ok(hosted.told());
        }
        let missing =
            || String::from("there is no replica yet: write 'leader id=…' or 'follower id=…' first");
        let hosted = self.hosted.as_mut().ok_or_else(missing)?;
        if let Some(said) = look(hosted, command)? {
            return Ok(said);
        }
        act(hosted, command)?;
        Ok(hosted.told())
    }
}

fn start(settings: Settings, command: &Command<'_>) -> Result<Hosted, String> {
    let me = command.need("id", broker)?;
    let mut registration = registration(command)?;
    registration.leader_epoch = LeaderEpoch(command.or("leader-epoch", 0, small)?);
    registration.partition_epoch = PartitionEpoch(command.or("partition-epoch", 0, small)?);
    if command.verb == "leader" {
        registration.leader = Some(me);
    }
    if !registration.replicas.contains(me) {
        return Err(format!("broker {} is no replica of it", me.number()));
    }
    let log = command.maybe("log", runs)?.unwrap_or_default();
    Ok(Hosted::start(me, settings, registration, &log, command.or("hw", 0, number)?))
}

fn look(hosted: &Hosted, command: &Command<'_>) -> Result<Option<String>, String> {
    Ok(Some(match command.verb {
        "timers" => hosted.show_timers(),
        "show" => hosted.show(),
        "log" => hosted.log().map(data_messages::show_log).unwrap_or_default(),
        "end-offset-for" => {
            let epoch = LeaderEpoch(command.need("epoch", small)?);
            match hosted.log().and_then(|log| log.end_offset_for(epoch)) {
                Some(found) => format!("({}, {})", found.epoch, found.end),
                None => String::from("(-1, -1)"),
            }
        }
        "follower" => {
            let id = command.read(0, broker)?;
            let leader = hosted.partition().and_then(|partition| partition.as_leader());
            let known = leader.and_then(|leader| leader.follower(id));
            let follower = known.ok_or_else(|| format!("{} is no follower of it", id.number()))?;
            let leo = follower.leo.map_or(String::from("unknown"), |leo| format!("{leo}"));
            format!("end={leo} last-caught-up={}", Hosted::show_time(follower.last_caught_up))
        }
        _ => return Ok(None),
    }))
}

fn act(hosted: &mut Hosted, command: &Command<'_>) -> Result<(), String> {
    match command.verb {
        "metadata" => hosted.change(PartitionChange {
            leader: command.maybe("leader", or_none(broker))?,
            isr: command.maybe("isr", brokers)?,
            replicas: command.maybe("replicas", brokers)?,
            ..PartitionChange::default()
        }),
        "broker" => change_broker(hosted, command)?,
        "min-isr" => {
            let value = command.read(0, small)?;
            let (topic, key) = (Some(TP.topic), TopicConfig::MinInsyncReplicas);
            hosted.image.apply(&MetadataRecord::Config { topic, key, value });
            hosted.publish();
        }
        "produce" => produce(hosted, command)?,
        "fetch" => fetch(hosted, command)?,
        "consume" => {
            let asked = asked(hosted, command)?;
            fetch_as(
                hosted,
                CONSUMER,
                Fetcher::Consumer,
                FetchPartition { last_fetched_epoch: None, ..asked },
                command,
            )?;
        }
        "offset-for-leader-epoch" => offset_for_leader_epoch(hosted, command)?,
        "isr-check" => hosted.fire(Timer::IsrCheck),
        "disconnect" => {
            let node = command.read(0, broker)?;
            hosted.drive(|manager, now, _, ctx, out| manager.on_disconnected(now, node, ctx, out));
        }
        "restart" => hosted.restart(command.has("clean")),
        "advance" => hosted.advance(command.read(0, span)?)?,
        "fire" => hosted.fire(command.read(0, timer)?),
        _ => answer(hosted, command)?,
    }
    Ok(())
}

/// Reads a timer of a broker; nodes are plain numbers.
fn timer(text: &str) -> Result<Timer, String> {
    words::timer(text)
}

fn change_broker(hosted: &mut Hosted, command: &Command<'_>) -> Result<(), String> {
    let broker = command.read(0, broker)?;
    let what = command.at(1).unwrap_or_default();
    let (fenced, in_controlled_shutdown) = match what {
        "fenced" => (Some(true), false),
        "unfenced" => (Some(false), false),
        "in-controlled-shutdown" => (None, true),
        _ => return Err(format!("'{what}': write fenced, unfenced or in-controlled-shutdown")),
    };
    let broker_epoch = epoch_of(broker);
    let change =
        MetadataRecord::BrokerRegistrationChange { broker, broker_epoch, fenced, in_controlled_shutdown };
    hosted.image.apply(&change);
    hosted.publish();
    Ok(())
}

fn produce(hosted: &mut Hosted, command: &Command<'_>) -> Result<(), String> {
    let count = command.read(0, at_most(MOST_RECORDS))?;
    let acks = command.or("acks", Acks::One, parse_acks)?;
    let records = hosted.values(&[(0, count)]).into_iter().map(|entry| entry.body).collect();
    let request = ProduceRequest {
        acks,
        timeout: command.or("timeout", Span::secs(30), span)?,
        batches: vec![ProduceBatch { partition: TP, records }],
    };
    hosted.deliver(PRODUCER, Message::ProduceRequest(request), acks != Acks::Zero);
    Ok(())
}

/// What a replica asks whose log agrees with this one's up to the offset.
fn asked(hosted: &Hosted, command: &Command<'_>) -> Result<FetchPartition, String> {
    let offset = command.need("offset", number)?;
    let before = offset.checked_sub(1).and_then(|last| hosted.log()?.log.get(Offset(last)));
    let last = command.maybe("last-epoch", or_none(small))?;
    let epoch = command.maybe("epoch", or_none(small))?;
    let known = hosted.registration().map(|registration| registration.leader_epoch);
    Ok(FetchPartition {
        partition: TP,
        current_leader_epoch: epoch.map_or(known, |epoch| epoch.map(LeaderEpoch)),
        fetch_offset: Offset(offset),
        last_fetched_epoch: last.map_or(before.map(|entry| entry.epoch), |last| last.map(LeaderEpoch)),
        log_start_offset: Offset(0),
        max_records: MOST_RECORDS as u32,
    })
}

fn fetch(hosted: &mut Hosted, command: &Command<'_>) -> Result<(), String> {
    let from = command.read(0, broker)?;
    let usual = hosted.image.brokers.get(&from).map(|registration| registration.broker_epoch);
    let epoch = command.maybe("broker-epoch", or_none(number))?;
    let epoch = epoch.map_or(usual, |epoch| epoch.map(BrokerEpoch));
    let asked = asked(hosted, command)?;
    fetch_as(hosted, from, Fetcher::Replica(from, epoch), asked, command)
}

fn fetch_as(
    hosted: &mut Hosted,
    from: NodeId,
    fetcher: Fetcher,
    asked: FetchPartition,
    command: &Command<'_>,
) -> Result<(), String> {
    let max_wait = command.or("wait", Span::millis(500), span)?;
    let rack = hosted.client_rack().filter(|_| fetcher == Fetcher::Consumer);
    let request = FetchRequest { fetcher, max_wait, min_records: 1, rack, partitions: vec![asked] };
    hosted.deliver(from, Message::FetchRequest(request), true);
    Ok(())
}

fn offset_for_leader_epoch(hosted: &mut Hosted, command: &Command<'_>) -> Result<(), String> {
    let from = command.read(0, broker)?;
    let known = hosted.registration().map(|registration| registration.leader_epoch);
    let current = command.maybe("current-epoch", or_none(small))?;
    let asked = EpochAsked {
        partition: TP,
        current_leader_epoch: current.map_or(known, |epoch| epoch.map(LeaderEpoch)),
        leader_epoch: LeaderEpoch(command.need("epoch", small)?),
    };
    let fetcher = Fetcher::Replica(from, Some(epoch_of(from)));
    let request = OffsetForLeaderEpochRequest { fetcher, partitions: vec![asked] };
    hosted.deliver(from, Message::OffsetForLeaderEpochRequest(request), true);
    Ok(())
}

fn answer(hosted: &mut Hosted, command: &Command<'_>) -> Result<(), String> {
    let request = command.maybe("request", number)?;
    let (from, message) = match command.verb {
        "answer-alter-partition" => (CONTROLLER, altered(hosted, command)?),
        "fail-alter-partition" => {
            let error = command.read(0, error_code)?;
            (
                CONTROLLER,
                Message::AlterPartitionResponse(AlterPartitionResponse { error, partitions: vec![] }),
            )
        }
        "answer-fetch" => (command.read(0, broker)?, fetched(hosted, command)?),
        "answer-list-offsets" => {
            let which = match command.value("which") {
                Some("earliest") => OffsetSpec::Earliest,
                _ => OffsetSpec::Latest,
            };
            let response = ListOffsetsResponse {
                partition: TP,
                error: command.or("error", ErrorCode::None, error_code)?,
                offset: Offset(command.need("offset", number)?),
                which,
            };
            (command.read(0, broker)?, Message::ListOffsetsResponse(response))
        }
        _ => {
            let answer = EpochEndAnswer {
                partition: TP,
                error: command.or("error", ErrorCode::None, error_code)?,
                leader_epoch: command.or("epoch", None, or_none(small))?.map(LeaderEpoch),
                end_offset: command.or("end", None, or_none(number))?.map(Offset),
            };
            let response = OffsetForLeaderEpochResponse { partitions: vec![answer] };
            (command.read(0, broker)?, Message::OffsetForLeaderEpochResponse(response))
        }
    };
    hosted.answer(from, request, message)
}

fn altered(hosted: &Hosted, command: &Command<'_>) -> Result<Message, String> {
    let partition = hosted.partition().ok_or("it is not hosted")?;
    let leader = partition.as_leader().ok_or("it does not lead")?;
    let proposed = leader.isr.proposed();
    let answer = IsrAnswer {
        partition: TP,
        error: command.read(0, error_code)?,
        leader: command.or(
            "leader",
            hosted.registration().and_then(|found| found.leader),
            or_none(broker),
        )?,
        leader_epoch: command.maybe("epoch", small)?.map_or(partition.leader_epoch, LeaderEpoch),
        isr: command.or("isr", proposed, brokers)?,
        leader_recovery_state: LeaderRecoveryState::Recovered,
        partition_epoch: command
            .maybe("partition-epoch", small)?
            .map_or(PartitionEpoch(partition.partition_epoch.0.wrapping_add(1)), PartitionEpoch),
    };
    let error = ErrorCode::None;
    Ok(Message::AlterPartitionResponse(AlterPartitionResponse { error, partitions: vec![answer] }))
}

fn fetched(hosted: &mut Hosted, command: &Command<'_>) -> Result<Message, String> {
    let diverging = command.maybe("diverging", epoch_cache::epoch_at)?;
    let records = hosted.values(&command.maybe("records", runs)?.unwrap_or_default());
    let fetched = FetchedPartition {
        partition: TP,
        error: command.or("error", ErrorCode::None, error_code)?,
        high_watermark: Offset(command.or("hw", 0, number)?),
        log_start_offset: Offset(command.or("log-start", 0, number)?),
        current_leader: None,
        preferred_read_replica: None,
        data: match diverging {
            Some((epoch, end)) => Fetched::Diverging(EpochEnd { epoch, end }),
            None => Fetched::Records(records),
        },
    };
    Ok(Message::FetchResponse(FetchResponse { partitions: vec![fetched] }))
}
