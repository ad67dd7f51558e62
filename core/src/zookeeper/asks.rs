//! What a client has asked and has no answer to, and the watches that it has.
//!
//! Invariant: the answers to the requests of one asker come in the order of the requests, so that those of one ask are
//! a prefix, and a broken connection leaves a suffix to be sent again.
//! Source: `KafkaZkClient.retryRequestsUntilConnected`, `ZooKeeperClient.handleRequests`, `ZKWatchManager`.

use super::client::{Asker, ClientEvent};
use crate::wire::{WatchKind, ZkReply, ZkRequest};
use crate::znode::{EventType, Path, ZooKeeperError};
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

type Answer = Result<ZkReply, ZooKeeperError>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Ask {
    tag: u32,
    requests: Vec<ZkRequest>,
    /// How many of them are on their way or answered.
    sent: u32,
    answers: Vec<Answer>,
}

/// Two queues that take turns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Asks {
    broker: VecDeque<Ask>,
    controller: VecDeque<Ask>,
    /// Whose requests are on their way, in order.
    in_flight: VecDeque<Asker>,
    controller_first: bool,
}

impl Asks {
    fn of(&mut self, asker: Asker) -> &mut VecDeque<Ask> {
        match asker {
            Asker::Broker => &mut self.broker,
            Asker::Controller => &mut self.controller,
        }
    }

    pub(super) fn push(&mut self, asker: Asker, tag: u32, requests: Vec<ZkRequest>) {
        let answers = Vec::with_capacity(requests.len());
        self.of(asker).push_back(Ask { tag, requests, sent: 0, answers });
    }

    /// How many requests have no answer.
    pub(super) fn waiting(&self) -> u32 {
        let open = |ask: &Ask| ask.requests.len() - ask.answers.len();
        self.broker.iter().chain(&self.controller).map(open).sum::<usize>() as u32
    }

    /// The requests to be sent now, so that at most `most` are on their way.
    pub(super) fn next_batch(&mut self, most: u32) -> Option<Vec<ZkRequest>> {
        let mut batch = Vec::new();
        while (self.in_flight.len() as u32) < most {
            let (first, second) = match self.controller_first {
                true => (Asker::Controller, Asker::Broker),
                false => (Asker::Broker, Asker::Controller),
            };
            let asker = if self.next_of(first, &mut batch) {
                first
            } else if self.next_of(second, &mut batch) {
                second
            } else {
                break;
            };
            self.controller_first = asker == Asker::Broker;
            self.in_flight.push_back(asker);
        }
        (!batch.is_empty()).then_some(batch)
    }

    fn next_of(&mut self, asker: Asker, batch: &mut Vec<ZkRequest>) -> bool {
        // Asks are sent in order, so what is unsent begins in the first ask that is not fully sent; at most as many
        // asks stand before it as requests may be in flight.
        let unsent = |ask: &&mut Ask| (ask.sent as usize) < ask.requests.len();
        let Some(ask) = self.of(asker).iter_mut().find(unsent) else { return false };
        batch.extend(ask.requests.get(ask.sent as usize).cloned());
        ask.sent += 1;
        true
    }

    /// Deals out the answers to the requests that were sent first.
    pub(super) fn answered(
        &mut self,
        answers: Vec<Answer>,
        watches: &mut WatchSet,
        events: &mut Vec<ClientEvent>,
    ) {
        for answer in answers {
            let Some(asker) = self.in_flight.pop_front() else { return };
            self.drop_empty(asker, events);
            let Some(ask) = self.of(asker).front_mut() else { return };
            if let Some(request) = ask.requests.get(ask.answers.len()) {
                watches.answered(request, &answer);
            }
            ask.answers.push(answer);
            if ask.answers.len() == ask.requests.len()
                && let Some(done) = self.of(asker).pop_front()
            {
                events.push(ClientEvent::Answer(asker, done.tag, done.answers));
            }
        }
    }

    /// Answers asks without a request, when it is their turn.
    pub(super) fn drain_empty(&mut self, events: &mut Vec<ClientEvent>) {
        self.drop_empty(Asker::Broker, events);
        self.drop_empty(Asker::Controller, events);
    }

    fn drop_empty(&mut self, asker: Asker, events: &mut Vec<ClientEvent>) {
        let queue = self.of(asker);
        while let Some(ask) = queue.pop_front_if(|ask| ask.requests.is_empty()) {
            events.push(ClientEvent::Answer(asker, ask.tag, Vec::new()));
        }
    }

    /// What has no answer will be sent again.
    pub(super) fn connection_lost(&mut self) {
        self.in_flight.clear();
        for ask in self.broker.iter_mut().chain(&mut self.controller) {
            ask.sent = ask.answers.len() as u32;
        }
    }

    /// Answers everything that is open with `error`.
    pub(super) fn fail_all(&mut self, error: ZooKeeperError, events: &mut Vec<ClientEvent>) {
        self.in_flight.clear();
        for asker in [Asker::Broker, Asker::Controller] {
            for mut ask in core::mem::take(self.of(asker)) {
                ask.answers.resize(ask.requests.len(), Err(error));
                events.push(ClientEvent::Answer(asker, ask.tag, ask.answers));
            }
        }
    }
}

/// The watches that a client has, to be set again when it reconnects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct WatchSet {
    watches: BTreeSet<(Path, WatchKind)>,
}

impl WatchSet {
    pub(super) fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    pub(super) fn contains(&self, path: Path, kind: WatchKind) -> bool {
        self.watches.contains(&(path, kind))
    }

    pub(super) fn all(&self) -> Vec<(Path, WatchKind)> {
        self.watches.iter().copied().collect()
    }

    /// Source: `DataWatchRegistration`, `ExistsWatchRegistration`, `ChildWatchRegistration`.
    fn answered(&mut self, request: &ZkRequest, answer: &Answer) {
        let there = answer.is_ok();
        let watch = match *request {
            ZkRequest::GetData(path, true) if there => (path, WatchKind::Data),
            ZkRequest::GetChildren(path, true) if there => (path, WatchKind::Children),
            ZkRequest::Exists(path, true) if there => (path, WatchKind::Data),
            ZkRequest::Exists(path, true) if *answer == Err(ZooKeeperError::NoNode) => {
                (path, WatchKind::Exists)
            }
            ZkRequest::GetData(..)
            | ZkRequest::GetChildren(..)
            | ZkRequest::Exists(..)
            | ZkRequest::Write(_)
            | ZkRequest::Multi(_) => return,
        };
        self.watches.insert(watch);
    }

    /// Source: `ZKWatchManager.materialize`.
    pub(super) fn fired(&mut self, path: Path, event: EventType) {
        let gone: &[WatchKind] = match event {
            EventType::NodeCreated | EventType::NodeDataChanged => &[WatchKind::Data, WatchKind::Exists],
            EventType::NodeChildrenChanged => &[WatchKind::Children],
            EventType::NodeDeleted => &[WatchKind::Data, WatchKind::Exists, WatchKind::Children],
        };
        for &kind in gone {
            self.watches.remove(&(path, kind));
        }
    }
}
