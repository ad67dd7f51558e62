//! A broker's znode under `/brokers/ids`: it lives as long as the session that created it.
//!
//! Keeps: the broker epoch is the transaction that created the znode (KIP-380), so that each life, and each session,
//! has a higher one.
//! Source: `KafkaZkClient.registerBroker`, `CheckedEphemeral`, `KafkaController.processRegisterBrokerAndReelect`.
//!
//! Left out: a broker whose id is taken exits (`NodeExistsException`), and whoever watches over it starts it again; here
//! it tries again by itself. The deletion of a znode of an expired session of the same process (ZOOKEEPER-2985): an
//! expiry removes it for sure. The znode has its data at once, where releases since 2.2 create and fill it in one multi.

use super::ZooKeeperPlane;
use super::asked::{Answer, Asked};
use crate::id::BrokerEpoch;
use crate::metadata::lifecycle::BrokerState;
use crate::node::{Out, Timer};
use crate::note::Note;
use crate::replication::ReplicaManager;
use crate::time::{Span, Time};
use crate::wire::{ZkReply, ZkRequest};
use crate::znode::{CreateMode, Data, Op, Path, Stat, ZooKeeperError};
use alloc::vec;

/// How long it takes until whoever watches over the broker has started it again.
const RETRY: Span = Span::secs(2);

impl ZooKeeperPlane {
    /// A member has taken the session. In a new one everything has to be made anew; settings are read first, as
    /// `KafkaServer.startup` reads them with the logs.
    pub(super) fn on_session(&mut self, now: Time, is_new: bool, replicas: &ReplicaManager, out: &mut Out) {
        if !is_new {
            return;
        }
        if self.state == BrokerState::Starting {
            self.read_configs_of_logs(now, replicas, out);
        }
        self.watch_configs(now, out);
        self.register(now, out);
    }

    /// Creates its znode.
    pub(super) fn register(&mut self, now: Time, out: &mut Out) {
        let rack = self.settings.broker_rack.get(self.me.number()).map(|rack| char::from(rack.0));
        let create = Op::Create(Path::Broker(self.me), Data::Broker { rack }, CreateMode::Ephemeral);
        self.ask(now, Asked::Registration, vec![ZkRequest::Write(create)], out);
    }

    pub(super) fn on_registration(&mut self, now: Time, answer: Option<&Answer>, out: &mut Out) {
        match answer {
            Some(Ok(ZkReply::Done(_, stat))) => self.on_registered(now, stat, out),
            Some(Err(ZooKeeperError::NodeExists)) => {
                let read = ZkRequest::GetData(Path::Broker(self.me), false);
                self.ask(now, Asked::Owner, vec![read], out);
            }
            // The session is over: the next one registers.
            _ => {}
        }
    }

    /// There was a znode already: its own, if only the answer was lost; else that of its earlier life, which goes with
    /// the session of that life.
    pub(super) fn on_owner(&mut self, now: Time, answer: Option<&Answer>, out: &mut Out) {
        match answer {
            Some(Ok(ZkReply::Data(_, stat))) if Some(stat.ephemeral_owner) == self.client.session() => {
                self.on_registered(now, stat, out);
            }
            Some(Ok(_)) => {
                out.note(Note::BrokerNodeExists { retry: RETRY });
                out.arm(Timer::Heartbeat, RETRY);
            }
            Some(Err(ZooKeeperError::NoNode)) => self.register(now, out),
            _ => {}
        }
    }

    /// From now on its controller looks who is the controller (`RegisterBrokerAndReelect`).
    fn on_registered(&mut self, now: Time, stat: &Stat, out: &mut Out) {
        let broker_epoch = BrokerEpoch(stat.czxid.0);
        if self.broker_epoch == Some(broker_epoch) {
            return;
        }
        self.broker_epoch = Some(broker_epoch);
        if self.state == BrokerState::Starting {
            self.state = BrokerState::Running;
        }
        out.disarm(Timer::Heartbeat);
        out.note(Note::BrokerNodeCreated { broker_epoch });
        self.controller.on_registered(now, &mut self.client, out);
    }
}
