//! What a controller asks of a broker.
//!
//! Keeps: what was meant for an earlier life of the broker is refused (KIP-380), what an older controller says is, too
//! (KAFKA-1188). A request that names a topic for the first time is carried out when its settings are known.
//! Source: `KafkaApis.handleLeaderAndIsrRequest`, `handleUpdateMetadataRequest`, `handleStopReplicaRequest`,
//! `isBrokerEpochStale` (3.9).

use super::ZooKeeperPlane;
use super::asked::Asked;
use super::cache;
use crate::group::coordinator::Host;
use crate::id::TopicPartition;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::process::broker::{Broker, Plane};
use crate::time::{Span, Time};
use crate::wire::{ControlMessage, ControllerStamp, Envelope, ErrorCode, Message, UpdateMetadataRequest};
use alloc::boxed::Box;
use alloc::vec::Vec;

impl ZooKeeperPlane {
    /// Whether a request was meant for an earlier life of this broker. One for a later life is not refused: the
    /// controller may have heard of it sooner than the broker itself.
    fn is_for_earlier_life(&self, stamp: ControllerStamp, out: &mut Out) -> bool {
        if !self.settings.features.broker_epoch_in_requests {
            return false;
        }
        let (Some(broker_epoch), Some(known)) = (stamp.broker_epoch, self.broker_epoch) else { return false };
        let controller = stamp.controller;
        if broker_epoch < known {
            out.note(Note::EarlierLifeRefused { controller, broker_epoch, known });
        }
        broker_epoch < known
    }
}

impl Broker {
    /// One request after the other; one that names many partitions takes its time.
    pub(super) fn on_control_request(&mut self, now: Time, envelope: Envelope, out: &mut Out) {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return };
        let work = plane.settings.broker_work(partitions_of(&envelope));
        match plane.work.is_empty() {
            true if work == Span::ZERO => return self.carry_out_control(now, envelope, out),
            true => out.arm(Timer::MetadataWork, work),
            false => {}
        }
        plane.work.push_back(envelope);
    }

    /// It has worked through the first request, and goes on with those that wait.
    pub(super) fn on_control_worked(&mut self, now: Time, out: &mut Out) {
        loop {
            let Plane::ZooKeeper(plane) = &mut self.plane else { return };
            let Some(envelope) = plane.work.pop_front() else { return };
            let next = plane.work.front().map_or(0, partitions_of);
            let work = plane.settings.broker_work(next);
            self.carry_out_control(now, envelope, out);
            if work > Span::ZERO {
                return out.arm(Timer::MetadataWork, work);
            }
        }
    }

    pub(super) fn carry_out_control(&mut self, now: Time, envelope: Envelope, out: &mut Out) {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return };
        let Message::Control(message) = &envelope.message else { return };
        let (to, correlation) = (envelope.from, envelope.correlation);
        let mut changed = Vec::new();
        let response = match &**message {
            ControlMessage::LeaderAndIsrRequest(request) => {
                if plane.is_for_earlier_life(request.stamp, out) {
                    ControlMessage::LeaderAndIsrResponse(ErrorCode::StaleBrokerEpoch, Vec::new())
                } else {
                    let topics = plane.topics_to_read(request);
                    if !topics.is_empty() {
                        let before = |topics| Asked::ConfigsBefore(topics, envelope);
                        return plane.read_configs(now, topics, before, out);
                    }
                    let ctx = self.ctx();
                    let (replicas, image) = (&mut self.replicas, &self.image);
                    let (response, which) = replicas.become_leader_or_follower(now, image, ctx, request, out);
                    changed = which;
                    response
                }
            }
            ControlMessage::StopReplicaRequest(request) => {
                if plane.is_for_earlier_life(request.stamp, out) {
                    ControlMessage::StopReplicaResponse(ErrorCode::StaleBrokerEpoch, Vec::new())
                } else {
                    let ctx = self.ctx();
                    let (response, which) = self.replicas.stop_replicas(now, &self.image, ctx, request, out);
                    changed = which;
                    response
                }
            }
            ControlMessage::UpdateMetadataRequest(request) => {
                if plane.is_for_earlier_life(request.stamp, out) {
                    ControlMessage::UpdateMetadataResponse(ErrorCode::StaleBrokerEpoch)
                } else {
                    let error = self.update_metadata(now, request, out);
                    changed = request.partitions.iter().map(|info| info.partition).collect();
                    ControlMessage::UpdateMetadataResponse(error)
                }
            }
            _ => return,
        };
        out.respond(to, correlation, Message::Control(Box::new(response)));
        self.tell_groups(now, &changed, out);
    }

    fn update_metadata(&mut self, now: Time, request: &UpdateMetadataRequest, out: &mut Out) -> ErrorCode {
        let ControllerStamp { controller, controller_epoch, .. } = request.stamp;
        if !self.replicas.accepts_controller(controller, controller_epoch, out) {
            return ErrorCode::StaleControllerEpoch;
        }
        cache::update(&mut self.image, request);
        let (partitions, brokers) = (request.partitions.len() as u32, request.live_brokers.len() as u32);
        out.note(Note::MetadataCacheUpdated { controller, partitions, brokers });
        let Plane::ZooKeeper(plane) = &mut self.plane else { return ErrorCode::None };
        if plane.known_controller.replace(controller) != Some(controller) {
            self.producer_ids.on_controller(now, Some(controller), out);
            let ctx = self.ctx();
            self.replicas.on_controller(now, ctx, out);
        }
        ErrorCode::None
    }

    /// Groups follow the partitions of their topic, once its name is known.
    fn tell_groups(&mut self, now: Time, changed: &[TopicPartition], out: &mut Out) {
        if !changed.is_empty() {
            let host = Host { image: &self.image, replicas: &mut self.replicas };
            self.groups.on_metadata(now, &host, changed, out);
        }
    }
}

/// How many partitions a request is about.
fn partitions_of(envelope: &Envelope) -> u64 {
    let Message::Control(message) = &envelope.message else { return 0 };
    let partitions = match &**message {
        ControlMessage::LeaderAndIsrRequest(request) => request.partitions.len(),
        ControlMessage::UpdateMetadataRequest(request) => request.partitions.len(),
        ControlMessage::StopReplicaRequest(request) => request.partitions.len(),
        _ => 0,
    };
    partitions as u64
}
