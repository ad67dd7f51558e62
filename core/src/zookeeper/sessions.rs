//! Which sessions the leader has heard from, and which are over.
//!
//! A session is over when nothing was heard from it for its timeout. The leader does not look at each one: it keeps them
//! in buckets of one tick and throws away a whole bucket when its time has come, so that a session ends up to one tick
//! later than its timeout says, never earlier.
//! Source: `SessionTrackerImpl`, `ExpiryQueue`.
//!
//! Left out: local sessions. Buckets are counted from the beginning of time, not from the leader's start; a session
//! counts from the commit of its beginning, not from the proposal.

use crate::id::NodeId;
use crate::time::{Span, Time};
use crate::znode::SessionId;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `tickTime`, 2000 ms as in the configuration that ZooKeeper and Kafka come with.
pub const TICK: Span = Span::secs(2);

/// The timeout that a member offers to a client that asks for this one (`minSessionTimeout`, `maxSessionTimeout`).
pub fn negotiated(asked: Span) -> Span {
    asked.max(TICK * 2).min(TICK * 20)
}

/// A session in the leader's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tracked {
    /// What was agreed on.
    pub timeout: Span,
    /// When the leader learned last that it lives.
    pub heard: Time,
    /// When it is over if nothing more is heard.
    pub expires: Time,
    /// The member that its client is connected to; unknown after a change of the leader.
    pub owner: Option<NodeId>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionTracker {
    sessions: BTreeMap<SessionId, Tracked>,
    buckets: BTreeMap<Time, BTreeSet<SessionId>>,
}

impl SessionTracker {
    /// Counts `session` from now on.
    pub fn add(&mut self, now: Time, session: SessionId, timeout: Span, owner: Option<NodeId>) {
        self.remove(session);
        let expires = bucket(now + timeout);
        self.sessions.insert(session, Tracked { timeout, heard: now, expires, owner });
        self.buckets.entry(expires).or_default().insert(session);
    }

    /// Something was heard from it. Returns whether it lives.
    pub fn touch(&mut self, now: Time, session: SessionId) -> bool {
        let Some(tracked) = self.sessions.get_mut(&session) else { return false };
        tracked.heard = now;
        let (old, new) = (tracked.expires, bucket(now + tracked.timeout));
        if old != new {
            tracked.expires = new;
            self.leave(old, session);
            self.buckets.entry(new).or_default().insert(session);
        }
        true
    }

    /// A client has come to `owner` with it. Returns whether it lives.
    pub fn move_to(&mut self, now: Time, session: SessionId, owner: NodeId) -> bool {
        if let Some(tracked) = self.sessions.get_mut(&session) {
            tracked.owner = Some(owner);
        }
        self.touch(now, session)
    }

    /// Whether a write of it may come by `member`; the first that asks after a change of the leader is its owner.
    pub fn is_owned(&mut self, session: SessionId, member: NodeId) -> bool {
        let Some(tracked) = self.sessions.get_mut(&session) else { return true };
        *tracked.owner.get_or_insert(member) == member
    }

    /// It need not be counted any more.
    pub fn remove(&mut self, session: SessionId) {
        if let Some(tracked) = self.sessions.remove(&session) {
            self.leave(tracked.expires, session);
        }
    }

    /// When the next bucket is thrown away.
    pub fn next(&self) -> Option<Time> {
        self.buckets.keys().next().copied()
    }

    /// Throws away every bucket whose time has come. Returns the sessions that are over.
    pub fn take_expired(&mut self, now: Time) -> Vec<SessionId> {
        let mut over = Vec::new();
        while let Some(bucket) = self.buckets.first_entry().filter(|bucket| *bucket.key() <= now) {
            over.extend(bucket.remove());
        }
        for session in &over {
            self.sessions.remove(session);
        }
        over
    }

    /// A session that lives.
    pub fn get(&self, session: SessionId) -> Option<&Tracked> {
        self.sessions.get(&session)
    }

    fn leave(&mut self, bucket: Time, session: SessionId) {
        if let Some(sessions) = self.buckets.get_mut(&bucket) {
            sessions.remove(&session);
            if sessions.is_empty() {
                self.buckets.remove(&bucket);
            }
        }
    }
}

/// `ExpiryQueue.roundToNextInterval`.
const fn bucket(time: Time) -> Time {
    Time((time.0 / TICK.0 + 1) * TICK.0)
}
