//! Between a member and its leader, besides the log: writes to be ordered, sessions that live, sessions that move.
//!
//! Keeps: what a member passes on reaches the leader in its order or not at all. When something is missing, the leader
//! closes the link, and the member its clients' connections, as when TCP breaks.
//! Source: `Learner`, `LearnerHandler`, `LearnerSessionTracker`.

use super::server::{Office, ZooKeeperServer};
use super::stream::Stream;
use crate::id::{Correlation, NodeId};
use crate::node::Out;
use crate::time::Time;
use crate::wire::ZooKeeperMessage;
use alloc::collections::BTreeSet;

/// A link on which so many messages wait for one that is missing is closed.
const MOST_STALLED: u32 = 2;

impl ZooKeeperServer {
    /// The learner's answer to the leader's ping: the sessions that it has heard from.
    pub(super) fn touch_leader(&mut self, out: &mut Out) {
        if let Office::Following { leader, link, touched, .. } = &mut self.office {
            let sessions = core::mem::take(touched).into_iter().collect();
            link.send(*leader, ZooKeeperMessage::Touch(sessions), out);
        }
    }

    pub(super) fn on_link(
        &mut self,
        now: Time,
        from: NodeId,
        correlation: Correlation,
        message: ZooKeeperMessage,
        out: &mut Out,
    ) {
        match &mut self.office {
            Office::Leading { links, .. } => {
                let known = links.get(&from).is_some_and(|link| link.is_of(correlation));
                if !known {
                    let Some(link) = Stream::opened_by(correlation) else {
                        return Stream::refuse(from, correlation, out);
                    };
                    links.insert(from, link);
                }
                let Some(link) = links.get_mut(&from) else { return };
                link.arrived(correlation, message);
                if link.stalled() > MOST_STALLED {
                    link.close(from, out);
                    links.remove(&from);
                    return;
                }
                self.on_learner(now, from, out);
            }
            Office::Following { leader, link, .. } if *leader == from && link.is_of(correlation) => {
                match message {
                    ZooKeeperMessage::Closed => {
                        let (epoch, leader) = (self.disk.epoch, *leader);
                        let link = Stream::new(link.number() + 1);
                        self.drop_clients(out);
                        self.office = Office::Following { epoch, leader, link, touched: BTreeSet::new() };
                    }
                    ZooKeeperMessage::Revalidated(session, lives) => {
                        self.on_validated(session, lives, out);
                    }
                    _ => {}
                }
            }
            Office::Following { .. } | Office::Looking => {
                if message != ZooKeeperMessage::Closed {
                    Stream::refuse(from, correlation, out);
                }
            }
        }
    }

    /// Takes what a follower has passed on.
    fn on_learner(&mut self, now: Time, from: NodeId, out: &mut Out) {
        let next = |member: &mut ZooKeeperServer| match &mut member.office {
            Office::Leading { links, .. } => links.get_mut(&from).and_then(Stream::take),
            Office::Following { .. } | Office::Looking => None,
        };
        while let Some(message) = next(self) {
            match message {
                ZooKeeperMessage::Forward(writes) => self.order(from, writes),
                ZooKeeperMessage::Touch(sessions) => {
                    if let Office::Leading { tracker, .. } = &mut self.office {
                        for session in sessions {
                            tracker.touch(now, session);
                        }
                    }
                }
                ZooKeeperMessage::Revalidate(session) => {
                    if let Office::Leading { tracker, links, .. } = &mut self.office {
                        let lives = tracker.move_to(now, session, from);
                        if let Some(link) = links.get_mut(&from) {
                            link.send(from, ZooKeeperMessage::Revalidated(session, lives), out);
                        }
                    }
                }
                // The rest is not said on a link.
                _ => {}
            }
        }
    }
}
