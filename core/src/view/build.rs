//! Builds the picture's data from the simulator's state.

use super::{
    BatchView, BrokerPhase, BrokerView, ClusterView, ConsumerView, ControllerView, EnsembleView, LinkView,
    ProducerView, QuorumRole, SessionView, TimerView, ZooSessionView, logs, partitions,
};
use crate::client::subscription::Position;
use crate::client::{Consumer, Producer};
use crate::config::Racks;
use crate::id::{NodeId, NodeKind, NodeList, Offset, ReplicaKey};
use crate::kraft::{Quorum, Role};
use crate::metadata::image::Image;
use crate::metadata::lifecycle::BrokerState;
use crate::process::{Controller, Process};
use crate::scenario::truth;
use crate::sim::Sim;
use crate::sim::world::Slot;
use alloc::vec::Vec;

impl Sim {
    /// What a picture of this moment shows, with at most `cells` entries of each log.
    pub fn view(&self, cells: u32) -> ClusterView {
        let world = self.world();
        let nothing = Image::default();
        let truth = truth(self).unwrap_or(&nothing);
        let ensemble = super::ensemble::ensemble(self);
        let sessions = sessions(self, ensemble.as_ref());
        let slots = |kind| world.of_kind(kind);
        ClusterView {
            now: self.now(),
            event: self.event(),
            release: world.genesis.settings.release,
            mode: world.genesis.mode,
            controllers: slots(NodeKind::Controller)
                .map(|slot| controller(self, slot, &sessions, cells))
                .collect(),
            zookeepers: super::ensemble::members(self, cells),
            ensemble,
            brokers: slots(NodeKind::Broker).map(|slot| broker(self, slot, truth, &sessions)).collect(),
            partitions: partitions::all(self, truth, cells),
            producers: slots(NodeKind::Producer).map(|slot| producer(self, slot)).collect(),
            consumers: slots(NodeKind::Consumer).map(|slot| consumer(self, slot)).collect(),
            groups: super::groups::all(self),
            flights: super::flights::all(self),
            timers: timers(self),
            links: links(self),
        }
    }
}

/// The brokers' sessions: at the active controller, or at the ensemble's leader.
fn sessions(sim: &Sim, ensemble: Option<&EnsembleView>) -> Vec<SessionView> {
    let world = sim.world();
    if let Some(ensemble) = ensemble {
        let view = |session: &ZooSessionView| SessionView {
            broker: session.client,
            last_contact: session.last_heard,
            expires: session.expires,
        };
        return ensemble.sessions.iter().map(view).collect();
    }
    let control = world.active_controller().and_then(|id| world.process(id)?.control());
    let timeout = world.genesis.settings.broker_session_timeout;
    let view = |session: crate::metadata::heartbeat::Session| SessionView {
        broker: session.broker,
        last_contact: session.last_contact,
        expires: session.last_contact + timeout,
    };
    control.map(|control| control.sessions().into_iter().map(view).collect()).unwrap_or_default()
}

const fn role(quorum: &Quorum) -> QuorumRole {
    if quorum.halted().is_some() {
        return QuorumRole::Halted;
    }
    match quorum.role() {
        Role::Unattached { .. } | Role::Follower { .. } if quorum.is_observer() => QuorumRole::Observer,
        Role::Unattached { .. } => QuorumRole::Unattached,
        Role::Prospective { .. } => QuorumRole::Prospective,
        Role::Candidate { .. } => QuorumRole::Candidate,
        Role::Leader(_) => QuorumRole::Leader,
        Role::Follower { .. } => QuorumRole::Follower,
        Role::Resigned { .. } => QuorumRole::Resigned,
    }
}

fn controller(sim: &Sim, slot: &Slot, sessions: &[SessionView], cells: u32) -> ControllerView {
    let controller = match &slot.process {
        Some(Process::Controller(controller)) => Some(controller.as_ref()),
        _ => None,
    };
    let quorum = controller.map(|controller: &Controller| &controller.quorum);
    let disk = quorum.map_or(&slot.disk.quorum, |quorum| &quorum.disk);
    let ballots = quorum.and_then(|quorum| quorum.role().ballots());
    let leader = quorum.and_then(|quorum| quorum.role().as_leader());
    let active = controller.is_some_and(|controller| controller.control.is_active());
    ControllerView {
        id: slot.id,
        health: slot.health,
        role: quorum.map_or(QuorumRole::Unattached, role),
        epoch: disk.election.leader_epoch,
        leader: disk.election.leader,
        voted: disk.election.voted.map(|key| key.id),
        granted: ballots.map_or(NodeList::EMPTY, |ballots| ballots.granted),
        refused: ballots.map_or(NodeList::EMPTY, |ballots| ballots.refused),
        voter: quorum.map_or_else(
            || sim.world().voters().contains(ReplicaKey { id: slot.id, directory: slot.directory }),
            |quorum| !quorum.is_observer(),
        ),
        active,
        log: logs::metadata(sim, slot.id, disk, quorum.and_then(Quorum::high_watermark), cells),
        follower_ends: leader.map_or_else(Vec::new, |leader| {
            let others = leader.voters().iter().filter(|voter| voter.key.id != slot.id);
            others.map(|voter| (voter.key.id, voter.end)).collect()
        }),
        epoch_start: leader.map(|leader| leader.epoch_start),
        sessions: if active { sessions.to_vec() } else { Vec::new() },
    }
}

const fn phase(state: BrokerState) -> BrokerPhase {
    match state {
        BrokerState::NotRunning => BrokerPhase::NotRunning,
        BrokerState::Starting => BrokerPhase::Starting,
        BrokerState::Recovery => BrokerPhase::Recovery,
        BrokerState::Running => BrokerPhase::Running,
        BrokerState::PendingControlledShutdown => BrokerPhase::PendingControlledShutdown,
        BrokerState::ShuttingDown => BrokerPhase::ShuttingDown,
    }
}

fn broker(sim: &Sim, slot: &Slot, truth: &Image, sessions: &[SessionView]) -> BrokerView {
    let process = slot.process.as_ref().and_then(Process::broker);
    let plane = process.and_then(|broker| broker.zookeeper());
    let registration = truth.brokers.get(&slot.id);
    let partitions = truth.partitions.values();
    BrokerView {
        id: slot.id,
        health: slot.health,
        phase: process.map_or(BrokerPhase::NotRunning, |broker| phase(broker.state())),
        rack: rack(sim.world().genesis.settings.broker_rack, slot.id),
        fenced: registration.is_none_or(|registration| registration.fenced),
        in_controlled_shutdown: registration.is_some_and(|registration| registration.in_controlled_shutdown),
        broker_epoch: process.and_then(|broker| broker.broker_epoch()),
        controller: process.and_then(|broker| broker.controller()),
        controller_epoch: plane
            .filter(|plane| plane.controller.is_active())
            .map(|plane| plane.controller.epoch()),
        metadata_offset: process.map_or(Offset(0), |broker| broker.applied()),
        leads: match process.and_then(|broker| broker.replicas.rafts()) {
            Some(rafts) => rafts.groups().values().filter(|group| group.is_leader()).count() as u32,
            None => partitions.clone().filter(|partition| partition.leader == Some(slot.id)).count() as u32,
        },
        replicas: partitions.filter(|partition| partition.replicas.contains(slot.id)).count() as u32,
        session: sessions.iter().find(|session| session.broker == slot.id).copied(),
        slowed: sim.net().slow.get(&slot.id).copied().unwrap_or_default(),
    }
}

fn rack(racks: Racks, id: NodeId) -> Option<char> {
    racks.get(id.number()).map(|rack| char::from(rack.0))
}

fn producer(sim: &Sim, slot: &Slot) -> ProducerView {
    let producer: Option<&Producer> = match slot.process.as_ref().or(slot.disk.client.as_deref()) {
        Some(Process::Producer(producer)) => Some(producer),
        _ => None,
    };
    let batches = producer.map(Producer::batches).unwrap_or_default();
    let queued = batches.iter().filter(|batch| batch.leader.is_none() && batch.sent == 0);
    ProducerView {
        id: slot.id,
        health: slot.health,
        acks: producer.map_or(sim.world().genesis.settings.acks, |producer| producer.acks),
        interval: producer.map(|producer| producer.spec.interval).unwrap_or_default(),
        queued: queued.map(|batch| batch.count).sum(),
        in_flight: batches
            .iter()
            .filter(|batch| batch.leader.is_some() || batch.sent > 0)
            .map(|batch| BatchView {
                partition: batch.partition,
                first: batch.first,
                count: batch.count,
                attempts: batch.sent,
                leader: batch.leader,
                deadline: batch.deadline,
            })
            .collect(),
        acknowledged: producer.map_or(0, |producer| producer.acknowledged),
        failed: producer.map_or(0, |producer| producer.failed),
        last_error: producer.map(|producer| producer.last_error).unwrap_or_default(),
    }
}

fn consumer(sim: &Sim, slot: &Slot) -> ConsumerView {
    let consumer: Option<&Consumer> = match &slot.process {
        Some(Process::Consumer(consumer)) => Some(consumer),
        _ => None,
    };
    let positions = consumer.map(|consumer| {
        consumer
            .positions
            .iter()
            .filter_map(|(&partition, position)| Some((partition, position.offset?)))
            .collect()
    });
    let read_replicas = consumer.map(|consumer| {
        let replica = |position: &Position| position.offset.and_then(|_| position.read_replica(sim.now()));
        let positions = consumer.positions.iter();
        positions.filter_map(|(&partition, position)| Some((partition, replica(position)?))).collect()
    });
    let protocol = sim.world().genesis.settings.group_protocol;
    let number = usize::from(slot.id.number().saturating_sub(1));
    ConsumerView {
        id: slot.id,
        health: slot.health,
        rack: rack(sim.world().genesis.settings.client_rack, slot.id),
        read_replicas: read_replicas.unwrap_or_default(),
        positions: positions.unwrap_or_default(),
        consumed: consumer.map_or(0, |consumer| consumer.consumed),
        group: sim.world().genesis.consumers.get(number).and_then(|spec| spec.group),
        membership: consumer.and_then(|consumer| super::groups::membership(consumer, protocol)),
    }
}

fn timers(sim: &Sim) -> Vec<TimerView> {
    let mut all = Vec::new();
    for slot in &sim.world().slots {
        all.extend(sim.queue().armed(slot.id).iter().map(|armed| TimerView {
            node: slot.id,
            timer: armed.timer,
            armed_at: armed.armed_at,
            due: armed.due,
            earliest: armed.earliest,
            latest: armed.latest,
        }));
    }
    all.sort_by_key(|timer: &TimerView| (timer.node, timer.timer));
    all
}

fn links(sim: &Sim) -> Vec<LinkView> {
    let all = sim.net().links.iter().map(|(link, state)| LinkView {
        from: link.from,
        to: link.to,
        cut: state.cut,
        delay: state.delay,
        loss: state.loss,
    });
    all.collect()
}
