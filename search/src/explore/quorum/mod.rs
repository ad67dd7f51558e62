//! The metadata quorum as a world: voters of the real [`kraftscope_core::kraft`] and nothing else.
//!
//! Every voter is a [`Quorum`]; beside messages and timers there are crashes (with and without the page cache),
//! restarts and records to append. What must hold is the K group of the checker's table, written down a second
//! time ([`rules`]): a search that finds nothing has two witnesses, and one that finds something is replayed under
//! the first.
//!
//! Timers: an election, a fetch or a check-quorum timer may run out at any moment; a request times out only when it
//! or its answer is lost for good, so a slow answer is not taken for a lost one.
//!
//! Left out: the active controller, observers, voter changes, snapshots, resignation on demand.

mod essence;
mod replay;
mod rules;
mod voter;

pub use voter::{Act, Voter};

use super::board::Board;
use super::essence::{Names, Rules};
use super::replay::Played;
use super::report::Playable;
use super::walk::{Move, Walk};
use super::world::{
    BUDGETS, Budget, Channel, Choice, Facts, HASTE, Input, LOSSES, MOST_NODES, MayFire, Place, World,
};
use kraftscope_core::check::Rule;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{DirectoryId, LeaderEpoch, NodeId, ReplicaKey};
use kraftscope_core::kraft::Role;
use kraftscope_core::node::{Loss, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::time::Span;
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::Message;
use rules::Ghost;
use std::sync::Arc;

/// Crashes that keep the page cache.
const CRASHES: Budget = 2;
/// Crashes that lose what was not flushed.
const LOSSY_CRASHES: Budget = 3;
/// Records that are appended by hand.
const RECORDS: Budget = 4;
/// Disks that are replaced by empty ones.
const DISKS: Budget = 5;

/// How large the world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Number of voters, 1 to 5.
    pub voters: u8,
    /// The highest epoch that anybody may reach.
    pub max_epoch: u32,
    /// How many messages may be lost.
    pub losses: u8,
    /// How many timers may run out while messages are on their way.
    pub haste: u8,
    /// How many crashes may keep the page cache.
    pub crashes: u8,
    /// How many crashes may lose what was not flushed.
    pub lossy_crashes: u8,
    /// How many voters come back with an empty disk, once they were down.
    pub disks: u8,
    /// How many records are appended, besides the one that begins each epoch.
    pub records: u8,
    /// Take states for one that differ only in the names of voters.
    pub symmetry: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            voters: 3,
            max_epoch: 2,
            losses: 1,
            haste: 0,
            crashes: 1,
            lossy_crashes: 0,
            disks: 0,
            records: 0,
            symmetry: true,
        }
    }
}

impl Bounds {
    /// The bounds by name, for a command line.
    pub const NAMES: &'static [&'static str] = &[
        "voters",
        "max-epoch",
        "losses",
        "haste",
        "crashes",
        "lossy-crashes",
        "disks",
        "records",
        "symmetry",
    ];

    /// Sets the bound of this name. An error says what is possible.
    pub fn set(&mut self, name: &str, value: u32) -> Result<(), String> {
        let small = |most: u8| match u8::try_from(value) {
            Ok(value) if value <= most => Ok(value),
            _ => Err(format!("{name} {value}: write 0 to {most}")),
        };
        match name {
            "voters" if (1..=MOST_NODES as u32).contains(&value) => self.voters = value as u8,
            "voters" => return Err(format!("voters {value}: write 1 to {MOST_NODES}")),
            "max-epoch" => self.max_epoch = value,
            "losses" => self.losses = small(100)?,
            "haste" => self.haste = small(100)?,
            "crashes" => self.crashes = small(100)?,
            "lossy-crashes" => self.lossy_crashes = small(100)?,
            "disks" => self.disks = small(100)?,
            "records" => self.records = small(100)?,
            "symmetry" => self.symmetry = small(1)? == 1,
            _ => return Err(format!("'{name}' is no bound: there are {}", Bounds::NAMES.join(", "))),
        }
        Ok(())
    }
}

/// The world.
#[derive(Clone, Debug)]
pub struct QuorumWorld {
    bounds: Bounds,
    settings: Arc<Settings>,
    keys: VoterSet,
    ids: Vec<NodeId>,
}

impl QuorumWorld {
    /// A quorum that has never run. Records are appended at once and the voters are fixed (kraft.version 0)
    /// and ELR is off, whatever the settings say: a first active controller would write records of its own.
    pub fn new(bounds: Bounds, settings: &Settings) -> QuorumWorld {
        let ids: Vec<NodeId> = (1..=bounds.voters).map(NodeId::controller).collect();
        let key = |&id: &NodeId| ReplicaKey { id, directory: DirectoryId::first_of(id) };
        let mut settings = Settings { controller_quorum_append_linger: Span::ZERO, ..*settings };
        settings.features.kraft_version_1 = false;
        settings.features.elr = false;
        QuorumWorld { bounds, settings: Arc::new(settings), keys: ids.iter().map(key).collect(), ids }
    }

    /// Its bounds.
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn crash(place: Place, loss: Loss, budget: Budget) -> Choice<Act> {
        let breaks_connections = loss == Loss::Nothing;
        Choice { place, act: Act::Crash(loss), budget: Some(budget), slow: false, breaks_connections }
    }
}

impl World for QuorumWorld {
    type Node = Voter;
    type Act = Act;
    type Ghost = Ghost;

    fn ids(&self) -> &[NodeId] {
        &self.ids
    }

    fn symmetries(&self) -> Vec<Names> {
        if self.bounds.symmetry { Names::all(&self.ids) } else { vec![Names::identity()] }
    }

    fn budgets(&self) -> [u8; BUDGETS] {
        let mut budgets = [0; BUDGETS];
        budgets[LOSSES] = self.bounds.losses;
        budgets[HASTE] = self.bounds.haste;
        budgets[CRASHES] = self.bounds.crashes;
        budgets[LOSSY_CRASHES] = self.bounds.lossy_crashes;
        budgets[DISKS] = self.bounds.disks;
        budgets[RECORDS] = self.bounds.records;
        budgets
    }

    fn nodes(&self) -> Vec<Voter> {
        self.keys.keys().map(|key| Voter::new(key, self.keys, self.settings.clone())).collect()
    }

    fn ghost(&self) -> Ghost {
        Ghost::default()
    }

    fn essence(&self, voter: &Voter, names: &Names) -> u64 {
        essence::of(voter, &self.ids, names)
    }

    fn ghost_essence(&self, ghost: &Ghost, names: &Names) -> u64 {
        super::essence::essence(ghost, essence::rules, names)
    }

    fn message_rules(&self) -> Rules {
        essence::rules
    }

    fn facts(&self, voter: &Voter) -> Facts {
        let Some(quorum) = voter.quorum() else {
            return Facts { silent: !voter.is_powered(), ..Facts::default() };
        };
        let mut facts = Facts { up: true, ..Facts::default() };
        for (place, &id) in self.ids.iter().enumerate() {
            facts.awaits[0] |= u8::from(quorum.connections().awaits(id)) << place;
        }
        for parked in quorum.role().as_leader().into_iter().flat_map(|leader| leader.parked()) {
            if let Some(place) = self.ids.iter().position(|&id| id == parked.from) {
                facts.parked[0][place] |= 1 << parked.correlation.0;
            }
        }
        facts
    }

    /// A request of an epoch that its receiver has left behind is refused, and the refusal is nobody's.
    fn is_dead(&self, voter: &Voter, request: &Message) -> bool {
        let epoch = match request {
            Message::VoteRequest(request) => request.replica_epoch,
            Message::BeginQuorumEpochRequest(request) => request.leader_epoch,
            Message::EndQuorumEpochRequest(request) => request.leader_epoch,
            Message::MetadataFetchRequest(request) => request.current_leader_epoch,
            _ => return false,
        };
        epoch < voter.disk().election.leader_epoch
    }

    /// A healthy cluster does not time out: a leader that holds a fetch back answers it long before its follower
    /// loses patience, and a leader that is fetched from has its quorum.
    fn may_fire(&self, voter: &Voter, timer: Timer) -> MayFire {
        let Some(quorum) = voter.quorum() else { return MayFire::Never };
        let parked = quorum.role().as_leader().map_or(&[][..], |leader| leader.parked());
        let others = self.ids.len() - 1;
        match (timer, quorum.role()) {
            (Timer::QuorumRequest(node), _) => MayFire::WhenLost(node, 0),
            (Timer::QuorumFetch, &Role::Follower { leader, succeeds_after: None, .. }) => {
                MayFire::UnlessParked(leader, 0)
            }
            (Timer::CheckQuorum, _) if parked.len() >= self.ids.len() / 2 => MayFire::Hastily,
            (Timer::BeginQuorumEpoch, _) if parked.len() >= others => MayFire::Never,
            (Timer::ParkedFetch(node), _) => {
                let known = (quorum.log().end(), quorum.high_watermark());
                let old = parked.iter().find(|parked| parked.from == node);
                let news = old.is_some_and(|old| (old.fetch_offset, old.high_watermark) != known);
                if news { MayFire::Always } else { MayFire::Never }
            }
            _ => MayFire::Always,
        }
    }

    fn parking_timer(&self, _voter: &Voter, from: NodeId, _channel: Channel) -> Option<Timer> {
        Some(Timer::ParkedFetch(from))
    }

    fn choices(&self, voters: &[&Voter], _spent: &[u8; BUDGETS], visit: &mut dyn FnMut(Choice<Act>)) {
        for (place, voter) in voters.iter().enumerate() {
            let place = place as Place;
            let Some(quorum) = voter.quorum() else {
                let breaks_connections = !voter.is_powered();
                visit(Choice { place, act: Act::Start, budget: None, slow: true, breaks_connections });
                let (act, budget) = (Act::ReplaceDisk, Some(DISKS));
                visit(Choice { place, act, budget, slow: true, breaks_connections: false });
                continue;
            };
            visit(QuorumWorld::crash(place, Loss::Nothing, CRASHES));
            visit(QuorumWorld::crash(place, Loss::Unflushed, LOSSY_CRASHES));
            if quorum.is_leader() {
                let budget = Some(RECORDS);
                visit(Choice { place, act: Act::Append, budget, slow: false, breaks_connections: false });
            }
        }
    }

    fn step(&self, voter: &mut Voter, input: Input<Act>, out: &mut Out) -> bool {
        voter.step(input, out);
        voter.disk().election.leader_epoch <= LeaderEpoch(self.bounds.max_epoch)
    }

    fn exit(&self, voter: &mut Voter) {
        voter.crash(Loss::Nothing);
    }

    fn judge_step(&self, before: &Voter, after: &Voter, notes: &[Note]) -> (u64, u64) {
        (rules::of_step(before, after, notes), rules::shown(after, notes))
    }

    fn learn(&self, ghost: &mut Ghost, before: &Voter, after: &Voter) -> u64 {
        ghost.learn(before, after)
    }

    fn judge_pair(&self, one: &Voter, other: &Voter) -> u64 {
        rules::of_pair(one, other)
    }

    fn judge_all(&self, _ghost: &Ghost, voters: &[&Voter]) -> u64 {
        rules::of_all(voters)
    }
}

impl Playable for QuorumWorld {
    const PROMISES: &'static [Rule] = rules::PROMISES;
    const WITNESSES: &'static [&'static str] = rules::WITNESSES;

    fn must_show(&self) -> u64 {
        rules::expected(&self.bounds)
    }

    fn play(walk: &Walk<QuorumWorld>, path: &[(Option<Move>, Board)]) -> Option<Played> {
        replay::replay(walk, path)
    }
}
