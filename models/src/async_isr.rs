//! How a change of the ISR travels: the leader asks, the controller decides, the leader hears of it later.
//!
//! One leader for ever (replica 0), versions instead of epochs. Until the leader has heard, its high watermark
//! must respect both the ISR that it knows and every member of the one that it asked for (KIP-497's maximal
//! ISR). [`AsyncIsr::without_pending`] counts only the ISR it knows: the mutant.
//!
//! Requests are a set: they may be lost, delayed and answered twice. The bounds cut states off as TLC's
//! constraint does: a state beyond them does not count.
//!
//! Source: AsyncIsr.tla.

use crate::explore::Model;
use crate::replicas::{Replica, ReplicaSet, contains, members};
use crate::seen::fold;
use alloc::format;
use alloc::string::String;

/// The leader, for ever.
pub const LEADER: Replica = 0;
/// The most replicas that a state holds.
pub const MAX_REPLICAS: u32 = 6;
/// The most versions that a state holds, counted from 0.
pub const MAX_VERSIONS: u32 = 8;

/// The bit of `ValidHighWatermark`: every member of the controller's ISR has all below the high watermark.
pub const VALID_HIGH_WATERMARK: u32 = 0;

/// The model, with its bounds.
#[derive(Clone, Copy, Debug)]
pub struct AsyncIsr {
    replicas: u32,
    max_offset: u8,
    max_version: u8,
    pending_counts: bool,
}

impl AsyncIsr {
    /// `replicas` of them, offsets up to `max_offset`, versions up to `max_version`. An error says what is too
    /// large.
    pub fn new(replicas: u32, max_offset: u32, max_version: u32) -> Result<Self, String> {
        if !(1..=MAX_REPLICAS).contains(&replicas) {
            return Err(format!("async-isr: replicas must be 1 to {MAX_REPLICAS}, and {replicas} is not"));
        }
        if max_version >= MAX_VERSIONS {
            let most = MAX_VERSIONS - 1;
            return Err(format!("async-isr: versions must be 0 to {most}, and {max_version} is not"));
        }
        let Ok(offset) = u8::try_from(max_offset) else {
            return Err(format!("async-isr: offsets must be 0 to 255, and {max_offset} is not"));
        };
        Ok(Self { replicas, max_offset: offset, max_version: max_version as u8, pending_counts: true })
    }

    /// The mutant: the high watermark does not wait for members that the leader only asked for.
    pub const fn without_pending(self) -> Self {
        Self { pending_counts: false, ..self }
    }

    /// The lowest log end among those that count.
    fn high_watermark(&self, state: &State) -> u8 {
        let pending = if self.pending_counts { state.pending_isr } else { 0 };
        let ends = members(u32::from(state.leader_isr | pending));
        ends.map(|member| state.offsets[usize::from(member)]).min().unwrap_or(0)
    }

    fn controller_steps(&self, state: &State, visit: &mut impl FnMut(Action, State)) {
        if state.version >= self.max_version {
            return;
        }
        let decided = |isr: u8| {
            let mut next = *state;
            next.version += 1;
            next.isr = isr;
            next.updates[usize::from(next.version)] = isr + 1;
            next
        };
        for replica in members(u32::from(state.isr)).filter(|&replica| replica != LEADER) {
            visit(Action::ControllerShrinkIsr { replica }, decided(state.isr & !(1 << replica)));
        }
        for isr in state.asked_for(state.version) {
            visit(Action::ControllerHandleRequest { isr: u32::from(isr) }, decided(isr));
        }
    }

    fn leader_steps(&self, state: &State, visit: &mut impl FnMut(Action, State)) {
        let high_watermark = self.high_watermark(state);
        for replica in 0..self.replicas as Replica {
            if contains(u32::from(state.leader_isr), replica) {
                if replica != LEADER {
                    let next = state.ask_for(state.leader_isr & !(1 << replica));
                    visit(Action::LeaderRequestShrinkIsr { replica }, next);
                }
            } else if state.offsets[usize::from(replica)] >= high_watermark {
                let next = state.ask_for(state.leader_isr | 1 << replica);
                visit(Action::LeaderRequestExpandIsr { replica }, next);
            }
        }
        for version in state.leader_version + 1..=state.version {
            let mut next = *state;
            next.leader_isr = state.updates[usize::from(version)] - 1;
            next.leader_version = version;
            next.pending_isr = 0;
            next.pending_version = 0;
            visit(Action::LeaderHandleUpdate { version: u32::from(version) }, next);
        }
    }

    fn log_steps(&self, state: &State, visit: &mut impl FnMut(Action, State)) {
        for replica in 0..self.replicas as Replica {
            let end = state.offsets[usize::from(replica)];
            let mut next = *state;
            next.offsets[usize::from(replica)] = end.wrapping_add(1);
            if replica == LEADER {
                if end < self.max_offset {
                    visit(Action::LeaderWrite, next);
                }
            } else if end < state.offsets[usize::from(LEADER)] {
                visit(Action::FollowerReplicate { replica }, next);
            }
        }
    }
}

/// One state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The controller's ISR.
    isr: u8,
    /// The controller's version.
    version: u8,
    /// What the controller published, by version: the ISR plus one; 0 for nothing.
    updates: [u8; MAX_VERSIONS as usize],
    /// What the leader asked for, by version: bit `isr / 2`, since the leader is always a member.
    requests: [u32; MAX_VERSIONS as usize],
    leader_isr: u8,
    leader_version: u8,
    /// The union of what the leader asked for since it last heard.
    pending_isr: u8,
    /// The version of that, plus one; 0 for none.
    pending_version: u8,
    /// Log ends.
    offsets: [u8; MAX_REPLICAS as usize],
}

impl State {
    fn asked_for(&self, version: u8) -> impl Iterator<Item = u8> + use<> {
        let asked = self.requests[usize::from(version)];
        (0..32u8).filter(move |bit| asked & (1 << bit) != 0).map(|bit| bit << 1 | 1)
    }

    fn ask_for(&self, isr: u8) -> Self {
        let mut next = *self;
        next.requests[usize::from(self.leader_version)] |= 1 << (isr >> 1);
        next.pending_isr |= isr;
        next.pending_version = self.leader_version + 1;
        next
    }

    /// The controller's ISR and version.
    pub fn controller(&self) -> (ReplicaSet, u32) {
        (u32::from(self.isr), u32::from(self.version))
    }

    /// The leader's ISR and version, and what it asked for since.
    pub fn leader(&self) -> (ReplicaSet, u32, ReplicaSet) {
        (u32::from(self.leader_isr), u32::from(self.leader_version), u32::from(self.pending_isr))
    }

    /// The log end of `replica`.
    pub fn end(&self, replica: Replica) -> u32 {
        u32::from(self.offsets[usize::from(replica)])
    }
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The controller takes a failed replica out.
    ControllerShrinkIsr {
        /// Who is taken out.
        replica: Replica,
    },
    /// The controller grants a request made in its own version.
    ControllerHandleRequest {
        /// The ISR asked for.
        isr: ReplicaSet,
    },
    /// The leader asks to drop a member.
    LeaderRequestShrinkIsr {
        /// Who shall leave.
        replica: Replica,
    },
    /// The leader asks to take in a replica that has reached the high watermark.
    LeaderRequestExpandIsr {
        /// Who shall join.
        replica: Replica,
    },
    /// The leader hears of a newer version.
    LeaderHandleUpdate {
        /// Which version.
        version: u32,
    },
    /// The leader appends a record.
    LeaderWrite,
    /// A follower copies a record.
    FollowerReplicate {
        /// Who copies.
        replica: Replica,
    },
}

impl Model for AsyncIsr {
    type State = State;
    type Action = Action;

    fn initial(&self) -> State {
        let everyone = ((1u32 << self.replicas) - 1) as u8;
        State {
            isr: everyone,
            version: 0,
            updates: [0; MAX_VERSIONS as usize],
            requests: [0; MAX_VERSIONS as usize],
            leader_isr: everyone,
            leader_version: 0,
            pending_isr: 0,
            pending_version: 0,
            offsets: [0; MAX_REPLICAS as usize],
        }
    }

    fn fingerprint(&self, state: &State) -> u64 {
        let hash = [
            [state.isr, state.version, state.leader_isr, state.leader_version],
            [state.pending_isr, state.pending_version, state.offsets[0], state.offsets[1]],
            [state.offsets[2], state.offsets[3], state.offsets[4], state.offsets[5]],
        ]
        .into_iter()
        .fold(0, |hash, word| fold(hash, u64::from(u32::from_le_bytes(word))));
        let hash = fold(hash, u64::from_le_bytes(state.updates));
        let words = state.requests.chunks(2).map(|two| u64::from(two[0]) << 32 | u64::from(two[1]));
        words.fold(hash, fold)
    }

    fn successors(&self, state: &State, mut visit: impl FnMut(Action, State)) {
        self.controller_steps(state, &mut visit);
        self.leader_steps(state, &mut visit);
        self.log_steps(state, &mut visit);
    }

    fn broken(&self, state: &State) -> u64 {
        let high_watermark = self.high_watermark(state);
        let holds =
            members(u32::from(state.isr)).all(|member| state.offsets[usize::from(member)] >= high_watermark);
        u64::from(!holds) << VALID_HIGH_WATERMARK
    }
}
