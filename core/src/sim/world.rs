//! The processes of the cluster and how each of them is: what a checker and a picture look at.

use crate::id::{DirectoryId, Incarnation, LeaderEpoch, NodeId, NodeKind, TopicPartition};
use crate::kraft::Quorum;
use crate::metadata::image::Image;
use crate::mode::MetadataPlane;
use crate::process::{Disk, Process};
use crate::sim::clock::Clock;
use crate::sim::ensemble::Ensemble;
use crate::sim::genesis::Genesis;
use crate::time::Time;
use crate::view::Health;
use crate::voters::VoterSet;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One process, alive or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Who.
    pub id: NodeId,
    /// How it is.
    pub health: Health,
    /// The process, while it is up or paused.
    pub process: Option<Process>,
    /// Its disk, while it is down.
    pub disk: Disk,
    /// What that disk is known by (KIP-853).
    pub directory: DirectoryId,
    /// Which life it is, from 1; 0 before the first.
    pub incarnation: Incarnation,
    /// When this life began.
    pub started_at: Time,
    /// The machine has power: a connection to a dead process is refused rather than silent.
    pub powered: bool,
}

/// All processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// Virtual time.
    pub now: Time,
    /// How it began.
    pub genesis: Arc<Genesis>,
    /// In the order of ids.
    pub slots: Vec<Slot>,
    /// Clocks that are wrong, or have been.
    pub clocks: BTreeMap<NodeId, Clock>,
    /// What the ZooKeeper ensemble has committed.
    pub(super) ensemble: Option<Ensemble>,
    places: Vec<u8>,
}

const NOWHERE: u8 = u8::MAX;

impl World {
    /// All processes of that genesis, none of them started.
    pub fn new(genesis: Arc<Genesis>) -> World {
        let clients = (1..=genesis.producers.len() as u8)
            .map(NodeId::producer)
            .chain((1..=genesis.consumers.len() as u8).map(NodeId::consumer));
        let ids: Vec<NodeId> = genesis
            .broker_ids()
            .chain(genesis.all_controller_ids())
            .chain(genesis.zookeeper_ids())
            .chain(clients)
            .collect();
        let mut places = alloc::vec![NOWHERE; 256];
        for (place, id) in ids.iter().enumerate() {
            places[usize::from(id.0)] = place as u8;
        }
        let slot = |id| Slot {
            id,
            health: Health::Down,
            process: None,
            disk: Disk::default(),
            directory: DirectoryId::first_of(id),
            incarnation: Incarnation(0),
            started_at: Time::ZERO,
            powered: true,
        };
        let zookeeper = genesis.mode.metadata() == MetadataPlane::ZooKeeper;
        let ensemble = zookeeper.then(Ensemble::default);
        let (slots, clocks) = (ids.into_iter().map(slot).collect(), BTreeMap::new());
        World { now: Time::ZERO, genesis, slots, clocks, ensemble, places }
    }

    /// The slot of this node.
    pub fn slot(&self, id: NodeId) -> Option<&Slot> {
        self.slots.get(self.place(id))
    }

    /// The slot of this node.
    pub fn slot_mut(&mut self, id: NodeId) -> Option<&mut Slot> {
        let place = self.place(id);
        self.slots.get_mut(place)
    }

    /// Its place among the slots; beyond the last for a node that does not exist.
    pub fn place(&self, id: NodeId) -> usize {
        usize::from(self.places[usize::from(id.0)])
    }

    /// How this node is; a node that does not exist is down.
    pub fn health(&self, id: NodeId) -> Health {
        self.slot(id).map_or(Health::Down, |slot| slot.health)
    }

    /// The process of this node, if it is up or paused.
    pub fn process(&self, id: NodeId) -> Option<&Process> {
        self.slot(id)?.process.as_ref()
    }

    /// Nodes of one kind.
    pub fn of_kind(&self, kind: NodeKind) -> impl Iterator<Item = &Slot> + '_ {
        self.slots.iter().filter(move |slot| slot.id.kind() == kind)
    }

    /// The voters of the metadata quorum as the leader of the highest epoch has them in its log; while there is
    /// none, as the furthest log has them.
    pub fn voters(&self) -> VoterSet {
        let quorums = self.of_kind(NodeKind::Controller).filter_map(|slot| slot.process.as_ref()?.quorum());
        let rank = |quorum: &&Quorum| (quorum.is_leader(), quorum.log().last_epoch(), quorum.log().end());
        quorums.max_by_key(rank).map_or_else(|| self.genesis.voters(), |quorum| *quorum.voters())
    }

    /// Who leads the Raft group of this partition (kafkaraft), with its epoch: of those that believe so the one in the
    /// latest epoch. An older one does not know yet.
    pub fn raft_leader(&self, partition: TopicPartition) -> Option<(NodeId, LeaderEpoch)> {
        let leading = self.of_kind(NodeKind::Broker).filter_map(|slot| {
            let replicas = &slot.process.as_ref()?.broker()?.replicas;
            let leads = replicas.rafts()?.group(partition)?.is_leader();
            leads.then(|| Some((replicas.partition(partition)?.leader_epoch, slot.id))).flatten()
        });
        leading.max().map(|(epoch, leader)| (leader, epoch))
    }

    /// The latest epoch that any replica of the Raft group of this partition is in (kafkaraft).
    pub fn raft_epoch(&self, partition: TopicPartition) -> LeaderEpoch {
        let epochs = self.of_kind(NodeKind::Broker).filter_map(|slot| {
            let disk = match slot.process.as_ref().and_then(Process::broker) {
                Some(broker) => &broker.replicas.disk,
                None => &slot.disk.replicas,
            };
            Some(disk.replicas.get(&partition)?.vote.epoch)
        });
        epochs.max().unwrap_or_default()
    }

    /// What the ZooKeeper ensemble has committed, if there is one.
    pub const fn ensemble(&self) -> Option<&Ensemble> {
        self.ensemble.as_ref()
    }

    /// Forgets what the last step has shown to be committed.
    pub(super) fn begin_step(&mut self) {
        if let Some(ensemble) = &mut self.ensemble {
            ensemble.begin();
        }
    }

    /// A member of the ensemble may know of more that is committed.
    pub(super) fn follow_ensemble(&mut self, node: NodeId) {
        let place = self.place(node);
        if let Some(ensemble) = &mut self.ensemble
            && let Some(Process::ZooKeeper(server)) =
                self.slots.get(place).and_then(|slot| slot.process.as_ref())
        {
            ensemble.follow(server);
        }
    }

    /// The active controller with its epoch, and the metadata as an administrator would be told: as the controller of
    /// KRaft knows them, or as ZooKeeper has them.
    pub fn controller_and_image(&self) -> Option<(NodeId, LeaderEpoch, &Image)> {
        let id = self.active_controller()?;
        let process = self.process(id)?;
        if let Some(ensemble) = &self.ensemble {
            let epoch = process.broker()?.zookeeper()?.controller.epoch();
            return Some((id, LeaderEpoch(epoch), ensemble.image()));
        }
        let epoch = process.quorum().map_or(LeaderEpoch(0), |quorum| quorum.epoch());
        Some((id, epoch, process.control()?.image()))
    }

    /// The active controller of the highest epoch; on ZooKeeper the broker that is it.
    pub fn active_controller(&self) -> Option<NodeId> {
        if self.genesis.mode.metadata() == MetadataPlane::ZooKeeper {
            let active = self.of_kind(NodeKind::Broker).filter_map(|slot| {
                let controller = &slot.process.as_ref()?.broker()?.zookeeper()?.controller;
                controller.is_active().then(|| (controller.epoch(), slot.id))
            });
            return active.max().map(|(_, id)| id);
        }
        let active = self.of_kind(NodeKind::Controller).filter_map(|slot| {
            let process = slot.process.as_ref()?;
            let active = process.control()?.is_active();
            active.then(|| (process.quorum().map(|quorum| quorum.epoch()), slot.id))
        });
        active.max().map(|(_, id)| id)
    }
}
