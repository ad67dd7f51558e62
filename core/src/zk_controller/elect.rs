//! Who is the controller: whoever creates `/controller`, and how it learns that it is no more.
//!
//! Keeps: `/controller` is created and `/controller_epoch` raised in one multi, so every controller has an epoch of its
//! own, and a later one has a larger epoch.
//! Source: `KafkaController.elect`, `maybeResign`, `onControllerResignation`, `processExpire`,
//! `KafkaZkClient.registerControllerAndIncrementControllerEpoch`.
//!
//! Left out: before 2.1 the two writes were two; here they are one in every release.

use super::KafkaController;
use super::context::ControllerContext;
use super::thread::{Answers, Event, Io, Step, Then};
use crate::id::NodeId;
use crate::node::{Out, Timer};
use crate::note::{ChangeReason, Note};
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, EventType, Op, Path, ZooKeeperError};
use alloc::vec::Vec;

/// The epoch that `/controller_epoch` begins with (`InitialControllerEpoch`).
const INITIAL_EPOCH: u32 = 0;

impl KafkaController {
    /// A watch has fired.
    pub(super) fn on_watch(&mut self, path: Path, kind: EventType) {
        let event = match (path, kind) {
            (Path::Controller, EventType::NodeDeleted) => Event::Reelect,
            (Path::Controller, _) => Event::ControllerChange,
            (Path::BrokerIds, EventType::NodeChildrenChanged) => Event::BrokerChange,
            (Path::Topics, EventType::NodeChildrenChanged) => Event::TopicChange,
            (Path::IsrChanges, EventType::NodeChildrenChanged) => Event::IsrChangeNotification,
            (Path::PartitionState(id), EventType::NodeDataChanged)
                if self.context.reassigning.contains(&id) =>
            {
                Event::ReassignmentIsrChange(id)
            }
            _ => return,
        };
        self.thread.queue.push_back(event);
    }

    /// The session is over, and `/controller` with it. Before 2.1 the event under way went on in the next session.
    pub(super) fn on_expired(&mut self, out: &mut Out) {
        if self.settings.features.zk_multi {
            self.preempt(out);
            self.controller = None;
            self.resign(out);
        }
    }

    pub(super) fn read_controller(&mut self, io: &mut Io<'_>) {
        let requests =
            [ZkRequest::Exists(Path::Controller, true), ZkRequest::GetData(Path::Controller, true)];
        self.ask(requests.into(), Then::MaybeResign, io);
    }

    /// Another one is the controller: resigns (`maybeResign`).
    pub(super) fn maybe_resign(&mut self, answers: &Answers, out: &mut Out) {
        self.controller = node_of(answers.get(1));
        if self.controller != Some(self.me) {
            self.resign(out);
        }
    }

    /// Forgets everything that a controller knows (`onControllerResignation`).
    fn resign(&mut self, out: &mut Out) {
        let epoch = self.context.epoch;
        if epoch == 0 {
            return;
        }
        out.disarm(Timer::LeaderBalance);
        self.channels.shut_down(out);
        self.context = ControllerContext::default();
        self.batch = Default::default();
        out.note(Note::ControllerResigned { epoch });
    }

    pub(super) fn begin_election(&mut self, io: &mut Io<'_>) {
        self.ask([ZkRequest::GetData(Path::Controller, true)].into(), Then::Elect, io);
    }

    /// Goes on only if nobody is the controller.
    pub(super) fn go_on_with_election(&mut self, answers: &Answers, io: &mut Io<'_>) {
        self.controller = node_of(answers.first());
        if let Some(Err(ZooKeeperError::NoNode)) = answers.first() {
            self.read_epoch(io);
        }
    }

    pub(super) fn read_epoch(&mut self, io: &mut Io<'_>) {
        self.ask([ZkRequest::GetData(Path::ControllerEpoch, false)].into(), Then::EpochRead, io);
    }

    pub(super) fn on_epoch_read(&mut self, answers: &Answers, io: &mut Io<'_>) {
        match answers.first() {
            Some(Ok(ZkReply::Data(Data::Epoch(epoch), stat))) => self.register(*epoch, stat.version, io),
            Some(Err(ZooKeeperError::NoNode)) => {
                let data = Data::Epoch(INITIAL_EPOCH);
                let create = Op::Create(Path::ControllerEpoch, data, CreateMode::Persistent);
                self.ask([ZkRequest::Write(create)].into(), Then::EpochCreated, io);
            }
            _ => {}
        }
    }

    pub(super) fn on_epoch_created(&mut self, answers: &Answers, io: &mut Io<'_>) {
        match answers.first() {
            Some(Ok(_)) => self.register(INITIAL_EPOCH, 0, io),
            Some(Err(ZooKeeperError::NodeExists)) => self.read_epoch(io),
            _ => {}
        }
    }

    /// Creates `/controller` and raises `/controller_epoch`, both or neither.
    fn register(&mut self, epoch: u32, version: u32, io: &mut Io<'_>) {
        let epoch = epoch + 1;
        let create = Op::Create(Path::Controller, Data::Node(self.me), CreateMode::Ephemeral);
        let raise = Op::SetData(Path::ControllerEpoch, Data::Epoch(epoch), Some(version));
        self.ask([ZkRequest::Multi([create, raise].into())].into(), Then::Registered { epoch }, io);
    }

    pub(super) fn on_registered_as_controller(&mut self, epoch: u32, answers: &Answers, io: &mut Io<'_>) {
        match answers.first() {
            Some(Ok(ZkReply::Multi(results))) => {
                let version = results.last().map_or(0, |(_, stat)| stat.version);
                self.become_controller(epoch, version, io);
            }
            // Somebody was faster, or this one has won already and the answer was lost.
            Some(
                Ok(ZkReply::MultiRefused(..)) | Err(ZooKeeperError::NodeExists | ZooKeeperError::BadVersion),
            ) => {
                let requests = [
                    ZkRequest::GetData(Path::Controller, true),
                    ZkRequest::GetData(Path::ControllerEpoch, false),
                ];
                self.ask(requests.into(), Then::CheckWon { epoch }, io);
            }
            _ => {}
        }
    }

    /// `checkControllerAndEpoch`.
    pub(super) fn check_won(&mut self, epoch: u32, answers: &Answers, io: &mut Io<'_>) {
        let winner = node_of(answers.first());
        match answers.get(1) {
            Some(Ok(ZkReply::Data(Data::Epoch(stored), stat)))
                if winner == Some(self.me) && *stored == epoch =>
            {
                self.become_controller(epoch, stat.version, io);
            }
            _ => {
                if let Some(controller) = winner {
                    io.out.note(Note::ControllerElectionLost { controller });
                }
                self.thread.push([Step::MaybeResign]);
            }
        }
    }

    fn become_controller(&mut self, epoch: u32, version: u32, io: &mut Io<'_>) {
        self.controller = Some(self.me);
        self.context = ControllerContext { epoch, epoch_version: version, ..ControllerContext::default() };
        self.thread.elected_at = io.now;
        self.thread.reason = ChangeReason::ControllerElected;
        io.out.note(Note::ControllerElected { epoch });
        self.thread.push(failover());
    }
}

/// What a new controller does, in the order of `onControllerFailover`.
fn failover() -> Vec<Step> {
    [
        Step::ListIsrChanges { handle: false },
        Step::ListBrokers { load: true },
        Step::ListTopics { load: true },
        Step::ReadStates,
        Step::StartChannels,
        Step::TellEverybody,
        Step::StartReplicas,
        Step::StartPartitions,
        Step::ResumeReassignments(None),
        Step::StartScheduler,
    ]
    .into()
}

fn node_of(answer: Option<&Result<ZkReply, ZooKeeperError>>) -> Option<NodeId> {
    match answer {
        Some(Ok(ZkReply::Data(Data::Node(node), _))) => Some(*node),
        _ => None,
    }
}
