//! The end of the storm: a random core is healed, the rest stays broken for good.
//!
//! The form is TigerBeetle's. The core has a majority of the controllers, or of the ensemble's members; its nodes run and reach each other and
//! the clients. What does not belong to it is down or cut off, and never comes back. A cluster whose set-up was
//! never finished needs all brokers, and is healed whole; so is a quorum whose voters have changed. Clocks go right
//! again: what was put off again and again runs out as it should have.

use crate::by_hand;
use crate::driver::{LATENESS, slowed};
use crate::luck::Luck;
use crate::script::Act;
use kraftscope_core::id::{DirectoryId, LeaderEpoch, NodeId, NodeKind};
use kraftscope_core::kraft::Role;
use kraftscope_core::kraft::voters::VoterHistory;
use kraftscope_core::mode::MetadataPlane;
use kraftscope_core::node::{Command, Loss};
use kraftscope_core::process::Process;
use kraftscope_core::scenario::truth;
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::queue::Armed;
use kraftscope_core::sim::world::Slot;
use kraftscope_core::switches::CandidateBackoff;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::Health;

/// After so many elections the random part of a candidate's back-off doubles no more (3.9).
const MOST_DOUBLINGS: u32 = 20;

/// Who is healed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Core {
    /// In the order of ids.
    pub members: Vec<NodeId>,
    /// Of the rest, those that are down for good; the others are cut off.
    pub dead: Vec<NodeId>,
}

impl Core {
    /// Draws a core for this run.
    pub fn draw(sim: &Sim, luck: &mut Luck) -> Core {
        let ids = |kind| sim.world().of_kind(kind).map(|slot| slot.id).collect::<Vec<NodeId>>();
        let keepers = match sim.world().genesis.mode.metadata() {
            MetadataPlane::ZooKeeper => NodeKind::ZooKeeper,
            MetadataPlane::KRaft => NodeKind::Controller,
        };
        let (keepers, brokers) = (ids(keepers), ids(NodeKind::Broker));
        let whole = !sim.is_set_up_for_good();
        let majority = keepers.len() / 2 + 1;
        let whole_quorum = whole || luck.percent(50) || voters_change(sim);
        let mut members = subset(keepers, majority, whole_quorum, luck);
        members.extend(subset(brokers, 1, whole || luck.percent(50), luck));
        members.sort_unstable();
        let servers = sim.world().slots.iter().map(|slot| slot.id).filter(|id| !is_client(*id));
        let dead = servers.filter(|id| !members.contains(id) && luck.percent(50)).collect();
        Core { members, dead }
    }

    /// Everybody.
    pub fn whole(sim: &Sim) -> Core {
        let servers = sim.world().slots.iter().map(|slot| slot.id).filter(|id| !is_client(*id));
        Core { members: servers.collect(), dead: Vec::new() }
    }

    /// Whether this node belongs to it; clients always do.
    pub fn has(&self, id: NodeId) -> bool {
        is_client(id) || self.members.binary_search(&id).is_ok()
    }

    /// The same without these.
    #[must_use]
    pub fn without(&self, nodes: &[NodeId]) -> Core {
        let members = self.members.iter().copied().filter(|id| !nodes.contains(id)).collect();
        Core { members, dead: self.dead.clone() }
    }

    /// What heals it and breaks the rest.
    pub fn heal(&self, sim: &Sim, acts: &mut Vec<Act>) {
        acts.push(Act::Do(Action::HealAll));
        for slot in &sim.world().slots {
            if self.has(slot.id) {
                continue;
            }
            match slot.health {
                Health::Up | Health::Paused if self.dead.contains(&slot.id) => {
                    acts.push(Act::Do(Action::Crash(slot.id, Loss::Nothing)));
                }
                _ => acts.push(Act::Do(Action::Isolate(slot.id))),
            }
        }
        self.raise(sim, acts);
        self.set_clocks(sim, acts);
    }

    /// Timers that were put off again and again run out when they should have, or now. The storm may put off the same
    /// one for as long as it lasts, each time by a half, so that half a minute becomes many; nobody who waits for it
    /// can be asked to be in time. Kafka counts a timeout from when a request was sent, at every poll
    /// (`NetworkClient.handleTimedOutRequests`): on a clock that is right again it is over at once.
    fn set_clocks(&self, sim: &Sim, acts: &mut Vec<Act>) {
        for slot in sim.world().slots.iter().filter(|slot| self.has(slot.id)) {
            let late = sim.queue().armed(slot.id).iter().filter(|armed| is_put_off(armed, sim.now()));
            acts.extend(late.map(|armed| {
                Act::Do(Action::SetTimer(slot.id, armed.timer, armed.earliest.since(sim.now())))
            }));
        }
    }

    /// Whether it is the first of two candidates that deny each other their votes for good. Up to 3.9 candidates that
    /// lost wait `min(100 ms * random, controller.quorum.election.backoff.max.ms)`, where the random number doubles with
    /// every election (`KafkaRaftClient.binaryExponentialElectionBackoffMs`): after twenty both wait for exactly the
    /// maximum, and stand again in the same moment. Only latencies that differ may part them, and fixed ones never do;
    /// 4.0 adds a random time to the maximum (`RaftUtil.binaryExponentialElectionBackoffMs`). A restart counts from 1
    /// again.
    fn has_rival(&self, sim: &Sim, slot: &Slot) -> bool {
        if sim.world().genesis.settings.features.candidate_backoff != CandidateBackoff::Base100 {
            return false;
        }
        let Some(epoch) = gridlocked(slot) else { return false };
        let slots = || sim.world().of_kind(NodeKind::Controller).filter(|slot| self.has(slot.id));
        let rivals = || slots().filter(|slot| gridlocked(slot) == Some(epoch));
        rivals().count() > 1 && rivals().next().is_some_and(|first| first.id == slot.id)
    }

    /// Starts what is down, wakes what stands still and frees what is stuck, within the core; stops the workload of
    /// producers.
    pub fn raise(&self, sim: &Sim, acts: &mut Vec<Act>) {
        acts.extend(by_hand::free(sim, self));
        for slot in sim.world().slots.iter().filter(|slot| self.has(slot.id)) {
            match slot.health {
                Health::Up if is_displaced(sim, slot) || self.has_rival(sim, slot) => {
                    acts.push(Act::Do(Action::Crash(slot.id, Loss::Nothing)));
                }
                // Clients are started by the set-up.
                Health::Down if is_client(slot.id) && !sim.is_set_up() => {}
                Health::Down => acts.push(Act::Do(Action::Start(slot.id))),
                Health::Paused => acts.push(Act::Do(Action::Resume(slot.id))),
                Health::Up if slot.process.as_ref().is_some_and(works) => {
                    let rest = Command::SetRate { interval: Span::ZERO };
                    acts.push(Act::Do(Action::Call(slot.id, rest)));
                }
                Health::Up => {}
            }
        }
    }
}

/// Whether it is a broker that was registered, until a late request of an earlier life took its place: the controller
/// knows no order of incarnations. Its heartbeats are refused with `STALE_BROKER_EPOCH` for ever, and Kafka's broker
/// goes on sending them (`BrokerLifecycleManager`): only a restart helps. So it is when a doubled request has brought the
/// present life back, too, for the broker epoch is another one then; nobody gets another one without leaving
/// (`ClusterControlManager.registerBroker`).
fn is_displaced(sim: &Sim, slot: &Slot) -> bool {
    if sim.world().genesis.mode.metadata() != MetadataPlane::KRaft {
        return false;
    }
    let mine = slot.process.as_ref().and_then(Process::broker).and_then(|broker| broker.broker_epoch());
    let registered = truth(sim).and_then(|image| image.brokers.get(&slot.id));
    mine.zip(registered).is_some_and(|(mine, registered)| registered.broker_epoch > mine)
}

/// Whether more is left of a timer than one that is put off once ever has.
fn is_put_off(armed: &Armed, now: Time) -> bool {
    armed.due.since(now) > slowed(armed.earliest.since(armed.armed_at)) + LATENESS
}

/// The epoch of a candidate that lost, after so many elections that it waits for the maximum.
fn gridlocked(slot: &Slot) -> Option<LeaderEpoch> {
    let quorum = slot.process.as_ref().and_then(Process::quorum)?;
    let Role::Candidate { retries, backing_off: true, .. } = quorum.role() else { return None };
    (*retries >= MOST_DOUBLINGS).then(|| quorum.epoch())
}

/// Whether it is a producer that goes on with its workload.
fn works(process: &Process) -> bool {
    matches!(process, Process::Producer(producer) if producer.spec.interval > Span::ZERO)
}

/// Whether other voters may count than those of the beginning: who is a majority then depends on what is committed.
/// Those who know it may all be down: then it stands on their disks.
fn voters_change(sim: &Sim) -> bool {
    let (world, first) = (sim.world(), sim.world().genesis.voters());
    if world.genesis.controllers == 0 {
        return false;
    }
    let moved = |slot: &Slot| {
        let voters = match slot.process.as_ref().and_then(Process::quorum) {
            Some(quorum) => *quorum.voters(),
            None => *VoterHistory::read(first, &slot.disk.quorum).last(),
        };
        slot.directory != DirectoryId::first_of(slot.id) || voters != first
    };
    world.genesis.spare_controllers > 0 || world.of_kind(NodeKind::Controller).any(moved)
}

fn is_client(id: NodeId) -> bool {
    matches!(id.kind(), NodeKind::Producer | NodeKind::Consumer)
}

/// All of them, or a random part of at least `least`.
fn subset(mut all: Vec<NodeId>, least: usize, whole: bool, luck: &mut Luck) -> Vec<NodeId> {
    if whole {
        return all;
    }
    let keep = luck.between(least as u32, all.len() as u32) as usize;
    while all.len() > keep {
        all.swap_remove(luck.below(all.len() as u32) as usize);
    }
    all
}
