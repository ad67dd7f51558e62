//! What a healed cluster must come to (V1 to V18): named, each with a limit in virtual time.
//!
//! A partition of which no in-sync or eligible replica is in the core cannot be saved by anybody and is excused; so
//! are writes to one that has fewer replicas in the core than `min.insync.replicas`, and a broker that has heard of a
//! later epoch of the quorum than its leader's.
//!
//! With ZooKeeper the ensemble's committed writes are the controller's truth; a Raft group per partition has goals of its
//! own ([`rafts`]).
//!
//! Left out: a removed leader that resigns (V4).

mod clients;
mod rafts;

use crate::heal::Core;
use crate::patience::Patience;
use kraftscope_core::id::{NodeId, NodeKind, NodeList, Offset, TopicPartition};
use kraftscope_core::log::Log;
use kraftscope_core::metadata::image::Image;
use kraftscope_core::metadata::lifecycle::BrokerState;
use kraftscope_core::mode::{MetadataPlane, ReplicationPlane};
use kraftscope_core::process::{Broker, Process};
use kraftscope_core::record::{PartitionRegistration, Record};
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::world::{Slot, World};
use kraftscope_core::time::Span;
use kraftscope_core::view::Health;
use kraftscope_core::znode::{Data, Path};
use serde::Serialize;

/// Something that must come true after the healing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Goal {
    /// V1, V2: a majority of the controllers knows one leader, and it is active.
    V1,
    /// V16: with ZooKeeper, a broker is the controller.
    V16,
    /// V3: a voter change that began is committed or gone.
    V3,
    /// V14: a leader of the metadata quorum that is cut off has resigned.
    V14,
    /// V5: every broker of the core runs and is unfenced.
    V5,
    /// V6: every broker of the core has the controller's metadata.
    V6,
    /// V15: a partition that somebody may lead has a leader.
    V15,
    /// V7: no leader waits for an answer to an ISR change.
    V7,
    /// V8: the ISR is all replicas of the core.
    V8,
    /// V13: a reassignment whose brokers are all in the core is done.
    V13,
    /// V9: the high watermark is the log end.
    V9,
    /// V12: all replicas of the core hold the same log.
    V12,
    /// V10: every record was acknowledged or refused.
    V10,
    /// Beyond the catalogue: every partition that a group subscribed to is read by one of its members.
    V18,
    /// C14: consumers have read everything.
    C14,
}

impl Goal {
    /// Its name: `V8`.
    pub const fn name(self) -> &'static str {
        match self {
            Goal::V1 => "V1",
            Goal::V3 => "V3",
            Goal::V5 => "V5",
            Goal::V6 => "V6",
            Goal::V7 => "V7",
            Goal::V8 => "V8",
            Goal::V9 => "V9",
            Goal::V10 => "V10",
            Goal::V12 => "V12",
            Goal::V13 => "V13",
            Goal::V14 => "V14",
            Goal::V16 => "V16",
            Goal::V15 => "V15",
            Goal::V18 => "V18",
            Goal::C14 => "C14",
        }
    }

    /// What did not come true, in a sentence.
    pub const fn statement(self) -> &'static str {
        match self {
            Goal::V1 => "A majority of the controllers knows one leader, and that is the active controller.",
            Goal::V16 => "With ZooKeeper, a broker that is healed becomes the controller.",
            Goal::V3 => "Every voter change is committed or disappears.",
            Goal::V13 => "Every reassignment comes to an end.",
            Goal::V14 => "A leader of the metadata quorum that no majority can reach resigns.",
            Goal::V5 => "Every broker that is healed runs and is unfenced.",
            Goal::V6 => "Every broker that is healed knows the controller's metadata.",
            Goal::V15 => "A partition that somebody may lead has a leader.",
            Goal::V7 => "Every ISR change that was asked for is decided.",
            Goal::V8 => "The ISR returns to all replicas that are healed.",
            Goal::V9 => "The high watermark reaches the log end once writes have stopped.",
            Goal::V12 => "Truncation comes to an end: all replicas hold the same log.",
            Goal::V10 => "Every record that was sent is acknowledged or refused.",
            Goal::V18 => "Every partition that a group subscribed to is read by exactly one of its members.",
            Goal::C14 => "Consumers read everything that was committed.",
        }
    }

    /// How long it may take without anything getting better ([`crate::patience`]).
    pub fn limit(self, sim: &Sim) -> Span {
        let settings = &sim.world().genesis.settings;
        let quorum = Span::secs(60);
        // A session at ZooKeeper is expired up to a tick late, and its broker comes back after that.
        let sessions = settings.broker_session_timeout.max(settings.zookeeper_session_timeout * 2);
        let brokers = quorum + sessions + settings.initial_broker_registration_timeout;
        let replicas = brokers + settings.replica_lag_time_max + settings.replica_socket_timeout;
        match self {
            Goal::V1 | Goal::V3 | Goal::V14 => quorum,
            Goal::V5 | Goal::V6 | Goal::V15 | Goal::V16 => brokers,
            Goal::V7 | Goal::V8 | Goal::V9 | Goal::V12 | Goal::V13 => replicas,
            // A client whose stale leader swallows every packet asks elsewhere only when a metadata update is
            // allowed before the next attempt to connect: half a minute a throw (`leastLoadedNode`).
            Goal::V10 | Goal::V18 | Goal::C14 => replicas + settings.delivery_timeout + Span::secs(1800),
        }
    }
}

/// What is still missing, most basic first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which goal.
    pub goal: Goal,
    /// Whose.
    pub partition: Option<TopicPartition>,
    /// Where.
    pub node: Option<NodeId>,
}

impl Missing {
    const fn of(goal: Goal) -> Missing {
        Missing { goal, partition: None, node: None }
    }

    const fn at(goal: Goal, node: NodeId) -> Missing {
        Missing { goal, partition: None, node: Some(node) }
    }
}

/// The first goal that is not reached.
pub fn missing(sim: &Sim, core: &Core, patience: &Patience) -> Option<Missing> {
    let world = sim.world();
    let (image, ahead) = match world.genesis.mode.metadata() {
        // Controllers are brokers there.
        MetadataPlane::ZooKeeper if world.genesis.brokers == 0 => return None,
        MetadataPlane::KRaft => match of_quorum(world, core) {
            Ok(controller) => {
                let control = world.process(controller).and_then(Process::control)?;
                (control.image(), ahead_of(world, core, controller))
            }
            Err(missing) => return Some(missing),
        },
        MetadataPlane::ZooKeeper => match of_ensemble(world, core) {
            Ok(image) => (image, Vec::new()),
            Err(missing) => return Some(missing),
        },
    };
    if world.genesis.brokers == 0 {
        return None;
    }
    if !sim.is_set_up() {
        return Some(Missing::of(Goal::V5));
    }
    let saved = (!ahead.is_empty()).then(|| core.without(&ahead));
    let core = saved.as_ref().unwrap_or(core);
    let by_raft = world.genesis.mode.replication() == ReplicationPlane::Raft;
    let partitions = || {
        image.partitions.iter().find_map(|(id, found)| {
            if by_raft {
                rafts::partition(world, core, *id, found)
            } else {
                partition(world, core, patience, image, *id, found)
            }
        })
    };
    let known = patience.known_by_now(sim.now());
    brokers(world, core, image, known)
        .or_else(partitions)
        .or_else(|| clients::missing(world, core, patience, image))
}

/// The active controller of a quorum that has settled.
fn of_quorum(world: &World, core: &Core) -> Result<NodeId, Missing> {
    let controller = settled_controller(world, core).ok_or(Missing::of(Goal::V1))?;
    if changes_voters(world, controller) {
        return Err(Missing::at(Goal::V3, controller));
    }
    stubborn_leader(world, core).map_or(Ok(controller), |node| Err(Missing::at(Goal::V14, node)))
}

/// What a settled ensemble has committed: a member of the core leads, and a broker of the core is the controller, as
/// the ensemble's tree says, too.
fn of_ensemble<'a>(world: &'a World, core: &Core) -> Result<&'a Image, Missing> {
    let leads = |slot: &Slot| {
        let server = match &slot.process {
            Some(Process::ZooKeeper(server)) => Some(server),
            _ => None,
        };
        core.has(slot.id) && server.is_some_and(|server| server.is_leader() && server.is_serving())
    };
    let ensemble = world.ensemble().filter(|_| world.of_kind(NodeKind::ZooKeeper).any(leads));
    let ensemble = ensemble.ok_or(Missing::of(Goal::V1))?;
    let active = world.active_controller().filter(|id| core.has(*id)).ok_or(Missing::of(Goal::V16))?;
    match ensemble.database().tree().get(Path::Controller).map(|znode| &znode.data) {
        Some(Data::Node(node)) if *node == active => Ok(ensemble.image()),
        _ => Err(Missing::at(Goal::V16, active)),
    }
}

/// Brokers of the core that have heard of a later epoch than the leader's, of a voter that stood for election and was
/// cut off from the others. Until the next election the leader refuses their fetches with `UNKNOWN_LEADER_EPOCH` and
/// they ignore its answers (`KafkaRaftClient.maybeHandleCommonResponse`); nobody tells the leader to make way.
fn ahead_of(world: &World, core: &Core, leader: NodeId) -> Vec<NodeId> {
    let epoch = |id: NodeId| world.process(id).and_then(Process::quorum).map(|quorum| quorum.epoch());
    world.genesis.broker_ids().filter(|id| core.has(*id) && epoch(*id) > epoch(leader)).collect()
}

/// The active controller, if a majority of all voters knows it as the leader.
fn settled_controller(world: &World, core: &Core) -> Option<NodeId> {
    let leader = world.active_controller().filter(|id| core.has(*id))?;
    let knows = |id: &NodeId| {
        core.has(*id)
            && world.process(*id).and_then(Process::quorum).is_some_and(|q| q.leader() == Some(leader))
    };
    let voters = world.voters();
    let known = voters.keys().map(|key| key.id).filter(knows).count() as u32;
    (known > voters.len() / 2).then_some(leader)
}

/// Whether the voter set that this leader goes by is not committed yet.
fn changes_voters(world: &World, leader: NodeId) -> bool {
    let quorum = world.process(leader).and_then(Process::quorum);
    quorum.is_some_and(|quorum| {
        let pending = quorum.role().as_leader().is_some_and(|role| role.change().is_some());
        let uncommitted = |at| quorum.high_watermark().is_none_or(|hw| at >= hw);
        pending || quorum.voters_offset().is_some_and(uncommitted)
    })
}

fn stubborn_leader(world: &World, core: &Core) -> Option<NodeId> {
    // A switch turned in a release that has the rule is a bug to be seen.
    if !world.genesis.settings.release.features().check_quorum || world.genesis.controllers < 2 {
        return None;
    }
    world
        .genesis
        .controller_ids()
        .filter(|id| !core.has(*id) && world.health(*id) == Health::Up)
        .find(|id| world.process(*id).and_then(Process::quorum).is_some_and(|quorum| quorum.is_leader()))
}

pub(crate) fn broker(world: &World, id: NodeId) -> Option<&Broker> {
    world.process(id).and_then(Process::broker)
}

/// `known` is where the metadata ended that every broker must have heard of by now.
fn brokers(world: &World, core: &Core, image: &Image, known: Option<Offset>) -> Option<Missing> {
    for id in world.genesis.broker_ids().filter(|id| core.has(*id)) {
        let process = broker(world, id);
        let running = process.is_some_and(|broker| broker.state() == BrokerState::Running);
        if !running || !image.is_active(id) {
            return Some(Missing::at(Goal::V5, id));
        }
        let same = process.is_some_and(|broker| {
            known.is_some_and(|known| broker.applied() >= known)
                || broker.image.partitions == image.partitions && broker.image.brokers == image.brokers
        });
        if !same {
            return Some(Missing::at(Goal::V6, id));
        }
    }
    None
}

/// The healed leader that serves clients: by the word of the controller, or by the election of a group that has its
/// majority. Without one a leader may go on leading, and commits nothing and confirms no read.
pub(crate) fn leader_for_clients(
    world: &World,
    core: &Core,
    id: TopicPartition,
    found: &PartitionRegistration,
) -> Option<NodeId> {
    let leader = match world.genesis.mode.replication() {
        ReplicationPlane::Isr => found.leader,
        ReplicationPlane::Raft if !rafts::has_majority(core, found) => None,
        ReplicationPlane::Raft => world.raft_leader(id).map(|(leader, _)| leader),
    };
    leader.filter(|leader| core.has(*leader))
}

fn members(list: &NodeList, core: &Core) -> NodeList {
    list.iter().filter(|id| core.has(*id)).collect()
}

/// Whether a reassignment is under way that can come to an end. Kafka keeps who was being added when another
/// reassignment adds nobody (`ReplicationControlManager.changePartitionReassignment`): whoever comes and leaves at
/// once is waited for in vain. And a move is completed before an election of the same change, not after it
/// (`PartitionChangeBuilder.build`): a leader that was elected alone, from outside the ISR, is left with it until the
/// partition changes again.
fn is_moving(found: &PartitionRegistration) -> bool {
    let moves = !found.adding.is_empty() || !found.removing.is_empty();
    let alone = |leader: NodeId| found.isr.as_slice() == [leader];
    let elected_alone = found.adding.is_subset_of(&found.isr) && found.leader.is_some_and(alone);
    moves && !elected_alone && !found.adding.iter().any(|id| found.removing.contains(id))
}

/// Whether enough of its replicas are healed to take writes.
fn takes_writes(
    world: &World,
    core: &Core,
    image: &Image,
    id: TopicPartition,
    found: &PartitionRegistration,
) -> bool {
    let min_isr = image.effective_min_isr(id, &world.genesis.settings);
    members(&found.replicas, core).len() >= min_isr
}

fn partition(
    world: &World,
    core: &Core,
    patience: &Patience,
    image: &Image,
    id: TopicPartition,
    found: &PartitionRegistration,
) -> Option<Missing> {
    let lacks = |goal, node| Some(Missing { goal, partition: Some(id), node });
    let Some(leader) = found.leader.filter(|leader| core.has(*leader)) else {
        // A replica that a reassignment dropped may still be in the ELR, and leads nothing.
        let elr: NodeList = found.elr.iter().filter(|&id| found.replicas.contains(id)).collect();
        let eligible = !members(&found.isr, core).is_empty() || !members(&elr, core).is_empty();
        return if eligible { lacks(Goal::V15, None) } else { None };
    };
    let leading = broker(world, leader).and_then(|broker| broker.replicas.partition(id));
    let Some(leading) = leading.filter(|partition| partition.is_leader()) else {
        return lacks(Goal::V15, Some(leader));
    };
    if leading.as_leader().is_some_and(|state| state.isr.is_in_flight()) {
        return lacks(Goal::V7, Some(leader));
    }
    let replicas = members(&found.replicas, core);
    if !found.isr.same_members(&replicas) {
        return lacks(Goal::V8, replicas.iter().find(|id| !found.isr.contains(*id)));
    }
    let copy = |id_of: NodeId| -> Option<(Offset, Offset)> {
        let replicas = &broker(world, id_of)?.replicas;
        Some((replicas.partition(id)?.hw, replicas.disk.replicas.get(&id)?.log.end()))
    };
    if is_moving(found) && found.replicas.iter().all(|id| core.has(id) || found.removing.contains(id)) {
        return lacks(Goal::V13, Some(leader));
    }
    let (hw, end) = copy(leader)?;
    if hw != end
        && takes_writes(world, core, image, id, found)
        && !clients::commits_nothing(world, patience, id, leader)
    {
        return lacks(Goal::V9, Some(leader));
    }
    let log = |of: NodeId| broker(world, of)?.replicas.disk.replicas.get(&id).map(|replica| &replica.log);
    let same = |of: NodeId| {
        copy(of) == Some((hw, end)) && log(of).zip(log(leader)).is_some_and(|(a, b)| same_records(a, b))
    };
    replicas.iter().find(|of| !same(*of)).and_then(|of| lacks(Goal::V12, Some(of)))
}

/// Whether two logs that end at one place hold the same, as far as both reach back.
fn same_records(a: &Log<Record>, b: &Log<Record>) -> bool {
    let start = a.start().max(b.start());
    a.iter(start, a.end()).eq(b.iter(start, b.end()))
}
