//! A path of a cluster's world as a run of the simulator: the same processes, and a producer for every record.
//!
//! The way to the first board is played, too. Before each move, timers that would run out on their own are put off.
//! A producer asks one broker, by chance, who leads: seeds are tried until it asks the one that it writes to.

use super::member::{Act, Member, PACE};
use super::{ClusterWorld, essence};
use crate::explore::board::Board;
use crate::explore::essence::{Names, essence as essence_of};
use crate::explore::replay::{Astray, Played, Replay};
use crate::explore::walk::{Move, Walk};
use crate::explore::world::{Place, World};
use kraftscope_core::client::ProducerSpec;
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, NodeKind, PacketId, Text, TopicPartition};
use kraftscope_core::net::Latency;
use kraftscope_core::node::{Command, Timer};
use kraftscope_core::process::Process;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::queue::Parcel;
use kraftscope_core::time::Span;
use kraftscope_core::wire::Message;
use std::collections::BTreeMap;

/// How many seeds are tried at the most.
const SEEDS: u64 = 2_000;
/// Between two moves of the set-up: soon enough that no timer of the start runs out.
const BRISK: Span = Span::micros(100);

type Path = [(Option<Move>, Board)];

/// Replays a path. `None` when no seed leads there.
pub(super) fn replay(walk: &Walk<ClusterWorld>, path: &Path) -> Option<Played> {
    let prelude = walk.prelude();
    (0..SEEDS).find_map(|seed| {
        let history = History::new(genesis(walk.world(), seed)).ok()?;
        let mut replay = Replay::new(history).ok()?;
        follow(walk, &prelude, BRISK, &mut replay).ok()?;
        follow(walk, path.get(1..)?, PACE, &mut replay).ok()?;
        Some(replay.played())
    })
}

fn genesis(world: &ClusterWorld, seed: u64) -> Genesis {
    let bounds = world.bounds();
    let idle =
        ProducerSpec { topics: Vec::new(), interval: Span::ZERO, keys: 0, acks: Some(world.common.acks) };
    Genesis {
        seed,
        settings: *world.settings(),
        controllers: bounds.controllers,
        brokers: bounds.brokers,
        topics: Vec::new(),
        producers: vec![idle; usize::from(bounds.records)],
        consumers: Vec::new(),
        latency: Latency::Fixed,
        rates: BTreeMap::new(),
        checks: true,
        ..Genesis::default()
    }
}

/// Plays moves, each `pace` after the one before.
fn follow(walk: &Walk<ClusterWorld>, path: &Path, pace: Span, replay: &mut Replay) -> Result<(), Astray> {
    for (made, board) in path {
        replay.set_pace(pace);
        if let Some(made) = made {
            make(walk, *made, board, replay)?;
        }
        settle(walk, board, replay)?;
        agrees(walk, board, replay)?;
    }
    Ok(())
}

fn make(walk: &Walk<ClusterWorld>, made: Move, board: &Board, replay: &mut Replay) -> Result<(), Astray> {
    let ids = walk.world().ids();
    let id = |place: Place| ids[usize::from(place)];
    match made {
        Move::Deliver(message) | Move::Drop(message) => {
            let parcel = walk.parcel(message);
            let text = |message: &_| essence_of(message, essence::rules, &Names::identity());
            let meant = text(&*parcel.message);
            let link = (parcel.from, parcel.to);
            let packet = replay.packet(link, parcel.current, |other| text(other) == meant).ok_or(Astray)?;
            if matches!(made, Move::Drop(_)) {
                return replay.act(Action::Drop(packet));
            }
            replay.act(Action::Deliver(packet))?;
            // Nobody listened: the sender learns it.
            replay.part(parcel.to, core::iter::once(parcel.from))
        }
        Move::Fire(place, timer) => replay.act(Action::Fire(id(place), timer)),
        Move::Act(place, act) => {
            let (node, after) = (id(place), walk.node(board, place));
            match walk.act(act) {
                Act::Crash(loss) => replay.act(Action::Crash(node, loss))?,
                Act::Start => replay.act(Action::Start(node))?,
                Act::Call(command) => return replay.act(Action::Call(node, command)),
                Act::Write(partition, number) => {
                    return write(replay, partition, NodeId::producer(number), node);
                }
            }
            let silent = after.process().is_none() && !after.is_powered();
            if silent { Ok(()) } else { replay.part(node, ids.iter().copied()) }
        }
    }
}

/// A producer asks `leader` who leads, and writes to it.
fn write(
    replay: &mut Replay,
    partition: TopicPartition,
    producer: NodeId,
    leader: NodeId,
) -> Result<(), Astray> {
    let (there, back) = ((producer, leader), (leader, producer));
    replay.deliver(there, |message| matches!(message, Message::MetadataRequest))?;
    replay.deliver(back, |message| matches!(message, Message::MetadataResponse(_)))?;
    let (topic, partition) = (partition.topic, Some(partition.partition));
    let send = Command::Send { topic, partition, key: Text::default(), count: 1 };
    replay.act(Action::Call(producer, send))?;
    replay.deliver(there, |message| matches!(message, Message::ProduceRequest(_)))
}

/// What follows by itself: eager messages, parked fetches that nobody waits for any more, and answers to producers.
fn settle(walk: &Walk<ClusterWorld>, board: &Board, replay: &mut Replay) -> Result<(), Astray> {
    replay.catch_up()?;
    while let Some(packet) = eager(walk, board, replay) {
        replay.act(Action::Deliver(packet))?;
        replay.catch_up()?;
    }
    for (place, &id) in walk.world().ids().iter().enumerate() {
        let kept = parking_timers(&walk.node(board, place as Place));
        let armed = replay.history.sim().queue().armed(id).iter().map(|armed| armed.timer);
        let parks = |timer: &Timer| matches!(timer, Timer::ParkedFetch(_) | Timer::DelayedFetch(_));
        let extra: Vec<Timer> = armed.filter(|timer| parks(timer) && !kept.contains(timer)).collect();
        for timer in extra {
            replay.act(Action::Fire(id, timer))?;
        }
    }
    while let Some(answer) = answer_to_producer(replay) {
        replay.act(Action::Deliver(answer))?;
    }
    Ok(())
}

/// An eager message that has arrived in the world and not yet in the simulator.
fn eager(walk: &Walk<ClusterWorld>, board: &Board, replay: &Replay) -> Option<PacketId> {
    let ids = walk.world().ids();
    let waits = |from, to| {
        board.bag().iter().any(|&message| {
            let parcel = walk.parcel(message);
            (parcel.from, parcel.to) == (from, to) && walk.world().is_eager(&parcel.message)
        })
    };
    let packets = replay.history.sim().queue().packets();
    let found = packets.filter_map(|(_, id, packet)| {
        let Parcel::Message(_, message) = &packet.parcel else { return None };
        let known = ids.contains(&packet.from) && ids.contains(&packet.to);
        let eager = known && walk.world().is_eager(message) && !waits(packet.from, packet.to);
        eager.then(|| (walk.world().channel(message), id))
    });
    // By purpose, as in the world.
    found.min().map(|(_, id)| id)
}

fn answer_to_producer(replay: &Replay) -> Option<PacketId> {
    let mut packets = replay.history.sim().queue().packets();
    let answer = packets.find(|(_, _, packet)| {
        let answers = matches!(&packet.parcel, Parcel::Message(_, Message::ProduceResponse(_)));
        answers && packet.to.kind() == NodeKind::Producer
    });
    answer.map(|(_, id, _)| id)
}

/// The timers of the fetches that a member of the world holds back.
fn parking_timers(member: &Member) -> Vec<Timer> {
    let quorum = member.process().and_then(Process::quorum);
    let leader = quorum.and_then(|quorum| quorum.role().as_leader());
    let parked = leader.into_iter().flat_map(|leader| leader.parked());
    let fetches = member.broker().into_iter().flat_map(|broker| broker.replicas.delayed_fetches().iter());
    let delayed = fetches.map(|(key, _)| Timer::DelayedFetch(key));
    parked.map(|parked| Timer::ParkedFetch(parked.from)).chain(delayed).collect()
}

/// Every process of the simulator is where that of the world is.
fn agrees(walk: &Walk<ClusterWorld>, board: &Board, replay: &Replay) -> Result<(), Astray> {
    let world = replay.history.sim().world();
    let alike = |(place, &id): (usize, &NodeId)| match (walk.node(board, place as Place), world.process(id)) {
        (mine, Some(theirs)) => {
            mine.process().is_some_and(|mine| essence::of_process(mine) == essence::of_process(theirs))
        }
        (mine, None) => mine.process().is_none(),
    };
    walk.world().ids().iter().enumerate().all(alike).then_some(()).ok_or(Astray)
}
