//! What a broker on ZooKeeper does with LeaderAndIsr and StopReplica, and how its leaders write ISRs.

use super::lab::{B1, B2, B3, TP};
use kraftscope_core::config::Settings;
use kraftscope_core::id::{Incarnation, LeaderEpoch, NodeId, NodeList, PartitionEpoch};
use kraftscope_core::metadata::image::{BrokerRegistration, Image};
use kraftscope_core::mode::MetadataPlane;
use kraftscope_core::node::{Out, Timer};
use kraftscope_core::record::LeaderRecoveryState;
use kraftscope_core::release::Release;
use kraftscope_core::replication::{Ctx, IsrWrite, ReplicaDisk, ReplicaManager};
use kraftscope_core::time::Time;
use kraftscope_core::wire::{
    ControlMessage, ControllerStamp, ErrorCode, LeaderAndIsrRequest, PartitionInfo, StopReplicaRequest,
};
use kraftscope_core::znode::{PartitionState, ReplicaAssignment};
use std::sync::Arc;

/// Broker 1 on ZooKeeper, which has heard that brokers 1 and 2 live.
struct Desk {
    replicas: ReplicaManager,
    image: Image,
    out: Out,
}

impl Desk {
    fn new(release: Release) -> Desk {
        let settings = Arc::new(Settings::of(release));
        let replicas = ReplicaManager::new(B1, settings, ReplicaDisk::default());
        let mut image = Image::default();
        for id in [B1, B2] {
            let registration = BrokerRegistration {
                incarnation: Incarnation(0),
                broker_epoch: kraftscope_core::id::BrokerEpoch(1),
                fenced: false,
                in_controlled_shutdown: false,
            };
            image.brokers.insert(id, registration);
        }
        Desk { replicas: replicas.on_plane(MetadataPlane::ZooKeeper), image, out: Out::default() }
    }

    fn leader_and_isr(&mut self, controller_epoch: u32, leader: NodeId, epoch: u32) -> ControlMessage {
        let state = PartitionState {
            leader: Some(leader),
            leader_epoch: LeaderEpoch(epoch),
            isr: NodeList::brokers(&[1, 2]),
            controller_epoch,
            recovery: LeaderRecoveryState::Recovered,
        };
        let replicas = NodeList::brokers(&[1, 2, 3]);
        let assignment = ReplicaAssignment { replicas, ..ReplicaAssignment::default() };
        let partition_epoch = PartitionEpoch(epoch);
        let info = PartitionInfo { partition: TP, state, partition_epoch, assignment, is_new: false };
        let request =
            LeaderAndIsrRequest { stamp: stamp(controller_epoch), full: false, partitions: vec![info] };
        let (now, ctx) = (Time::ZERO, Ctx::default());
        self.replicas.become_leader_or_follower(now, &self.image, ctx, &request, &mut self.out).0
    }

    fn stop_replica(&mut self, epoch: Option<u32>, deletes: bool) -> ControlMessage {
        let partitions = vec![(TP, epoch.map(LeaderEpoch), deletes)];
        let request = StopReplicaRequest { stamp: stamp(1), partitions };
        let (now, ctx) = (Time::ZERO, Ctx::default());
        self.replicas.stop_replicas(now, &self.image, ctx, &request, &mut self.out).0
    }

    /// The leader looks for members of the ISR that lag, and wants to write.
    fn writes_at(&mut self, seconds: u64) -> Vec<IsrWrite> {
        let now = Time(seconds * 1_000_000);
        self.replicas.on_timer(now, &self.image, Ctx::default(), Timer::IsrCheck, &mut self.out);
        self.replicas.take_isr_writes()
    }

    fn isr(&self) -> NodeList {
        self.replicas.partition(TP).unwrap().isr()
    }
}

const fn stamp(controller_epoch: u32) -> ControllerStamp {
    ControllerStamp { controller: B3, controller_epoch, broker_epoch: None }
}

fn told(error: ErrorCode) -> ControlMessage {
    ControlMessage::LeaderAndIsrResponse(ErrorCode::None, vec![(TP, error)])
}

fn stopped(error: ErrorCode) -> ControlMessage {
    ControlMessage::StopReplicaResponse(ErrorCode::None, vec![(TP, error)])
}

/// Source: `ReplicaManager.becomeLeaderOrFollower`, KAFKA-1188.
#[test]
fn a_controller_of_an_earlier_epoch_is_not_obeyed() {
    let mut desk = Desk::new(Release::V3_9);
    assert_eq!(desk.leader_and_isr(2, B1, 0), told(ErrorCode::None));
    let refused = ControlMessage::LeaderAndIsrResponse(ErrorCode::StaleControllerEpoch, Vec::new());
    assert_eq!(desk.leader_and_isr(1, B2, 1), refused);
    assert!(desk.replicas.partition(TP).unwrap().is_leader());
    assert_eq!(desk.replicas.controller_epoch(), 2);
}

/// Source: `ReplicaManager.becomeLeaderOrFollower`.
#[test]
fn a_partition_takes_only_a_later_leader_epoch() {
    let mut desk = Desk::new(Release::V3_9);
    assert_eq!(desk.leader_and_isr(1, B1, 5), told(ErrorCode::None));
    assert_eq!(desk.leader_and_isr(1, B2, 5), told(ErrorCode::StaleControllerEpoch));
    assert_eq!(desk.leader_and_isr(1, B2, 4), told(ErrorCode::StaleControllerEpoch));
    assert!(desk.replicas.partition(TP).unwrap().is_leader());
    assert_eq!(desk.leader_and_isr(1, B2, 6), told(ErrorCode::None));
    assert!(!desk.replicas.partition(TP).unwrap().is_leader());
}

/// Source: `ReplicaManager.makeFollowers`: only the log is made, for its high watermark (KAFKA-1647).
#[test]
fn a_replica_does_not_follow_a_leader_that_it_does_not_know_to_live() {
    let mut desk = Desk::new(Release::V3_9);
    assert_eq!(desk.leader_and_isr(1, B3, 0), told(ErrorCode::None));
    assert!(desk.replicas.partition(TP).is_none());
    assert!(desk.replicas.disk.replicas.contains_key(&TP));
}

/// Source: `ReplicaManager.stopReplicas`, KIP-570.
#[test]
fn a_replica_is_not_stopped_in_the_name_of_an_epoch_that_is_over() {
    let mut desk = Desk::new(Release::V3_9);
    desk.leader_and_isr(1, B2, 5);
    assert_eq!(desk.stop_replica(Some(4), true), stopped(ErrorCode::FencedLeaderEpoch));
    assert!(desk.replicas.disk.replicas.contains_key(&TP));
    assert_eq!(desk.stop_replica(None, false), stopped(ErrorCode::None));
    assert!(desk.replicas.fetchers().is_empty() && desk.replicas.partition(TP).is_some());
    assert_eq!(desk.stop_replica(Some(5), true), stopped(ErrorCode::None));
    assert!(!desk.replicas.disk.replicas.contains_key(&TP));
}

/// Source: `Partition.shrinkIsr`, `maybeUpdateIsrAndVersion` (2.3): "Cached zkVersion not equal, skip".
#[test]
fn a_leader_whose_znode_has_another_version_keeps_its_isr_and_tries_again() {
    let mut desk = Desk::new(Release::V2_3);
    desk.leader_and_isr(7, B1, 3);
    let writes = desk.writes_at(11);
    let state = PartitionState {
        leader: Some(B1),
        leader_epoch: LeaderEpoch(3),
        isr: NodeList::brokers(&[1]),
        controller_epoch: 7,
        recovery: LeaderRecoveryState::Recovered,
    };
    assert_eq!(writes, [IsrWrite { partition: TP, state, version: PartitionEpoch(3) }]);
    assert!(desk.writes_at(12).is_empty());
    let now = Time(12_000_000);
    let refused = Err(ErrorCode::InvalidUpdateVersion);
    assert!(!desk.replicas.on_isr_written(now, &desk.image, &writes[0], refused, &mut desk.out));
    assert_eq!(desk.isr(), NodeList::brokers(&[1, 2]));
    let again = desk.writes_at(16);
    assert_eq!(again, writes);
    let version = Ok(PartitionEpoch(4));
    assert!(desk.replicas.on_isr_written(now, &desk.image, &again[0], version, &mut desk.out));
    assert_eq!(desk.isr(), NodeList::brokers(&[1]));
    assert_eq!(desk.replicas.partition(TP).unwrap().partition_epoch, PartitionEpoch(4));
}

/// Source: `DefaultAlterPartitionManager`, KIP-497: from 2.7 on the controller is asked.
#[test]
fn a_leader_writes_nothing_itself_where_the_controller_is_asked() {
    let mut desk = Desk::new(Release::V2_8);
    desk.leader_and_isr(7, B1, 3);
    assert!(desk.writes_at(31).is_empty());
    assert!(desk.replicas.partition(TP).unwrap().as_leader().unwrap().isr.is_in_flight());
}
