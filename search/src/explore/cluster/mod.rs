//! Whole processes as a world: brokers and controllers of the real core, with one partition.
//!
//! The world of a *partition* has one controller, so that its metadata is committed at once and only how brokers learn
//! of it takes time; that of a *cluster* has a quorum of them. Every process is the one that the simulator runs. The
//! search begins when the topic exists and all brokers are in sync ([`World::prelude`]).
//! What every release gets wrong is left out unless it is asked for ([`KNOWN_HOLES`]).
//!
//! Timers and messages that only carry the cluster along are kept out of the way ([`policy`]): registrations and
//! heartbeats arrive at once, nobody is fenced by silence but on demand, no task of the controller runs by itself.
//! What must hold is written down a second time in [`rules`]; the first is the checker's, under which a path that
//! breaks something is played again ([`replay`]).
//!
//! Records are produced by producers that are right about who believes that it leads: so a leader that was deposed and
//! does not know it takes records, too. Brokers are elected in the order of their assignment, so no two are alike.
//!
//! Left out: more than one partition, consumers, idempotence, controlled shutdown,
//! unclean elections, reassignment, voter changes.

mod essence;
mod member;
mod policy;
mod replay;
mod rules;

pub use member::{Act, Member};

use super::board::Board;
use super::essence::{Names, Rules};
use super::replay::Played;
use super::report::Playable;
use super::walk::{Move, Walk};
use super::world::{
    BUDGETS, Budget, Channel, Choice, Facts, HASTE, Input, LOSSES, MOST_NODES, MayFire, Prelude, World,
};
use kraftscope_core::check::Rule;
use kraftscope_core::config::{Acks, EnableIdempotence, Settings};
use kraftscope_core::id::{DirectoryId, LeaderEpoch, NodeId, PartitionEpoch, ReplicaKey};
use kraftscope_core::metadata::image::Image;
use kraftscope_core::node::{Loss, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::time::Span;
use kraftscope_core::wire::Message;
use member::Common;
use rules::Ghost;
use std::sync::Arc;

/// Crashes that keep the page cache.
const CRASHES: Budget = 2;
/// Crashes that lose what was not flushed.
const LOSSY_CRASHES: Budget = 3;
/// Records that are written.
const RECORDS: Budget = 4;
/// Brokers that are fenced although they live.
const FENCES: Budget = 5;
/// Preferred elections.
const ELECTIONS: Budget = 6;
/// Looks for followers that lag.
const LAGS: Budget = 7;

/// Switches of behaviour that every release has and that breaks promises within a few steps. Off, unless asked for:
/// else a search finds nothing but them.
pub const KNOWN_HOLES: [&str; 2] = ["repeated_metadata_ends_proposal", "leader_across_epochs_keeps_log_ends"];

/// How large the world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Number of brokers, all of them replicas: 1 to 4.
    pub brokers: u8,
    /// Number of controllers; with the brokers 5 at the most.
    pub controllers: u8,
    /// `min.insync.replicas`.
    pub min_isr: u32,
    /// The highest leader epoch of the partition.
    pub max_leader_epoch: u32,
    /// The highest partition epoch.
    pub max_partition_epoch: u32,
    /// The highest epoch of the metadata quorum.
    pub max_epoch: u32,
    /// How many messages may be lost.
    pub losses: u8,
    /// How many timers may run out while messages are on their way.
    pub haste: u8,
    /// How many crashes may keep the page cache.
    pub crashes: u8,
    /// How many crashes may lose what was not flushed.
    pub lossy_crashes: u8,
    /// How many records are written.
    pub records: u8,
    /// How many times a broker is fenced although it lives.
    pub fences: u8,
    /// How many preferred elections are asked for.
    pub elections: u8,
    /// How many times a leader looks for followers that lag, while some do.
    pub lags: u8,
    /// Records are written with acks=all, else with acks=1.
    pub acks_all: bool,
    /// Requests of brokers take time, not only their answers.
    pub slow_requests: bool,
    /// Leave in what every release does although it breaks promises ([`KNOWN_HOLES`]).
    pub known_holes: bool,
}

impl Bounds {
    /// One partition on three replicas, two records, leader epochs 0 to 2, and nobody crashes: the size at which the
    /// published abstract models are exhausted.
    pub const PARTITION: Bounds = Bounds {
        brokers: 3,
        controllers: 1,
        min_isr: 1,
        max_leader_epoch: 2,
        max_partition_epoch: 3,
        max_epoch: 1,
        losses: 0,
        haste: 0,
        crashes: 0,
        lossy_crashes: 0,
        records: 2,
        fences: 1,
        elections: 1,
        lags: 1,
        acks_all: false,
        slow_requests: false,
        known_holes: false,
    };
    /// Three brokers that crash, of which two must have a record before it is acknowledged.
    pub const CLUSTER: Bounds = Bounds {
        min_isr: 2,
        max_partition_epoch: 5,
        lossy_crashes: 1,
        records: 1,
        elections: 0,
        lags: 0,
        acks_all: true,
        ..Bounds::PARTITION
    };
    /// The bounds by name, for a command line.
    pub const NAMES: &'static [&'static str] = &[
        "brokers",
        "controllers",
        "min-isr",
        "max-leader-epoch",
        "max-partition-epoch",
        "max-epoch",
        "losses",
        "haste",
        "crashes",
        "lossy-crashes",
        "records",
        "fences",
        "elections",
        "lags",
        "acks-all",
        "slow-requests",
        "known-holes",
    ];

    /// Sets the bound of this name. An error says what is possible.
    pub fn set(&mut self, name: &str, value: u32) -> Result<(), String> {
        let within = |least: u8, most: u8| match u8::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => Ok(value),
            _ => Err(format!("{name} {value}: write {least} to {most}")),
        };
        match name {
            "brokers" => self.brokers = within(1, 4)?,
            "controllers" => self.controllers = within(1, 3)?,
            "min-isr" => self.min_isr = u32::from(within(1, 4)?),
            "max-leader-epoch" => self.max_leader_epoch = value,
            "max-partition-epoch" => self.max_partition_epoch = value,
            "max-epoch" => self.max_epoch = value,
            "losses" => self.losses = within(0, 100)?,
            "haste" => self.haste = within(0, 100)?,
            "crashes" => self.crashes = within(0, 100)?,
            "lossy-crashes" => self.lossy_crashes = within(0, 100)?,
            "records" => self.records = within(0, 8)?,
            "fences" => self.fences = within(0, 100)?,
            "elections" => self.elections = within(0, 100)?,
            "lags" => self.lags = within(0, 100)?,
            "acks-all" => self.acks_all = within(0, 1)? == 1,
            "slow-requests" => self.slow_requests = within(0, 1)? == 1,
            "known-holes" => self.known_holes = within(0, 1)? == 1,
            _ => return Err(format!("'{name}' is no bound: there are {}", Bounds::NAMES.join(", "))),
        }
        let nodes = usize::from(self.brokers) + usize::from(self.controllers);
        if nodes > MOST_NODES {
            return Err(format!("{nodes} processes: {MOST_NODES} at the most"));
        }
        Ok(())
    }
}

/// The world.
#[derive(Clone, Debug)]
pub struct ClusterWorld {
    bounds: Bounds,
    common: Common,
    ids: Vec<NodeId>,
}

impl ClusterWorld {
    /// A cluster that has never run. Metadata is appended at once, the voters are fixed, and a failed fetch is tried
    /// again at once, whatever the settings say.
    pub fn new(bounds: Bounds, settings: &Settings) -> ClusterWorld {
        let mut settings = Settings {
            controller_quorum_append_linger: Span::ZERO,
            replica_fetch_backoff: Span::ZERO,
            linger: Span::ZERO,
            enable_idempotence: EnableIdempotence::Explicit(false),
            min_insync_replicas: bounds.min_isr,
            unclean_leader_election_enable: false,
            ..*settings
        };
        settings.features.kraft_version_1 = false;
        for name in KNOWN_HOLES.iter().filter(|_| !bounds.known_holes) {
            let known = settings.features.set(name, "off");
            debug_assert_eq!(known, Ok(()), "{name}");
        }
        let controllers: Vec<NodeId> = (1..=bounds.controllers).map(NodeId::controller).collect();
        let key = |&id: &NodeId| ReplicaKey { id, directory: DirectoryId::first_of(id) };
        let common = Common {
            settings: Arc::new(settings),
            acks: if bounds.acks_all { Acks::All } else { Acks::One },
            voters: controllers.iter().map(key).collect(),
            controllers: controllers.iter().copied().collect(),
        };
        let brokers = (1..=bounds.brokers).map(NodeId::broker);
        ClusterWorld { bounds, common, ids: controllers.into_iter().chain(brokers).collect() }
    }

    /// Its bounds.
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.common.settings
    }

    fn is_inside(&self, member: &Member) -> bool {
        let Some(controller) = member.controller() else { return true };
        let small = |image: &Image| {
            image.partitions.values().all(|partition| {
                partition.leader_epoch <= LeaderEpoch(self.bounds.max_leader_epoch)
                    && partition.partition_epoch <= PartitionEpoch(self.bounds.max_partition_epoch)
            })
        };
        controller.quorum.epoch() <= LeaderEpoch(self.bounds.max_epoch) && small(controller.control.image())
    }
}

impl World for ClusterWorld {
    type Node = Member;
    type Act = Act;
    type Ghost = Ghost;

    fn ids(&self) -> &[NodeId] {
        &self.ids
    }

    /// Replicas are elected in the order of their assignment, so brokers are not alike.
    fn symmetries(&self) -> Vec<Names> {
        vec![Names::identity()]
    }

    fn budgets(&self) -> [u8; BUDGETS] {
        let mut budgets = [0; BUDGETS];
        budgets[LOSSES] = self.bounds.losses;
        budgets[HASTE] = self.bounds.haste;
        budgets[CRASHES] = self.bounds.crashes;
        budgets[LOSSY_CRASHES] = self.bounds.lossy_crashes;
        budgets[RECORDS] = self.bounds.records;
        budgets[FENCES] = self.bounds.fences;
        budgets[ELECTIONS] = self.bounds.elections;
        budgets[LAGS] = self.bounds.lags;
        budgets
    }

    fn nodes(&self) -> Vec<Member> {
        self.ids.iter().map(|&id| Member::new(id)).collect()
    }

    fn ghost(&self) -> Ghost {
        Ghost::default()
    }

    fn essence(&self, member: &Member, names: &Names) -> u64 {
        // A voter, or a crash, may go back to what it had before.
        let bounds = &self.bounds;
        let history = bounds.controllers > 1
            || (bounds.lossy_crashes > 0 && !self.settings().features.flush_before_ack);
        essence::of(member, names, history)
    }

    fn ghost_essence(&self, ghost: &Ghost, names: &Names) -> u64 {
        super::essence::essence(ghost, essence::rules, names)
    }

    fn message_rules(&self) -> Rules {
        essence::rules
    }

    fn channel(&self, message: &Message) -> Channel {
        policy::channel(message)
    }

    fn is_eager(&self, message: &Message) -> bool {
        policy::is_eager(message, self.bounds.slow_requests)
    }

    fn facts(&self, member: &Member) -> Facts {
        policy::facts(&self.ids, member)
    }

    fn is_dead(&self, member: &Member, request: &Message) -> bool {
        self.settings().features.fetch_checks_leader_epoch && policy::is_dead(member, request)
    }

    fn may_fire(&self, member: &Member, timer: Timer) -> MayFire {
        policy::may_fire(&self.common.controllers, member, timer)
    }

    fn parking_timer(&self, member: &Member, from: NodeId, channel: Channel) -> Option<Timer> {
        policy::parking_timer(member, from, channel)
    }

    fn has_news(&self, member: &Member, peer: &Member) -> bool {
        policy::has_news(member, peer)
    }

    fn choices(&self, members: &[&Member], spent: &[u8; BUDGETS], visit: &mut dyn FnMut(Choice<Act>)) {
        policy::choices(members, spent, visit);
    }

    fn prelude(&self, members: &[&Member]) -> Option<Prelude<Act>> {
        policy::prelude(&self.bounds, members)
    }

    fn step(&self, member: &mut Member, input: Input<Act>, out: &mut Out) -> bool {
        member.step(input, &self.common, out);
        self.is_inside(member)
    }

    fn exit(&self, member: &mut Member) {
        member.crash(Loss::Nothing, false);
    }

    fn judge_step(&self, before: &Member, after: &Member, notes: &[Note]) -> (u64, u64) {
        (rules::of_step(before, after, notes, self.settings()), rules::shown(after, notes))
    }

    fn learn(&self, ghost: &mut Ghost, before: &Member, after: &Member) -> u64 {
        ghost.learn(before, after, self.settings(), &self.bounds)
    }

    fn judge_pair(&self, one: &Member, other: &Member) -> u64 {
        rules::of_pair(one, other)
    }

    fn judge_all(&self, ghost: &Ghost, members: &[&Member]) -> u64 {
        rules::of_all(ghost, members, self.settings(), &self.bounds)
    }
}

impl Playable for ClusterWorld {
    const PROMISES: &'static [Rule] = rules::PROMISES;
    const WITNESSES: &'static [&'static str] = rules::WITNESSES;

    fn must_show(&self) -> u64 {
        rules::expected(&self.bounds, self.settings())
    }

    fn play(walk: &Walk<ClusterWorld>, path: &[(Option<Move>, Board)]) -> Option<Played> {
        replay::replay(walk, path)
    }
}
