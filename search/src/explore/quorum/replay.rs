//! A path of the quorum's world as a run of the simulator: controllers without brokers.

use super::{Act, QuorumWorld, essence};
use crate::explore::board::Board;
use crate::explore::essence::{Names, essence as essence_of};
use crate::explore::replay::{Astray, Played, Replay};
use crate::explore::walk::{Move, Walk};
use crate::explore::world::{Place, World};
use kraftscope_core::history::History;
use kraftscope_core::id::NodeId;
use kraftscope_core::net::Latency;
use kraftscope_core::node::{Command, Timer};
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use std::collections::BTreeMap;

/// How many seeds are tried at the most.
const SEEDS: u64 = 20_000;

/// Replays a path. `None` when no seed leads there.
pub(super) fn replay(walk: &Walk<QuorumWorld>, path: &[(Option<Move>, Board)]) -> Option<Played> {
    (0..SEEDS).find_map(|seed| {
        let history = History::new(genesis(walk.world(), seed)).ok()?;
        let replay = follow(walk, path, Replay::new(history).ok()?).ok()?;
        Some(replay.played())
    })
}

fn genesis(world: &QuorumWorld, seed: u64) -> Genesis {
    Genesis {
        seed,
        settings: *world.settings(),
        controllers: world.bounds().voters,
        brokers: 0,
        topics: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        latency: Latency::Fixed,
        rates: BTreeMap::new(),
        checks: true,
        ..Genesis::default()
    }
}

fn follow(
    walk: &Walk<QuorumWorld>,
    path: &[(Option<Move>, Board)],
    mut replay: Replay,
) -> Result<Replay, Astray> {
    for _ in walk.world().ids() {
        replay.history.step().ok_or(Astray)?;
    }
    for (made, board) in path {
        if let Some(made) = made {
            make(walk, *made, board, &mut replay)?;
        }
        settle(walk, board, &mut replay)?;
        if !agrees(walk, board, &replay) {
            return Err(Astray);
        }
    }
    Ok(replay)
}

fn make(walk: &Walk<QuorumWorld>, made: Move, board: &Board, replay: &mut Replay) -> Result<(), Astray> {
    let ids = walk.world().ids();
    let id = |place: Place| ids[usize::from(place)];
    match made {
        Move::Deliver(message) | Move::Drop(message) => {
            let parcel = walk.parcel(message);
            let text = |message: &_| essence_of(message, essence::rules, &Names::identity());
            let meant = text(&*parcel.message);
            let packet =
                replay.packet((parcel.from, parcel.to), parcel.current, |other| text(other) == meant);
            let packet = packet.ok_or(Astray)?;
            if matches!(made, Move::Drop(_)) {
                return replay.act(Action::Drop(packet));
            }
            replay.act(Action::Deliver(packet))?;
            // Nobody listened: the sender learns it.
            replay.part(parcel.to, core::iter::once(parcel.from))
        }
        Move::Fire(place, timer) => replay.act(Action::Fire(id(place), timer)),
        Move::Act(place, act) => {
            let node = id(place);
            let silent = act_silently(walk, place, board);
            match walk.act(act) {
                Act::Crash(loss) => replay.act(Action::Crash(node, loss))?,
                Act::Start => replay.act(Action::Start(node))?,
                Act::ReplaceDisk => replay.act(Action::ReplaceDisk(node))?,
                Act::Append => replay.act(Action::Call(node, Command::Append(1)))?,
            }
            if silent { Ok(()) } else { replay.part(node, ids.iter().copied()) }
        }
    }
}

/// Whether the act broke no connection that others could notice.
fn act_silently(walk: &Walk<QuorumWorld>, place: Place, board: &Board) -> bool {
    let voter = walk.node(board, place);
    voter.quorum().is_none() && !voter.is_powered()
}

/// Parked fetches that nobody waits for any more run out, as they do in the world.
fn settle(walk: &Walk<QuorumWorld>, board: &Board, replay: &mut Replay) -> Result<(), Astray> {
    let ids = walk.world().ids();
    for (place, &id) in ids.iter().enumerate() {
        let voter = walk.node(board, place as Place);
        let kept: Vec<NodeId> = voter
            .quorum()
            .and_then(|quorum| quorum.role().as_leader())
            .map(|leader| leader.parked().iter().map(|parked| parked.from).collect())
            .unwrap_or_default();
        let armed = replay.history.sim().queue().armed(id).iter();
        let extra: Vec<Timer> = armed
            .map(|armed| armed.timer)
            .filter(|timer| matches!(timer, Timer::ParkedFetch(from) if !kept.contains(from)))
            .collect();
        for timer in extra {
            replay.act(Action::Fire(id, timer))?;
        }
    }
    Ok(())
}

/// Whether every node of the simulator is where that of the world is.
fn agrees(walk: &Walk<QuorumWorld>, board: &Board, replay: &Replay) -> bool {
    let world = replay.history.sim().world();
    let ids = walk.world().ids();
    ids.iter().enumerate().all(|(place, &id)| {
        let mine = walk.node(board, place as Place);
        let theirs = world.process(id).and_then(|process| process.quorum());
        match (mine.quorum(), theirs) {
            (Some(mine), Some(theirs)) => {
                essence::of_quorum(mine, ids, &Names::identity())
                    == essence::of_quorum(theirs, ids, &Names::identity())
            }
            (None, None) => true,
            _ => false,
        }
    })
}
