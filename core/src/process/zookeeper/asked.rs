//! What a broker has asked ZooKeeper, and where each answer goes.
//!
//! A LeaderAndIsr that has to read settings first fails with the session that it asked in
//! (`ZkConfigRepository.config`, `KafkaApis.handleError`): what an earlier session was told, the next one does not obey.

use crate::id::{Offset, TopicId};
use crate::node::Out;
use crate::process::broker::{Broker, Plane};
use crate::replication::IsrWrite;
use crate::time::Time;
use crate::wire::{ControlMessage, Envelope, ErrorCode, Message, ZkReply};
use crate::znode::ZooKeeperError;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One answer.
pub(super) type Answer = Result<ZkReply, ZooKeeperError>;

/// A question of the broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Asked {
    /// To create its znode.
    Registration,
    /// Whose the znode is that exists already.
    Owner,
    /// The notifications of changed settings.
    ConfigChanges,
    /// What these notifications say.
    ChangedTopics(Vec<u32>),
    /// The settings of these topics.
    Configs(Vec<TopicId>),
    /// The settings of these topics, which LeaderAndIsr names for the first time: it is carried out after that.
    ConfigsBefore(Vec<TopicId>, Envelope),
    /// To write ISRs.
    IsrWrites(Vec<IsrWrite>),
    /// What the znode says whose version was another one: maybe just what was to be written.
    IsrCheck(IsrWrite),
    /// To publish which ISRs were written.
    IsrPublication,
    /// Who the controller is, to be asked for permission to stop.
    ControllerToStop,
    /// The last block of producer ids.
    BlockRead,
    /// To write that the block that ends here was taken.
    BlockWrite(Offset),
}

impl Broker {
    pub(super) fn on_zookeeper_answer(
        &mut self,
        now: Time,
        asked: Asked,
        answers: Vec<Answer>,
        out: &mut Out,
    ) {
        let Plane::ZooKeeper(plane) = &mut self.plane else { return };
        match asked {
            Asked::Registration => plane.on_registration(now, answers.first(), out),
            Asked::Owner => plane.on_owner(now, answers.first(), out),
            Asked::ConfigChanges => plane.on_config_changes(now, answers.first(), out),
            Asked::ChangedTopics(numbers) => plane.on_changed_topics(now, &numbers, &answers, out),
            Asked::Configs(topics) => plane.on_configs(now, (&topics, &answers), &mut self.image, out),
            Asked::ConfigsBefore(topics, envelope) => {
                let expired = answers.contains(&Err(ZooKeeperError::SessionExpired));
                plane.on_configs(now, (&topics, &answers), &mut self.image, out);
                if expired {
                    // The exception fails the request; the next life of the session is told everything.
                    let error = ErrorCode::UnknownServerError;
                    let response = ControlMessage::LeaderAndIsrResponse(error, Vec::new());
                    out.respond(envelope.from, envelope.correlation, Message::Control(Box::new(response)));
                } else {
                    self.carry_out_control(now, envelope, out);
                }
            }
            Asked::IsrWrites(writes) => self.on_isr_writes(now, &writes, &answers, out),
            Asked::IsrCheck(write) => self.on_isr_check_answer(now, &write, answers.first(), out),
            Asked::IsrPublication => {}
            Asked::ControllerToStop => plane.on_controller_to_stop(now, answers.first(), out),
            Asked::BlockRead => {
                let given_up = plane.on_block_read(now, answers.first(), out);
                if given_up {
                    self.producer_ids.on_no_block(now);
                }
            }
            Asked::BlockWrite(end) => {
                if matches!(answers.first(), Some(Ok(_))) {
                    self.producer_ids.on_block(end);
                } else if !plane.on_block_lost(now, answers.first(), out) {
                    self.producer_ids.on_no_block(now);
                }
            }
        }
    }
}
