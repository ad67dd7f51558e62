//! One voter, up or down, and what happens to it.

use crate::explore::world::Input;
use kraftscope_core::config::Settings;
use kraftscope_core::id::{LeaderEpoch, NodeId, ReplicaKey};
use kraftscope_core::kraft::{Quorum, QuorumDisk};
use kraftscope_core::node::{Effect, Loss, Out, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::time::Time;
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::Envelope;
use serde::Serialize;
use std::sync::Arc;

/// The moment of every input.
const NOW: Time = Time(1_000_000_000);
/// A moment at which everything that was done at [`NOW`] is long ago.
const LATER: Time = Time(2_000_000_000);

/// What is done to a voter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The process dies.
    Crash(Loss),
    /// It starts again.
    Start,
    /// While it is down, its disk is replaced by an empty one.
    ReplaceDisk,
    /// A record is appended.
    Append,
}

/// One voter.
#[derive(Clone, Debug, Serialize)]
pub struct Voter {
    key: ReplicaKey,
    voters: VoterSet,
    settings: Arc<Settings>,
    /// It was started again.
    pub(super) restarted: bool,
    /// The last binding vote of its lives, its own included.
    last_vote: Option<(LeaderEpoch, NodeId)>,
    /// Its disk was replaced by an empty one, whatever that one is called.
    pub(super) lost_disk: bool,
    /// It has given two votes in one epoch.
    pub(super) voted_twice: bool,
    state: State,
}

#[derive(Clone, Debug, Serialize)]
enum State {
    Up(Box<Quorum>),
    Down { disk: Box<QuorumDisk>, powered: bool },
}

impl Voter {
    /// A voter with an empty disk, to be booted.
    pub(super) fn new(key: ReplicaKey, voters: VoterSet, settings: Arc<Settings>) -> Voter {
        let quorum = Quorum::new(key, voters, settings.clone(), QuorumDisk::default());
        let state = State::Up(Box::new(quorum));
        Voter {
            key,
            voters,
            settings,
            restarted: false,
            last_vote: None,
            lost_disk: false,
            voted_twice: false,
            state,
        }
    }

    /// Who it is, and on which disk.
    pub const fn key(&self) -> ReplicaKey {
        self.key
    }

    /// Who it is.
    pub const fn id(&self) -> NodeId {
        self.key.id
    }

    /// The process, while it runs.
    pub fn quorum(&self) -> Option<&Quorum> {
        match &self.state {
            State::Up(quorum) => Some(quorum),
            State::Down { .. } => None,
        }
    }

    /// Whether its machine refuses connections rather than being silent.
    pub fn is_powered(&self) -> bool {
        !matches!(self.state, State::Down { powered: false, .. })
    }

    /// Its disk, running or not.
    pub fn disk(&self) -> &QuorumDisk {
        match &self.state {
            State::Up(quorum) => &quorum.disk,
            State::Down { disk, .. } => disk,
        }
    }

    /// The process dies.
    pub(super) fn crash(&mut self, loss: Loss) {
        if let State::Up(quorum) = &mut self.state {
            let mut disk = core::mem::take(&mut quorum.disk);
            disk.crash(loss);
            self.state = State::Down { disk: Box::new(disk), powered: loss == Loss::Nothing };
        }
    }

    fn start(&mut self, out: &mut Out) {
        if let State::Down { disk, .. } = &mut self.state {
            let disk = core::mem::take(&mut **disk);
            let mut quorum = Quorum::new(self.key, self.voters, self.settings.clone(), disk);
            quorum.boot(NOW, out);
            self.restarted = true;
            self.state = State::Up(Box::new(quorum));
        }
    }

    /// Since KIP-853 an empty disk has a name of its own, and so is no voter.
    fn replace_disk(&mut self) {
        if let State::Down { disk, .. } = &mut self.state {
            **disk = QuorumDisk::default();
            self.lost_disk = true;
            if self.settings.features.voter_directory_id {
                self.key.directory = self.key.directory.of_replacement();
                self.last_vote = None;
            }
        }
    }

    /// Gives it an input.
    pub(super) fn step(&mut self, input: Input<Act>, out: &mut Out) {
        match input {
            Input::Act(Act::Crash(loss)) => self.crash(loss),
            Input::Act(Act::Start) => self.start(out),
            Input::Act(Act::ReplaceDisk) => self.replace_disk(),
            other => self.give(other, out),
        }
        self.count_votes(out);
    }

    fn give(&mut self, input: Input<Act>, out: &mut Out) {
        let State::Up(quorum) = &mut self.state else { return };
        match input {
            Input::Boot => quorum.boot(NOW, out),
            Input::Message { from, correlation, message } => {
                quorum.on_message(NOW, Envelope { from, to: self.key.id, correlation, message }, out);
            }
            Input::Gone(node) => quorum.on_disconnected(NOW, node, out),
            // Everybody has been silent for long by then.
            Input::Fire(timer @ Timer::BeginQuorumEpoch) => quorum.on_timer(LATER, timer, out),
            Input::Fire(timer) => quorum.on_timer(NOW, timer, out),
            Input::Act(Act::Append) => {
                quorum.append(NOW, &[MetadataRecord::NoOp], out);
            }
            Input::Act(Act::Crash(_) | Act::Start | Act::ReplaceDisk) => {}
        }
    }

    fn count_votes(&mut self, out: &Out) {
        for effect in &out.effects {
            let vote = match *effect {
                Effect::Note(Note::VoteGranted { candidate, epoch, pre_vote: false }) => (epoch, candidate),
                Effect::Note(Note::BecameCandidate { epoch }) => (epoch, self.key.id),
                _ => continue,
            };
            self.voted_twice |=
                self.last_vote.is_some_and(|last| vote.0 < last.0 || (vote.0 == last.0 && vote.1 != last.1));
            self.last_vote = Some(vote);
        }
    }
}
