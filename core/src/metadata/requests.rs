//! What the active controller answers to brokers.
//!
//! Source: `QuorumController.registerBroker`, `processBrokerHeartbeat`, `alterPartition` and their
//! `ReplicationControlManager` and `ClusterControlManager` counterparts. Keeps: errors are answered at once,
//! everything else when it is committed; a heartbeat renews its session before anything else is looked at.

use crate::config::Settings;
use crate::id::{Correlation, NodeId};
use crate::kraft::Quorum;
use crate::metadata::alter_partition::alter_partitions;
use crate::metadata::controller::QuorumController;
use crate::metadata::decision::Decision;
use crate::metadata::deferred::{Reply, error_response};
use crate::metadata::fencing::{begin_controlled_shutdown, fence, has_leaderships, unfence};
use crate::metadata::heartbeat::{BrokerControlState, Circumstances};
use crate::metadata::image::Image;
use crate::metadata::producer_ids::allocate;
use crate::metadata::registration::register;
use crate::node::Out;
use crate::note::{ChangeReason, Note};
use crate::time::{Span, Time};
use crate::wire::{
    AllocateProducerIdsRequest, AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatRequest,
    BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse, Envelope, ErrorCode,
    Message,
};

/// Who waits for an answer.
#[derive(Clone, Copy)]
struct Asker {
    to: NodeId,
    correlation: Correlation,
}

impl Asker {
    fn reply(self, message: Message) -> Reply {
        Reply::Broker { to: self.to, correlation: self.correlation, message }
    }
}

impl QuorumController {
    /// A registration, heartbeat, AlterPartition or AllocateProducerIds request; others are none of its business.
    pub fn on_message(&mut self, now: Time, quorum: &mut Quorum, envelope: Envelope, out: &mut Out) {
        let Envelope { from: to, correlation, message, .. } = envelope;
        let asker = Asker { to, correlation };
        let done = match &message {
            Message::BrokerRegistrationRequest(request) => {
                self.on_registration(now, quorum, asker, request, out)
            }
            Message::BrokerHeartbeatRequest(request) => self.on_heartbeat(now, quorum, asker, request, out),
            Message::AlterPartitionRequest(request) => {
                self.on_alter_partition(now, quorum, asker, request, out)
            }
            Message::AllocateProducerIdsRequest(request) => {
                self.on_allocate_producer_ids(now, quorum, asker, request, out)
            }
            _ => return,
        };
        if let Err(error) = done {
            note_refusal(&message, error, out);
            asker.reply(error_response(&message, error)).tell(out);
        }
        self.on_progress(now, quorum, out);
    }

    fn on_registration(
        &mut self,
        now: Time,
        quorum: &mut Quorum,
        asker: Asker,
        request: &BrokerRegistrationRequest,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let active = self.active.as_mut().ok_or(ErrorCode::NotController)?;
        let mut decision = Decision::new();
        let broker_epoch = register(
            active.current.image(),
            &self.settings,
            &mut active.heartbeats,
            now,
            request,
            quorum.next_append_offset(),
            &mut decision,
        )?;
        let response = BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch };
        let reply = asker.reply(Message::BrokerRegistrationResponse(response));
        self.write(now, quorum, decision, reply, out);
        Ok(())
    }

    fn on_allocate_producer_ids(
        &mut self,
        now: Time,
        quorum: &mut Quorum,
        asker: Asker,
        request: &AllocateProducerIdsRequest,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let active = self.active.as_ref().ok_or(ErrorCode::NotController)?;
        let mut decision = Decision::new();
        let response = allocate(active.current.image(), request, &mut decision)?;
        let reply = asker.reply(Message::AllocateProducerIdsResponse(response));
        self.write(now, quorum, decision, reply, out);
        Ok(())
    }

    fn on_heartbeat(
        &mut self,
        now: Time,
        quorum: &mut Quorum,
        asker: Asker,
        request: &BrokerHeartbeatRequest,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let broker = request.broker;
        let active = self.active.as_mut().ok_or(ErrorCode::NotController)?;
        active.heartbeats.contact(now, broker, request.broker_epoch);
        let image = active.current.image();
        let is_this_life = image.brokers.get(&broker).is_some_and(|b| b.broker_epoch == request.broker_epoch);
        let registered_at = active.current.registered_at(broker).filter(|_| is_this_life);
        let circumstances = Circumstances {
            current: active.heartbeats.current_state(broker),
            registered_at: registered_at.ok_or(ErrorCode::StaleBrokerEpoch)?,
            leads: has_leaderships(image, &self.settings, broker),
            others_caught_up: active.heartbeats.others_caught_up(broker),
        };
        let next = circumstances.next(request);
        let decision = transition(image, &self.settings, broker, circumstances.current, next);
        active.heartbeats.touch(broker, next.is_fenced(), request.current_metadata_offset);
        let response = BrokerHeartbeatResponse {
            error: ErrorCode::None,
            is_caught_up: circumstances.is_caught_up(request),
            is_fenced: next.is_fenced(),
            should_shut_down: next == BrokerControlState::ShutdownNow,
        };
        let reply = asker.reply(Message::BrokerHeartbeatResponse(response));
        let last = self.write(now, quorum, decision, reply, out);
        if next == BrokerControlState::ControlledShutdown
            && let (Some(active), Some(last)) = (&mut self.active, last)
        {
            active.heartbeats.begin_controlled_shutdown(broker, last);
        }
        Ok(())
    }

    fn on_alter_partition(
        &mut self,
        now: Time,
        quorum: &mut Quorum,
        asker: Asker,
        request: &AlterPartitionRequest,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let active = self.active.as_ref().ok_or(ErrorCode::NotController)?;
        let image = active.current.image();
        let registration = image.brokers.get(&request.broker).ok_or(ErrorCode::StaleBrokerEpoch)?;
        if registration.broker_epoch != request.broker_epoch {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        let mut decision = Decision::new();
        let partitions = alter_partitions(image, &self.settings, request, &mut decision);
        let response = AlterPartitionResponse { error: ErrorCode::None, partitions };
        let reply = asker.reply(Message::AlterPartitionResponse(response));
        self.write(now, quorum, decision, reply, out);
        Ok(())
    }
}

/// What a heartbeat that moves a broker from one state to the next writes.
fn transition(
    image: &Image,
    settings: &Settings,
    broker: NodeId,
    current: BrokerControlState,
    next: BrokerControlState,
) -> Decision {
    let mut decision = Decision::new();
    if current == next {
        return decision;
    }
    let was_unfenced = image.brokers.get(&broker).is_some_and(|registration| !registration.fenced);
    let fenced =
        Note::BrokerFenced { broker, silent: Span::ZERO, session_timeout: settings.broker_session_timeout };
    match next {
        BrokerControlState::Fenced => {
            decision.note(fenced);
            fence(image, settings, broker, ChangeReason::Fenced, &mut decision);
        }
        BrokerControlState::Unfenced => {
            decision.note(Note::BrokerUnfenced { broker });
            unfence(image, settings, broker, &mut decision);
        }
        BrokerControlState::ControlledShutdown => {
            decision.note(Note::ControlledShutdownBegan { broker });
            begin_controlled_shutdown(image, settings, broker, &mut decision);
        }
        BrokerControlState::ShutdownNow => {
            decision.note(Note::ShutdownAllowed { broker });
            if was_unfenced {
                decision.note(fenced);
            }
            fence(image, settings, broker, ChangeReason::ControlledShutdown, &mut decision);
        }
    }
    decision
}

fn note_refusal(request: &Message, error: ErrorCode, out: &mut Out) {
    match request {
        Message::BrokerRegistrationRequest(request) => {
            out.note(Note::RegistrationRefused { broker: request.broker, error });
        }
        Message::BrokerHeartbeatRequest(request) => {
            out.note(Note::HeartbeatRefused { broker: request.broker, error });
        }
        Message::AlterPartitionRequest(request) => {
            let broker = request.broker;
            for proposal in &request.partitions {
                out.note(Note::AlterPartitionRefused { partition: proposal.partition, broker, error });
            }
        }
        _ => {}
    }
}
